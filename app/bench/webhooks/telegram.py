"""Telegram (core.telegram.org/bots/api#setwebhook)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from app.bench.posting import Signed
from app.bench.webhooks.kind import JSON, Account, Kind, Said, dumped
from app.config import settings
from channels.telegram.signature import secret_of


def secret(key: str, answers: Mapping[str, str]) -> str:
    """Telegram repeats what it was told when the webhook was set: the channel's own secret."""
    return secret_of(settings().seal_key(key), answers["token"])


def _body(said: Sequence[Said]) -> bytes:
    (one,) = said
    person = {"id": one.customer, "first_name": f"客{one.customer}"}
    message = {"message_id": one.number, "date": int(time.time()), "text": one.text}
    message |= {"from": {**person, "is_bot": False}, "chat": {**person, "type": "private"}}
    return dumped({"update_id": one.number, "message": message})


def _signed(account: Account, body: bytes) -> Signed:
    return Signed(body, {"X-Telegram-Bot-Api-Secret-Token": account.told, **JSON})


TELEGRAM = Kind(
    {"token": "7204518631:AA{secret}"},
    _body,
    _signed,
    lambda one: f"{one.customer}:{one.number}",
    several=False,
    learns=secret,
)
