"""Calls of the X API, as the account or as the app."""

from collections.abc import Mapping
from typing import Any

import httpx2

from channels import calling
from channels.base import Context
from channels.x import tokens, trouble
from channels.x.settings import XSettings

API = "https://api.x.com"
UPLOAD_DEADLINE = 60.0  # seconds a part of a file may take


class Caller:
    """Speaks for one account. `asked` returns whatever is answered, the others raise `ChannelError` for a refusal."""

    def __init__(self, settings: XSettings, http: httpx2.Client, context: Context) -> None:
        self.settings = settings
        self.http = http
        self.context = context
        self._token = settings.access_token

    def get(self, path: str, **params: str) -> Mapping[str, Any]:
        return _good(self.asked("GET", path, params=params)).told

    def post(self, path: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        return _good(self.asked("POST", path, json=document)).told

    def get_at_once(self, path: str) -> Mapping[str, Any]:
        """With the token we have, and no other."""
        return _good(self._call("GET", path)).told

    def upload(self, path: str, form: Mapping[str, str], part: bytes) -> None:
        files = {"media": ("part", part, "application/octet-stream")}
        _good(self.asked("POST", path, data=form, files=files, deadline=UPLOAD_DEADLINE))

    def as_app(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """With the app's own token, which webhooks are kept with."""
        headers = {"Authorization": f"Bearer {self.settings.bearer_token}"}
        answer = calling.asked(self.http, method, self._at(path), headers=headers, json=document)
        return _good(answer, "app").told

    def asked(self, method: str, path: str, **how: Any) -> calling.Answer:
        """Once more with a renewed token where the one we had is over."""
        answer = self._call(method, path, **how) if self._token else None
        if answer is not None and answer.status != 401:
            return answer
        self._token = tokens.renewed(self.http, self.context, self.settings, refused=self._token)
        return self._call(method, path, **how)

    def _call(self, method: str, path: str, **how: Any) -> calling.Answer:
        headers = {"Authorization": f"Bearer {self._token}"}
        return calling.asked(self.http, method, self._at(path), headers=headers, **how)

    def _at(self, path: str) -> str:
        return self.context.at(API + path)


def _good(answer: calling.Answer, by: str = "account") -> calling.Answer:
    if not answer.ok:
        raise trouble.refused(answer, by)
    return answer
