"""From a request to the values of an endpoint's function: the path, the query, the body."""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_origin, get_type_hints

import msgspec
from starlette.requests import Request

from app import files
from app.api.kinds import Given
from app.config import settings
from app.queries import BIGGEST, NotFound
from app.web.api.framework import Endpoint, Upload
from app.web.api.problems import Problem, unreadable


def values(endpoint: Endpoint, request: Request, body: Any) -> dict[str, Any]:
    """The arguments. Raises :class:`Problem`, :class:`NotFound`, and what looking into a file raises."""
    read = {name: _place(request.path_params[name], kind) for name, kind in endpoint.places.items()}
    if endpoint.query is not None:
        read["query"] = _query(endpoint.query, request)
    else:
        _query(Given, request)  # nothing can be asked with; what is misspelt is told here as well
    if endpoint.body is Upload:
        read["body"] = Upload(files.take_in(*body, limit=settings().max_upload_bytes))
    elif endpoint.body is not None:
        read["body"] = _json(endpoint.body, request, body)
    return read


def _place(text: str, kind: type) -> object:
    if kind is str:
        return text
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) < BIGGEST):
        raise NotFound(text)
    return int(text)


def _query(kind: type[Any], request: Request) -> Any:
    hints = get_type_hints(kind)
    given: dict[str, object] = {}
    for name in request.query_params:
        several = request.query_params.getlist(name)
        if any("\x00" in one for one in several):
            raise Problem(422, "This is not text.", field=f"query.{name}", code="validation")
        given[name] = several if get_origin(hints.get(name)) is list else several[-1]
    try:
        read = msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise unreadable(error, "query") from error
    _check_times(read, "query")
    return read


def _json(kind: Any, request: Request, body: bytes) -> Any:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise Problem(415, "Send the body as application/json.", field="header.Content-Type")
    try:
        read = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise unreadable(error, "body") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "The body is not JSON.", field="body", code="malformed") from error
    _check_times(read, "body")
    return read


def _check_times(read: Any, place: str) -> None:
    """A time of our time: one at the end of the calendar is none at all in another zone."""
    if isinstance(read, datetime) and not 1970 <= read.year < 9000:
        raise Problem(422, "Expected a time such as 2026-01-31T09:00:00Z.", field=place, code="validation")
    if isinstance(read, msgspec.Struct):
        for name in read.__struct_fields__:
            _check_times(getattr(read, name), f"{place}.{name}")
