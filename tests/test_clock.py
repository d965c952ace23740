"""What happens because time passed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app import clock, files, inbox, intake, jobs, polled
from app.db import now, reading, transaction
from app.models import Attachment, Channel, Conversation, Delivery, Message, RawReceipt, ReplyLock
from channels import base
from tests import factories as make
from tests.connectors import installed

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def _polled_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_asked", {})


def test_a_snooze_ends_when_its_time_has_come() -> None:
    with transaction() as db:
        agent, due, later = make.agent(db), make.conversation(db), make.conversation(db)
        inbox.snooze(db, agent, due, now() + timedelta(hours=1))
        inbox.snooze(db, agent, later, now() + timedelta(hours=1))
        due.snoozed_until = now() - timedelta(seconds=1)
    assert clock.wake_snoozed() == 1
    assert clock.wake_snoozed() == 0
    with reading() as db:
        assert [db.get_one(Conversation, one.id).status for one in (due, later)] == ["open", "snoozed"]


def test_a_snoozed_thread_that_was_linked_into_another_is_not_woken_over_and_over() -> None:
    with transaction() as db:
        agent, channel = make.agent(db), make.channel(db)
        one, other = make.conversation(db, channel), make.conversation(db, channel)
        inbox.snooze(db, agent, other, now() + timedelta(hours=1))
        inbox.link(db, make.customer_of(db, other), make.customer_of(db, one), evidence={})
        db.execute(
            update(Conversation).where(Conversation.id == other.id).values(snoozed_until=now() - timedelta(1))
        )
    with reading() as db:
        assert not db.scalars(clock._snoozed()).all()


def test_a_request_whose_reader_died_is_read() -> None:
    with transaction() as db:
        channel = make.channel(db, "api")
        body = b'{"type": "message", "id": "m1", "from": {"id": "u"}, "text": "hello"}'
        receipt = intake.store(db, channel, base.Request("POST", "", body=body))
    assert clock.read_late() == 0  # its own process may still be at it
    with transaction() as db:
        db.get_one(RawReceipt, receipt.id).received_at = now() - timedelta(minutes=1)
    assert clock.read_late() == 1
    assert clock.read_late() == 0
    with reading() as db:
        assert db.scalars(select(Message.text)).one() == "hello"


def test_a_request_stored_by_a_clock_put_back_since_is_read_at_once() -> None:
    with transaction() as db:
        body = b'{"type": "message", "id": "m1", "from": {"id": "u"}, "text": "hello"}'
        receipt = intake.store(db, make.channel(db, "api"), base.Request("POST", "", body=body))
        receipt.received_at = now() + timedelta(hours=1)
    assert clock.read_late() == 1


def test_channels_with_something_due_are_rung_once() -> None:
    with transaction() as db:
        channel = make.channel(db, "api")
        make.reply(db, make.agent(db), make.conversation(db, channel))
    jobs.woken(channel.id)
    before = jobs.waiting()
    assert clock.wake_deliveries() == 1
    assert clock.wake_deliveries() == 1
    assert jobs.waiting() == before + 1
    with transaction() as db:
        db.execute(update(Delivery).values(next_at=now() + timedelta(hours=1)))
    assert clock.wake_deliveries() == 0


def test_lapsed_locks_and_orphaned_uploads_are_tidied_away_with_their_bytes() -> None:
    with transaction() as db:
        agent, head = make.agent(db), make.conversation(db)
        inbox.claim_lock(db, agent, head).expires_at = now() - timedelta(minutes=1)
        old = files.store(db, b"never sent", "a.txt", limit=100, agent=agent)
        kept = files.store(db, b"just uploaded", "b.txt", limit=100, agent=agent)
        old.created_at = now() - timedelta(days=2)
    path = files.path_of(old)
    os.utime(path, (0, 0))
    clock.tidy()
    with reading() as db:
        assert not db.scalars(select(ReplyLock)).all()
        assert db.scalars(select(Attachment.id)).all() == [kept.id]
    assert not path.exists()
    assert files.path_of(kept).exists()


def test_bytes_that_another_message_has_are_not_tidied_away() -> None:
    with transaction() as db:
        agent = make.agent(db)
        old = files.store(db, b"the same bytes", "a.txt", limit=100, agent=agent)
        kept = files.store(db, b"the same bytes", "b.txt", limit=100, agent=agent)
        old.created_at = now() - timedelta(days=2)
    os.utime(files.path_of(kept), (0, 0))
    clock.tidy()
    assert files.path_of(kept).exists()


def test_polled_messages_and_the_cursor_are_kept_together(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(monkeypatch) as post:
        with transaction() as db:
            channel = make.channel(db, "post")
        event = make.inbound("届いた", "p", id="1")

        def news(cursor: Mapping[str, Any]) -> tuple[list[base.Event], dict[str, Any]]:
            return ([] if cursor else [event]), {"seen": 1}

        post.news = staticmethod(news)
        assert clock.poll_channels() == 1
        assert clock.poll_channels() == 0  # not again so soon
        with reading() as db:
            row = db.get_one(Channel, channel.id)
            assert (row.cursor, row.health) == ({"seen": 1}, "ok")
            assert db.scalars(select(Message.text)).one() == "届いた"


def test_a_channel_that_breaks_while_polled_costs_its_neighbours_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with installed(monkeypatch) as post:
        with transaction() as db:
            broken, fine = make.channel(db, "post", key="broken"), make.channel(db, "post", key="fine")

        class Moody(post):  # type: ignore[misc, valid-type]
            def poll(self, cursor: Mapping[str, Any]) -> tuple[list[base.Event], dict[str, Any]]:
                if self.context.key == "broken":
                    raise RuntimeError("a bug")
                return [make.inbound("届いた", "p", id="1")], {"seen": 1}

        from channels import registry

        known = {**registry.kinds(), "post": Moody}
        monkeypatch.setattr(registry, "kinds", lambda: known)
        assert clock.poll_channels() == 1
        assert not clock._poll_guarded(987_654)  # one that was deleted after the round began
        with reading() as db:
            assert db.get_one(Channel, broken.id).health == "failing"
            assert db.get_one(Channel, fine.id).health == "ok"


def test_two_pollers_store_what_they_both_saw_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(monkeypatch) as post:
        with transaction() as db:
            channel = make.channel(db, "post")
        event = make.inbound("届いた", "p", id="1")

        def again(cursor: Mapping[str, Any]) -> tuple[list[base.Event], dict[str, Any]]:
            return [event], {"seen": 1}

        def news(cursor: Mapping[str, Any]) -> tuple[list[base.Event], dict[str, Any]]:
            post.news = staticmethod(again)
            clock._poll(channel.id)  # the other one is faster
            return [event], {"seen": 1}

        post.news = staticmethod(news)
        assert clock._poll(channel.id) is False
        with reading() as db:
            assert len(db.scalars(select(Message)).all()) == 1


def test_what_was_polled_is_read_again_after_a_fix_with_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(monkeypatch) as post:
        with transaction() as db:
            channel = make.channel(db, "post")
        sender = base.Person("p", name="山田", claimed={"x": "y"})
        event = make.inbound("届いた", sender, id="1", attachments=(base.Attachment("a.txt", data=b"\x68i"),))

        def news(cursor: Mapping[str, Any]) -> tuple[list[base.Event], dict[str, Any]]:
            return [event, base.Ignored("a bounce")], {"seen": 1}

        def broken(*_: object) -> None:
            raise RuntimeError("a bug")

        post.news = staticmethod(news)
        with monkeypatch.context() as patch:
            patch.setattr("app.inbox.receive", broken)
            clock._poll(channel.id)
        with reading() as db:
            receipt = db.scalars(select(RawReceipt)).one()
            assert (receipt.state, db.get_one(Channel, channel.id).cursor) == ("failed", {"seen": 1})
            assert polled.loads(receipt.body) == [event, base.Ignored("a bounce")]
        assert intake.read_receipt(receipt.id).state == "parsed"
        with reading() as db:
            assert db.scalars(select(Message.text)).one() == "届いた"
            assert db.scalars(select(Attachment.name)).one() == "a.txt"


def test_a_missing_redis_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def away() -> None:
        raise jobs.Away("connection refused")

    clock._guarded(away)
    assert [(record.levelname, record.exc_info) for record in caplog.records] == [("WARNING", None)]
