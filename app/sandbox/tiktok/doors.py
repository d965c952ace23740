"""The doors under business-api.tiktok.com, and where files lie. Whatever is refused has the status 200."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox import misbehaving, pictures, reading
from app.sandbox.files import File
from app.sandbox.house import Asked
from app.sandbox.tiktok import trouble
from app.sandbox.tiktok.trouble import Refused

if TYPE_CHECKING:
    from app.sandbox.tiktok.platform import TikTok

BODY_BYTES = 12 * 1024 * 1024
FILES = "p16-sandbox.tiktokcdn.com"


@dataclass(frozen=True)
class Call:
    """`name`: its path, without the version. `told`: what was said, of the query, a document or a form."""

    method: str
    name: str
    told: Mapping[str, Any]
    token: str = ""
    file: File | None = None

    def words(self, name: str) -> str:
        """What is said under `name`, "" for nothing."""
        value = self.told.get(name)
        return value if isinstance(value, str) else ""

    def part(self, name: str) -> Mapping[str, Any]:
        """An object. Raises `Refused`."""
        value = self.told.get(name, {})
        if not isinstance(value, dict):
            raise trouble.parameter(f"{name}: Not a valid mapping type.")
        return value


Work = Callable[[Call], Awaitable[dict[str, Any]]]


class Doors:
    """Takes calls in, misbehaves on demand, and hands files out."""

    def __init__(self, tiktok: TikTok, works: Mapping[tuple[str, str], Work], own: frozenset[str]) -> None:
        self.tiktok, self.house = tiktok, tiktok.house
        self._works, self._own = works, own

    def hosts(self) -> Mapping[str, list[BaseRoute]]:
        return {
            "business-api.tiktok.com": [
                Route("/open_api/v1.3/{path:path}", self.opened, methods=["GET", "POST"])
            ],
            FILES: [
                Route("/stickers/{id:int}.png", pictures.sticker, methods=["GET"]),
                Route("/faces/{id}.png", pictures.face, methods=["GET"]),
                Route("/media/{message}", self.file, methods=["GET"]),
            ],
        }

    async def opened(self, request: Request) -> Response:
        """A call: what comes of it, or TikTok's refusal."""
        name = request.path_params["path"]
        work = self._works.get((request.method, name))
        if work is None:
            return PlainTextResponse("404 page not found", 404)
        try:
            call = await _read(request, name)
            subject = await Asked.by(request)
            self._check(call)
            if (unusual := await self._before(name, subject)) is not None:
                return unusual
            told = await _done(work, call)
        except Refused as refused:
            about = {"call": name, "status": 200, "code": refused.code, "message": refused.message}
            self.house.record.add("tiktok", "refused", **about)
            return self._answer(refused.code, refused.message, {})
        return misbehaving.after(self.tiktok, name, subject) or self._answer(0, "OK", told)

    def _answer(self, code: int, message: str, data: Mapping[str, Any]) -> Response:
        about = {"code": code, "message": message, "request_id": self.house.ids.hex(32)}
        return JSONResponse({**about, "data": data})

    def _check(self, call: Call) -> None:
        """Who calls: the app itself by its secret, else the account by its token. Raises `Refused`."""
        account = self.tiktok.account
        if call.name in self._own:
            id = call.words("client_id") or call.words("app_id")
            secret = call.words("client_secret") or call.words("secret")
            if (id, secret) != (account.app.id, account.app.secret):
                raise trouble.client()
            return
        if call.token not in account.access:
            raise trouble.token()
        if not account.good(call.token):
            raise trouble.expired()
        if call.words("business_id") != account.id:
            raise trouble.permission()

    async def _before(self, name: str, subject: Asked) -> Response | None:
        """What goes wrong before anything is done. Raises `Refused`."""
        if (unusual := await misbehaving.before(self.tiktok, name, subject)) is not None:
            return unusual
        if self.tiktok.strikes("rate_limit", name, subject):
            raise trouble.rate()
        if self.tiktok.strikes("expired_token", name, subject):
            raise trouble.expired()
        if self.tiktok.strikes("error", name, subject):
            return PlainTextResponse("Internal Server Error", 500)
        return None

    async def file(self, request: Request) -> Response:
        """A file that a customer sent, for who has a token of the account."""
        found = self.tiktok.account.files.find(request.path_params["message"])
        if found is None or not self.tiktok.account.good(request.headers.get("x-user", "")):
            return PlainTextResponse("Forbidden", 403)
        return misbehaving.handed(self.tiktok, found, PlainTextResponse("Gone", 410))


async def _done(work: Work, call: Call) -> dict[str, Any]:
    """What a call comes to; one of another shape than TikTok's is refused. Raises `Refused`."""
    try:
        return await work(call)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise trouble.parameter(f"Invalid parameter: {error!r}") from error


async def _read(request: Request, name: str) -> Call:
    """Raises `Refused`."""
    try:
        said = await reading.said(request, BODY_BYTES)
    except reading.TooLarge:
        raise trouble.parameter("The request is too large.") from None
    except reading.NoObject:
        raise trouble.parameter("The request body is not a valid JSON.") from None
    return Call(request.method, name, said.told, request.headers.get("access-token", ""), said.file)
