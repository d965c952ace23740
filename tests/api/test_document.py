"""The document and the API are the same thing: every route is in it, everything in it is a route, and it is so."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

import app
from app import i18n, main, tokens
from app.web.api import document, examples, problems
from app.web.api.framework import ENDPOINTS, PREFIX, Upload
from app.web.problem import MEDIA_TYPE, ProblemShape

HERE = Path(app.__file__).parent / "web" / "api"


@cache
def told() -> Any:
    return json.loads(document.document())


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in told()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_route_stands_in_the_document_and_everything_in_it_is_a_route() -> None:
    routes = {
        (method, route.path)
        for route in main.make().routes
        if isinstance(route, Route)
        and route.path.startswith(PREFIX)
        and route.path != f"{PREFIX}/openapi.json"
        for method in route.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }
    assert routes == {(method, path) for method, path, _ in operations()}


def test_every_operation_says_what_it_does_and_needs() -> None:
    for method, path, operation in operations():
        assert operation["summary"], (method, path)
        (security,) = operation["security"]
        assert set(security["token"]) <= set(tokens.SCOPES), (method, path)
        named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert named == {part.strip("{}") for part in path.split("/") if part.startswith("{")}, (method, path)
        if method != "GET":
            assert "Idempotency-Key" in {one["name"] for one in operation["parameters"]}, (method, path)


def test_304_is_promised_where_it_can_come() -> None:
    for one in ENDPOINTS:
        operation = told()["paths"][PREFIX + one.path][one.method.lower()]
        asked = "If-None-Match" in {parameter["name"] for parameter in operation["parameters"]}
        assert asked == ("304" in operation["responses"]), one.path
        assert not asked or not getattr(one.returns, "moving", None), one.path


def test_every_body_and_answer_has_an_example_that_is_of_its_type() -> None:
    for one in ENDPOINTS:
        operation = told()["paths"][PREFIX + one.path][one.method.lower()]
        if one.body not in (None, Upload):
            msgspec.convert(operation["requestBody"]["content"]["application/json"]["example"], one.body)
        if document._has_json(one):
            content = operation["responses"][str(one.status)]["content"]["application/json"]
            msgspec.json.decode(json.dumps(content["example"]), type=one.returns)
    msgspec.convert(
        told()["components"]["responses"]["Problem"]["content"][MEDIA_TYPE]["example"], ProblemShape
    )


def test_what_the_examples_name_there_is() -> None:
    """A field that is gone, or misspelt, is an example of nothing."""
    shapes = {name: one.get("properties", {}) for name, one in told()["components"]["schemas"].items()}
    assert [name for name in shapes if not name.isidentifier()] == [], "two shapes of one name"
    named = {name: one for name, one in examples._TOLD.items() if name[0].isupper()}
    assert named.keys() <= shapes.keys()
    for shape, fields in named.items():
        listed = {*fields, *fields.get("null", ()), *fields.get("given", ())} - {"null"}
        assert listed - {"given"} <= shapes[shape].keys(), shape


def test_every_scope_is_of_use() -> None:
    assert {one.scope for one in ENDPOINTS} - {""} == set(tokens.SCOPES)


def test_the_document_is_open_and_known_by_its_version() -> None:
    client = TestClient(main.make())
    answer = client.get(f"{PREFIX}/openapi.json")
    assert answer.json()["openapi"] == "3.1.0"
    again = client.get(f"{PREFIX}/openapi.json", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_every_problem_is_told_in_every_language(locale: str) -> None:
    said = {msgid for _, msgid in problems._SAYINGS} | set(tokens.SCOPES.values())
    for path in HERE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "Problem"
                and len(node.args) > 1
            ):
                said |= {str(node.args[1].value)} if isinstance(node.args[1], ast.Constant) else set()
    known = i18n.catalogue(locale)
    assert [one for one in sorted(said) if not (known.get(one) or ("",))[0]] == []
