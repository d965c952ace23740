"""The other side of an API channel: it takes what is sent, remembers it for ever, and says what became of it."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from channels import api, guard, registry

ADDRESS = "http://partner.example.jp/answers"
SECRET = "a-shared-secret-of-the-api-channel"


@dataclass(frozen=True)
class Partner:
    """Its book is a file, so that it outlives any process of ours."""

    book: Path

    def takes(self, request: httpx2.Request) -> httpx2.Response:
        """Write down a request and answer it, as a server elsewhere would."""
        entry = json.dumps([request.headers["Idempotency-Key"], json.loads(request.read())["text"]])
        with self.book.open("ab", buffering=0) as book:
            os.write(book.fileno(), entry.encode() + b"\n")
        told = json.dumps({"id": "theirs-" + request.headers["Idempotency-Key"]})
        return httpx2.Response(200, stream=httpx2.ByteStream(told.encode()), request=request)

    def taken(self, words: str) -> list[str]:
        """The keys under which a text containing `words` arrived, each time it did."""
        if not self.book.exists():
            return []
        entries = [json.loads(line) for line in self.book.read_bytes().splitlines()]
        return [key for key, text in entries if words in text]


class Letter(api.Api):
    """The same wire, for a provider that knows no idempotency key: what may have arrived is not sent again."""

    kind = "letter"
    label = "Letter"
    features = replace(api.Api.features, idempotent=False)


def install(patch: pytest.MonkeyPatch, folder: Path) -> Partner:
    """Whatever is posted anywhere is posted to the partner; the kind "letter" is there."""
    partner = Partner(folder / "partner.jsonl")
    patch.setattr(guard._Transport, "handle_request", lambda _, request: partner.takes(request))
    known = {**registry.kinds(), "letter": Letter}
    patch.setattr(registry, "kinds", lambda: known)
    return partner


def signed(document: Any) -> dict[str, Any]:
    """What to post so that it comes from the partner: keyword arguments of a client's `post`."""
    body = json.dumps(document).encode()
    stamp = int(time.time())
    signature = f"t={stamp},v1={api.sign(SECRET, stamp, body)}"
    return {"content": body, "headers": {"X-Madoguchi-Signature": signature}}
