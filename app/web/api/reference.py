"""The API as a page to read and to try, drawn from the document that is served: `/manual/api`, `/manual/api/{tag}`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.i18n import known
from app.queries import NotFound
from app.web.api.document import Json, document
from app.web.manual import rendered
from app.web.pages import page

HERE = "/manual/api"
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter, or one field of a body or an answer; `depth` tells how far inside it stands."""

    name: str
    kind: str
    said: Markup
    required: bool
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as its part of the page shows it. `example` is a body to begin with, `upload` that it is a file,
    `answered` an example of an answer."""

    id: str
    method: str
    path: str
    summary: str
    about: Markup
    parameters: tuple[Json, ...]
    body: tuple[Field, ...]
    example: str
    upload: bool
    answer: tuple[Field, ...]
    answered: str
    statuses: tuple[tuple[str, str], ...]


def show(request: Request) -> Response:
    """How to use the API, and what there is."""
    title, html = rendered(f"{known(request.state.viewer.locale)}/api")
    return page(request, "manual/api.html", section="help", title=title, html=html, tags=_tags())


def show_tag(request: Request) -> Response:
    """Everything of one noun, with a form to try each."""
    tags = _tags()
    name = {slug: name for slug, name, _ in tags}.get(str(request.path_params["tag"]))
    if name is None:
        raise NotFound("tag")
    return page(
        request, "manual/api_tag.html", section="help", title=name, tags=tags, operations=_operations(name)
    )


@cache
def _document() -> Json:
    read: Json = json.loads(document())
    return read


@cache
def _tags() -> tuple[tuple[str, str, int], ...]:
    """(slug, name, operations) of each noun."""
    names = [operation["tags"][0] for _, _, operation in _all()]
    return tuple((slug(name), name, names.count(name)) for name in sorted(set(names)))


def slug(name: str) -> str:
    return re.sub(r"\W+", "-", name.lower())


def _all() -> list[tuple[str, str, Json]]:
    return [
        (method, path, operation)
        for path, operations in _document()["paths"].items()
        for method, operation in operations.items()
    ]


@cache
def _operations(tag: str) -> tuple[Operation, ...]:
    return tuple(_operation(*one) for one in _all() if one[2]["tags"] == [tag])


def _operation(method: str, path: str, told: Json) -> Operation:
    content = told.get("requestBody", {}).get("content", {})
    body = content.get("application/json", {})
    schema = body.get("schema", {})
    good = next(iter(told["responses"].values())).get("content", {}).get("application/json", {})
    return Operation(
        id=told["operationId"],
        method=method.upper(),
        path=path,
        summary=told["summary"],
        about=Markup(_MARKDOWN.render(told["description"])),
        parameters=tuple(_parameter(one) for one in told["parameters"]),
        body=tuple(_fields(schema)),
        example=json.dumps(body["example"], ensure_ascii=False, indent=2) if schema else "",
        upload="multipart/form-data" in content,
        answer=tuple(_fields(good.get("schema", {}))),
        answered=json.dumps(good["example"], ensure_ascii=False, indent=2) if good else "",
        statuses=tuple((status, _meaning(one)) for status, one in told["responses"].items()),
    )


def _parameter(told: Json) -> Json:
    about = Markup(_MARKDOWN.renderInline(told.get("description", "")))
    return {**told, "kind": _kind(told["schema"]), "about": about}


def _meaning(response: Json) -> str:
    return str(response.get("description", "problem"))


def _resolved(schema: Json) -> Json:
    if "$ref" in schema:
        found: Json = _document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def _fields(schema: Json, depth: int = 0) -> list[Field]:
    """The fields of an object, those of what it holds below them (three deep at most)."""
    whole = _resolved(schema)
    made: list[Field] = []
    for name, one in whole.get("properties", {}).items():
        said = Markup(_MARKDOWN.renderInline(one.get("description", "")))
        made.append(Field(name, _kind(one), said, name in whole.get("required", []), depth))
        if depth < 2:
            made += _fields(_inner(one), depth + 1)
    return made


def _inner(schema: Json) -> Json:
    """The object that a field is, may be, or holds a list of."""
    for choice in schema.get("anyOf", [schema]):
        found = _resolved(choice.get("items", choice))
        if "properties" in found:
            return found
    return {}


def _kind(schema: Json) -> str:
    """The type in a word or two: `string, at most 200`, `integer or null`, `list of LabelShape`."""
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return _plain(schema)


def _plain(schema: Json) -> str:
    kind = "time" if schema.get("format") == "date-time" else str(schema.get("type", "anything"))
    most = schema.get("maxLength", schema.get("maximum"))
    return f"{kind}, at most {most}" if most is not None and most < 2**53 else kind


routes = [
    Route(HERE, show, methods=["GET"]),
    Route(f"{HERE}/{{tag}}", show_tag, methods=["GET"]),
]
