"""The OpenAPI 3.1 document, made of the endpoints and the very types that validate: `/api/v1/openapi.json`."""

from __future__ import annotations

import inspect
import json
from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import app
from app.tokens import SCOPES
from app.web.api import etags, examples
from app.web.api.framework import ENDPOINTS, PREFIX, Endpoint, Upload
from app.web.problem import MEDIA_TYPE, ProblemShape

Json = dict[str, Any]
_REF = "#/components/schemas/{name}"
_RATE_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_UPLOAD: Json = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}},
}
DESCRIPTION = """\
Everything the inbox can do, for programs. A request carries an API token (`Authorization: Bearer mdg_…`), made in the
settings; it acts as the agent who made it, within its scopes, and what they may not see does not exist for it.

* Lists are paged by key: `next` of one page is `after` of the following one; null: that was all.
* Times are RFC 3339 in UTC, ids are integers.
* Every error is a problem (RFC 9457) that names the field at fault.
* Every write takes an `Idempotency-Key` of your own: sent again within 24 hours, the same request is answered with the
  stored answer and done once.
* Single things have an `ETag`; where two writers meet, the write must name it in `If-Match`.
* Fields may be added to answers; unknown fields in a request are refused.
"""


@cache
def document() -> bytes:
    """The document as JSON. Asked for when every module has been imported."""
    return json.dumps(build(ENDPOINTS), ensure_ascii=False).encode()


def build(endpoints: list[Endpoint]) -> Json:
    """The document of these endpoints."""
    kinds = [one.returns for one in endpoints if _has_json(one)]
    kinds += [one.body for one in endpoints if one.body not in (None, Upload)]
    _, schemas = msgspec.json.schema_components([*kinds, ProblemShape], ref_template=_REF)
    paths: dict[str, Json] = {}
    for one in sorted(endpoints, key=lambda one: (one.tag, one.path)):
        operation = paths.setdefault(PREFIX + one.path, {})[one.method.lower()] = _operation(one)
        _exemplify(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Madoguchi", "version": app.__version__, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(one.tag for one in endpoints)],
        "paths": paths,
        "components": {
            "schemas": {name: schemas[name] for name in sorted(schemas)},
            "responses": {"Problem": _problem()},
            "headers": {name: {"schema": {"type": "string"}} for name in _RATE_HEADERS},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": _scopes()}},
        },
    }


def _scopes() -> str:
    return "Scopes:\n\n" + "\n".join(f"* `{name}`: {words}" for name, words in SCOPES.items())


def _problem() -> Json:
    said = "Something in it needs another look. Nothing was saved."
    errors = [{"field": "body.text", "detail": "Expected str, got int."}]
    example = {"type": "urn:madoguchi:problem:validation", "title": "Unprocessable Content", "status": 422}
    return {
        "description": "What went wrong",
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in _RATE_HEADERS},
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": _REF.format(name="ProblemShape")},
                "example": {**example, "detail": said, "errors": errors},
            }
        },
    }


