"""Calls to LINE's two hosts, with a good access token."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2

from channels import guard
from channels.base import Context
from channels.events import ChannelError
from channels.line import tokens
from channels.line.answer import Answer
from channels.line.settings import LineSettings

API = "https://api.line.me"
DATA = "https://api-data.line.me"
DEADLINE = 25.0  # seconds a call may take in all
MAX_ANSWER = 262_144  # bytes of an answer that are read


class Caller:
    """Speaks for one official account."""

    def __init__(self, settings: LineSettings, http: httpx2.Client, context: Context) -> None:
        self.settings = settings
        self.http = http
        self.context = context

    def get(self, path: str) -> Answer:
        """Raises `ChannelError` where there is no answer; an answer of any status is returned."""
        return self._with_token("GET", API + path, None, {})

    def post(
        self, path: str, document: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The same JSON for the same document. Raises `ChannelError` as :meth:`get` does."""
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        return self._with_token(
            "POST", API + path, body, {"Content-Type": "application/json", **(headers or {})}
        )

    def download(self, path: str, limit: int) -> Answer:
        """A file of at most `limit` bytes; raises `ChannelError` for a larger one."""
        return self._with_token("GET", DATA + path, None, {}, limit)

    def _with_token(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], limit: int = MAX_ANSWER
    ) -> Answer:
        """Once more with a fresh token where the one we had was taken back before its time."""
        answer = self._call(method, url, body, headers, limit)
        if answer.status != 401 or self.settings.access_token:
            return answer
        tokens.forget(self.settings.channel_id)
        return self._call(method, url, body, headers, limit)

    def _call(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], limit: int
    ) -> Answer:
        bearer = {"Authorization": f"Bearer {self._token()}", "Accept-Encoding": "identity"}
        return asked(self.http, method, self.context.at(url), body, {**bearer, **headers}, limit)

    def _token(self) -> str:
        own = self.settings
        if own.access_token:
            return own.access_token
        return tokens.token(own.channel_id, own.channel_secret, self._issue)

    def _issue(self, form: Mapping[str, str]) -> Answer:
        url = self.context.at(API + tokens.PATH)
        encoded = httpx2.QueryParams(dict(form))
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return asked(self.http, "POST", url, str(encoded).encode(), kind, MAX_ANSWER)


def asked(
    http: httpx2.Client, method: str, url: str, body: bytes | None, headers: Mapping[str, str], limit: int
) -> Answer:
    """One call. Raises `ChannelError` where no answer came, or one of more than `limit` bytes."""
    call = http.stream(method, url, content=body, headers=dict(headers))
    with _told(method), guard.within(DEADLINE), call as response:
        plain = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, plain, _read(response, limit))


def _read(response: httpx2.Response, limit: int) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        return b""  # not asked for, and a small answer could unpack into a large one
    read = bytearray()
    for chunk in response.iter_bytes():
        read += chunk
        if len(read) > limit:
            raise ChannelError("This file is too large to be fetched.", permanent=True)
    return bytes(read)


@contextmanager
def _told(method: str) -> Iterator[None]:
    """What went wrong on the way, in words."""
    try:
        yield
    except guard.Forbidden:
        raise ChannelError("This address leads into a private network.", permanent=True) from None
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
        raise ChannelError("LINE could not be reached.") from None
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
        raise ChannelError("This is not a web address.", permanent=True) from None
    except httpx2.HTTPError:
        if method == "GET":
            raise ChannelError("LINE did not answer.") from None
        raise ChannelError("LINE did not answer; it may have the message.", ambiguous=True) from None
