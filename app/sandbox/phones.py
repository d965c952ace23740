"""The pages: the sandbox itself, and a phone per customer, live by server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from app import i18n, render
from app.sandbox.faults import CALLS, MEDIA, WEBHOOKS
from app.sandbox.hooks import NotFetched
from app.sandbox.house import BadAct, House, Platform
from app.sandbox.talks import Customer

BEAT = 15.0  # seconds between signs of life
TONGUE = "sandbox_lang"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4", "audio/")


class Phones:
    """Everything one looks at."""

    def __init__(self, house: House, platforms: Mapping[str, Platform]) -> None:
        self.house, self.platforms = house, platforms
        self._leaving = asyncio.Event()

    def routes(self) -> list[BaseRoute]:
        """The pages, their news, and the files of the bubbles."""
        return [
            Route("/", self.home, methods=["GET"]),
            Route("/phone/{platform}", self.phone, methods=["GET"]),
            Route("/phone/{platform}/new", self.new, methods=["GET"]),
            Route("/phone/{platform}/events", self.events, methods=["GET"]),
            Route("/phone/{platform}/media", self.media, methods=["GET"]),
            Mount("/static/{digest}", StaticFiles(directory=render.STATIC)),
        ]

    def leave(self) -> None:
        """No more news: the sandbox is about to stop."""
        self._leaving.set()

    async def home(self, request: Request) -> Response:
        """GET /: platforms, customers, misbehaviour and the record."""
        kinds = (("Webhooks", WEBHOOKS), ("Calls", CALLS), ("Files", MEDIA))
        return self._page(request, "home", platforms=self.platforms.values(), kinds=kinds)

    async def phone(self, request: Request) -> Response:
        """GET /phone/line?user=U…: that customer's phone; without one, the first customer's."""
        platform = self.platforms.get(request.path_params["platform"])
        if platform is None:
            return PlainTextResponse("Not found", 404)
        user = request.query_params.get("user")
        if not user:
            return RedirectResponse(_address(platform, next(iter(platform.talks.customers))))
        try:
            customer = platform.customer(user)
        except BadAct as error:
            return PlainTextResponse(str(error), 404)
        return self._page(request, "phone", platform=platform, customer=customer)

    async def new(self, request: Request) -> Response:
        """GET /phone/line/new: somebody nobody knows yet."""
        platform = self.platforms[request.path_params["platform"]]
        return RedirectResponse(_address(platform, platform.new_id()))

    async def events(self, request: Request) -> Response:
        """GET /phone/line/events?user=U…: the whole talk, then every change of it."""
        platform = self.platforms[request.path_params["platform"]]
        customer = platform.customer(request.query_params.get("user", ""))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            self._news(platform, customer), media_type="text/event-stream", headers=headers
        )

    async def media(self, request: Request) -> Response:
        """GET /phone/line/media?user=…&message=…&part=original: a file of a bubble."""
        platform = self.platforms[request.path_params["platform"]]
        asked = request.query_params
        customer = platform.talks.customers.get(asked.get("user", ""))
        bubble = customer.bubbles.get(asked.get("message", "")) if customer else None
        if bubble is None or bubble.unsent:
            return PlainTextResponse("Not found", 404)
        name = "previewImageUrl" if asked.get("part") == "preview" else "originalContentUrl"
        if url := bubble.data.get(name):
            return _harmless(await self._fetched(platform, str(url)))
        return _harmless(platform.media(bubble.id))

    async def _fetched(self, platform: Platform, url: str) -> Response:
        try:
            media_type, body = await platform.hooks.fetch(url)
        except NotFetched as error:
            return PlainTextResponse(str(error), 502)
        return Response(body, media_type=media_type)

    async def _news(self, platform: Platform, customer: Customer) -> AsyncIterator[str]:
        leaving = asyncio.ensure_future(self._leaving.wait())
        waiting: set[asyncio.Future[Any]] = {leaving}
        try:
            with platform.talks.watching(customer.id) as page:
                platform.seen(customer)
                yield _event(platform.talks.whole(customer) | {"now": self.house.clock.seconds()})
                while not leaving.done():
                    coming = asyncio.ensure_future(page.get())
                    waiting = {coming, leaving}
                    await asyncio.wait(waiting, timeout=BEAT, return_when=asyncio.FIRST_COMPLETED)
                    if coming.done():
                        yield _event(coming.result() | {"now": self.house.clock.seconds()})
                    elif not leaving.done():
                        coming.cancel()
                        yield ": still here\n\n"
        finally:
            for one in waiting:
                one.cancel()

    def _page(self, request: Request, name: str, **context: Any) -> Response:
        tongue = _tongue(request)
        text = render.render(f"sandbox/{name}.html", locale=tongue, **context)
        headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
        response = Response(text, media_type="text/html", headers=headers)
        if request.query_params.get("lang") in i18n.LOCALES:
            response.set_cookie(TONGUE, tongue, httponly=True, samesite="lax")
        return response


def _tongue(request: Request) -> str:
    """Chosen on the page, else the browser's first language."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(TONGUE)):
        if chosen in i18n.LOCALES:
            return chosen
    return i18n.known(request.headers.get("accept-language", "").partition(",")[0])


def _address(platform: Platform, user: str) -> str:
    return f"/phone/{platform.name}?user={user}"


def _event(told: dict[str, Any]) -> str:
    return f"data: {json.dumps(told, ensure_ascii=False)}\n\n"


def _harmless(response: Response) -> Response:
    """A file that a browser shows, or else keeps; it never runs."""
    kind = response.headers.get("content-type", "")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    if not kind.startswith(SHOWN):
        response.headers["Content-Disposition"] = "attachment"
    return response