def _operation(one: Endpoint) -> Json:
    summary, _, description = inspect.cleandoc(one.function.__doc__ or "").partition("\n")
    made: Json = {
        "operationId": one.name,
        "tags": [one.tag],
        "summary": summary.rstrip("."),
        "description": _described(one, description.strip()),
        "security": [{"token": [one.scope] if one.scope else []}],
        "parameters": [*_in_path(one), *_in_query(one), *_in_headers(one)],
        "responses": _responses(one),
    }
    if one.body is Upload:
        made["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _UPLOAD}}}
    elif one.body is not None:
        (schema,), _ = msgspec.json.schema_components([one.body], ref_template=_REF)
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return made


def _exemplify(operation: Json, schemas: dict[str, Json]) -> None:
    """With an example of its body and of its answer."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        body["example"] = examples.of(body["schema"], schemas, whole=False)
    for status, told in operation["responses"].items():
        if status[0] == "2" and (content := told.get("content", {}).get("application/json")):
            content["example"] = examples.of(content["schema"], schemas, whole=True)


def _described(one: Endpoint, description: str) -> str:
    roles = f"For the token of: {', '.join(one.roles)}." if one.roles else ""
    return "\n\n".join(
        part for part in (description, f"Scope: `{one.scope}`." if one.scope else "", roles) if part
    )


def _in_path(one: Endpoint) -> list[Json]:
    number: Json = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": number if kind is int else {"type": "string"},
            "example": examples.parameter(name),
        }
        for name, kind in one.places.items()
    ]


def _in_query(one: Endpoint) -> list[Json]:
    if one.query is None:
        return []
    _, components = msgspec.json.schema_components([one.query], ref_template=_REF)
    struct = components[one.query.__name__]
    required = struct.get("required", [])
    return [_parameter(name, dict(schema), name in required) for name, schema in struct["properties"].items()]


def _parameter(name: str, schema: Json, required: bool) -> Json:
    """A parameter of the query. Null cannot be said there: what may be left out may be left out."""
    others = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(others) == 1:
        schema = {**{key: value for key, value in schema.items() if key != "anyOf"}, **others[0]}
    if schema.get("default", 0) in (None, []):
        del schema["default"]
    description = {"description": schema.pop("description")} if "description" in schema else {}
    word = examples.parameter(name)
    example = {"example": word} if required and word is not None else {}
    return {"name": name, "in": "query", "required": required, "schema": schema, **description, **example}


def _in_headers(one: Endpoint) -> list[Json]:
    def header(name: str, said: str, required: bool = False, **schema: Any) -> Json:
        kind = {"type": "string", **schema}
        return {"name": name, "in": "header", "required": required, "schema": kind, "description": said}

    if one.safe:
        return [header("If-None-Match", "The `ETag` you have: 304 while it holds")] if _holds(one) else []
    key = header(
        "Idempotency-Key",
        "A key of your own for this write, such as a UUID",
        minLength=1,
        maxLength=200,
        pattern="^[\\x21-\\x7e]+$",
    )
    seen = header(
        "If-Match", "The `ETag` of what you have seen; without it 428, when it changed 412", required=True
    )
    return [key, seen] if one.matched else [key]


def _is_tagged(one: Endpoint) -> bool:
    return one.method in ("GET", "PUT", "PATCH") and _has_json(one) and not _is_page(one)


def _holds(one: Endpoint) -> bool:
    """Whether a 304 can be answered: not where something in it moves by itself."""
    return one.safe and _is_tagged(one) and not getattr(one.returns, "moving", ())


def _is_page(one: Endpoint) -> bool:
    return getattr(one.returns, "__name__", "") == "Page"


def _has_json(one: Endpoint) -> bool:
    return one.returns is not type(None) and one.produces == "application/json"


def _responses(one: Endpoint) -> Json:
    problems = {401, 403, 422, 429, 503}
    problems |= {404} if one.places or one.query is not None or not one.safe else set()
    problems |= set() if one.safe else {400, 404, 409}
    problems |= {408, 413, 415} if one.body is not None else set()
    problems |= {412, 428} if one.matched else set()
    told = {str(status): {"$ref": "#/components/responses/Problem"} for status in sorted(problems)}
    unchanged: Json = {"304": {"description": "Unchanged"}} if _holds(one) else {}
    return {**_good(one), **unchanged, **told}


def _good(one: Endpoint) -> Json:
    names = [*_RATE_HEADERS]
    good: Json = {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names}}
    if _is_tagged(one):
        good["headers"]["ETag"] = {"schema": {"type": "string"}}
    if _has_json(one):
        (schema,), _ = msgspec.json.schema_components([one.returns], ref_template=_REF)
        good["content"] = {"application/json": {"schema": schema}}
    elif one.returns is not type(None):
        good["content"] = {one.produces: {"schema": {"type": "string", "format": "binary"}}}
    statuses = {one.status, 200} if one.status == 201 else {one.status}
    return {str(status): {"description": HTTPStatus(status).phrase, **good} for status in sorted(statuses)}


def show(request: Request) -> Response:
    """The document, for anybody: it is the product's, and tells nothing of this installation."""
    tag = etags.of(document())
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if etags.matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(document(), headers=headers, media_type="application/json")


routes = [Route(f"{PREFIX}/openapi.json", show, methods=["GET"])]
