"""What a customer puts on a message: kept for each person, drawn on the bubble, and nothing anybody has to answer."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, intake, search
from app.api import threads
from app.db import as_of, now, reading, transaction
from app.models import Case, Channel, Delivery, DeliveryRef, EarlyReaction, Event, Reaction
from channels import base
from tests import factories as make
from tests.connectors import Post, installed

HANA = base.Person("hana", name="花")
EARLIER = now() - timedelta(hours=1)


@pytest.fixture(autouse=True)
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with installed(monkeypatch) as kind:
        yield kind


class Bubble:
    """A message of a customer on a platform with reactions."""

    def __init__(self, db: Session) -> None:
        self.db, self.channel = db, make.channel(db, "post")
        self.said = make.customer_says(db, self.channel, "ありがとう", HANA, id="in-1")
        self.head = make.thread_of(db, self.said)

    def put(
        self,
        emoji: str,
        on: bool = True,
        at: datetime | None = None,
        of: str = "in-1",
        by: base.Person = HANA,
    ) -> intake.Outcome:
        (told,) = make.accept(self.db, self.channel, base.Reaction(of, by, emoji, on, at))
        return told

    @property
    def shown(self) -> list[str]:
        return [one.emoji for one in inbox.reactions_of(self.db, [self.said.id])[self.said.id]]

    @property
    def events(self) -> list[Event]:
        return list(self.db.scalars(select(Event).filter_by(kind="message.reacted").order_by(Event.id)))


@pytest.fixture
def at(db: Session) -> Bubble:
    return Bubble(db)


def test_a_reaction_is_on_the_message_until_it_is_taken_off(at: Bubble) -> None:
    assert at.put("👍") == {"event": "reaction", "excluded": "a reaction", "of": at.said.id}
    at.put("❤️")
    assert at.shown == ["👍", "❤️"]
    at.put("👍", on=False)
    assert at.shown == ["❤️"]
    assert [(one.data["emoji"], one.data["on"], one.actor) for one in at.events] == [
        ("👍", True, "customer"),
        ("❤️", True, "customer"),
        ("👍", False, "customer"),
    ]


def test_the_same_words_in_any_order_end_alike(db: Session) -> None:
    times = [EARLIER + timedelta(seconds=each) for each in range(4)]
    words = [("👍", True, times[0]), ("", False, times[1]), ("❤️", True, times[2]), ("👍", False, times[3])]
    for number, order in enumerate(itertools.permutations(words)):
        bubble = Bubble.__new__(Bubble)
        bubble.db, bubble.channel = db, make.channel(db, "post")
        bubble.said = make.customer_says(db, bubble.channel, "はい", HANA, id=f"in-{number}")
        for emoji, on, when in order:
            bubble.put(emoji, on, when, of=f"in-{number}")
        assert bubble.shown == ["❤️"], order


def test_where_one_may_have_one_only_the_next_takes_its_place(at: Bubble) -> None:
    at.put("👍", at=EARLIER)
    later = EARLIER + timedelta(seconds=1)
    at.put("", on=False, at=later)
    at.put("😮", at=later)
    assert at.shown == ["😮"]


def test_each_person_has_their_own(at: Bubble) -> None:
    taro = base.Person("taro", name="太郎")
    make.customer_says(at.db, at.channel, "私も", taro)
    at.put("👍")
    at.put("👍", by=taro)
    at.put("👍", on=False)
    assert at.shown == ["👍"]


def test_one_on_a_message_of_ours_is_found_by_the_providers_id(at: Bubble) -> None:
    ours = make.reply(at.db, make.agent(at.db), at.head)
    sent = at.db.scalars(select(Delivery).filter_by(message_id=ours.id)).one()
    at.db.add(DeliveryRef(channel_id=at.channel.id, external_id="out-1", delivery_id=sent.id))
    assert at.put("🙏", of="out-1")["of"] == ours.id
    assert [one.emoji for one in inbox.reactions_of(at.db, [ours.id])[ours.id]] == ["🙏"]


def test_an_edit_before_or_after_leaves_it(at: Bubble) -> None:
    at.put("👍")
    make.accept(at.db, at.channel, base.Edit("in-1", "ありがとうございます", at=now()))
    at.put("❤️")
    assert (at.said.text, at.shown) == ("ありがとうございます", ["👍", "❤️"])


def test_what_is_taken_back_loses_its_own_and_gets_no_more(at: Bubble) -> None:
    at.put("👍")
    make.accept(at.db, at.channel, base.Unsend("in-1"))
    at.put("❤️")
    assert not at.db.scalars(select(Reaction)).all()


def test_nobody_has_to_answer_it(at: Bubble) -> None:
    agent = make.agent(at.db)
    inbox.resolve(at.db, agent, at.head)
    before = (at.head.status, at.head.inbound_count, at.head.last_message_at, at.head.waiting_since)
    at.put("👍")
    assert (at.head.status, at.head.inbound_count, at.head.last_message_at, at.head.waiting_since) == before
    assert len(at.db.scalars(select(Case)).all()) == 1
    assert make.identity_of(at.db, at.head).wrote_at is None


def test_the_search_does_not_know_it(at: Bubble) -> None:
    at.put("👍")
    assert not search.search(at.db, make.supervisor(at.db), "👍").hits


@pytest.mark.parametrize(
    ("of", "by", "why"),
    [
        ("nothing", HANA, "a reaction to a message we do not have: kept until it comes"),
        ("in-1", base.Person("stranger"), "a reaction of somebody who never wrote"),
    ],
)
def test_what_cannot_be_placed_is_told_in_the_books(at: Bubble, of: str, by: base.Person, why: str) -> None:
    assert at.put("👍", of=of, by=by) == {"event": "reaction", "excluded": why}


def test_one_that_overtakes_its_message_is_on_it_once_that_has_come(committed: None) -> None:
    with transaction() as db:
        at = Bubble(db)
        at.put("👍", of="in-2", at=EARLIER)
        at.put("😮", of="in-2", at=EARLIER + timedelta(seconds=2))
        at.put("👍", False, of="in-2", at=EARLIER + timedelta(seconds=1))
        at.put("🙏", of="in-9")
        at.put("❤", of="in-2", by=base.Person("stranger"))
    assert intake.settle_reactions() == 0
    with transaction() as db:
        late = make.customer_says(db, db.get_one(Channel, at.channel.id), "あとから", HANA, id="in-2")
    assert [intake.settle_reactions() > 0, intake.settle_reactions()] == [True, 0]
    with reading() as db:
        assert [one.emoji for one in inbox.reactions_of(db, [late.id])[late.id]] == ["😮"]
        assert [one.external_id for one in db.scalars(select(EarlyReaction))] == ["in-9"]


def test_one_on_an_answer_whose_id_we_are_yet_to_learn_is_put_on_it(committed: None) -> None:
    with transaction() as db:
        at = Bubble(db)
        answer = make.reply(db, make.agent(db), at.head)
        at.put("👍", of="out-1")
    with transaction() as db:
        delivery = db.scalars(select(Delivery).filter_by(message_id=answer.id)).one()
        db.add(DeliveryRef(channel_id=at.channel.id, external_id="out-1", delivery_id=delivery.id))
    assert intake.settle_reactions() == 1
    with reading() as db:
        assert [one.emoji for one in inbox.reactions_of(db, [answer.id])[answer.id]] == ["👍"]


def test_one_whose_message_never_comes_is_forgotten_after_a_day(committed: None) -> None:
    with transaction() as db:
        at = Bubble(db)
        with as_of(now() - timedelta(hours=25)):
            at.put("👍", of="never")
        at.put("👍", of="perhaps")
    assert intake.settle_reactions() == 0
    with reading() as db:
        assert [one.external_id for one in db.scalars(select(EarlyReaction))] == ["perhaps"]


@pytest.mark.parametrize("emoji", ["", "x" * 5000, "👨‍👩‍👧‍👦", "\x00\u202e👍"])
def test_odd_ones_break_nothing(at: Bubble, emoji: str) -> None:
    at.put(emoji)
    assert all(0 < len(one) <= 32 for one in at.shown)


def test_nobody_puts_on_more_than_twenty(at: Bubble) -> None:
    for number in range(50):
        at.put(f"e{number}")
    assert len(at.shown) == 20


def test_the_api_tells_it(at: Bubble) -> None:
    at.put("👍", at=EARLIER)
    told = threads.message(at.db, at.said)
    assert [(one.emoji, one.identity_id, one.at) for one in told.reactions] == [
        ("👍", at.said.identity_id, EARLIER)
    ]
