"""Calls to LINE's two hosts, with a good access token."""

import json
from collections.abc import Mapping
from typing import Any

import httpx2

from channels.base import Context
from channels.line import tokens
from channels.line.answer import Answer, asked
from channels.line.settings import LineSettings

API = "https://api.line.me"
DATA = "https://api-data.line.me"


class Caller:
    """Speaks for one official account."""

    def __init__(self, settings: LineSettings, http: httpx2.Client, context: Context) -> None:
        self.settings = settings
        self.http = http
        self.context = context

    def get(self, path: str) -> Answer:
        """Raises `ChannelError` where there is no answer; an answer of any status is returned."""
        return self._with_token("GET", API + path, {})

    def post(
        self, path: str, document: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The same bytes for the same document. Raises `ChannelError` as :meth:`get` does."""
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        told = {"Content-Type": "application/json", **(headers or {})}
        return self._with_token("POST", API + path, told, content=body)

    def download(self, path: str, limit: int) -> Answer:
        """A file of at most `limit` bytes; raises `ChannelError` for a larger one."""
        return self._with_token("GET", DATA + path, {}, limit=limit)

    def _with_token(self, method: str, url: str, headers: Mapping[str, str], **how: Any) -> Answer:
        """Once more with a fresh token where the one we had was taken back before its time."""
        answer = self._call(method, url, headers, **how)
        if answer.status != 401 or self.settings.access_token:
            return answer
        tokens.forget(self.settings.channel_id)
        return self._call(method, url, headers, **how)

    def _call(self, method: str, url: str, headers: Mapping[str, str], **how: Any) -> Answer:
        bearer = {"Authorization": f"Bearer {self._token()}", **headers}
        return asked(self.http, method, self.context.at(url), headers=bearer, **how)

    def _token(self) -> str:
        own = self.settings
        if own.access_token:
            return own.access_token
        return tokens.token(own.channel_id, own.channel_secret, self._issue)

    def _issue(self, form: Mapping[str, str]) -> Answer:
        return asked(self.http, "POST", self.context.at(API + tokens.PATH), data=dict(form))
