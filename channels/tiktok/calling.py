"""Calls to TikTok's API for business, with a good access token."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2

from channels.base import Context, Secrets
from channels.calling import LOST_STATUSES, asked
from channels.events import Attachment
from channels.outbound import ChannelError
from channels.tiktok import tokens, trouble
from channels.tiktok.settings import TikTokSettings

API = "https://business-api.tiktok.com/open_api/v1.3"
UPLOAD_DEADLINE = 60.0  # seconds; a claim of the product lapses after 120

Data = Mapping[str, Any]


class Caller:
    """Speaks for one business account. Every path ends with a slash."""

    def __init__(self, settings: TikTokSettings, http: httpx2.Client, context: Context) -> None:
        self.settings = settings
        self.http = http
        self.context = context
        self._token = ""

    @property
    def token(self) -> str:
        """A good access token. Raises `ChannelError`."""
        if not self._token:
            kept = tokens.current(tokens.of(self.settings), datetime.now(UTC))
            self._token = kept or self.renew().get("access_token", "")
        return self._token

    def get(self, path: str, **query: str) -> Data:
        """What TikTok says. Raises `ChannelError`, which is never ambiguous: nothing arrives at anybody by it."""
        with _harmless():
            return self._with_token("GET", path, params={**self._us, **query})

    def post(self, path: str, document: Data) -> Data:
        """The same for a document."""
        with _harmless():
            return self._with_token("POST", path, **_json({**self._us, **document}))

    def upload(self, path: str, fields: Mapping[str, str], file: Attachment) -> Data:
        """The same for a form with a file."""
        part = {"file": (file.name, file.data or b"", file.content_type)}
        with _harmless():
            return self._with_token(
                "POST", path, data={**self._us, **fields}, files=part, deadline=UPLOAD_DEADLINE
            )

    def send(self, path: str, document: Data) -> Data:
        """Something arrives at the customer by it: a lost answer is ambiguous."""
        return self._with_token("POST", path, **_json({**self._us, **document}))

    def ask(self, path: str, document: Data) -> Data:
        """What TikTok says to the app itself, which proves who it is by what stands in the document."""
        with _harmless():
            return self._call("POST", path, **_json(document))

    def renew(self, refused: str = "") -> Secrets:
        """The tokens as they are kept, renewed where there is none but the `refused` one. Raises `ChannelError`."""

        def work(stored: Secrets) -> Secrets:
            return tokens.renewed(self.settings, stored, self.ask, refused)

        return self.context.renew(work)

    @property
    def _us(self) -> dict[str, str]:
        return {"business_id": self.settings.business_id}

    def _with_token(self, method: str, path: str, **content: Any) -> Data:
        """Once more with a fresh token where the one we had was over, or taken back before its time."""
        headers = content.pop("headers", {})
        try:
            return self._call(method, path, headers={**headers, "Access-Token": self.token}, **content)
        except trouble.Refused as error:
            if error.sort != "token":
                raise
        self._token = self.renew(self.token).get("access_token", "")
        return self._call(method, path, headers={**headers, "Access-Token": self._token}, **content)

    def _call(self, method: str, path: str, **content: Any) -> Data:
        answer = asked(self.http, method, self.context.at(f"{API}/{path}"), **content)
        if answer.status in LOST_STATUSES or (answer.ok and not answer.is_object):
            raise ChannelError(trouble.LOST, detail=str(answer.status), ambiguous=True)
        if not answer.ok or trouble.code_of(answer):
            raise trouble.refused(answer)
        data = answer.told.get("data")
        return data if isinstance(data, dict) else {}


def _json(document: Data) -> dict[str, Any]:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return {"content": body, "headers": {"Content-Type": "application/json"}}


@contextmanager
def _harmless() -> Iterator[None]:
    """Nothing arrived by a call whose answer was lost."""
    try:
        yield
    except ChannelError as error:
        if error.ambiguous:
            raise ChannelError("TikTok did not answer.", detail=error.detail) from None
        raise
