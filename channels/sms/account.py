"""Calls of an account's resources at Twilio."""

from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar

import httpx2

from channels import calling
from channels.base import Context
from channels.sms import trouble

API = "https://api.twilio.com"
VERSION = "/2010-04-01"


class Keys(Protocol):
    """What opens an account."""

    @property
    def account_sid(self) -> str: ...
    @property
    def auth_token(self) -> str: ...
    @property
    def api_key(self) -> str: ...
    @property
    def api_secret(self) -> str: ...


K = TypeVar("K", bound=Keys)


class Account(Generic[K]):
    """Speaks for one account."""

    def __init__(self, settings: K, http: httpx2.Client, context: Context) -> None:
        self.settings = settings
        self.context = context
        self._http = http

    def get(self, path: str, host: str = API, **query: str) -> calling.Answer:
        """`path` below the account, or of another `host`. Raises `ChannelError`."""
        return self._good(self._asked("GET", self._url(path, host), params=query))

    def post(self, path: str, form: Mapping[str, Any]) -> calling.Answer:
        """Raises `ChannelError`."""
        return self._good(self._asked("POST", self._url(path, API), data=form))

    def file(self, url: str, limit: int) -> calling.Answer:
        """The answer for a file at Twilio's own address, whatever it is."""
        return self._asked("GET", self.context.at(url), limit=limit)

    def elsewhere(self, url: str, limit: int) -> calling.Answer:
        """The answer of another host, which is told no secret of ours."""
        return calling.asked(self._http, "GET", url, limit=limit)

    def _asked(self, method: str, url: str, **more: Any) -> calling.Answer:
        own = self.settings
        key = (
            (own.api_key, own.api_secret)
            if own.api_key and own.api_secret
            else (own.account_sid, own.auth_token)
        )
        return calling.asked(self._http, method, url, auth=key, **more)

    def _url(self, path: str, host: str) -> str:
        below = f"{VERSION}/Accounts/{self.settings.account_sid}" if host == API else ""
        return self.context.at(f"{host}{below}{path}")

    def _good(self, answer: calling.Answer) -> calling.Answer:
        if not answer.ok:
            raise trouble.refused(answer)
        return answer
