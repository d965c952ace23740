"""A LINE official account in the product: from its webhook into the thread, and back by reply or push."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app import connect, deliver, main, search, verify
from app.db import now, reading, transaction
from app.models import (
    Agent,
    Attachment,
    Channel,
    Conversation,
    Delivery,
    Identity,
    Message,
    RawReceipt,
    RemoteFile,
)
from channels.line.signature import sign
from tests import factories as make
from tests.channels.line.account import HANA, SECRET, USED_TOKEN, no, ok
from tests.channels.script import Script

pytestmark = pytest.mark.usefixtures("committed")

PUSH, REPLY = "/v2/bot/message/push", "/v2/bot/message/reply"
BOT = "U8f1d3a5c7e9b2d4f6a8c0e1b3d5f7a9c"


class Account:
    """A LINE account of the product, whose LINE is a script."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, bot: bool = False) -> None:
        self.script = Script().on(PUSH, ok({"sentMessages": [{"id": "900"}]})).on(REPLY, ok())
        http = httpx2.Client(transport=httpx2.MockTransport(self.script))
        monkeypatch.setattr(connect, "http", lambda: http)
        self.web = TestClient(main.make())
        with transaction() as db:
            settings = {"channel_id": "1657000000", "bot_user_id": BOT}
            secrets = {"channel_secret": SECRET, "access_token": "t0ken"}
            self.channel = make.channel(db, "line", key="line", bot=bot, settings=settings, secrets=secrets)
            self.agent = make.agent(db, "田中")

    def post(self, *events: dict[str, Any], secret: str = SECRET) -> int:
        body = json.dumps({"destination": BOT, "events": events}).encode()
        return self.web.post(
            "/hooks/line", content=body, headers={"X-Line-Signature": sign(secret, body)}
        ).status_code

    def answer(self, text: str) -> Message:
        with transaction() as db:
            agent, asked = db.get_one(Agent, self.agent.id), db.scalars(select(Message)).first()
            assert asked is not None
            return make.reply(db, agent, make.thread_of(db, asked), text)

    def drain(self) -> None:
        deliver.drain(self.channel.id)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    return Account(monkeypatch)


def event(type: str = "message", *, ago: float = 2.0, **more: Any) -> dict[str, Any]:
    return {
        "type": type,
        "mode": "active",
        "timestamp": int((time.time() - ago) * 1000),
        "source": {"type": "user", "userId": HANA.address},
        "webhookEventId": f"01K{more}"[:26],
        "deliveryContext": {"isRedelivery": False},
        "replyToken": "r-1",
        **more,
    }


def text(id: str, words: str, **more: Any) -> dict[str, Any]:
    return event(message={"id": id, "type": "text", "text": words, "quoteToken": "q"}, **more)


def thread() -> list[str]:
    with reading() as db:
        said = db.scalars(
            select(Message).where(Message.kind.in_(("inbound", "outbound"))).order_by(Message.sent_at)
        )
        return [one.text for one in said]


def test_trap_1_the_probe_is_answered_and_brings_nothing(account: Account) -> None:
    assert account.post() == 200
    assert thread() == []


def test_a_forged_request_is_refused(account: Account) -> None:
    assert account.post(text("1", "偽物"), secret="x" * 32) == 401
    assert thread() == []


def test_trap_2_what_is_delivered_again_in_another_order_stands_once_and_in_its_place(
    account: Account,
) -> None:
    first, second = text("1", "届きません", ago=20), text("2", "まだです", ago=10)
    again = {**first, "deliveryContext": {"isRedelivery": True}, "replyToken": "r-2"}
    assert [account.post(second), account.post(again, second), account.post(first)] == [200, 200, 200]
    assert thread() == ["届きません", "まだです"]


def test_an_agent_s_answer_is_pushed(account: Account) -> None:
    account.post(text("1", "在庫は？"))
    account.answer("ございます")
    account.drain()
    (pushed,) = account.script.bodies(PUSH)
    assert pushed == {"to": HANA.address, "messages": [{"type": "text", "text": "ございます"}]}


def test_what_the_bot_says_at_once_is_a_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, bot=True)
    account.post(text("1", "こんにちは"))
    account.drain()
    assert set(account.script.paths) == {REPLY}
    assert account.script.bodies(REPLY)[0]["replyToken"] == "r-1"


def test_each_answer_of_the_bot_uses_the_token_of_what_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, bot=True)
    account.post(
        text("1", "こんにちは", replyToken="r-1"), text("2", "ありがとう", replyToken="r-2", ago=1.0)
    )
    account.drain()
    tokens = [one["replyToken"] for one in account.script.bodies(REPLY)]
    assert set(tokens) == {"r-1", "r-2"}
    assert account.script.bodies(PUSH) == []


