"""A chat of the site goes on elsewhere by an address: nobody is let in but by the chat it comes from."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import continuing, inbox, visitors
from app.db import as_of, now, transaction
from app.inbox import Refused
from app.models import (
    Channel,
    CustomerLink,
    Draft,
    Event,
    Identity,
    Message,
    ResumeClaim,
    ResumeCode,
    Visitor,
)
from app.models.customer import CODE
from app.visitors import sessions
from app.web.widget_desk import Desk, take_frame
from channels import base
from tests import factories as make
from tests.connectors import installed
from tests.guests import Guest, code_of

PAGE = {"url": "https://shop.example.jp/cart", "title": "カート"}


@pytest.fixture
def messenger(db: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    with installed(monkeypatch, push=True):
        yield make.channel(db, "post", name="LINE", bot=True)


@pytest.fixture
def guest(db: Session) -> Guest:
    """Somebody who has written in the chat of the site."""
    made = Guest(db, make.channel(db), page=PAGE)
    made.send("サイトから")
    return made


def sent_code(guest: Guest) -> str:
    """The code in the address of the QR code."""
    url, code = str(guest.say("code")["url"]).split("#madoguchi=")
    assert url == PAGE["url"]
    return code


def asked(guest: Guest) -> list[dict[str, Any]]:
    """What the chat asks its customer when it is opened."""
    guest.hello()
    return [frame for frame in guest.frames if frame["t"] == "claim"]


def test_an_address_lets_nobody_in_before_the_chat_it_comes_from_says_yes(db: Session, guest: Guest) -> None:
    other = Guest(db, guest.channel)
    waiting = other.say("redeem", code=sent_code(guest))
    assert waiting["t"] == "waiting"
    assert other.texts() == []
    with pytest.raises(visitors.Trouble) as trouble:
        other.say("redeem")
    assert code_of(trouble) == "code_wrong"
    (claim,) = asked(guest)
    assert (claim["mark"], claim["who"]) == (waiting["mark"], "")
    assert guest.say("allow", claim=claim["claim"], yes=True)["yes"] is True
    other.hello()
    assert {"t": "allowed", "yes": True} in other.frames
    assert [one["text"] for one in other.say("redeem")["messages"]] == ["サイトから"]
    other.send("スマホから", id="m2")
    assert guest.texts() == ["サイトから", "スマホから"]
    lines = db.scalars(select(Message).where(Message.context["what"].as_string() == "continued"))
    assert [line.context["how"] for line in lines] == ["confirmed"]
    (event,) = db.scalars(select(Event).where(Event.kind == "continued"))
    assert event.data["visitor"] == other.visitor.id


def test_a_forwarded_address_steals_nothing(db: Session, guest: Guest) -> None:
    code = sent_code(guest)
    thief, owner = Guest(db, guest.channel), Guest(db, guest.channel)
    thief.say("redeem", code=code)
    with pytest.raises(visitors.Trouble) as trouble:  # the second to come is told that it is over
        owner.say("redeem", code=code)
    assert code_of(trouble) == "code_wrong"
    (claim,) = asked(guest)
    assert guest.say("allow", claim=claim["claim"], yes=False)["yes"] is False
    assert asked(guest) == []
    for late in ({}, {"code": code}):
        with pytest.raises(visitors.Trouble):
            thief.say("redeem", **late)
    assert thief.texts() == []
    assert guest.say("allow", claim=claim["claim"], yes=True)["yes"] is False  # the first answer counts


def test_nobody_but_the_chat_itself_answers(db: Session, guest: Guest) -> None:
    thief, accomplice = Guest(db, guest.channel), Guest(db, guest.channel)
    accomplice.send("関係のない人")
    thief.say("redeem", code=sent_code(guest))
    (claim,) = asked(guest)
    for one in (thief, accomplice):
        with pytest.raises(visitors.Trouble):
            one.say("allow", claim=claim["claim"], yes=True)
    assert db.get_one(ResumeClaim, claim["claim"]).allowed is None


def test_it_works_once_and_only_in_time(db: Session, guest: Guest) -> None:
    code = sent_code(guest)
    other = Guest(db, guest.channel)
    other.say("redeem", code=code)
    (claim,) = asked(guest)
    with as_of(now() + timedelta(minutes=11)):
        assert asked(guest) == []
        assert guest.say("allow", claim=claim["claim"], yes=True)["yes"] is False
        with pytest.raises(visitors.Trouble):
            other.say("redeem")
    fresh, third = sent_code(guest), Guest(db, guest.channel)
    third.say("redeem", code=fresh)
    guest.say("allow", claim=asked(guest)[-1]["claim"], yes=True)
    third.say("redeem")
    for again in (third, other):
        with pytest.raises(visitors.Trouble):
            again.say("redeem")
        with pytest.raises(visitors.Trouble):
            again.say("redeem", code=fresh)


def test_opened_where_it_comes_from_it_says_so(db: Session, guest: Guest) -> None:
    with pytest.raises(visitors.Trouble) as trouble:
        guest.say("redeem", code=sent_code(guest))
    assert code_of(trouble) == "code_here"


def test_the_code_of_an_address_is_not_the_one_that_is_typed(db: Session, guest: Guest) -> None:
    told = guest.say("code")
    assert told["code"] not in told["url"]
    other = Guest(db, guest.channel)
    assert other.say("redeem", code=told["code"])["t"] == "welcome"


@pytest.mark.usefixtures("committed")
def test_who_guesses_codes_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.guesses.CHANNEL", 8)
    desk = Desk("shop", "203.0.113.9", visitor_id=10**9)
    told = [take_frame(desk, {"t": "redeem", "code": f"12345{n}"})[1][0]["code"] for n in range(7)]
    assert told[-1] == "rate"
    others = [Desk("shop", f"203.0.113.{n}", visitor_id=10**9 + n) for n in range(10, 14)]
    told = [take_frame(one, {"t": "redeem", "code": "123456"})[1][0]["code"] for one in others]
    assert told[-1] == "rate"  # many browsers in many networks are one channel


# --- on another channel --------------------------------------------------------------------------------


def says(db: Session, channel: Channel, text: str, person: str = "U1") -> Message:
    return make.customer_says(db, channel, text, base.Person(person, name="太郎"))


def answers(db: Session, channel: Channel) -> list[str]:
    said = select(Message.text).where(Message.kind == "outbound", Message.channel_id == channel.id)
    return list(db.scalars(said.order_by(Message.id)))


def test_from_another_channel_it_is_joined_once_the_chat_says_yes(db: Session, messenger: Channel) -> None:
    guest = Guest(db, make.channel(db, bot=True), page=PAGE)
    guest.send("サイトから")
    says(db, messenger, sent_code(guest))
    (claim,) = asked(guest)
    assert claim["who"] == "太郎"
    assert answers(db, messenger)[-1].endswith("「はい」を押してください。")
    assert claim["mark"] in answers(db, messenger)[-1]
    assert db.scalars(select(CustomerLink)).all() == []
    guest.say("allow", claim=claim["claim"], yes=True)
    (link,) = db.scalars(select(CustomerLink))
    assert link.evidence["confirmed"] is True
    assert db.scalars(select(Identity.proof).where(Identity.address == "U1")).one() == CODE
    assert answers(db, messenger)[-1].startswith("サイトのチャットと同じ会話")


def test_from_another_channel_it_is_not_joined_where_the_chat_says_no(
    db: Session, messenger: Channel, guest: Guest
) -> None:
    code = sent_code(guest)
    says(db, messenger, code)
    guest.say("allow", claim=asked(guest)[0]["claim"], yes=False)
    says(db, messenger, code, "U2")
    assert db.scalars(select(CustomerLink)).all() == []
    assert answers(db, messenger)[-1].startswith("このコードは")


def test_the_code_of_an_address_works_on_a_channel_where_others_guess(
    db: Session, messenger: Channel, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.guesses.CHANNEL", 1)
    code = sent_code(guest)
    for stranger in ("U2", "U3"):
        says(db, messenger, "111 111", stranger)
    assert answers(db, messenger)[-1].startswith("コードの入力回数が上限を超えました")
    says(db, messenger, code)
    assert len(asked(guest)) == 1


# --- sent by an agent ----------------------------------------------------------------------------------


def test_an_agent_sends_an_address_that_holds_for_a_day_and_is_used_by_nobody_who_only_looks(
    db: Session, messenger: Channel, guest: Guest
) -> None:
    says(db, messenger, str(guest.say("code")["code"]))
    agent, head = make.agent(db), sessions.head(db, guest.visitor)
    assert head is not None
    inbox.save_draft(db, agent, head, "書きかけ", kind="note", channel_id=None, version=0)
    message = continuing.send(db, agent, head, "c1")
    db.expire_all()
    assert db.get_one(Draft, (agent.id, head.id)).text == "書きかけ"
    assert message.channel_id == messenger.id  # another way than the chat itself
    code = str(message.links[0]["url"]).rpartition("/continue/")[2]
    for _ in range(2):
        assert continuing.arrive(db, code).page == f"{PAGE['url']}#madoguchi={code}"
    with as_of(now() + timedelta(hours=23)):
        other = Guest(db, guest.channel)
        assert other.say("redeem", code=code)["t"] == "waiting"
    with as_of(now() + timedelta(hours=25)), pytest.raises(Refused):
        continuing.arrive(db, code)


def test_a_typed_code_makes_no_address(db: Session, guest: Guest) -> None:
    with pytest.raises(Refused):
        continuing.arrive(db, str(guest.say("code")["code"]))


def invited(db: Session, messenger: Channel, person: str = "U1") -> tuple[Channel, Message, str]:
    """(the chat, what was sent, the code): an agent leads somebody who is on LINE alone into the chat."""
    chat = make.channel(db)
    head = make.thread_of(db, says(db, messenger, "LINEから", person))
    sent = continuing.send(db, make.agent(db), head, "c1")
    return chat, sent, str(sent.links[0]["url"]).rpartition("/continue/")[2]


def test_who_is_on_line_alone_goes_on_in_the_chat_once_they_say_so_there(
    db: Session, messenger: Channel
) -> None:
    chat, sent, code = invited(db, messenger)
    assert sent.channel_id == messenger.id
    assert continuing.arrive(db, code).page.endswith(f"/chat/{chat.key}#madoguchi={code}")
    guest = Guest(db, chat)
    waiting = guest.say("redeem", code=code)
    assert waiting["t"] == "waiting"
    asked_there = answers(db, messenger)[-1]
    assert f"「はい {waiting['mark']}」" in asked_there  # although a person has the thread
    for early in ({}, {"code": code}):
        if early:
            assert guest.say("redeem", **early)["mark"] == waiting["mark"]
        else:
            with pytest.raises(visitors.Trouble):
                guest.say("redeem")
    assert answers(db, messenger)[-1] == asked_there  # and is asked once
    says(db, messenger, f"はい　{waiting['mark']}")
    guest.hello()
    assert {"t": "allowed", "yes": True} in guest.frames
    assert guest.say("redeem")["messages"] == []  # nothing of what was said there
    guest.send("チャットから", id="m2")
    head = make.thread_of(db, sent)
    said = db.scalars(select(Message).where(Message.text == "チャットから")).one()
    assert make.thread_of(db, said).id == head.id
    (link,) = db.scalars(select(CustomerLink))
    assert link.evidence["confirmed"] is True
    with pytest.raises(visitors.Trouble):  # once
        Guest(db, chat).say("redeem", code=code)


def test_whoever_it_is_forwarded_to_is_kept_out_by_a_no_and_by_silence(
    db: Session, messenger: Channel
) -> None:
    chat, _, code = invited(db, messenger)
    thief = Guest(db, chat)
    mark = thief.say("redeem", code=code)["mark"]
    other = 10 + (int(mark) - 9) % 90
    for no_answer in ("はい", f"はい {other}", "ok"):
        says(db, messenger, no_answer)
    says(db, messenger, f"はい {mark}", "U2")  # somebody else's word is nothing
    with pytest.raises(visitors.Trouble):
        thief.say("redeem")
    says(db, messenger, f"いいえ {mark}")
    assert answers(db, messenger)[-1].endswith("お断りしました。")
    says(db, messenger, f"はい {mark}")  # the first answer counts
    for late in ({}, {"code": code}):
        with pytest.raises(visitors.Trouble):
            thief.say("redeem", **late)
    assert db.scalars(select(CustomerLink)).all() == []


def test_the_code_of_a_way_into_the_chat_is_used_up_by_nobody_who_sends_it_elsewhere(
    db: Session, messenger: Channel
) -> None:
    chat, _, code = invited(db, messenger)
    says(db, messenger, code, "U2")
    assert db.scalars(select(ResumeClaim)).all() == []
    assert Guest(db, chat).say("redeem", code=code)["t"] == "waiting"


def test_who_is_not_to_be_asked_is_sent_no_way_into_the_chat(db: Session, messenger: Channel) -> None:
    chat, _, code = invited(db, messenger)
    db.scalars(select(Identity).where(Identity.address == "U1")).one().unreachable = "blocked"
    db.flush()
    with pytest.raises(visitors.Trouble):
        Guest(db, chat).say("redeem", code=code)
    head = make.thread_of(db, db.scalars(select(Message).filter_by(text="LINEから")).one())
    with pytest.raises(Refused):
        continuing.send(db, make.agent(db, "other@example.jp"), head, "c2")


def test_who_is_left_without_a_chat_of_the_house_is_sent_none(db: Session, messenger: Channel) -> None:
    head = make.thread_of(db, says(db, messenger, "こんにちは"))
    with pytest.raises(Refused):
        continuing.send(db, make.agent(db), head, "c1")
    assert db.scalars(select(ResumeCode)).all() == []


# --- at the same moment --------------------------------------------------------------------------------


def at_once(*works: Any) -> list[Any]:
    """What each comes to, begun together, each in a transaction of its own."""
    gate = threading.Barrier(len(works))
    told: list[Any] = [None] * len(works)

    def run(number: int) -> None:
        gate.wait(10)
        try:
            with transaction() as db:
                told[number] = works[number](db)
        except visitors.Trouble as trouble:
            told[number] = trouble.code

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return told


def frame(db: Session, channel_id: int, visitor_id: int, told: dict[str, Any]) -> str:
    channel, visitor = db.get_one(Channel, channel_id), db.get_one(Visitor, visitor_id)
    return str(visitors.handle(db, channel, visitor, told).frames[0]["t"])


@pytest.mark.usefixtures("committed")
def test_of_two_devices_that_open_the_address_at_once_one_wins() -> None:
    with transaction() as db:
        guest = Guest(db, make.channel(db), page=PAGE)
        guest.send("サイトから")
        code, channel_id = sent_code(guest), guest.channel.id
        ids = [Guest(db, guest.channel).visitor.id for _ in range(2)]
        first = guest.visitor.id
    told = at_once(
        *(lambda db, id=id: frame(db, channel_id, id, {"t": "redeem", "code": code}) for id in ids)
    )
    assert sorted(told) == ["code_wrong", "waiting"]
    with transaction() as db:
        claim = db.scalars(select(ResumeClaim)).one()
        key, winner = claim.code_hash, claim.claimant_id
    both = [{"t": "allow", "claim": key, "yes": yes} for yes in (True, True)]
    at_once(*(lambda db, one=one: frame(db, channel_id, first, one) for one in both))
    told = at_once(*(lambda db: frame(db, channel_id, winner or 0, {"t": "redeem"}) for _ in range(2)))
    assert sorted(told) == ["code_wrong", "welcome"]


@pytest.mark.usefixtures("committed")
def test_of_two_devices_on_which_the_digits_are_typed_at_once_one_is_let_in() -> None:
    with transaction() as db:
        guest = Guest(db, make.channel(db))
        guest.send("サイトから")
        code, channel_id = str(guest.say("code")["code"]), guest.channel.id
        ids = [Guest(db, guest.channel).visitor.id for _ in range(3)]
    typed = {"t": "redeem", "code": code}
    told = at_once(*(lambda db, id=id: frame(db, channel_id, id, typed) for id in ids))
    assert sorted(told) == ["code_wrong", "code_wrong", "welcome"]


@pytest.mark.usefixtures("committed")
def test_yes_and_no_at_once_is_one_of_them_in_both_places() -> None:
    with transaction() as db:
        guest = Guest(db, make.channel(db), page=PAGE)
        guest.send("サイトから")
        other = Guest(db, guest.channel)
        other.say("redeem", code=sent_code(guest))
        key, channel_id, first, second = (
            db.scalars(select(ResumeClaim.code_hash)).one(),
            guest.channel.id,
            guest.visitor.id,
            other.visitor.id,
        )
    at_once(
        *(
            lambda db, yes=yes: frame(db, channel_id, first, {"t": "allow", "claim": key, "yes": yes})
            for yes in (True, False)
        )
    )
    with transaction() as db:
        allowed = db.get_one(ResumeClaim, key).allowed
    (told,) = at_once(lambda db: frame(db, channel_id, second, {"t": "redeem"}))
    assert told == ("welcome" if allowed else "code_wrong")
