"""Addresses of files for a visitor: signed, good for a day, fetched without any cookie or header."""

from __future__ import annotations

import hmac
from datetime import timedelta

from app.config import settings
from app.db import now
from app.models import Attachment

LASTS = timedelta(days=1)


def url(file: Attachment, *, scaled: bool = False) -> str:
    """The path of a file on our host; `scaled`: the small picture."""
    until = int((now() + LASTS).timestamp())
    size = "s" if scaled else "f"
    return f"/widget/files/{file.key}?e={until}&v={size}&s={_sign(file.key, until, size)}"


def holds(key: str, until: str, size: str, signature: str) -> bool:
    """Whether these parts of an address were signed by us and still hold."""
    if not (
        until.isascii() and until.isdigit() and len(until) < 12 and size in ("s", "f") and signature.isascii()
    ):
        return False
    return int(until) > now().timestamp() and hmac.compare_digest(_sign(key, int(until), size), signature)


def _sign(key: str, until: int, size: str) -> str:
    return settings().mark("widget file", f"{key}\n{until}\n{size}")
