"""What every kind of webhook has in common: what is said, by whose account, and how it is posted."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.bench.posting import Signed

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Said:
    """One message: the `number` of it, and of who wrote it."""

    number: int
    customer: int
    text: str

    @property
    def phone(self) -> str:
        """Who wrote it, where people are known by their numbers."""
        return f"8190{self.customer:08d}"


@dataclass(frozen=True)
class Account:
    """A channel: its address, what was answered to its form, and the secret it told its platform, if it tells one."""

    kind: str
    key: str
    url: str
    answers: Mapping[str, str]
    told: str = ""


def _tells_nothing(_key: str, _answers: Mapping[str, str]) -> str:
    return ""


@dataclass(frozen=True)
class Kind:
    """`answers` are settings (`{secret}` among them is made up, 32 hexadecimal digits); `body` writes messages, `signs`
    makes of it what is posted, `id` is what a message is known by. `several`: of them go into one request. `learns`:
    what a channel tells its platform, from its key and its settings."""

    answers: Mapping[str, str]
    body: Callable[[Sequence[Said]], bytes]
    signs: Callable[[Account, bytes], Signed]
    id: Callable[[Said], str]
    several: bool = True
    learns: Callable[[str, Mapping[str, str]], str] = _tells_nothing


def dumped(document: Any) -> bytes:
    """JSON as platforms write it."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def milliseconds() -> int:
    """Since 1970."""
    return time.time_ns() // 1_000_000


def sha256(secret: str, signed: bytes) -> bytes:
    """The HMAC that most of them sign with."""
    return hmac.digest(secret.encode(), signed, "sha256")
