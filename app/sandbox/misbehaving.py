"""Answers that no server gives when it is well, and when they are given."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

if TYPE_CHECKING:
    from app.sandbox.files import File
    from app.sandbox.house import Platform

INTERNAL = "http://169.254.169.254/latest/meta-data/"  # where clouds keep what nobody else may read
PIECES = 8
GATEWAY = "<html><head><title>504 Gateway Time-out</title></head></html>"


class HangUp(Response):
    """Closes the connection without a word (see `server.Plain`)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["hang_up"]()
        while (await receive())["type"] != "http.disconnect":
            pass


class Trickle(Response):
    """Sends its body in pieces over so many seconds."""

    def __init__(self, body: bytes, media_type: str, seconds: float) -> None:
        super().__init__(body, media_type=media_type)
        self.pause = seconds / PIECES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        body = bytes(self.body)
        size = len(body) // PIECES + 1
        for start in range(0, len(body), size):
            await asyncio.sleep(self.pause)
            await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def before(platform: Platform, call: str, subject: str, to: str = "") -> Response | None:
    """What goes wrong on every platform before anything is done: it takes long, or hangs up."""
    if rule := platform.strikes("slow", call, subject, to):
        await asyncio.sleep(rule.seconds)
    return HangUp() if platform.strikes("drop_before", call, subject, to) else None


def after(platform: Platform, call: str, subject: str, to: str = "") -> Response | None:
    """What goes wrong although all was done: it hangs up, or what stands before it gives up."""
    if platform.strikes("drop_after", call, subject, to):
        return HangUp()
    if platform.strikes("error_after", call, subject, to):
        return Response(GATEWAY, 504, media_type="text/html")
    return None


def handed(platform: Platform, file: File, gone: Response) -> Response:
    """A file of a message, as well as it is handed out now; `gone`: what is said once it is there no more."""
    subject = f"{file.user} {len(file.body)}"
    if file.gone or platform.strikes("media_gone", "content", subject, file.user):
        return gone
    if platform.strikes("redirect_media", "content", subject, file.user):
        return RedirectResponse(INTERNAL, 302)
    if rule := platform.strikes("slow_media", "content", subject, file.user):
        return Trickle(file.body, file.media_type, rule.seconds)
    return Response(file.body, media_type=file.media_type)
