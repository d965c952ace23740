"""What a visitor can say and see. Cast: the customer, 田中 the agent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import inbox, visitors
from app.db import now
from app.models import (
    Channel,
    Customer,
    Delivery,
    Event,
    Message,
    RawReceipt,
)
from app.visitors import presence
from app.visitors.trouble import Trouble
from tests import factories
from tests.guests import SECRET, Guest, code_of, proof, thread


@pytest.fixture
def channel(db: Session) -> Channel:
    return factories.channel(db, key="shop", secrets={"identity_secret": SECRET})


@pytest.fixture
def guest(db: Session, channel: Channel) -> Guest:
    return Guest(db, channel)


def test_saying_hello_makes_no_customer(db: Session, guest: Guest) -> None:
    assert db.scalar(select(func.count()).select_from(Customer)) == 0
    assert guest.token
    assert guest.hello().get("token") is None


def test_a_message_sent_again_is_acknowledged_again_and_stored_once(db: Session, guest: Guest) -> None:
    first, again = guest.send("在庫はありますか？"), guest.send("在庫はありますか？")
    assert first["message"] == again["message"]
    assert db.scalar(select(func.count()).select_from(Message).where(Message.kind == "inbound")) == 1


def test_the_page_travels_with_the_message(db: Session, guest: Guest) -> None:
    guest.send("これは？", page={"url": "https://shop.example.jp/coat", "title": "コート"})
    context = db.scalars(select(Message.context).where(Message.kind == "inbound")).one()
    assert context["url"] == "https://shop.example.jp/coat"
    assert context["title"] == "コート"


def test_every_acknowledged_message_is_accounted_for_by_a_receipt(db: Session, guest: Guest) -> None:
    message = guest.send("こんにちは")["message"]
    receipt = db.scalars(select(RawReceipt)).one()
    assert receipt.state == "parsed"
    assert receipt.outcome[0]["message"] == message


@pytest.mark.parametrize(
    "frame",
    [
        {"text": 5.5},
        {"text": ""},
        {"text": "   "},
        {"text": "hi", "id": None},
        {"text": "hi", "id": {"a": 1}},
        {"text": "hi", "page": "not an object"},
        {"text": "hi", "page": {"url": ["x"]}},
        {"text": "hi", "files": "x"},
        {"text": "hi", "files": [[1]]},
    ],
)
def test_a_malformed_message_is_refused(guest: Guest, frame: dict[str, Any]) -> None:
    with pytest.raises(Trouble) as trouble:
        guest.say("send", **{"id": "m1", **frame})
    assert code_of(trouble) == "malformed"


def test_a_message_of_a_million_characters_is_refused_with_a_sentence(guest: Guest) -> None:
    with pytest.raises(Trouble) as trouble:
        guest.send("あ" * 1_000_000)
    assert trouble.value.frame("ja", "m1") == {
        "t": "error",
        "code": "too_long",
        "sentence": "1通のメッセージは10000文字までです。",
        "id": "m1",
    }


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "a\u200bb", "\u202egnirts", "👩‍👩‍👧‍👦", "x\ud800y", "nul\x00nul"]
)
def test_strange_text_is_stored_and_shown_as_text(guest: Guest, text: str) -> None:
    guest.send(text)
    (shown,) = guest.texts()
    shown.encode()
    assert "\x00" not in shown


def test_an_agents_answer_reaches_the_visitor_and_notes_never_do(db: Session, guest: Guest) -> None:
    guest.send("返品したい")
    tanaka = factories.agent(db, "田中")
    here = thread(db, guest.visitor)
    factories.reply(db, tanaka, here, "承知しました")
    inbox.note(db, tanaka, here, "常連のお客様", "n1")
    inbox.resolve(db, tanaka, here)
    told = guest.hello()
    assert [m["text"] for m in told["messages"]] == ["返品したい", "承知しました"]
    assert told["messages"][1]["author"] == {"kind": "agent", "name": "田中"}
    assert told["owner"] == "human"
    assert told["agent"] == "田中"
    assert told["rate"] is True


def test_reading_marks_what_was_said_as_read(db: Session, guest: Guest) -> None:
    guest.send("質問")
    answer = factories.reply(db, factories.agent(db), thread(db, guest.visitor))
    assert guest.hello()["unread"] == 1
    guest.say("read", message=answer.id)
    assert db.scalars(select(Delivery.state)).one() == "read"
    assert guest.hello()["unread"] == 0


def test_what_an_agent_read_is_told(db: Session, guest: Guest) -> None:
    sent = guest.send("読みましたか")["message"]
    inbox.mark_read(db, factories.agent(db), thread(db, guest.visitor))
    assert guest.hello()["read"] == sent


def test_what_an_agent_read_is_told_also_after_their_thread_was_linked(db: Session, guest: Guest) -> None:
    sent = guest.send("読みましたか")["message"]
    theirs = thread(db, guest.visitor)
    inbox.mark_read(db, factories.agent(db), theirs)
    known = factories.conversation(db, sender="known")
    inbox.link(db, factories.customer_of(db, theirs), factories.customer_of(db, known), evidence={})
    assert guest.hello()["read"] == sent


def test_catching_up_brings_everything_after_a_message_in_order(db: Session, guest: Guest) -> None:
    ids = [guest.send(f"{n}", id=f"m{n}")["message"] for n in range(40)]
    seen, after = [], ids[4]
    while True:
        told = guest.say("history", after=after)
        seen += [m["id"] for m in told["messages"] if m["id"] > after]
        after = max(seen)
        if not told["newer"]:
            break
    assert seen == ids[5:]


def test_older_pages_follow_one_another_without_a_gap(guest: Guest) -> None:
    ids = [guest.send(f"{n}", id=f"m{n}")["message"] for n in range(40)]
    told = guest.hello()
    seen = [m["id"] for m in told["messages"]]
    while told["older"]:
        told = guest.say("history", before=seen[0])
        seen = [m["id"] for m in told["messages"]] + seen
    assert seen == ids


def test_ending_resolves_and_a_rating_is_kept(db: Session, guest: Guest) -> None:
    guest.send("ありがとう")
    assert guest.say("end")["rate"] is True
    assert guest.say("rate", score=5, comment="親切") == {"t": "rated"}
    assert guest.hello()["rate"] is False


def test_ending_leaves_open_what_a_person_has_not_answered(db: Session, guest: Guest) -> None:
    guest.send("いつ届きますか", id="m1")
    guest.send("ありがとう", id="m2")
    for _ in range(2):
        told = guest.say("end")
        assert (told["kept"], told["rate"]) == (True, False)
    head = thread(db, guest.visitor)
    assert (head.status, head.waiting_since is None) == ("open", False)
    assert len(db.scalars(select(Event).filter_by(kind="ended")).all()) == 1
    factories.reply(db, factories.agent(db), head, "明日です")
    told = guest.say("end")
    assert (told["kept"], told["rate"], head.status) == (False, True, "resolved")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("はい、わかりました", False),
        ("なんでもないです", False),
        ("👍", False),
        ("はい", True),
        ("なるほど？", True),
    ],
)
def test_ending_after_taking_note_of_the_answer_leaves_nothing_open(
    db: Session, guest: Guest, said: str, kept: bool
) -> None:
    guest.send("いつ届きますか", id="m1")
    factories.reply(db, factories.agent(db), thread(db, guest.visitor), "7日で届きます")
    guest.send(said, id="m2")
    assert guest.say("end")["kept"] is kept


def test_ending_leaves_our_own_reminder(db: Session, guest: Guest) -> None:
    guest.send("入荷しましたか", id="m1")
    head, agent, until = thread(db, guest.visitor), factories.agent(db), now() + timedelta(days=2)
    factories.reply(db, agent, head, "木曜に確認してご連絡します")
    inbox.snooze(db, agent, head, until)
    assert guest.say("end")["kept"] is True
    assert (head.status, head.snoozed_until) == ("snoozed", until)
    assert len(db.scalars(select(Event).filter_by(kind="ended")).all()) == 1


def test_thanks_for_being_handed_over_are_not_for_an_answer(db: Session, guest: Guest) -> None:
    guest.send("人と話したい", id="m1")
    head = thread(db, guest.visitor)
    head.owner, head.waiting_since = "bot", None
    inbox.hand_over(db, head, "asked")
    guest.send("ありがとう", id="m2")
    assert guest.say("end")["kept"] is True


def test_ending_takes_nothing_from_the_supervisors(db: Session, guest: Guest) -> None:
    guest.send("発火しました")
    head = thread(db, guest.visitor)
    raised = inbox.escalate(db, head, "safety", "発火", raised_by="bot")
    factories.reply(db, factories.agent(db), head, "お待ちください")
    assert guest.say("end")["kept"] is True
    assert (raised.state, head.escalated, head.status) == ("open", True, "open")


@pytest.mark.parametrize("score", [0, 6, "5", None, True, 2.5])
def test_a_rating_outside_one_to_five_is_refused(guest: Guest, score: object) -> None:
    guest.send("質問")
    with pytest.raises(Trouble):
        guest.say("rate", score=score)


def test_a_form_with_too_long_a_message_is_told_so(guest: Guest) -> None:
    with pytest.raises(Trouble) as refused:
        guest.say("ask", id="f1", email="taro@example.jp", text="あ" * 10_001)
    assert refused.value.code == "too_long"


def test_an_answer_to_a_visitor_who_left_an_address_and_went_is_marked(db: Session, guest: Guest) -> None:
    guest.say("ask", id="f1", email="taro@example.jp", text="返信ください")
    here = thread(db, guest.visitor)
    tanaka = factories.agent(db)
    present = factories.reply(db, tanaka, here)
    assert visitors.mark_if_gone(db, present) is False
    guest.visitor.last_seen_at = now() - presence.HERE * 2
    gone = factories.reply(db, tanaka, here, "後ほど")
    assert visitors.mark_if_gone(db, gone) is True
    assert gone.context["visitor_gone"] is True
    assert gone.context["address"] == "taro@example.jp"


def test_a_channel_for_signed_in_customers_only_refuses_the_others(db: Session) -> None:
    closed = factories.channel(
        db, key="shop", settings={"require_identity": True}, secrets={"identity_secret": SECRET}
    )
    with pytest.raises(Trouble) as trouble:
        Guest(db, closed)
    assert code_of(trouble) == "identity_required"
    assert trouble.value.fatal
    assert Guest(db, closed, identity=proof("u-1")).token


@pytest.mark.parametrize("ticket", [None, "", "a.b", "é.x", 7, "x" * 10000])
def test_a_forged_ticket_opens_nothing(db: Session, channel: Channel, ticket: object) -> None:
    with pytest.raises(Trouble) as trouble:
        Guest(db, channel, ticket=ticket)
    assert code_of(trouble) == "ticket"


def test_a_ticket_is_of_one_channel_and_ends(db: Session, channel: Channel) -> None:
    good = visitors.issue_ticket("shop", "https://shop.example.jp", now())
    assert visitors.check_ticket(good, "shop", now()) == "https://shop.example.jp"
    for key, at in (("other", now()), ("shop", now() + timedelta(minutes=16))):
        with pytest.raises(Trouble):
            visitors.check_ticket(good, key, at)


def test_another_version_is_told_to_reload(db: Session, channel: Channel) -> None:
    with pytest.raises(Trouble) as trouble:
        Guest(db, channel, v=2)
    assert code_of(trouble) == "version"
