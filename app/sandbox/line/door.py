"""What stands before every door of the Messaging API: request id, access token, JSON, the record, and misbehaviour."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.sandbox import misbehaving
from app.sandbox.faults import Fault
from app.sandbox.house import Asked
from app.sandbox.line.bodies import Details
from app.sandbox.misbehaving import HangUp

if TYPE_CHECKING:
    from app.sandbox.line.platform import Line

BODY_BYTES = 2 * 1024 * 1024
RATE = "The API rate limit has been exceeded. Try again later."
MONTHLY = "You have reached your monthly limit."
BAD_TOKEN = (
    "Authentication failed due to the following reason: invalid token. "
    "Confirm that the access token in the authorization header is valid."
)
STRUCK = {  # fault → the answer given instead
    "expired_token": (401, BAD_TOKEN),
    "rate_limit": (429, RATE),
    "monthly_limit": (429, MONTHLY),
    "error": (500, "Internal server error"),
}

Answer = tuple[int, dict[str, Any]] | tuple[int, dict[str, Any], dict[str, str]]
Work = Callable[[Request, Mapping[str, Any]], Awaitable[Answer]]


class Refused(Exception):
    """The answer is an error: its status, its sentence, and what is wrong where."""

    def __init__(self, status: int, message: str, details: Details | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.details = status, message, details or []

    def told(self) -> dict[str, Any]:
        """As the API says it."""
        return {"message": self.message, **({"details": self.details} if self.details else {})}


def door(line: Line, work: Work) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint that does `work` with the JSON of a request."""

    async def opened(request: Request) -> Response:
        request.state.request_id = line.house.ids.uuid()
        if (unusual := await before(line, request)) is not None:
            return _numbered(unusual, request)
        try:
            status, told, *headers = await work(request, await _json(line, request))
        except Refused as refused:
            about = {"call": call_of(request), "status": refused.status, "message": refused.message}
            line.house.record.add("line", "refused", **about, details=refused.details)
            return _numbered(JSONResponse(refused.told(), refused.status), request)
        if (unusual := after(line, request, status)) is not None:
            return unusual
        return _numbered(JSONResponse(told, status, dict(*headers)), request)

    return opened


async def before(line: Line, request: Request) -> Response | None:
    """What goes wrong before anything is done: misbehaviour, or a bad access token."""
    request.state.subject = await _subject(request)
    if (unusual := await misbehaving.before(line, call_of(request), request.state.subject)) is not None:
        return unusual
    for fault, (status, message) in STRUCK.items():
        if _strikes(line, request, fault):
            return JSONResponse({"message": message}, status)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not line.account.tokens.good(token.strip()):
        line.house.record.add("line", "refused", call=call_of(request), status=401, message=BAD_TOKEN)
        return JSONResponse({"message": BAD_TOKEN}, 401)
    return None


def after(line: Line, request: Request, status: int) -> Response | None:
    """What goes wrong although all was done."""
    if status >= 300:
        return None
    if _strikes(line, request, "drop_after"):
        return HangUp()
    if _strikes(line, request, "error_after"):
        return _numbered(JSONResponse({"message": "Internal server error"}, 500), request)
    return None


def call_of(request: Request) -> str:
    """A call's name: its path after the version, such as message/push."""
    return str(request.scope["path"]).partition("/v2/bot/")[2]


def _strikes(line: Line, request: Request, fault: str) -> Fault | None:
    return line.strikes(fault, call_of(request), request.state.subject)


async def _subject(request: Request) -> Asked:
    """What is the same for a request in every run: its retry key, else its path and body."""
    key = request.headers.get("x-line-retry-key")
    return Asked.of(key, await request.body()) if key else await Asked.by(request)


async def _json(line: Line, request: Request) -> Mapping[str, Any]:
    body = await request.body()
    if request.method == "GET" or (not body and "linkToken" in request.url.path):
        return {}
    if len(body) > BODY_BYTES:
        raise Refused(413, "Request body too large")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(415, f"The content type, {kind}, is not supported")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        line_number, column = getattr(error, "lineno", "-"), getattr(error, "colno", "-")
        where = f"(line: {line_number}, column: {column})"
        raise Refused(400, f"The request body could not be parsed as JSON {where}") from error
    if not isinstance(told, dict):
        raise Refused(400, "The request body could not be parsed as JSON (line: 1, column: 1)")
    return told


def _numbered(response: Response, request: Request) -> Response:
    response.headers["x-line-request-id"] = request.state.request_id
    return response
