"""What LINE answers to a call, whatever it turns out to be."""

from dataclasses import dataclass
from typing import Any

import httpx2

from channels import calling
from channels.text import clean

MAX_WORDS = 300


@dataclass(frozen=True)
class Answer(calling.Answer):
    """Of LINE, with its own words."""

    @property
    def words(self) -> str:
        """LINE's own words for what is wrong, with the places in the message they are about."""
        told = self.told
        details = told.get("details")
        parts = [
            told.get("message"),
            *(_detail(one) for one in (details if isinstance(details, list) else ())[:5]),
        ]
        return clean("; ".join(part for part in parts if isinstance(part, str) and part))[:MAX_WORDS]

    @property
    def request_id(self) -> str:
        return clean(self.headers.get("x-line-request-id", ""))[:80]

    def text(self, name: str) -> str:
        """The string under `name`, "" if there is none."""
        value = self.told.get(name)
        return clean(value) if isinstance(value, str) else ""


def asked(http: httpx2.Client, method: str, url: str, **how: Any) -> Answer:
    """One call, as :func:`channels.calling.asked` makes it."""
    answer = calling.asked(http, method, url, **how)
    return Answer(answer.status, answer.headers, answer.body)


def _detail(one: Any) -> str:
    if not isinstance(one, dict):
        return ""
    return ": ".join(str(one[name]) for name in ("property", "message") if one.get(name))
