"""Channels of every kind there is, and what somebody who plays the platform has to know of them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import replace

from app import switchboard
from app.bench.stack import Served
from app.bench.webhooks import api, line, meta, telegram, tiktok, twilio, wechat, x
from app.bench.webhooks.kind import Account, Kind
from app.db import transaction
from channels import registry

NOBODY = "http://127.0.0.1:9"  # plays the platforms: what is asked of them (a customer's name) fails at once
KINDS: dict[str, Kind] = {
    "api": api.API,
    "line": line.LINE,
    "telegram": telegram.TELEGRAM,
    "messenger": meta.MESSENGER,
    "instagram": meta.INSTAGRAM,
    "whatsapp": meta.WHATSAPP,
    "sms": twilio.SMS,
    "x": x.X,
    "tiktok": tiktok.TIKTOK,
    "wechat": wechat.WECHAT,
}


def registered() -> list[str]:
    """Those of :data:`KINDS` that there are."""
    return [kind for kind in KINDS if kind in registry.KINDS]


def accounts(served: Served, kinds: Sequence[str]) -> list[Account]:
    """A new channel of each of these kinds in `served`, which must be started with :data:`NOBODY` as its sandbox."""
    made = [Account(**one) for one in json.loads(served.run("app.bench.webhooks", *kinds))]
    return [replace(one, url=f"{served.base}/hooks/{one.key}") for one in made]


def make(kind: str) -> Account:
    """A new channel of this kind in the installation of this process's settings."""
    one, secret, key = KINDS[kind], secrets.token_hex(16), f"sandbox-bench-{secrets.token_hex(4)}"
    answers = {name: value.format(secret=secret) for name, value in one.answers.items()}
    with transaction() as db:
        switchboard.add_channel(db, kind, key, answers, key, bot=False)
    return Account(kind, key, "", answers, one.learns(key, answers))
