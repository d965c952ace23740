"""The guard at the door: who is this, may they come in, and did one of our own pages send them.

Every path needs a signed-in person unless it is named in `PUBLIC`: a new page is closed until somebody opens
it. Every unsafe request of a signed-in person (and the sign-in form) needs the CSRF token of its session.
Pure ASGI, so that sockets and streamed answers pass untouched.
"""

import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth import cookies, signins
from app.auth.limits import Refusal
from app.config import settings
from app.models import Agent

__all__ = ["PUBLIC", "Guard", "Refusal", "wants_json"]

# First segments of paths. Those in _OWN_RULES prove who they are in another way (signature, visitor token)
# and are called by programs and other sites, so neither session nor CSRF token is looked at.
_OWN_RULES = frozenset(
    {"api", "continue", "help", "hooks", "link", "pictures", "shared", "widget", "widget.js", "static"}
    | {"healthz", "readyz", "metrics"}
)
# All that shop staff may open: whatever else there is, and whatever is added, is closed to them.
COUNTER = ("/counter", "/manual", "/settings/me", "/logout", "/session")
PUBLIC = _OWN_RULES | {"login", "demo", "chat", "favicon.ico", "robots.txt", "manifest.webmanifest", "sw.js"}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_TOKEN_WITHIN = 64 * 1024  # bytes of a form in which its CSRF field must stand
# No address of ours has these; PostgreSQL refuses a NUL, file systems and int() refuse what is very long.
_NO_PATH = re.compile(r"[\x00-\x1f\x7f]|.{2000}", re.DOTALL)


class Guard:
    """Sets `request.state.viewer` (Agent or None), `.csrf`, `.signin_id`; turns away who may not come in."""

    def __init__(self, app: ASGIApp, refuse: Refusal, public: frozenset[str] = PUBLIC) -> None:
        self.app, self.refuse, self.public = app, refuse, public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        place = scope["path"].split("/", 2)[1] if "/" in scope["path"] else ""
        if _NO_PATH.search(scope["path"]):
            _introduce(scope, None, "")
            await self._turn_away(scope, receive, send, self._answer(scope, 404, ""))
            return
        if place in _OWN_RULES:
            _introduce(scope, None, "")
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        signed = await run_in_threadpool(signins.find, cookies.token_of(connection))
        _introduce(scope, signed, connection.cookies.get(cookies.name(scope, cookies.BEFORE), ""))
        receive, refused = await self._refused(scope, receive, place in self.public)
        if refused is None:
            await self.app(scope, receive, send)
        else:
            await self._turn_away(scope, receive, send, refused)

    async def _turn_away(self, scope: Scope, receive: Receive, send: Send, refused: Response) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4401, "reason": "signed out"})
        else:
            await refused(scope, receive, send)

    async def _refused(self, scope: Scope, receive: Receive, public: bool) -> tuple[Receive, Response | None]:
        request = HTTPConnection(scope)
        unsafe = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if unsafe and not cookies.same_site(scope, settings().public_url):
            return receive, self._answer(scope, 403, "This request came from another site and was refused.")
        if request.state.viewer is None and not public:
            return receive, self._sign_in_first(scope)
        if not public and not _open_to(request.state.viewer, scope["path"]):
            return receive, self._at_the_counter(scope)
        if unsafe and scope["type"] == "http":
            receive, right = await _has_token(scope, receive, request.state.csrf)
            if not right:
                return receive, self._stale(scope)
        return receive, None

    def _answer(self, scope: Scope, status: int, sentence: str) -> Response:
        return (
            Response(status_code=status)
            if scope["type"] == "websocket"
            else self.refuse(Request(scope), status, sentence)
        )

    def _stale(self, scope: Scope) -> Response:
        """Refused, but a script is told the token it should have sent, and whose it is: on the page of somebody who
        signed in again beside it, it goes on. No other site's script can send that header, or read the answer."""
        refused = self._answer(scope, 403, _STALE)
        state = HTTPConnection(scope).state
        if state.viewer is not None and "x-csrf-token" in Headers(scope=scope):
            refused.headers.update({"X-CSRF-Token": state.csrf, "X-Viewer": str(state.viewer.id)})
        return refused

    def _at_the_counter(self, scope: Scope) -> Response:
        """Shop staff are led to their page from where everybody begins; the rest is not there for them."""
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in ("/", "/inbox"):
            return RedirectResponse(COUNTER[0], 303)
        return self._answer(scope, 404, "")

    def _sign_in_first(self, scope: Scope) -> Response:
        if scope["type"] == "websocket":
            return Response(status_code=401)
        request = Request(scope)
        query = f"?{request.url.query}" if request.url.query else ""
        asked = f"{request.url.path}{query}" if request.method == "GET" else ""
        if "hx-request" in request.headers:  # the whole page must go, not the piece that asked
            place = cookies.safe_next(_path_of(request.headers.get("hx-current-url", "")))
            return Response(status_code=401, headers={"HX-Redirect": f"/login?next={quote(place, safe='')}"})
        if wants_json(request) or request.method != "GET":
            return self.refuse(request, 401, "Please sign in first.")
        return RedirectResponse(f"/login?next={quote(asked, safe='')}" if asked != "/" else "/login", 303)


