"""Addresses of files for who has no account here: signed, each for one file, and over after a while.

For platforms that fetch what they are to show, and for what goes to a customer as a link.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from urllib.parse import quote

from app.config import settings

LASTS = timedelta(days=30)
PREVIEW = "preview.jpg"  # the name under which the small picture of a file is had


def address(key: str, since: datetime, name: str) -> str:
    """Where the file with this public key is had for `LASTS` after `since`; the same each time it is asked for."""
    ends = int((since + LASTS).timestamp())
    return f"{settings().public_url}/shared/{key}/{ends:x}-{signature(key, ends)}/{quote(name, safe='')}"


def preview(key: str, since: datetime) -> str:
    """Where a small JPEG of it is had."""
    return address(key, since, PREVIEW)


def opens(key: str, mark: str, at: datetime) -> bool:
    """Whether the `mark` of an address is ours for this file, and not over yet."""
    ends, _, told = mark.partition("-")
    if not (told.isascii() and ends.isascii() and ends.isalnum() and len(ends) <= 12):
        return False
    try:
        end = int(ends, 16)
    except ValueError:
        return False
    return hmac.compare_digest(signature(key, end), told) and at.timestamp() < end


def signature(key: str, ends: int | str, use: str = "shared files") -> str:
    """Ours, for one file until a second since 1970, for one `use` alone."""
    return settings().mark(use, f"{key} {ends}")
