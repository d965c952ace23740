"""The doors under api-data.line.me: the files that customers sent (reference/messaging-api, "Get content")."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox.faults import Fault
from app.sandbox.files import File
from app.sandbox.line.door import after, before
from app.sandbox.misbehaving import INTERNAL, Trickle

if TYPE_CHECKING:
    from app.sandbox.line.platform import Line

FOUND = "/v2/bot/message/{message}/content"
Work = Callable[[str, File], Awaitable[Response]]


class Content:
    """Hands out files while they are there."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def routes(self) -> list[BaseRoute]:
        """The original, whether it is ready, and a small picture of it."""
        return [
            Route(FOUND, self._door(self._original), methods=["GET"]),
            Route(f"{FOUND}/preview", self._door(self._original), methods=["GET"]),
            Route(f"{FOUND}/transcoding", self._door(self._transcoding), methods=["GET"]),
        ]

    def _door(self, work: Work) -> Callable[[Request], Awaitable[Response]]:
        async def opened(request: Request) -> Response:
            request.state.request_id = self.line.house.ids.uuid()
            response = await before(self.line, request) or await self._found(request, work)
            unusual = after(self.line, request, response.status_code)
            response = unusual or response
            response.headers["x-line-request-id"] = request.state.request_id
            return response

        return opened

    async def _found(self, request: Request, work: Work) -> Response:
        message = request.path_params["message"]
        file = self.line.account.files.find(message)
        if file is None:
            return JSONResponse({"message": "Not found"}, 404)
        if file.gone or self._strikes("media_gone", file):
            return JSONResponse({"message": "The content is gone"}, 410)
        return await work(message, file)

    async def _original(self, message: str, file: File) -> Response:
        if self._still_pending(message, file):
            return Response(status_code=202)
        if self._strikes("redirect_media", file):
            return RedirectResponse(INTERNAL, 302)
        if rule := self._strikes("slow_media", file):
            return Trickle(file.body, file.media_type, rule.seconds)
        return Response(file.body, media_type=file.media_type)

    async def _transcoding(self, message: str, file: File) -> Response:
        return JSONResponse({"status": "processing" if self._still_pending(message, file) else "succeeded"})

    def _still_pending(self, message: str, file: File) -> bool:
        """A file that a rule strikes is in preparation for as many looks as the rule says."""
        pending = self.line.account.pending
        if message not in pending:
            rule = self._strikes("media_pending", file)
            pending[message] = rule.times if rule else 0
        pending[message] -= 1
        return pending[message] >= 0

    def _strikes(self, fault: str, file: File) -> Fault | None:
        subject = f"{file.user} {len(file.body)}"
        return self.line.strikes(fault, "content", subject, file.user)
