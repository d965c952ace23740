"""The endpoints as routes: let in, read, done in one transaction, answered."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, get_origin

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import idempotency
from app.db import reading, transaction
from app.web.api import door, etags, problems
from app.web.api.framework import PREFIX, Call, Endpoint, Page, Problem, Upload
from app.web.api.reading import values

Handler = Callable[[Request], Awaitable[Response]]
_KEPT_HEADERS = ("etag", "location", "content-type")


def routes(endpoints: Sequence[Endpoint]) -> list[Route]:
    """One route a path, the literal before the variable, so that `/events/stream` is no event's number."""
    paths = sorted(
        {one.path for one in endpoints}, key=lambda path: [("{" in part, part) for part in path.split("/")]
    )
    return [_route(path, [one for one in endpoints if one.path == path]) for path in paths]


def _route(path: str, endpoints: list[Endpoint]) -> Route:
    methods = {one.method: one for one in endpoints}
    allowed = sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])})

    async def handle(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": ", ".join(allowed)})
        return await _answer(methods["GET" if request.method == "HEAD" else request.method], request)

    handle.__name__ = path  # the name the metrics count by
    return Route(PREFIX + path, handle, methods=allowed)


async def _answer(endpoint: Endpoint, request: Request) -> Response:
    """Nobody's body is read for nothing: who it is comes first."""
    try:
        entered = await run_in_threadpool(door.enter, request, endpoint)
    except Problem as refused:
        return problems.response(refused, door.language(request))
    locale = door.language(request, entered.bearer)
    call = Call(request, entered.bearer, locale, status=endpoint.status)
    try:
        body = await _body(endpoint, request)
        response = await run_in_threadpool(_perform, endpoint, call, body)
    except problems.EXPECTED as error:
        response = problems.response(error, locale)
    response.headers.update(entered.headers)
    return response


async def _body(endpoint: Endpoint, request: Request) -> Any:
    """The bytes; of an upload the file's bytes and its name."""
    if endpoint.body is not Upload:
        return await request.body() if endpoint.body is not None else b""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "multipart/form-data":
        raise Problem(415, "Send the file as a form, in the part “file”.", field="header.Content-Type")
    async with request.form(max_files=1, max_fields=4) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Problem(422, "This field is required.", field="body.file", code="validation")
        return await file.read(), file.filename or "file"


def _perform(endpoint: Endpoint, call: Call, body: Any) -> Response:
    """Read the arguments, then everything else in one session, the keeping of the answer included."""
    arguments = values(endpoint, call.request, body)
    key = _key(call.request) if not endpoint.safe else ""
    print_ = _fingerprint(call.request, body) if key else ""
    if endpoint.first:
        with reading() as db:  # what was done is not looked into again
            seen = idempotency.answered(db, call.bearer.token_id, key, print_) if key else None
        if seen is not None:
            return _replayed(seen)
        call.brought = endpoint.first(call, **arguments)
    with (reading if endpoint.safe else transaction)() as db:
        claimed = idempotency.claim(db, call.bearer.token_id, key, print_) if key else None
        if isinstance(claimed, idempotency.Answer):
            return _replayed(claimed)
        call.session = db
        response = _response(endpoint, call, endpoint.function(call, **arguments))
        if claimed is not None:
            kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
            idempotency.keep(claimed, idempotency.Answer(response.status_code, kept, bytes(response.body)))
        return response


def _key(request: Request) -> str:
    key = request.headers.get("idempotency-key")
    if key is None:
        return ""
    if not (0 < len(key) <= idempotency.MAX_KEY and key.isascii() and key.isprintable()):
        raise Problem(
            400, "An Idempotency-Key has 1 to 200 printable ASCII characters.", field="header.Idempotency-Key"
        )
    return key


def _replayed(kept: idempotency.Answer) -> Response:
    return Response(kept.body, kept.status, {**kept.headers, "Idempotent-Replayed": "true"})


def _fingerprint(request: Request, body: Any) -> str:
    said = body if isinstance(body, bytes) else hashlib.sha256(body[0]).digest() + body[1].encode()
    place = f"{request.method} {request.url.path}?{request.url.query}".encode()
    return idempotency.fingerprint(place, request.headers.get("if-match", "").encode(), said)


def _response(endpoint: Endpoint, call: Call, result: Any) -> Response:
    if isinstance(result, Response):
        result.headers.update(call.headers)
        return result
    if result is None:
        return Response(status_code=204, headers=call.headers)
    call.db.flush()
    body, headers = msgspec.json.encode(result), dict(call.headers)
    if endpoint.method in ("GET", "PUT", "PATCH") and get_origin(endpoint.returns) is not Page:
        # Where something in it moves by itself the tag is a weak one, and says nothing of all its bytes.
        moves = bool(etags.moving_of(result))
        headers["ETag"] = tag = f"W/{etags.of_shape(result)}" if moves else etags.of(body)
        seen = "" if moves else call.request.headers.get("if-none-match", "")
        if endpoint.safe and etags.matches(seen, tag):
            return Response(status_code=304, headers={**headers, "Cache-Control": "private, no-cache"})
    if endpoint.safe:
        headers["Cache-Control"] = "private, no-cache"
    return Response(body, call.status, headers, "application/json")
