"""The doors under api.x.com, and where files and faces lie."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox import misbehaving, pictures, reading
from app.sandbox.house import Asked
from app.sandbox.x import trouble
from app.sandbox.x.telling import FILMS, TON
from app.sandbox.x.trouble import Refused

if TYPE_CHECKING:
    from app.sandbox.x.platform import X

BODY_BYTES = 6 * 1024 * 1024
FACES = "pbs.twimg.com"

By = Literal["account", "app", "client"]


@dataclass(frozen=True)
class Call:
    """`name`: its last word, as rules of misbehaviour name it. `parts`: of the path. `told`: what was said, in the
    query, a document or a form. `file`: the bytes of a part of a file."""

    name: str
    parts: Mapping[str, str]
    told: Mapping[str, Any]
    file: bytes = b""

    def words(self, name: str) -> str:
        """What is said under `name`, "" for nothing."""
        value = self.told.get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class Told:
    """The answer to a call."""

    document: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] | None = None


Work = Callable[[Call], Awaitable[Told]]


@dataclass(frozen=True)
class Door:
    """`by`: whose token, or whose id and secret, opens it."""

    method: str
    path: str
    name: str
    by: By
    work: Work


class Doors:
    """Takes calls in, misbehaves on demand, and hands files out."""

    def __init__(self, x: X, doors: Sequence[Door]) -> None:
        self.x, self.house = x, x.house
        self._doors = doors

    def hosts(self) -> Mapping[str, list[BaseRoute]]:
        calls = [Route(one.path, self._opening(one), methods=[one.method]) for one in self._doors]
        media = "/2/dm_conversations/media/{message}/{medium}/{file}"
        return {
            "api.x.com": [*calls, Route(media, self.guarded, methods=["GET"])],
            TON: [Route("/{path:path}", _closed, methods=["GET"])],
            FILMS: [Route("/dm_video/{medium}/{path:path}", self.film, methods=["GET"])],
            FACES: [Route("/profile_images/{id}.png", pictures.face, methods=["GET"])],
        }

    def _opening(self, door: Door) -> Callable[[Request], Awaitable[Response]]:
        async def opened(request: Request) -> Response:
            return await self._opened(door, request)

        return opened

    async def _opened(self, door: Door, request: Request) -> Response:
        """A call: what comes of it, or X's refusal."""
        try:
            self._check(door, request)
            call = await _read(request, door.name)
            subject = await Asked.by(request)
            if (unusual := await self._before(door.name, subject)) is not None:
                return unusual
            told = await _done(door.work, call)
        except Refused as refused:
            about = {"call": door.name, "status": refused.status, "message": str(refused)}
            self.house.record.add("x", "refused", **about)
            return JSONResponse(refused.told, refused.status, refused.headers)
        return misbehaving.after(self.x, door.name, subject) or JSONResponse(
            told.document, told.status, dict(told.headers or {})
        )

    def _check(self, door: Door, request: Request) -> None:
        """Who calls. Raises `Refused`."""
        account, given = self.x.account, request.headers.get("authorization", "")
        if door.by == "client":
            if _basic(given) != (account.app.client_id, account.app.client_secret):
                raise trouble.no_grant("Missing valid authorization header", "unauthorized_client", 401)
            return
        token = given.removeprefix("Bearer ").strip()
        is_app = hmac.compare_digest(token.encode(), account.app.bearer.encode())
        if door.by == "app" and not is_app:
            raise trouble.forbidden_app() if account.good(token) else trouble.unauthorized()
        if door.by == "account" and not account.good(token):
            raise trouble.forbidden_app() if is_app else trouble.unauthorized()

    async def _before(self, name: str, subject: Asked) -> Response | None:
        """What goes wrong before anything is done. Raises `Refused`."""
        if (unusual := await misbehaving.before(self.x, name, subject)) is not None:
            return unusual
        if rule := self.x.strikes("rate_limit", name, subject):
            reset = int(self.house.clock.seconds() + rule.seconds) + 1
            raise trouble.too_many({"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(reset)})
        for fault, refusal in (
            ("monthly_limit", trouble.capped),
            ("expired_token", trouble.unauthorized),
            ("error", trouble.down),
        ):
            if self.x.strikes(fault, name, subject):
                raise refusal()
        return None

    async def guarded(self, request: Request) -> Response:
        """A picture of a message, for the account alone."""
        if not self.x.account.good(request.headers.get("authorization", "").removeprefix("Bearer ")):
            return JSONResponse(trouble.unauthorized().told, 401)
        return self._file(request.path_params["medium"])

    async def film(self, request: Request) -> Response:
        """A film of a message, for whoever knows its address."""
        return self._file(request.path_params["medium"])

    def _file(self, medium: str) -> Response:
        file = self.x.account.files.find(medium)
        unknown = JSONResponse(trouble.unknown().told, 404)
        return unknown if file is None else misbehaving.handed(self.x, file, unknown)


async def _read(request: Request, name: str) -> Call:
    """Raises `Refused`."""
    try:
        said = await reading.said(request, BODY_BYTES)
    except reading.TooLarge:
        raise trouble.problem(413, "Payload Too Large", "The request is too large.") from None
    except reading.NoObject:
        raise trouble.invalid("The body of the request is not a valid JSON object") from None
    return Call(name, request.path_params, said.told, said.file.body if said.file else b"")


async def _done(work: Work, call: Call) -> Told:
    """What a call comes to; one of another shape than X's is refused. Raises `Refused`."""
    try:
        return await work(call)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise trouble.invalid(f"The request is not valid: {error!r}") from error


def _basic(given: str) -> tuple[str, str]:
    """Id and secret of an `Authorization: Basic …`."""
    try:
        id, _, secret = base64.b64decode(given.removeprefix("Basic "), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return id, secret


async def _closed(_request: Request) -> Response:
    """What lies there is handed out by the API."""
    return PlainTextResponse("Unauthorized", 401)
