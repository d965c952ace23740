"""The files of a bot's chats, and the faces of who writes (core.telegram.org/bots/api#getfile)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.responses import RedirectResponse, Response

from app.sandbox import drawing
from app.sandbox.faults import Fault
from app.sandbox.files import File
from app.sandbox.misbehaving import INTERNAL, Trickle
from app.sandbox.talks import Customer
from app.sandbox.telegram.bot import kind_of_group
from app.sandbox.telegram.door import Call, Refused, bad

if TYPE_CHECKING:
    from app.sandbox.telegram.platform import Telegram

MOST = 20 * 1024 * 1024  # bytes of a file that a bot may have
FACES = "face-"  # so begin the ids of faces


class Downloads:
    """Hands out files while they are there."""

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram

    def chat_photo(self, customer: Customer) -> dict[str, Any]:
        """`photo` of a chat; nothing of who shows none."""
        if customer.id in self.telegram.faceless:
            return {}
        small, big = (f"{FACES}{customer.id}{size}" for size in ("", "-big"))
        told = {"small_file_id": small, "small_file_unique_id": small}
        return {"photo": {**told, "big_file_id": big, "big_file_unique_id": big}}

    async def photos(self, call: Call) -> dict[str, Any]:
        """getUserProfilePhotos: one, or none of who shows none."""
        customer = self.telegram.talks.customers.get(call.words("user_id"))
        if customer is None or kind_of_group(customer.id):
            raise bad("user not found")
        if customer.id in self.telegram.faceless:
            return {"total_count": 0, "photos": []}
        id = f"{FACES}{customer.id}"
        about = {"file_id": id, "file_unique_id": id, "file_size": len(drawing.face(customer.id))}
        return {"total_count": 1, "photos": [[{**about, "width": 240, "height": 240}]]}

    async def file(self, call: Call) -> dict[str, Any]:
        """getFile: where it lies."""
        id = call.words("file_id")
        file = self._found(id)
        if file is None or file.gone:
            raise bad("wrong file_id or the file is temporarily unavailable")
        if len(file.body) > MOST:
            raise bad("file is too big")
        ending = file.name.rpartition(".")[2] if "." in file.name else "bin"
        folder = "photos" if file.media_type.startswith("image/") else "documents"
        about = {"file_id": id, "file_unique_id": id[-16:], "file_size": len(file.body)}
        return {**about, "file_path": f"{folder}/{id}.{re.sub(r'[^a-z0-9]', '', ending.lower()) or 'bin'}"}

    def download(self, path: str) -> Response:
        """The file that lies there."""
        file = self._found(path.rpartition("/")[2].partition(".")[0])
        if file is None or file.gone or self._strikes("media_gone", file):
            return Refused(404, "Not Found").answer()
        if self._strikes("redirect_media", file):
            return RedirectResponse(INTERNAL, 302)
        if rule := self._strikes("slow_media", file):
            return Trickle(file.body, "application/octet-stream", rule.seconds)
        return Response(file.body, media_type="application/octet-stream")

    def _found(self, id: str) -> File | None:
        if id.startswith(FACES):
            user = id.removeprefix(FACES).removesuffix("-big")
            return File(user, "face.png", "image/png", drawing.face(user))
        return self.telegram.bot.files.find(id)

    def _strikes(self, fault: str, file: File) -> Fault | None:
        return self.telegram.strikes(fault, "content", f"{file.user} {len(file.body)}", file.user)
