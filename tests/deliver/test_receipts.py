"""What the provider says became of it climbs, and never goes back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import deliver, reported, verify
from app.db import now, reading, transaction
from app.deliver import claiming
from app.models import Delivery, DeliveryRef, Event
from channels import base
from tests import factories as make
from tests.connectors import Post, fails
from tests.deliver.counter import Counter

pytestmark = pytest.mark.usefixtures("committed")


def test_receipts_climb_and_never_go_back(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    deliver.drain(at.channel.id)
    ref = post.sent[0].key
    for state, becomes in (("read", "read"), ("delivered", "read"), ("sent", "read"), ("failed", "read")):
        at.take(base.Receipt(f"p-{ref}", state))  # type: ignore[arg-type]
        assert at.state(id) == becomes
    with reading() as db:
        states = [
            e.data["state"] for e in db.scalars(select(Event).filter_by(kind="delivery").order_by(Event.id))
        ]
    assert states == ["sent", "read"]


def test_a_failure_is_undone_by_proof_of_arrival_alone(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    deliver.drain(at.channel.id)
    ref = f"p-{post.sent[0].key}"
    at.take(base.Receipt(ref, "failed", reason="number unknown"))
    at.take(base.Receipt(ref, "sent"))
    assert (at.state(id), at.row(id).error) == ("failed", "number unknown")
    at.take(base.Receipt(ref, "delivered"))
    assert at.state(id) == "delivered"


def test_read_through_marks_everything_up_to_there(at: Counter, post: type[Post]) -> None:
    ids = [at.reply(str(n)) for n in range(3)]
    deliver.drain(at.channel.id)
    mark = f"p-{post.sent[1].key}"
    at.take(base.Receipt(mark, "read", person=base.Person("c1"), through=True))
    assert [at.state(id) for id in ids] == ["read", "read", "sent"]


def test_a_strangers_receipt_changes_nothing(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    deliver.drain(at.channel.id)
    at.take(make.inbound("別人です", "c2"))
    ref = f"p-{post.sent[0].key}"
    (outcome,) = at.take(base.Receipt(ref, "read", person=base.Person("c2"), through=True))
    assert "excluded" in outcome
    at.take(base.Receipt("", "read", at=now(), person=base.Person("c2"), through=True))
    at.take(base.Receipt("p-unknown", "read"))
    with transaction() as db:
        elsewhere = make.channel(db, "post")
        make.accept(db, elsewhere, base.Receipt(ref, "read"))
    assert at.state(id) == "sent"


def test_what_was_read_up_to_a_moment_is_nothing_that_is_still_on_its_way(
    at: Counter, post: type[Post]
) -> None:
    def refused(out: base.Outbound) -> base.Sent:
        at.take(base.Receipt("", "read", at=now(), person=base.Person("c1"), through=True))
        raise base.ChannelError("They do not take it.", permanent=True)

    post.answer = staticmethod(refused)
    id = at.reply()
    deliver.drain(at.channel.id)
    assert at.state(id) == "failed"


def test_a_receipt_that_overtakes_the_answer_is_kept(at: Counter, post: type[Post]) -> None:
    def overtaken(out: base.Outbound) -> base.Sent:
        at.take(base.Receipt("ref", "read", at=now(), person=base.Person("c1"), key=out.key))
        return base.Sent(("ref",))

    post.answer = staticmethod(overtaken)
    id = at.reply()
    deliver.drain(at.channel.id)
    assert at.state(id) == "read"
    with reading() as db:
        assert db.get(DeliveryRef, (at.channel.id, "ref")) is not None


def test_an_answer_that_was_lost_is_made_good_by_what_the_platform_says_back(
    at: Counter, post: type[Post]
) -> None:
    id = at.reply()
    post.answer = staticmethod(fails(ambiguous=True))
    deliver.drain(at.channel.id)
    assert at.state(id) == "unknown"
    with transaction() as db:
        ours = f"m{db.get_one(Delivery, id).message_id}"
    at.take(base.Receipt("mid-1", "sent", key="m999999"), base.Receipt("mid-1", "sent", key="x"))
    assert at.state(id) == "unknown"
    (told,) = at.take(base.Receipt("mid-1", "sent", key=ours))
    assert at.state(id) == "sent"
    assert told["of"]
    at.take(base.Receipt("mid-1", "read"))  # by the platform's own id, from now on
    assert at.state(id) == "read"


def test_what_the_platform_says_back_before_it_answers_is_the_same_message(
    at: Counter, post: type[Post]
) -> None:
    id = at.reply()

    def echo_first(out: base.Outbound) -> base.Sent:
        at.take(base.Receipt("mid-1", "sent", key=out.key))
        return base.Sent(("mid-1",))

    post.answer = staticmethod(echo_first)
    deliver.drain(at.channel.id)
    assert at.state(id) == "sent"
    with reading() as db:
        assert db.scalars(select(DeliveryRef.external_id)).all() == ["mid-1"]
        assert verify.report(db).clean


def test_an_echo_told_while_its_message_is_settled_is_no_second_message(
    at: Counter, post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    id = at.reply("はい")
    claiming.take(at.channel.id, 1)
    settled: list[str] = []

    def then_settled(name: str) -> None:
        real = getattr(reported, name)

        def look(db: Session, *about: Any) -> Any:
            found = real(db, *about)
            if not settled:  # as by the worker, after whatever is looked at first
                db.get_one(Delivery, id).state = "sent"
                db.add(DeliveryRef(channel_id=at.channel.id, external_id="out.1", delivery_id=id))
                db.flush()
            settled.append(name)
            return found

        monkeypatch.setattr(reported, name, look)

    then_settled("sent")
    then_settled("_open")
    (outcome,) = at.take(base.Inbound("out.1", base.Person("c1"), "はい", kind="outbound"))
    assert outcome["excluded"] == "our own echo"
    assert settled
