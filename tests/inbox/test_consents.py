"""What customers agree to, and that nothing is sent to who wants it no more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox
from app.db import as_of, now
from app.inbox import Refused, consents
from app.inbox.consents import Said
from app.inbox.purposes import Purpose, change_purposes, purposes
from app.models import Agent, Channel, Consent, Conversation, Delivery, Event, Identity, Message
from app.touchpoints.recording import take_in
from channels import base
from tests import factories as make
from tests.connectors import installed
from tests.inbox.conftest import Shop

HOUR = timedelta(hours=1)


@pytest.fixture
def platform(db: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    with installed(monkeypatch):
        yield make.channel(db, "post", name="Post")


@pytest.fixture
def head(db: Session, platform: Channel) -> Conversation:
    return make.thread_of(db, make.customer_says(db, platform, "やめて", base.Person("u1"), id="w1"))


@pytest.fixture
def agent(db: Session) -> Agent:
    return make.agent(db, "田中")


def says(db: Session, channel: Channel, given: bool, purpose: str = "", message: str = "") -> None:
    (told,) = make.accept(db, channel, base.Permission(base.Person("u1"), given, purpose, message=message))
    assert "failed" not in told


def answers(db: Session, agent: Agent, head: Conversation, purpose: str = "service") -> Delivery:
    said = inbox.reply(db, agent, head, "はい", f"c{db.query(Message).count()}", purpose=purpose)
    return db.scalars(select(Delivery).filter_by(message_id=said.id)).one()


def test_an_answer_needs_no_consent_advertising_does(db: Session, agent: Agent, head: Conversation) -> None:
    assert answers(db, agent, head).purpose == "service"
    assert answers(db, agent, head, "notices").purpose == "notices"
    with pytest.raises(Refused, match="has not agreed"):
        answers(db, agent, head, "marketing")
    with pytest.raises(Refused, match="no such purpose"):
        answers(db, agent, head, "spam")


def test_who_said_stop_is_written_nothing_and_the_message_is_the_evidence(
    db: Session, platform: Channel, agent: Agent, head: Conversation
) -> None:
    says(db, platform, False, message="w1")
    for purpose in ("service", "notices", "marketing"):
        with pytest.raises(Refused, match="does not want"):
            answers(db, agent, head, purpose)
    record = db.scalars(select(Consent)).one()
    said = db.scalars(select(Message).filter_by(external_id="w1")).one()
    assert (record.message_id, record.source, record.channel_id) == (said.id, "stop", platform.id)
    assert record.at == said.sent_at
    told = db.scalars(select(Event).filter_by(kind="consent.withdrawn")).one()
    assert (told.actor, told.data["purposes"], told.data["channel"]) == ("customer", [""], platform.id)


def test_the_same_word_told_twice_is_read_once(db: Session, platform: Channel, head: Conversation) -> None:
    says(db, platform, False, message="w1")
    says(db, platform, True)
    says(db, platform, False, message="w1")
    identity = make.identity_of(db, head)
    assert consents.agrees(db, identity, platform)
    assert (
        len(db.scalars(select(Consent)).all()) == 3
    )  # one stop; a start for what needs no consent beforehand


def test_a_start_gives_nobody_to_advertising(db: Session, platform: Channel, head: Conversation) -> None:
    identity = make.identity_of(db, head)
    says(db, platform, True, "marketing")
    assert consents.agrees(db, identity, platform, "marketing")
    says(db, platform, False)
    says(db, platform, True)
    assert consents.agrees(db, identity, platform, "notices")
    assert not consents.agrees(db, identity, platform, "marketing")


def test_what_was_said_last_holds_whichever_is_told_last(
    db: Session, platform: Channel, head: Conversation
) -> None:
    identity, (at,) = make.identity_of(db, head), (now(),)
    consents.consent(db, identity, Said(True, "notices", channel=platform, source="form", at=at - HOUR))
    consents.consent(db, identity, Said(False, "notices", source="import", at=at - 2 * HOUR))
    assert consents.agrees(db, identity, platform, "notices")
    consents.consent(db, identity, Said(False, "notices", kind="post", source="import", at=at - HOUR / 2))
    assert not consents.agrees(db, identity, platform, "notices")
    assert consents.agrees(db, identity, platform, "service")


def test_a_time_that_is_to_come_counts_as_now(db: Session, platform: Channel, head: Conversation) -> None:
    identity = make.identity_of(db, head)
    consents.consent(db, identity, Said(False, source="api", at=now() + 24 * HOUR))
    with as_of(now() + timedelta(seconds=1)):
        consents.consent(db, identity, Said(True, "service", source="api"))
    assert consents.agrees(db, identity, platform)


def test_of_another_kind_of_channel_or_another_channel_it_says_nothing(
    db: Session, platform: Channel, head: Conversation
) -> None:
    identity, other = make.identity_of(db, head), make.channel(db, "post")
    consents.consent(db, identity, Said(False, kind="sms", source="api"))
    consents.consent(db, identity, Said(False, channel=other, source="api"))
    assert consents.agrees(db, identity, platform)
    assert not consents.agrees(db, identity, other)


def test_an_agent_says_why(db: Session, head: Conversation, agent: Agent) -> None:
    identity = make.identity_of(db, head)
    with pytest.raises(Refused, match="Write down why"):
        consents.consent(db, identity, Said(False), agent=agent)
    (made,) = consents.consent(db, identity, Said(False, reason="電話で\n希望"), agent=agent)
    assert (made.agent_id, made.source, made.reason) == (agent.id, "agent", "電話で 希望")
    line = db.scalars(select(Message).filter_by(kind="system").order_by(Message.id.desc())).first()
    assert line is not None
    assert (line.context["what"], line.agent_id) == ("consent.withdrawn", agent.id)


def test_the_other_ways_are_offered_and_taken_by_themselves(
    db: Session, platform: Channel, agent: Agent, head: Conversation
) -> None:
    site = make.channel(db, name="Site")
    one = make.customer_says(db, site, "一", base.Person("v1"), at=now() - HOUR)
    new, old = make.customer_of(db, make.thread_of(db, one)), make.customer_of(db, head)
    inbox.link(db, new, old, evidence={})
    head = make.thread_of(db, one)
    says(db, platform, False)
    with pytest.raises(Refused, match="Choose another way: Site"):
        inbox.reply(db, agent, head, "はい", "c1", channel_id=platform.id)
    assert inbox.reply(db, agent, head, "はい", "c2").channel_id == site.id


def test_the_bot_is_silent_and_a_person_looks(db: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(monkeypatch):
        channel = make.channel(db, "post", bot=True)
        make.customer_says(db, channel, "やめて", base.Person("u1"))
        says(db, channel, False)
        before = len(db.scalars(select(Message).filter_by(author="bot")).all())
        said = make.customer_says(db, channel, "在庫は？", base.Person("u1"))
        assert len(db.scalars(select(Message).filter_by(author="bot")).all()) == before
        assert make.thread_of(db, said).owner == "human"


def test_it_follows_its_address_when_that_is_taken_out_and_put_back(db: Session, shop: Shop) -> None:
    identity = shop.identity("a2")
    consents.consent(db, identity, Said(False, source="api"))
    made = inbox.split(db, shop.agent, identity)
    assert not consents.agrees(db, shop.identity("a2"), shop.channel)
    assert consents.agrees(db, shop.identity("a"), shop.channel)
    inbox.put_back(db, shop.agent, made)
    assert not consents.agrees(db, shop.identity("a2"), shop.channel)
    assert inbox.ways.ways(db, shop.of("a"))[0][0].address == "a"


def test_somebody_linked_keeps_their_own_word(db: Session, shop: Shop) -> None:
    consents.consent(db, shop.identity("b"), Said(False, source="api"))
    link = inbox.link(db, shop.customer(shop.other), shop.customer(shop.one), evidence={})
    assert link is not None
    found = inbox.ways.ways(db, shop.of("a"))
    assert [identity.address for identity, _ in found][-1] == "b"


def test_the_rule_is_the_same_in_a_query_and_for_rows_in_hand(
    db: Session, platform: Channel, head: Conversation
) -> None:
    identity, other = make.identity_of(db, head), make.channel(db, "post")
    records = [
        Said(given, purpose, kind, channel, source="import", at=now() - n * HOUR)
        for n, (given, purpose, kind, channel) in enumerate(
            [
                (True, "service", "", None),
                (False, "", "post", None),
                (True, "marketing", "", other),
                (False, "notices", "sms", None),
                (True, "marketing", "", None),
                (False, "service", "", platform),
            ]
        )
    ]
    for said in records:
        consents.consent(db, identity, said)
        for channel in (platform, other):
            for key in ("service", "notices", "marketing", "gone"):
                wanted = select(Identity.id).where(
                    Identity.id == identity.id, consents.agreed(db, Identity.id, channel, key)
                )
                assert (db.scalar(wanted) is not None) == consents.agrees(db, identity, channel, key), said


def test_a_house_has_purposes_of_its_own(db: Session, agent: Agent, head: Conversation) -> None:
    assert [(one.key, one.opt_in) for one in purposes(db)] == [
        ("service", False),
        ("notices", False),
        ("marketing", True),
    ]
    wanted = [
        Purpose("service", "x", True),
        Purpose("notices", opt_in=True),
        Purpose("stock", "入荷のお知らせ"),
    ]
    change_purposes(db, agent, wanted)
    change_purposes(db, agent, wanted)
    assert [(one.key, one.name, one.opt_in) for one in purposes(db)] == [
        ("service", "", False),
        ("notices", "", True),
        ("marketing", "", True),
        ("stock", "入荷のお知らせ", False),
    ]
    assert len(db.scalars(select(Event).filter_by(kind="audit.purposes_changed")).all()) == 1
    assert answers(db, agent, head, "stock").purpose == "stock"
    with pytest.raises(Refused, match="has not agreed"):
        answers(db, agent, head, "notices")


@pytest.mark.parametrize(
    "wanted",
    [
        [Purpose("a", "A"), Purpose("a", "B")],
        [Purpose("Groß", "A")],
        [Purpose("a", "")],
        [Purpose("a", "長" * 61)],
    ],
)
def test_a_purpose_that_cannot_be_is_refused(db: Session, agent: Agent, wanted: list[Purpose]) -> None:
    with pytest.raises(Refused):
        change_purposes(db, agent, wanted)


def test_an_answer_that_failed_is_not_sent_again_to_who_wants_none(
    db: Session, platform: Channel, agent: Agent, head: Conversation
) -> None:
    delivery = answers(db, agent, head)
    delivery.state = "failed"
    says(db, platform, False)
    with pytest.raises(Refused, match="does not want"):
        inbox.retry(db, agent, head, db.get_one(Message, delivery.message_id))


def test_a_stranger_who_says_stop_is_no_customer_yet(db: Session, platform: Channel) -> None:
    (told,) = make.accept(db, platform, base.Permission(base.Person("nobody"), False))
    assert told["excluded"] == "a consent of somebody who never wrote"
    assert db.scalars(select(Consent)).all() == []


@pytest.mark.parametrize("before", [True, False])
def test_what_the_shops_system_tells_of_consent_holds(db: Session, platform: Channel, before: bool) -> None:
    """Also where it is told of an address that nobody has yet."""
    person = base.Person("u9", scope=platform.key, kind="post")

    def tell(id: str, kind: str, **data: str) -> None:
        touch = base.Touch(external_id=id, kind=kind, people=(person,), data=data)
        (result,) = take_in(db, [touch], "shop")
        assert result.what == "new", result

    if before:
        make.customer_says(db, platform, "一", base.Person("u9"))
    tell("1", "consent.given", purpose="marketing")
    tell("2", "consent.withdrawn", purpose="notices", channel="post")
    tell("3", "consent.withdrawn", purpose="nothing of ours")
    if not before:
        make.customer_says(db, platform, "一", base.Person("u9"))
    identity = db.scalars(select(Identity).filter_by(address="u9")).one()
    agreed = {one.key: consents.agrees(db, identity, platform, one.key) for one in purposes(db)}
    assert agreed == {"service": True, "notices": False, "marketing": True}