def _open_to(viewer: Agent, path: str) -> bool:
    """Whether this part of the house is open to somebody of this role; inside each page decides for itself."""
    return viewer.serves or any(path == place or path.startswith(f"{place}/") for place in COUNTER)


_STALE = "This page was open for too long, or you signed out meanwhile. Reload it and try again."


def _introduce(scope: Scope, signed: signins.Signed | None, before: str) -> None:
    state = scope.setdefault("state", {})
    state["viewer"] = signed.agent if signed else None
    state["signin_id"] = signed.id if signed else None
    # Somebody not signed in has the token of a cookie of their own (double submit), made when first needed.
    state["csrf"] = signed.csrf if signed else before or secrets.token_urlsafe(24)


def wants_json(request: HTTPConnection) -> bool:
    """Whether a program asked: JSON is preferred to a page."""
    accept = request.headers.get("accept", "")
    sends_json = request.headers.get("content-type", "").startswith("application/json")
    return "application/json" in accept or (sends_json and "text/html" not in accept)


def _path_of(url: str) -> str:
    return re.sub(r"^https?://[^/]+", "", url)


async def _has_token(scope: Scope, receive: Receive, expected: str) -> tuple[Receive, bool]:
    """Whether the request carries the CSRF token, in a header or as a form field; and the body anew."""
    given = Headers(scope=scope).get("x-csrf-token", "")
    if given:
        return receive, _equal(given, expected)
    start, receive = await _peek(receive)
    return receive, _equal(_field(start), expected)


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


# *Trap:* without a bound on the lines between, a body of nothing but beginnings takes seconds on the event loop.
_FIELD = re.compile(
    rb'(?:^|&)csrf=([\w-]{1,100})(?=&|$)|name="csrf"\r\n(?:[^\r\n]{1,200}\r\n){0,3}\r\n([\w-]{1,100})\r\n'
)


def _field(start: bytes) -> str:
    """The field `csrf` of a form whose body begins like this; our forms name it first."""
    match = _FIELD.search(start)
    return (match[1] or match[2]).decode() if match else ""


async def _peek(receive: Receive) -> tuple[bytes, Callable[[], Awaitable[Message]]]:
    """The beginning of the body, and a `receive` that gives the whole of it from the start."""
    kept: list[Message] = []
    start = b""
    while len(start) < _TOKEN_WITHIN:
        message = await receive()
        kept.append(message)
        start += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body", False):
            break

    async def again() -> Message:
        return kept.pop(0) if kept else await receive()

    return start, again
