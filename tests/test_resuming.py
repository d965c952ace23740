"""A chat on the site is gone on with on another channel, by the code that it shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, resuming
from app.db import as_of, now
from app.models import Agent, Channel, Conversation, CustomerLink, Identity, Message
from app.models.customer import CODE
from channels import base
from tests import factories as make
from tests.connectors import installed
from tests.guests import Guest


@pytest.fixture
def messenger(db: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    with installed(monkeypatch, push=True):
        yield make.channel(db, "post", name="LINE", bot=True)


@pytest.fixture
def guest(db: Session) -> Guest:
    """Somebody who has written in the chat of the site."""
    made = Guest(db, make.channel(db, bot=True))
    made.send("サイトから")
    return made


def code_of(guest: Guest) -> str:
    return str(guest.say("code")["code"])


def says(db: Session, channel: Channel, text: str, person: str = "U1") -> Conversation:
    return make.thread_of(db, make.customer_says(db, channel, text, base.Person(person)))


def words(db: Session, head: Conversation) -> list[str]:
    """Everything said in a thread, on whichever channel."""
    mine = select(Message.text).join(Conversation, Conversation.id == Message.conversation_id)
    shown = mine.where(Conversation.head_id == head.id, Message.kind.in_(("inbound", "outbound")))
    return list(db.scalars(shown.order_by(Message.sent_at, Message.id)))


def test_the_code_makes_one_thread_of_the_two(db: Session, messenger: Channel, guest: Guest) -> None:
    before = says(db, messenger, "こちらからも")
    after = says(db, messenger, code_of(guest))
    assert after.id != before.id
    said = words(db, after)
    assert {"サイトから", "こちらからも"} <= set(said)
    assert said[-1] == "サイトのチャットと同じ会話としてつながりました。このまま続けてお話しいただけます。"
    one = db.scalars(select(CustomerLink)).one()
    assert one.evidence["proof"] == "code"
    assert db.scalars(select(Identity.proof).where(Identity.address == "U1")).one() == CODE


@pytest.mark.parametrize("how", ["{}", " {} ", "{lower}", "{wide}", "{whole}"])
def test_it_may_be_written_in_any_way_people_type(
    db: Session, messenger: Channel, guest: Guest, how: str
) -> None:
    code = code_of(guest)
    while not any(one.isdigit() for one in code):
        code = code_of(guest)
    wide = "".join(chr(ord(one) + 0xFEE0) for one in code)
    says(db, messenger, how.format(code, lower=code.lower(), wide=wide, whole=code.replace("-", "")))
    assert db.scalars(select(CustomerLink)).one().active


def test_it_works_once_so_that_who_it_was_forwarded_to_gets_nothing(
    db: Session, messenger: Channel, guest: Guest
) -> None:
    code = code_of(guest)
    says(db, messenger, code, "U1")
    stranger = says(db, messenger, code, "U2")
    assert words(db, stranger)[-1].startswith("このコードは")
    assert len(db.scalars(select(CustomerLink)).all()) == 1
    assert "サイトから" not in words(db, stranger)


def test_it_is_over_after_ten_minutes(db: Session, messenger: Channel, guest: Guest) -> None:
    code = code_of(guest)
    with as_of(now() + timedelta(minutes=11)):
        says(db, messenger, code)
    assert db.scalars(select(CustomerLink)).all() == []


def test_who_guesses_is_held_back(
    db: Session, messenger: Channel, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.intake.resume.TRIES", 3)
    for number in range(2, 5):
        says(db, messenger, f"ABCD-{number}FGH")
    says(db, messenger, code_of(guest))
    assert db.scalars(select(CustomerLink)).all() == []


def test_an_address_that_is_merely_claimed_is_joined_with_nobody(
    db: Session, messenger: Channel, guest: Guest
) -> None:
    forged = base.Person("owner@example.jp", proof="claimed")
    make.customer_says(db, messenger, code_of(guest), forged)
    assert db.scalars(select(CustomerLink)).all() == []


def test_where_the_bot_may_not_speak_it_says_nothing(db: Session, messenger: Channel, guest: Guest) -> None:
    messenger.bot_enabled = False
    code = code_of(guest)
    head = says(db, messenger, code)
    assert db.scalars(select(CustomerLink)).one().active
    assert words(db, head)[-1] == code
    stranger = says(db, messenger, "ABCD-2FGH", "U2")
    assert (len(words(db, stranger)), stranger.owner) == (1, "human")


def test_where_a_person_has_the_thread_the_bot_stays_silent(
    db: Session, messenger: Channel, guest: Guest
) -> None:
    agent: Agent = make.agent(db)
    head = make.thread_of(db, db.scalars(select(Message).filter_by(text="サイトから")).one())
    inbox.take_over(db, agent, head)
    before = len(words(db, head))
    says(db, messenger, code_of(guest))
    assert db.scalars(select(CustomerLink)).one().active
    assert len(words(db, head)) == before + 1  # the code itself


def test_two_who_are_signed_in_as_different_people_stay_two(
    db: Session, messenger: Channel, guest: Guest
) -> None:
    signed = base.Person("member-1", proof="signed")
    make.customer_says(db, messenger, "会員です", signed)
    db.get_one(Identity, guest.visitor.identity_id).proof = 3
    code = code_of(guest)
    site = db.get_one(Identity, guest.visitor.identity_id)
    site.kind, site.scope = "post", messenger.key
    db.flush()
    said = make.customer_says(db, messenger, code, signed)
    assert db.scalars(select(CustomerLink)).all() == []
    assert words(db, make.thread_of(db, said))[-1].startswith("このコードは")


@pytest.mark.parametrize(
    "text", ["ABSTRACT", "abstract", "ABCD-EFGI", "12345678", "ABCD-EFGH です", "", "x" * 50]
)
def test_other_words_are_no_code(text: str) -> None:
    assert resuming.code_in(text) == ""
