"""How much a request may carry, and how long it may take to say it."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from channels import registry

Refusal = Callable[[Request, int, str], Response]
"""Makes the answer to a refused request from its status and a sentence (an English msgid)."""

PLAIN = 2 * 1024 * 1024  # bytes: a form; the longest message in UTF-8 and percent signs fits
PATIENCE = 30.0  # seconds without a single byte of an unfinished body
LONGEST = 600.0  # seconds for the whole of it, however steadily it dribbles
_FORM_AROUND = 64 * 1024  # what a multipart body may hold besides its file


class _Stopped(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        self.status, self.sentence = status, sentence


class BodyLimit:
    """Refuses a body that is too large (413, unread where its length is told) or dribbles in (408).

    `uploads` tells the limit in bytes of a file; `is_upload` says which requests bring one.
    """

    def __init__(
        self,
        app: ASGIApp,
        refuse: Refusal,
        uploads: Callable[[], int],
        is_upload: Callable[[Scope], bool] | None = None,
    ) -> None:
        self.app, self.refuse, self.uploads = app, refuse, uploads
        self.is_upload = is_upload or _brings_file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.uploads() + _FORM_AROUND if self.is_upload(scope) else _plain(scope)
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            _check_length(scope, limit)
            await self.app(scope, _measured(receive, limit), sending)
        except _Stopped as stopped:
            if started:
                raise
            response = self.refuse(Request(scope), stopped.status, stopped.sentence)
            response.headers["connection"] = "close"  # the rest of the body will not be read
            await response(scope, receive, send)


def _brings_file(scope: Scope) -> bool:
    content = Headers(scope=scope).get("content-type", "").lower()
    return content.startswith("multipart/form-data") and not scope["path"].startswith(("/login", "/hooks/"))


def _plain(scope: Scope) -> int:
    return _hook() if scope["path"].startswith("/hooks/") else PLAIN


def _hook() -> int:
    """What the most generous kind of channel takes; the door itself knows which one is called."""
    return max(kind.features.max_request_bytes for kind in registry.kinds().values())


def _check_length(scope: Scope, limit: int) -> None:
    told = Headers(scope=scope).get("content-length", "")
    if told and (not (told.isascii() and told.isdigit()) or int(told[:18]) > limit):
        raise _too_large()


def _too_large() -> _Stopped:
    return _Stopped(413, "This is too large to be accepted. Nothing was saved.")


def _measured(receive: Receive, limit: int) -> Callable[[], Awaitable[Message]]:
    got, whole = 0, False
    until = time.monotonic() + LONGEST

    async def measured() -> Message:
        nonlocal got, whole
        if whole:  # what follows is the wait for the client to leave, which may take as long as it likes
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), min(PATIENCE, until - time.monotonic()))
        except TimeoutError as error:
            raise _Stopped(408, "The request took too long to arrive. Nothing was saved.") from error
        got += len(message.get("body", b""))
        whole = message["type"] != "http.request" or not message.get("more_body", False)
        if got > limit:
            raise _too_large()
        return message

    return measured
