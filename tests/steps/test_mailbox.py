"""Who holds the line to a mailbox dies at each statement once; whoever takes it up loses and doubles nothing."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app import clock, collecting
from app.db import as_of, now, reading, transaction
from app.models import Channel, Collector, Message, RawReceipt
from channels import base, registry
from channels.base import Collected
from tests import factories
from tests.connectors import Post, installed
from tests.steps import books, crash
from tests.steps.crash import Watched

MAILS = 3  # two of which are there already: two transactions
FEWEST = 20


@pytest.fixture
def mailboxes(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Channels of the kind "post" are mailboxes with the same mails, each from another customer for each channel."""

    class Mailbox(Post):
        def collect(self, cursor: Mapping[str, Any], stop: Callable[[], bool]) -> Iterator[Collected]:
            yield Collected(dict(cursor))
            for uid in range(int(cursor.get("uid", 0)) + 1, MAILS + 1):
                request = base.Request("MAIL", "", body=f"{self.context.key} {uid}".encode())
                yield Collected({"uid": uid}, request, left=1 if uid == 1 else 0)

        def parse(self, request: base.Request) -> list[base.Event]:
            key, _, number = request.body.decode().partition(" ")
            return [factories.inbound(number, key, id=f"{key} {number}")]

    with installed(monkeypatch):
        known = {**registry.kinds(), "post": Mailbox}
        monkeypatch.setattr(registry, "kinds", lambda: known)
        yield


def test_dying_at_any_step_loses_and_doubles_no_mail(mailboxes: None) -> None:
    hold(channel("first"))  # what is made once a process is made now
    gc.collect()
    gc.freeze()
    died: dict[int, str] = {}
    for n in itertools.count(1):
        one = channel(f"k{n:05}")
        end = crash.run(lambda tell, one=one: hold(one), n, Watched.CHANGES)  # type: ignore[misc]
        died[one.id] = f"step {n}, {end.step}"
        if not end.died:
            break
    assert len(died) > FEWEST, "steps are not counted any more"
    with as_of(
        now() + timedelta(minutes=1)
    ):  # the leases of the dead lapse; their stored mails are found late
        for channel_id in died:
            hold(_channel(channel_id))
        while clock.read_late():
            continue
    for channel_id, where in died.items():
        assert _texts(channel_id) == ["1", "2", "3"], where
        with reading() as db:
            assert db.get_one(Channel, channel_id).cursor == {"uid": MAILS}, where
            states = db.scalars(select(RawReceipt.state).filter_by(channel_id=channel_id)).all()
            assert states == ["parsed"] * MAILS, where
    books.check_all()


def channel(key: str) -> Channel:
    with transaction() as db:
        return factories.channel(db, "post", key=key)


def hold(channel: Channel) -> None:
    with reading() as db:
        row = db.get(Collector, channel.id)
    assert collecting.is_free(row, "ok")
    line = collecting.claim(channel.id, row)
    assert line is not None
    collecting.hold(line)


def _channel(channel_id: int) -> Channel:
    with reading() as db:
        return db.get_one(Channel, channel_id)


def _texts(channel_id: int) -> list[str]:
    with reading() as db:
        customers = select(Message.text).where(
            Message.channel_id == channel_id, Message.external_id.is_not(None)
        )
        return list(db.scalars(customers.order_by(Message.id)))
