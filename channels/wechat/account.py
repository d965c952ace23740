"""Calls for one official account, with a good access token."""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

import httpx2

from channels import calling
from channels.base import Context
from channels.calling import Answer
from channels.downloading import DEADLINE as DOWNLOAD_DEADLINE
from channels.events import Attachment
from channels.outbound import ChannelError
from channels.wechat import tokens, trouble
from channels.wechat.codes import TOKEN_REFUSED
from channels.wechat.settings import WeChatSettings

HOST = "https://api.weixin.qq.com"
UPLOAD_DEADLINE = 60.0  # seconds
JSON = {"Content-Type": "application/json; charset=utf-8"}


class Account:
    """Speaks for one account. The token stands in the address of every call, which therefore is never shown."""

    def __init__(self, settings: WeChatSettings, http: httpx2.Client, context: Context) -> None:
        self.settings = settings
        self.context = context
        self._http = http

    def post(self, path: str, document: Mapping[str, Any]) -> Answer:
        """The answer to a call that was carried out. Raises `ChannelError`."""
        return self._good(lambda token: self._ask("POST", path, token, content=_raw(document), headers=JSON))

    def try_post(self, path: str, document: Mapping[str, Any], expected: Collection[int]) -> bool:
        """The same, where some of WeChat's codes are expected: whether it was refused with one of them."""
        try:
            self.post(path, document)
        except trouble.Refused as refused:
            if refused.number not in expected:
                raise
            return True
        return False

    def upload(self, kind: str, file: Attachment) -> str:
        """The id that a file has at WeChat for three days; `kind`: "image", "voice", "video" or "thumb"."""
        media = {"media": (file.name, file.data or b"", file.content_type)}
        path = "/cgi-bin/media/upload"
        try:
            told = self._good(
                lambda token: self._ask(
                    "POST", path, token, {"type": kind}, files=media, deadline=UPLOAD_DEADLINE
                )
            ).told
        except ChannelError as error:
            if error.ambiguous:  # a file that lies there twice harms nobody
                raise ChannelError("The other side did not answer.", detail=error.detail) from None
            raise
        id = told.get("media_id") or told.get("thumb_media_id")
        if not isinstance(id, str):
            raise ChannelError("WeChat is not working at the moment.")
        return id

    def download(self, media_id: str, limit: int) -> Answer:
        """A file, or the JSON that says where it is."""
        query = {"media_id": media_id}
        return self._good(
            lambda token: self._ask(
                "GET", "/cgi-bin/media/get", token, query, limit=limit, deadline=DOWNLOAD_DEADLINE
            ),
            binary=True,
        )

    def fetch(self, url: str, limit: int) -> Answer:
        """What stands elsewhere, without the token."""
        return calling.asked(self._http, "GET", url, limit=limit, deadline=DOWNLOAD_DEADLINE)

    def _good(self, ask: Callable[[str], Answer], *, binary: bool = False) -> Answer:
        """Once more with another token where ours was refused before its time."""
        token = self._token()
        answer = ask(token)
        if answer.ok and trouble.number_of(answer) in TOKEN_REFUSED:
            answer = ask(self._token(refused=token))
        if not answer.ok or trouble.number_of(answer):
            raise trouble.refused(answer)
        if not binary and not answer.is_object:
            raise ChannelError(trouble.LOST, detail=str(answer.status), ambiguous=True)
        return answer

    def _token(self, refused: str = "") -> str:
        own = self.settings
        return tokens.token(own.app_id, own.app_secret, self._issue, refused)

    def _issue(self, document: Mapping[str, Any]) -> Answer:
        url = self.context.at(f"{HOST}{tokens.PATH}")
        return calling.asked(self._http, "POST", url, content=_raw(document), headers=JSON)

    def _ask(
        self, method: str, path: str, token: str, query: Mapping[str, str] | None = None, **how: Any
    ) -> Answer:
        params = {"access_token": token, **(query or {})}
        return calling.asked(self._http, method, self.context.at(f"{HOST}{path}"), params=params, **how)


def _raw(document: Mapping[str, Any]) -> bytes:
    """JSON with every character as itself: WeChat shows `\\u4f60` as it stands, or refuses it (40033)."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
