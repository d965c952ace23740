"""Stateless channel access tokens: had for the channel's id and secret, good for fifteen minutes, any number at once
(https://developers.line.biz/en/docs/basics/channel-access-token/#stateless-channel-access-token)."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping

from channels.line.answer import Answer
from channels.outbound import ChannelError

PATH = "/oauth2/v3/token"
EARLY = 60.0  # seconds before its end a token is not used any more
LASTS = 900.0  # seconds, where LINE does not say

_kept: dict[str, tuple[str, str, float]] = {}  # channel id → secret it was had for, token, good until
_asking = defaultdict[str, threading.Lock](threading.Lock)  # many deliveries wake; one of each channel asks


def token(channel_id: str, secret: str, issue: Callable[[Mapping[str, str]], Answer]) -> str:
    """A good token; `issue` posts the form. Raises `ChannelError`."""
    with _asking[channel_id]:
        had_for, kept, until = _kept.get(channel_id, ("", "", 0.0))
        if had_for == secret and until > time.time():
            return kept
        told = issue({"grant_type": "client_credentials", "client_id": channel_id, "client_secret": secret})
        made = told.text("access_token")
        if not told.ok or not made:
            raise _refused(told)
        _kept[channel_id] = (secret, made, time.time() + _lasts(told) - EARLY)
        return made


def forget(channel_id: str) -> None:
    """Ask anew at the next use."""
    with _asking[channel_id]:
        _kept.pop(channel_id, None)


def _lasts(told: Answer) -> float:
    seconds = told.told.get("expires_in")
    return float(seconds) if isinstance(seconds, int | float) and 0 < seconds < 10**9 else LASTS


def _refused(told: Answer) -> ChannelError:
    detail = f"{told.status} {told.text('error_description') or told.text('error') or told.words}".strip()
    if told.ok or told.status >= 500 or told.status == 429:
        return ChannelError("LINE gives no access token at the moment.", detail=detail, everybody=True)
    return ChannelError(
        "LINE does not accept the channel ID and the channel secret.",
        detail=detail,
        permanent=True,
        everybody=True,
    )