def test_a_second_answer_of_the_bot_is_pushed_as_the_token_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, bot=True)
    account.script.on(REPLY, no(400, USED_TOKEN))
    account.post(text("1", "こんにちは"))
    account.drain()
    assert account.script.paths[:2] == [REPLY, PUSH]
    assert thread()[0] == "こんにちは"


def test_trap_6_in_standby_the_bot_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, bot=True)
    account.post(text("1", "こんにちは", mode="standby"))
    account.drain()
    assert thread() == ["こんにちは"]
    assert account.script.seen == []


def test_trap_5_what_is_taken_back_is_gone_from_thread_and_search(account: Account) -> None:
    account.post(text("1", "カードの番号は四一一一です"))
    assert found(account, "カード") == 1
    account.post(event("unsend", unsend={"messageId": "1"}))
    with reading() as db:
        message = db.scalars(select(Message).filter_by(external_id="1")).one()
        head = db.get_one(Conversation, message.conversation_id)
    assert (message.text, message.removed_at is not None) == ("", True)
    assert head.last_preview == ""
    assert found(account, "カード") == 0


def test_trap_5_a_picture_that_is_taken_back_is_neither_brought_nor_kept(account: Account) -> None:
    provider = {"contentProvider": {"type": "line"}}
    account.post(event(message={"id": "9", "type": "image", "quoteToken": "q", **provider}))
    with reading() as db:
        assert db.query(RemoteFile).count() == 1
    account.post(event("unsend", unsend={"messageId": "9"}))
    with reading() as db:
        assert (db.query(RemoteFile).count(), db.query(Attachment).count()) == (0, 0)


def test_trap_5_what_is_taken_back_before_it_comes_is_never_shown(account: Account) -> None:
    account.post(event("unsend", unsend={"messageId": "1"}))
    account.post(
        text("1", "カードの番号は四一一一です", deliveryContext={"isRedelivery": True}),
        text("2", "すみません"),
    )
    assert thread() == ["", "すみません"]
    assert found(account, "カード") == 0
    with reading() as db:
        report = verify.report(db)
    assert report.clean, str(report)


def found(account: Account, words: str) -> int:
    with reading() as db:
        return len(search.search(db, db.get_one(Agent, account.agent.id), words).hits)


def test_who_blocks_the_account_in_mid_sentence_is_known_to_have(account: Account) -> None:
    account.post(text("1", "あの、"), event("unfollow"))
    with reading() as db:
        assert db.scalars(select(Identity)).one().unreachable
    account.post(event("follow", follow={"isUnblocked": True}))
    with reading() as db:
        assert not db.scalars(select(Identity)).one().unreachable


def test_a_customer_line_cannot_reach_is_known_to_be(account: Account) -> None:
    account.script.on(PUSH, no(400, {"message": "Failed to send messages"}))
    account.post(text("1", "在庫は？"))
    account.answer("ございます")
    account.drain()
    with reading() as db:
        assert db.scalars(select(Delivery)).one().state == "failed"
        assert db.scalars(select(Identity)).one().unreachable


def test_a_bot_s_answer_that_may_have_arrived_is_shown_as_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, bot=True)
    account.script.on(REPLY, httpx2.ReadTimeout, no(400, USED_TOKEN))
    account.post(text("1", "こんにちは"))
    account.drain()
    with reading() as db:
        first = db.scalars(select(Delivery).order_by(Delivery.id)).first()
    assert first is not None
    assert first.state == "unknown"


def test_a_revoked_token_makes_the_channel_wait_and_loses_nothing(account: Account) -> None:
    account.script.on(PUSH, no(401), ok({"sentMessages": [{"id": "900"}]}))
    account.post(text("1", "在庫は？"))
    account.answer("ございます")
    account.drain()
    with transaction() as db:
        waiting = db.scalars(select(Delivery)).one()
        channel = db.get_one(Channel, account.channel.id)
        assert (waiting.state, channel.health_text.split(".")[0]) == (
            "queued",
            "LINE does not accept the access token",
        )
        waiting.next_at = channel.rests_until = now()
    account.drain()
    with reading() as db:
        assert db.scalars(select(Delivery)).one().state == "sent"


def test_everything_that_came_is_kept_as_it_came(account: Account) -> None:
    account.post(event("hologram"), text("1", "はい"))
    with reading() as db:
        receipt = db.scalars(select(RawReceipt)).one()
    assert [one["event"] for one in receipt.outcome] == ["ignored", "inbound"]
    assert json.loads(receipt.body)["events"][0]["type"] == "hologram"
