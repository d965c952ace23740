"""Systems that post signed webhooks, over one connection each that is kept open."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.bench.clients import PATIENCE, Ledger
from app.bench.wire import Http, Refused, open_http


@dataclass(frozen=True)
class Signed:
    """A body as it is posted, with the headers, and the query of the address, that prove where it comes from."""

    body: bytes
    headers: Mapping[str, str]
    query: str = ""


class Sender:
    """A system that posts signed events to an API channel, each again until it is answered with 200.

    `sign`: what is posted of a body, where it is another kind of channel.
    """

    def __init__(
        self,
        base: str,
        key: str,
        secret: str,
        name: str,
        *,
        ledger: Ledger | None = None,
        sign: Callable[[bytes], Signed] | None = None,
    ) -> None:
        self.base, self.path = base, f"/hooks/{key}"
        self.name, self.ledger = name, ledger or Ledger()
        self.sign = sign or partial(signed, secret.encode())
        self.line: Http | None = None

    async def post(self, body: bytes) -> tuple[int, bytes]:
        """One signed request; (status, body). Raises OSError, TimeoutError."""
        if self.line is None or not self.line.open:
            self.line = await open_http(self.base)
        try:
            told = self.sign(body)
            asked = self.line.ask("POST", self.path + told.query, told.body, told.headers)
            return await asyncio.wait_for(asked, PATIENCE)
        except (OSError, TimeoutError):
            self.line.cut()
            raise

    async def deliver(self, id: str, text: str, tries: int = 300, **more: Any) -> None:
        """Post one message until it is acknowledged. Raises the last failure."""
        body = message(id, self.name, text, **more)
        for left in reversed(range(tries)):
            self.ledger.sent(self.name, id)
            try:
                status, answer = await self.post(body)
                if status == 200:
                    self.ledger.acknowledged(self.name, id, 0)
                    return
                raise Refused(f"{status} {answer[:200]!r}")
            except (OSError, TimeoutError):
                if not left:
                    raise
            await asyncio.sleep(0.1)


def message(id: str, sender: str, text: str, **more: Any) -> bytes:
    """The body of one message for an API channel."""
    told: Mapping[str, Any] = {"type": "message", "id": id, "from": {"id": sender}, "text": text, **more}
    return json.dumps(told, ensure_ascii=False).encode()


def signed(secret: bytes, body: bytes) -> Signed:
    """With the header that proves who sent it (app/help/api-channel.md)."""
    stamp = str(int(time.time()))
    digest = hmac.new(secret, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Madoguchi-Signature": f"t={stamp},v1={digest}", "Content-Type": "application/json"}
    return Signed(body, headers)
