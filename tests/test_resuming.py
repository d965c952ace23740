"""A chat on the site is gone on with on another channel, by the code that it shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, resuming
from app.db import as_of, now
from app.models import (
    Agent,
    Case,
    Channel,
    Conversation,
    CustomerLink,
    Decision,
    Identity,
    Message,
    ResumeClaim,
    ResumeCode,
)
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


def test_it_is_six_digits_and_a_new_one_ends_the_one_before(
    db: Session, messenger: Channel, guest: Guest
) -> None:
    first, second = code_of(guest), code_of(guest)
    assert all(len(one.replace(" ", "")) == 6 and one.replace(" ", "").isdecimal() for one in (first, second))
    says(db, messenger, first)
    assert db.scalars(select(CustomerLink)).all() == []
    says(db, messenger, second)
    assert db.scalars(select(CustomerLink)).one().active


@pytest.mark.parametrize(
    "text",
    [
        "123456",
        " 123 456 ",
        "１２３４５６",
        "１２３　４５６",
        "123-456",
        "１２３ー４５６",
        "１２３－４５６",
        "1 2 3 4 5 6",
    ],
)
def test_it_may_be_written_in_any_way_people_type(text: str) -> None:
    assert resuming.code_in(text) == "123456"


def test_a_code_opens_no_case_and_the_bot_does_not_take_it_for_a_question(
    db: Session, messenger: Channel, guest: Guest
) -> None:
    code = code_of(guest)
    wrong = "111 111" if code != "111 111" else "222 222"
    stranger = says(db, messenger, wrong, "U2")
    assert words(db, stranger)[-1].startswith("このコードは")
    says(db, messenger, code, "U3")
    assert [one.subject for one in db.scalars(select(Case))] == ["サイトから"]
    assert len(db.scalars(select(Decision)).all()) == 1  # about what was said in the chat
    assert (stranger.status, stranger.waiting_since) == ("resolved", None)


def test_six_digits_are_a_number_where_nobody_was_shown_a_code(db: Session, messenger: Channel) -> None:
    head = says(db, messenger, "123456")
    assert (head.status, not words(db, head)[-1].startswith("このコード")) == ("open", True)


def test_an_answer_to_a_form_that_happens_to_be_a_code_only_asks(
    db: Session, messenger: Channel, guest: Guest
) -> None:
    head = says(db, messenger, "注文について")
    head.owner, head.bot_flow = "bot", {"flow": "order"}
    db.flush()
    says(db, messenger, code_of(guest))
    assert db.scalars(select(CustomerLink)).all() == []
    assert db.scalars(select(ResumeClaim)).one().allowed is None


@pytest.mark.parametrize("limit", ["WRONG", "AT_ONCE", "LIVE"])
def test_where_much_is_guessed_or_many_codes_hold_a_right_one_only_asks(
    db: Session, messenger: Channel, guest: Guest, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(f"app.guesses.{limit}", 1)
    code = code_of(guest)
    other = Guest(db, guest.channel)
    other.send("もう一人")
    assert other.say("code")["code"] != code
    says(db, messenger, "1 1 1 1 1 1", "U2")
    third = Guest(db, guest.channel)
    assert third.say("redeem", code=code)["t"] == "waiting"
    assert third.texts() == []


def test_what_is_over_is_forgotten_and_may_come_again(db: Session, guest: Guest) -> None:
    code_of(guest)
    assert not resuming.lapsed(db)
    with as_of(now() + timedelta(days=2)):
        assert resuming.lapsed(db)
        resuming.tidy(db)
    assert db.scalars(select(ResumeCode)).all() == []


def test_it_works_once_so_that_who_it_was_forwarded_to_gets_nothing(
    db: Session, messenger: Channel, guest: Guest
) -> None:
    code = code_of(guest)
    says(db, messenger, code, "U1")
    stranger = says(db, messenger, code, "U2")
    assert words(db, stranger)[-1].startswith("このコードは")
    assert len(db.scalars(select(CustomerLink)).all()) == 1
    assert "サイトから" not in words(db, stranger)


def test_sent_in_the_chat_that_shows_it_it_proves_nothing_and_stays_good(
    db: Session, messenger: Channel, guest: Guest
) -> None:
    code = code_of(guest)
    guest.send(code, id="m2")
    assert guest.texts()[-1].startswith("これは元のチャットです")
    assert db.get_one(Identity, guest.visitor.identity_id).proof < CODE
    says(db, messenger, code)
    assert db.scalars(select(CustomerLink)).one().active


def test_whom_an_agent_has_taken_apart_a_code_does_not_join(
    db: Session, messenger: Channel, guest: Guest
) -> None:
    says(db, messenger, code_of(guest))
    inbox.unmerge(db, make.agent(db), db.scalars(select(CustomerLink)).one())
    head = says(db, messenger, code_of(guest))
    assert not db.scalars(select(CustomerLink)).one().active
    assert words(db, head)[-1].startswith("このコードは")


def test_it_is_over_after_five_minutes(db: Session, messenger: Channel, guest: Guest) -> None:
    code = code_of(guest)
    with as_of(now() + timedelta(minutes=6)):
        says(db, messenger, code)
    assert db.scalars(select(CustomerLink)).all() == []


def test_who_guesses_is_held_back(
    db: Session, messenger: Channel, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.guesses.SENDER", 3)
    code = code_of(guest)
    for number in range(3):
        says(db, messenger, f"00000{number}" if code[:3] != "000" else f"11111{number}")
    head = says(db, messenger, code)
    assert db.scalars(select(CustomerLink)).all() == []
    assert words(db, head)[-1].startswith("コードの入力回数が上限を超えました")


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
    stranger = says(db, messenger, code, "U2")
    assert (len(words(db, stranger)), stranger.owner, stranger.status) == (1, "human", "open")


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
    "text",
    [
        "ABSTRACT",
        "abstract",
        "ABCD-EFGI",
        "12345678",
        "12345",
        "1234-5678",
        "2026-11",
        "¥123,456",
        "12/34/56",
        "ABCD-EFGH です",
        "",
        "x" * 50,
    ],
)
def test_other_words_are_no_code(text: str) -> None:
    assert resuming.code_in(text) == ""
