"""What LINE answers to a call, whatever it turns out to be."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.text import clean

MAX_WORDS = 300


@dataclass(frozen=True)
class Answer:
    """`headers` have lower-case names."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def told(self) -> Mapping[str, Any]:
        """The JSON object of the body; an empty one if it is none."""
        try:
            told = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return told if isinstance(told, dict) else {}

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


def _detail(one: Any) -> str:
    if not isinstance(one, dict):
        return ""
    return ": ".join(str(one[name]) for name in ("property", "message") if one.get(name))
