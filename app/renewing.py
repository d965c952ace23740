"""Secrets that a platform renews, each of them good once: whoever asks for the next is alone, and keeps it at once.

The lease is a row, so it holds among processes; within one, threads wait for each other instead.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import delete

from app import vault
from app.db import insert_if_new, now, reading, transaction
from app.models import Channel, Setting
from channels.base import ChannelError

LEASE = timedelta(minutes=1)  # a renewal takes half a minute at most
SOON = 3.0  # seconds after which another process is done

_threads: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)

Secrets = Mapping[str, str]


def renew(channel_id: int, work: Callable[[Secrets], Secrets]) -> Secrets:
    """What `work` makes of the stored secrets of a channel is stored beside them; all of them.

    Calls out; hold no transaction. Raises `ChannelError` where another process is at it, and what `work` raises.
    """
    with _threads[channel_id], _leased(channel_id):
        with reading() as db:
            stored = vault.unseal(db.get_one(Channel, channel_id).secrets)
        told = work(stored)
        return _kept(channel_id, told) if told else stored


def _kept(channel_id: int, told: Secrets) -> Secrets:
    with transaction() as db:
        channel = db.get_one(Channel, channel_id, with_for_update=True)
        secrets = {**vault.unseal(channel.secrets), **told}
        channel.secrets = vault.seal(secrets)
    return secrets


@contextmanager
def _leased(channel_id: int) -> Iterator[None]:
    key, until = f"renewing {channel_id}", (now() + LEASE).isoformat()
    _take(key, until)
    try:
        yield
    finally:
        with transaction() as db:
            row = db.get(Setting, key, with_for_update=True)
            if row is not None and row.value == {"until": until}:
                db.execute(delete(Setting).where(Setting.key == key))


def _take(key: str, until: str) -> None:
    with transaction() as db:
        row = db.get(Setting, key, with_for_update=True)
        free = row is None or datetime.fromisoformat(str(row.value["until"])) < now()
        if row is not None and free:
            row.value = {"until": until}
        elif not free or not insert_if_new(db, Setting(key=key, value={"until": until})):
            raise ChannelError(
                "The token of this channel is being renewed.", retry_after=SOON, everybody=True
            )
