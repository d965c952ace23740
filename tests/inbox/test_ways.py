"""By which ways a customer can be written to, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import connect, inbox, outgoing
from app.db import as_of, now
from app.inbox import Refused, allowance, ways
from app.models import Channel, Conversation, Delivery, DeliveryRef
from channels import base
from tests import factories as make
from tests.connectors import Ruled, installed, installed_as

DAY, WEEK = timedelta(days=1), timedelta(days=7)


@pytest.fixture
def platform(db: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    """A channel whose customers may be answered for a day."""
    with installed(monkeypatch, reply_window=DAY, push=True):
        yield make.channel(db, "post", name="Platform")


def reply(db: Session, head: Conversation, channel: Channel | None = None) -> Channel:
    """Answer; the channel it went by."""
    said = inbox.reply(db, make.agent(db), head, "はい", "c1", channel_id=channel.id if channel else None)
    return db.get_one(Channel, said.channel_id)


def test_an_answer_is_taken_for_a_day_after_the_customers_last_words(db: Session, platform: Channel) -> None:
    head = make.thread_of(db, make.customer_says(db, platform, at=now() - DAY + timedelta(minutes=5)))
    assert reply(db, head) == platform
    with as_of(now() + timedelta(minutes=10)), pytest.raises(Refused, match="has to write first"):
        inbox.reply(db, make.agent(db), head, "遅い", "c2")


def test_the_customers_next_words_open_it_again(db: Session, platform: Channel) -> None:
    person = base.Person("u1")
    head = make.thread_of(db, make.customer_says(db, platform, "一", person, id="1", at=now() - WEEK))
    with pytest.raises(Refused):
        reply(db, head)
    make.customer_says(db, platform, "二", person, id="2")
    make.customer_says(
        db, platform, "零", person, id="0", at=now() - 2 * WEEK
    )  # a late one takes nothing away
    assert reply(db, head) == platform


def test_our_own_words_do_not_make_it_longer(db: Session, platform: Channel) -> None:
    head = make.thread_of(db, make.customer_says(db, platform, at=now() - DAY + timedelta(minutes=5)))
    reply(db, head)
    (way,) = ways.ways(db, head)
    until = ways.closes_at(*way)
    assert until is not None
    assert until < now() + timedelta(minutes=6)


def test_a_person_may_have_longer_than_the_bot(db: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(monkeypatch, reply_window=DAY, person_window=WEEK):
        channel = make.channel(db, "post")
        head = make.thread_of(db, make.customer_says(db, channel, at=now() - 3 * DAY))
        assert reply(db, head) == channel


def test_where_nothing_can_be_sent_is_not_the_way_although_they_were_there_last(db: Session) -> None:
    """An API channel without a callback address only receives."""
    site, till = make.channel(db, name="Site"), make.channel(db, "api", name="Till")
    one = make.customer_says(db, site, "一", base.Person("v1"), at=now() - DAY)
    other = make.customer_says(db, till, "二", base.Person("u1"))
    new, old = (make.customer_of(db, make.thread_of(db, said)) for said in (other, one))
    inbox.link(db, old, new, evidence={"by": "test"})
    assert reply(db, make.thread_of(db, other)) == site


def test_who_is_closed_off_on_one_way_is_answered_by_another(db: Session, platform: Channel) -> None:
    site = make.channel(db, name="Site")
    one = make.customer_says(db, site, "一", base.Person("v1"), at=now() - 2 * WEEK)
    other = make.customer_says(db, platform, "二", base.Person("u1"), at=now() - WEEK)
    new, old = (make.customer_of(db, make.thread_of(db, said)) for said in (other, one))
    inbox.link(db, new, old, evidence={})
    head = make.thread_of(db, one)
    with pytest.raises(Refused, match="Choose another way"):
        reply(db, head, platform)
    assert reply(db, head) == site


def test_only_a_template_goes_where_the_time_is_over(db: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    template = base.FilledTemplate("ready", "ja", {"1": "花子"})
    with installed_as(Ruled, monkeypatch, reply_window=DAY, max_attachment_bytes=10):
        channel, agent = make.channel(db, "post"), make.agent(db)
        head = make.thread_of(db, make.customer_says(db, channel, at=now() - WEEK))
        with pytest.raises(Refused, match="only approved templates"):
            inbox.reply(db, agent, head, "はい", "c1")
        with pytest.raises(Refused, match="without files"):
            inbox.reply(db, agent, head, "花子様", "c1", template=template, quick_replies=["はい"])
        said = inbox.reply(db, agent, head, "花子様", "c1", template=template, html="<b>花子様</b>")
        assert inbox.reply(db, agent, head, "花子様", "c1", template=template) is said
        assert (said.text, said.html) == ("花子様", "")
        delivery = db.scalars(select(Delivery).filter_by(message_id=said.id)).one()
        assert outgoing.outbound(db, delivery, connect.features(channel)).template == template


def test_a_template_takes_the_way_that_has_templates(db: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    template = base.FilledTemplate("ready", "ja")
    with installed_as(Ruled, monkeypatch, reply_window=DAY):
        channel, site, agent = make.channel(db, "post"), make.channel(db), make.agent(db)
        one = make.customer_says(db, site, "一", base.Person("v1"))
        other = make.customer_says(db, channel, "二", base.Person("u1"), at=now() - WEEK)
        new, old = (make.customer_of(db, make.thread_of(db, said)) for said in (other, one))
        inbox.link(db, new, old, evidence={})
        head = make.thread_of(db, one)
        with pytest.raises(Refused, match="no templates this way"):
            inbox.reply(db, agent, head, "花子様", "c1", channel_id=site.id, template=template)
        assert inbox.reply(db, agent, head, "花子様", "c1", template=template).channel_id == channel.id


def test_who_blocked_us_is_written_to_elsewhere_until_they_follow_again(
    db: Session, platform: Channel
) -> None:
    person = base.Person("u1")
    head = make.thread_of(db, make.customer_says(db, platform, "一", person))
    (told,) = make.accept(db, platform, base.Block(person))
    assert told["excluded"] == "they want nothing written to them here"
    assert "blocked" in make.identity_of(db, head).unreachable
    make.accept(db, platform, base.Follow(person))
    assert make.identity_of(db, head).unreachable == ""


def test_a_stranger_who_follows_is_no_customer_yet(db: Session, platform: Channel) -> None:
    (told,) = make.accept(db, platform, base.Follow(base.Person("nobody")))
    assert "failed" not in told
    assert db.scalar(select(func.count(Conversation.id))) == 0


@pytest.fixture
def counting(db: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    """A channel that takes three messages until the customer writes again, each of ten characters."""
    with installed(monkeypatch, reply_window=DAY, window_messages=3, max_length=10, max_attachment_bytes=100):
        yield make.channel(db, "post", name="Platform")


def left(db: Session, head: Conversation) -> int | None:
    (way,) = ways.ways(db, head)
    return allowance.left(db, *way)


def test_a_platform_that_counts_takes_its_number_until_the_customer_writes_again(
    db: Session, counting: Channel
) -> None:
    person = base.Person("u1")
    head = make.thread_of(db, make.customer_says(db, counting, "一", person))
    agent = make.agent(db)
    for number in range(3):
        assert left(db, head) == 3 - number
        inbox.reply(db, agent, head, "はい", f"c{number}")
    with pytest.raises(Refused, match="All 3 messages that the platform takes"):
        inbox.reply(db, agent, head, "はい", "c3")
    make.customer_says(db, counting, "二", person)
    assert left(db, head) == 3
    inbox.reply(db, agent, head, "はい", "c3")


def test_an_answer_that_makes_more_messages_than_are_left_is_refused(db: Session, counting: Channel) -> None:
    head = make.thread_of(db, make.customer_says(db, counting))
    agent = make.agent(db)
    with pytest.raises(Refused, match="goes as 4 messages, and the platform takes only 3"):
        inbox.reply(db, agent, head, "あ" * 35, "c1")
    inbox.reply(db, agent, head, "あ" * 25, "c1")
    assert left(db, head) == 0


def test_what_failed_is_not_counted_and_what_became_several_is_by_their_number(
    db: Session, counting: Channel
) -> None:
    head = make.thread_of(db, make.customer_says(db, counting))
    agent = make.agent(db)
    said = inbox.reply(db, agent, head, "はい", "c1")
    delivery = db.scalars(select(Delivery).filter_by(message_id=said.id)).one()
    db.add_all(
        DeliveryRef(channel_id=counting.id, external_id=id, delivery_id=delivery.id) for id in ("a", "b")
    )
    db.flush()
    assert left(db, head) == 1
    delivery.state = "failed"
    assert left(db, head) == 3


def test_what_was_said_with_another_tool_is_counted(db: Session, counting: Channel) -> None:
    person = base.Person("u1")
    head = make.thread_of(db, make.customer_says(db, counting, "一", person))
    make.accept(db, counting, base.Inbound("x9", person, "アプリから", kind="outbound", sent_at=now()))
    assert left(db, head) == 2


def test_an_answer_goes_to_the_address_it_was_written_to_or_to_nobody(db: Session) -> None:
    channel, agent = make.channel(db), make.agent(db)
    mother, daughter = (make.conversation(db, channel, sender=one) for one in ("mother", "daughter"))
    hers = make.identity_of(db, daughter).id
    both = make.customer_of(db, daughter), make.customer_of(db, mother)
    made = inbox.link(db, *both, evidence={"by": "test"})
    assert made is not None
    make.customer_says(db, channel, "母です", "mother")  # wrote last
    assert inbox.reply(db, agent, mother, "病院の件", "c1", to=hers).identity_id == hers
    inbox.unlink(db, made)
    with pytest.raises(Refused, match="changed in the meantime") as refused:
        inbox.reply(db, agent, mother, "病院の件", "c2", channel_id=channel.id, to=hers)
    assert refused.value.status == 409
