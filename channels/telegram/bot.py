"""Calls of one bot's methods."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx2

from channels import calling
from channels.base import Context
from channels.telegram import trouble

HOST = "https://api.telegram.org"
UPLOAD_DEADLINE = 90.0  # seconds; a claim of the product lapses after 120

Parameters = Mapping[str, Any]


class Moved(Exception):
    """The group goes on under another id, `chat`."""

    def __init__(self, chat: int) -> None:
        super().__init__(f"the group moved to {chat}")
        self.chat = chat


class Bot:
    """Speaks for one bot. Its token stands in the address of every call, which therefore is never shown."""

    def __init__(self, token: str, http: httpx2.Client, context: Context) -> None:
        self._token = token
        self._http = http
        self._context = context

    def call(self, method: str, parameters: Parameters, deadline: float = calling.DEADLINE) -> calling.Answer:
        """The answer to a method with parameters in JSON. Raises `ChannelError`, or `Moved`."""
        return self._good(
            calling.asked(self._http, "POST", self._url(method), json=parameters, deadline=deadline)
        )

    def upload(self, method: str, parameters: Mapping[str, str], files: Mapping[str, Any]) -> calling.Answer:
        """The same for files: (name, bytes, content type) by the field they stand in."""
        return self._good(
            calling.asked(
                self._http, "POST", self._url(method), data=parameters, files=files, deadline=UPLOAD_DEADLINE
            )
        )

    def download(self, path: str, limit: int) -> bytes:
        """A file by the path that getFile gave."""
        answer = calling.asked(self._http, "GET", self.address(path), limit=limit)
        if answer.ok:
            return answer.body
        raise trouble.refused(answer)

    def address(self, path: str) -> str:
        """Where that file lies."""
        return self._context.at(f"{HOST}/file/bot{quote(self._token, safe=':')}/{quote(path)}")

    def _url(self, method: str) -> str:
        return self._context.at(f"{HOST}/bot{quote(self._token, safe=':')}/{method}")

    def _good(self, answer: calling.Answer) -> calling.Answer:
        if answer.ok and answer.told.get("ok") is not False:
            return answer
        if (chat := trouble.moved_to(answer)) is not None:
            raise Moved(chat)
        raise trouble.refused(answer)
