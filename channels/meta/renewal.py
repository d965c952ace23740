"""Tokens of Instagram login: good for 60 days, renewed for as long again while they are good and a day old at least
(https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token)."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.outbound import ChannelError
from channels.text import clean

HOST = "https://graph.instagram.com"
AHEAD = timedelta(days=30)  # before its end a token is renewed
MAX_SECONDS = 10**9


def until(token: str, kept: str) -> datetime | None:
    """When `token` ends, from what :func:`secrets_of` kept of it; None where that was another token, or nothing."""
    at, _, mark = kept.partition(" ")
    if not token or mark != _mark(token):
        return None
    try:
        return datetime.fromisoformat(at)
    except ValueError:
        return None


def is_due(ends: datetime | None) -> bool:
    """Whether it is to be renewed; one whose end is not known is."""
    return ends is None or ends - datetime.now(UTC) < AHEAD


def secrets_of(told: Mapping[str, Any]) -> dict[str, str]:
    """The new token and its end, as they are stored. Raises `ChannelError` where there is none."""
    token, seconds = told.get("access_token"), told.get("expires_in")
    good = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < MAX_SECONDS
    if not isinstance(token, str) or not 0 < len(token) <= 1000 or clean(token) != token or not good:
        raise ChannelError("The provider said something that cannot be understood.", detail="no access_token")
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=float(seconds or 0))
    return {"access_token": token, "access_until": f"{ends.isoformat()} {_mark(token)}"}


def _mark(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()[:16]
