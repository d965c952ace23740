"""Answers that no server gives when it is well."""

from __future__ import annotations

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

INTERNAL = "http://169.254.169.254/latest/meta-data/"  # where clouds keep what nobody else may read
PIECES = 8


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
