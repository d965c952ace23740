"""Calls to the Graph API (https://developers.facebook.com/docs/graph-api)."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2

from channels.base import Context
from channels.calling import LOST_STATUSES, Answer, asked
from channels.events import Attachment
from channels.meta import trouble
from channels.outbound import ChannelError

FACEBOOK = "https://graph.facebook.com/v26.0"
INSTAGRAM = "https://graph.instagram.com/v26.0"
UPLOAD_DEADLINE = 90.0  # seconds a call with a file may take in all
MAX_ANSWER = 1_048_576  # bytes of an answer that are read


class Graph:
    """Speaks with a token. `secret` is the app's, to prove that the token is used by its own app
    (https://developers.facebook.com/docs/graph-api/guides/secure-requests); "" where that is not done."""

    def __init__(
        self, http: httpx2.Client, context: Context, token: str, secret: str = "", base: str = FACEBOOK
    ) -> None:
        self.http = http
        self.context = context
        self.token = token
        self.secret = secret
        self.base = base

    def get(self, path: str, **query: str) -> Mapping[str, Any]:
        """The JSON object. Raises `ChannelError` where there is no answer, or a refusal."""
        return self._call("GET", path, query)

    def post(self, path: str, document: Mapping[str, Any], **query: str) -> Mapping[str, Any]:
        """What may be called again, should the answer be lost."""
        with _harmless():
            return self._call("POST", path, query, **_json(document))

    def upload(self, path: str, fields: Mapping[str, str], file: Attachment) -> Mapping[str, Any]:
        """The same for a form with a `file`."""
        with _harmless():
            return self._call("POST", path, {}, **_form(fields, "file", file))

    def send(self, path: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """Something arrives at the customer by it: a lost answer is ambiguous."""
        return self._call("POST", path, {}, **_json(document))

    def send_file(self, path: str, fields: Mapping[str, str], file: Attachment) -> Mapping[str, Any]:
        """The same for a form with the file as `filedata`."""
        return self._call("POST", path, {}, **_form(fields, "filedata", file))

    def _call(self, method: str, path: str, query: Mapping[str, str], **more: Any) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        url = self.context.at(f"{self.base}/{path}")
        params = self._query(query)
        answer = asked(self.http, method, url, limit=MAX_ANSWER, headers=headers, params=params, **more)
        if not answer.ok:
            raise _refused(answer)
        return answer.told

    def _query(self, query: Mapping[str, str]) -> dict[str, str]:
        if not self.secret:
            return dict(query)
        proof = hmac.new(self.secret.encode(), self.token.encode(), hashlib.sha256).hexdigest()
        return {**query, "appsecret_proof": proof}


def _json(document: Mapping[str, Any]) -> dict[str, Any]:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return {"content": body, "headers": {"Content-Type": "application/json; charset=utf-8"}}


def _form(fields: Mapping[str, str], name: str, file: Attachment) -> dict[str, Any]:
    part = {name: (file.name, file.data or b"", file.content_type)}
    return {"data": dict(fields), "files": part, "deadline": UPLOAD_DEADLINE}


def _refused(answer: Answer) -> ChannelError:
    """A gateway that had no answer from Meta itself, which may have the message, says nothing of it."""
    if answer.status in LOST_STATUSES and "error" not in answer.told:
        return ChannelError(
            "Meta did not answer; it may have the message.", detail=str(answer.status), ambiguous=True
        )
    return trouble.refused(answer.status, answer.headers, answer.told)


@contextmanager
def _harmless() -> Iterator[None]:
    """Nothing arrived by a call whose answer was lost."""
    try:
        yield
    except ChannelError as error:
        if error.ambiguous:
            raise ChannelError("Meta did not answer.", detail=error.detail) from None
        raise
