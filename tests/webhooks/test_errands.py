"""What the bot asks other systems: signed, bounded in time, said unless a person took over, and never in the way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from sqlalchemy import select

from app import inbox, verify
from app.db import now, one_writer, reading, transaction
from app.intake.ending import end
from app.knowledge import versions
from app.models import Agent, BotCall, BotRule, Channel, Conversation, Customer, Label, Message
from app.webhooks import calling, errands
from app.webhooks.kinds import ASKED, KINDS
from tests import factories as make
from tests.beside import before, result
from tests.web.visiting import Browser
from tests.webhooks.receiver import Receiver, subscribe

pytestmark = pytest.mark.usefixtures("committed")


def asked(admin: Agent, url: str, text: str = "注文5521はどこ？") -> tuple[int, str, int]:
    """A customer asks what a rule has another system answer: the call, the secret, the channel."""
    hook, secret = subscribe(admin, url, ASKED)
    with transaction() as db:
        db.add(
            BotRule(
                name="注文",
                keywords=["注文"],
                action="webhook",
                params={"webhook": str(hook), "fallback": "担当者が確認いたします。"},
            )
        )
        db.flush()
        versions.publish_all(db)
        channel = make.channel(db, bot=True)
        make.customer_says(db, channel, text)
        return db.scalars(select(BotCall.id)).one(), secret, channel.id


def says(told: Any) -> Callable[[BaseHTTPRequestHandler], None]:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()

    def say(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return say


def thread() -> list[str]:
    with reading() as db:
        return list(db.scalars(select(Message.text).filter_by(author="bot").order_by(Message.id)))


def call(id: int) -> BotCall:
    with reading() as db:
        return db.get_one(BotCall, id)


def owner() -> str:
    with reading() as db:
        return db.scalars(select(Conversation.owner)).one()


def test_its_answer_is_said_and_noted(admin: Agent, other: Receiver) -> None:
    other.answer = lambda heard: says(
        {
            "text": "本日発送しました。",
            "attributes": {"追跡番号": "1234"},
            "label": "配送",
            "quick_replies": ["ありがとう"],
        }
    )
    id, secret, _ = asked(admin, other.url)
    assert thread() == ["お調べしています。少々お待ちください。"]
    errands.run(id)
    assert thread()[1:] == ["本日発送しました。"]
    (heard,) = other.heard
    assert heard.signed_with(secret)
    assert (heard.told["kind"], heard.told["message"]["text"]) == (ASKED, "注文5521はどこ？")
    with reading() as db:
        (noted,) = [one.attributes for one in db.scalars(select(Customer))]
        assert (noted["追跡番号"]["value"], noted["追跡番号"]["proved"]) == ("1234", False)
        assert db.scalars(select(Label.name)).all() == ["配送"]
    assert (call(id).state, owner()) == ("done", "bot")
    errands.run(id)  # a second job for it
    assert len(other.heard) == 1


def test_one_that_hangs_holds_nothing_and_a_person_is_to_look(
    admin: Agent, other: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go, monkey = threading.Event(), 0.5
    monkeypatch.setattr(errands, "DEADLINE", monkey)

    def hang(heard: Any) -> Callable[[BaseHTTPRequestHandler], None]:
        let_go.wait(20)
        return says({"text": "too late"})

    other.answer = hang
    id, _, channel = asked(admin, other.url)
    going = threading.Thread(target=errands.run, args=(id,))
    going.start()
    try:
        with transaction() as db:  # the conversation is free meanwhile
            make.customer_says(db, db.get_one(Channel, channel), "ありがとう")
        going.join(10)
        assert not going.is_alive()
    finally:
        let_go.set()
    assert thread()[-1] == "担当者が確認いたします。"
    assert (call(id).state, owner()) == ("failed", "human")


def test_a_lost_call_is_rung_for_again_and_not_for_ever(admin: Agent, other: Receiver) -> None:
    id, _, _ = asked(admin, other.url)
    assert errands.sweep() == 0  # its job may still come
    for age, rung in ((2 * errands.LATE, 1), (3 * errands.TOO_LATE, 0)):
        with transaction() as db:
            db.get_one(BotCall, id).made_at = now() - age
        assert errands.sweep() == rung


def test_a_worker_that_was_frozen_past_its_time_says_nothing_twice(
    admin: Agent, other: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.answer = lambda heard: says({"text": "本日発送しました。"})
    id, _, _ = asked(admin, other.url)
    really = calling.call

    def frozen(*told: Any) -> Any:
        monkeypatch.setattr(calling, "call", really)
        with transaction() as db:
            db.get_one(BotCall, id).claimed_at = now() - 2 * errands.STALE
        errands.run(id)  # another worker, which the clock had rung for
        return really(*told)

    monkeypatch.setattr(calling, "call", frozen)
    errands.run(id)
    assert thread()[1:] == ["本日発送しました。"]
    assert len(other.heard) == 2


def test_what_comes_after_a_person_took_over_is_not_said(admin: Agent, other: Receiver) -> None:
    def late(heard: Any) -> Callable[[BaseHTTPRequestHandler], None]:
        with transaction() as db:
            inbox.take_over(db, db.get_one(Agent, admin.id), db.scalars(select(Conversation)).one())
        return says({"text": "本日発送しました。"})

    other.answer = late
    id, _, _ = asked(admin, other.url)
    errands.run(id)
    assert "本日発送しました。" not in thread()
    assert call(id).state == "superseded"


@pytest.mark.parametrize("answer", [{"text": "本日発送しました。"}, b""], ids=["answered", "in vain"])
def test_what_comes_after_the_end_of_the_matter_is_not_said_and_calls_nobody(
    answer: Any, admin: Agent, other: Receiver
) -> None:
    def late(heard: Any) -> Callable[[BaseHTTPRequestHandler], None]:
        with transaction() as db:
            end(db, db.scalars(select(Conversation)).one())
        return says(answer)

    other.answer = late
    id, _, _ = asked(admin, other.url)
    before_that = thread()
    errands.run(id)
    with reading() as db:
        head = db.scalars(select(Conversation)).one()
        assert (head.status, head.owner, head.waiting_since) == ("resolved", "bot", None)
        assert verify.report(db).clean
    assert (call(id).state, thread()) == ("superseded", before_that)


def test_an_answer_that_cannot_be_followed_is_asked_for_once_and_a_person_is_to_look(
    admin: Agent, other: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.answer = lambda heard: says({"text": "本日発送しました。", "label": "配送"})
    id, _, _ = asked(admin, other.url)
    monkeypatch.setattr("app.bot.effects.put_label", lambda *_: 1 / 0)
    errands.run(id)
    assert (call(id).state, owner()) == ("done", "human")
    assert "本日発送しました。" not in thread()  # half of an answer is none
    errands.run(id)
    assert len(other.heard) == 1


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"<html>", b"[" * 20_000])
def test_an_answer_that_is_none_is_as_no_answer(body: bytes, admin: Agent, other: Receiver) -> None:
    other.answer = lambda heard: says(body)
    id, _, _ = asked(admin, other.url)
    errands.run(id)
    assert (thread()[-1], owner()) == ("担当者が確認いたします。", "human")


def test_what_is_of_another_form_in_an_answer_is_left_out() -> None:
    told = {"text": 3, "attributes": {"a": [1], "b": "x"}, "labels": "no", "hand_over": "yes"}
    assert errands.understood(json.dumps(told)) == errands.Said(attributes={"b": "x"}, labels=())


def test_only_who_wants_to_be_asked_is(admin: Agent, other: Receiver) -> None:
    id, _, _ = asked(admin, other.url)
    with transaction() as db:
        (hook,) = errands.hooks(db)
        hook.kinds = ["message.received"]
    errands.run(id)
    assert (other.heard, call(id).error) == ([], errands.SWITCHED_OFF)


def test_who_is_told_all_kinds_one_by_one_is_asked_too(admin: Agent, other: Receiver) -> None:
    hook, _ = subscribe(admin, other.url, *KINDS)
    with reading() as db:
        assert [one.id for one in errands.hooks(db)] == [hook]


def test_the_log_shows_what_was_asked_and_a_trial_changes_nothing(admin: Agent, other: Receiver) -> None:
    other.answer = lambda heard: says({"text": "Sent today.", "label": "配送", "hand_over": False})
    id, secret, _ = asked(admin, other.url)
    errands.run(id)
    browser = Browser().come_in(admin)
    hook = call(id).webhook_id
    here = f"/settings/webhooks/{hook}/questions"
    assert f"{here}/{id}" in browser.see(here)
    shown = browser.see(f"{here}/{id}")
    assert all(words in shown for words in ("注文5521はどこ？", "hand_over", "200 ·", "注文"))
    assert secret not in shown
    assert "webhook-signature" not in shown.lower()
    before = thread()
    told = browser.submit(f"{here}/{id}/test")
    assert told.status_code == 303
    again = call(int(told.headers["location"].rpartition("/")[2]))
    assert (again.state, again.status, other.heard[-1].told["test"]) == ("tested", 200, True)
    assert other.heard[-1].signed_with(secret)
    assert thread() == before
    with reading() as db:
        assert len(db.scalars(select(Label.id)).all()) == 1
    assert errands.sweep() == 0


def test_who_was_brought_together_with_another_at_this_moment_is_answered_as_things_are_now(
    admin: Agent, other: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.answer = lambda heard: says({"text": "本日発送しました。"})
    id, _, channel = asked(admin, other.url)
    with transaction() as db:
        mine = db.scalars(select(Conversation)).one()
        theirs = make.conversation(db, db.get_one(Channel, channel), "もしもし")
        inbox.take_over(db, db.get_one(Agent, admin.id), theirs)

    def bring() -> None:
        with transaction() as db:
            both = [db.get_one(Customer, one.customer_id) for one in (mine, theirs)]
            inbox.merge(db, db.get_one(Agent, admin.id), *both)

    joining = before(monkeypatch, inbox, "hold", bring)
    before_that = thread()
    errands.run(id)
    result(joining)
    if one_writer():
        assert call(id).state == "done"
    else:
        assert (call(id).state, thread()) == ("superseded", before_that)
