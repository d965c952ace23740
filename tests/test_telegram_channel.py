"""A Telegram bot in the product: from its webhook, or fetched, into the thread, and back."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app import connect, deliver, main, remote
from app.collecting.lines import Lines
from app.db import reading, transaction
from app.models import Agent, Attachment, Channel, Delivery, Identity, Message, RawReceipt, RemoteFile
from channels.telegram.signature import HEADER, secret_of
from tests import factories as make
from tests.channels.cases import payloads
from tests.channels.telegram import TOKEN
from tests.serving import until
from tests.test_files import picture

pytestmark = pytest.mark.usefixtures("committed")

BODIES = {one.name: one.request.body for one in payloads("telegram")}
SENT = {"message_id": 500, "date": 1795255200, "chat": {"id": 5123456789, "type": "private"}}


class Shop:
    """A bot of the product; `telegram` answers its calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.answers: dict[str, list[httpx2.Response]] = {}
        http = httpx2.Client(transport=httpx2.MockTransport(self.telegram))
        monkeypatch.setattr(connect, "http", lambda: http)
        self.web = TestClient(main.make())
        with transaction() as db:
            self.channel = make.channel(
                db, "telegram", key="bot", settings=settings, secrets={"token": TOKEN}
            )
            self.agent = make.agent(db, "田中")

    def telegram(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(200, content=picture())
        method = request.url.path.rpartition("/")[2]
        self.calls.append((method, json.loads(request.content)))
        waiting = self.answers.get(method, [])
        result = SENT if method == "sendMessage" else []
        return waiting.pop(0) if waiting else httpx2.Response(200, json={"ok": True, "result": result})

    def post(self, *names: str) -> list[httpx2.Response]:
        with reading() as db:
            secret = secret_of(
                connect.connector(db.get_one(Channel, self.channel.id)).context.seal_key, TOKEN
            )
        return [self.web.post("/hooks/bot", content=BODIES[one], headers={HEADER: secret}) for one in names]

    def answer(self, words: str) -> Delivery:
        with transaction() as db:
            asked = db.scalars(select(Message)).first()
            assert asked is not None
            made = make.reply(db, db.get_one(Agent, self.agent.id), make.thread_of(db, asked), words)
        deliver.drain(self.channel.id)
        with reading() as db:
            return db.scalars(select(Delivery).filter_by(message_id=made.id)).one()


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(monkeypatch)


def texts() -> list[str]:
    with reading() as db:
        return [
            one.text
            for one in db.scalars(select(Message).where(Message.kind == "inbound").order_by(Message.id))
        ]


def identity() -> Identity:
    with reading() as db:
        return db.scalars(select(Identity).filter_by(address="5123456789")).one()


def test_an_update_that_comes_again_is_one_message(shop: Shop) -> None:
    assert [one.status_code for one in shop.post("photo_with_caption", "photo_with_caption")] == [200, 200]
    assert texts() == ["この傷です"]


def test_a_forged_update_is_refused(shop: Shop) -> None:
    forged = shop.web.post("/hooks/bot", content=BODIES["text"], headers={HEADER: "0" * 64})
    assert forged.status_code == 401
    assert texts() == []


def test_an_edit_changes_what_stands_there(shop: Shop) -> None:
    shop.post("text", "edited_text")
    assert texts() == ["在庫はありますか？"]


def test_a_button_is_answered_in_the_response_and_says_what_stood_on_it(shop: Shop) -> None:
    (response,) = shop.post("button_pressed")
    assert response.json() == {"method": "answerCallbackQuery", "callback_query_id": "2200458101234567890"}
    assert texts() == ["交換したい"]


def test_what_is_unknown_is_stored_and_not_sent_again(shop: Shop) -> None:
    assert [one.status_code for one in shop.post("unknown_update", "unknown_message")] == [200, 200]
    with reading() as db:
        states = [
            (one.state, one.outcome[0]["excluded"])
            for one in db.scalars(select(RawReceipt).order_by(RawReceipt.id))
        ]
    assert states == [
        ("parsed", "an update of an unknown kind: telepathy"),
        ("parsed", "a message of an unknown kind: hologram"),
    ]


def test_a_picture_is_brought_over_and_a_file_that_is_too_large_says_why_it_is_not(shop: Shop) -> None:
    there = {"ok": True, "result": {"file_id": "x", "file_path": "photos/1.jpg"}}
    shop.answers["getFile"] = [httpx2.Response(200, json=there)]
    shop.post("album_first", "document_beyond_what_a_bot_may_fetch")
    with reading() as db:
        rows = list(db.scalars(select(RemoteFile.id).order_by(RemoteFile.id)))
    assert [remote.fetch(one) for one in rows] == [True, False]
    with reading() as db:
        assert [one.content_type for one in db.scalars(select(Attachment))] == ["image/png"]
        assert db.get_one(RemoteFile, rows[1]).error.startswith("Telegram hands files of up to 20 MB")
    assert [method for method, _ in shop.calls] == ["getFile"]


def test_an_answer_goes_to_the_chat(shop: Shop) -> None:
    shop.post("text")
    assert shop.answer("ございます").state == "sent"
    ((method, parameters),) = shop.calls
    assert (method, parameters["chat_id"], parameters["text"]) == ("sendMessage", "5123456789", "ございます")


def test_who_blocks_the_bot_is_known_to_have_and_is_back_when_they_write(shop: Shop) -> None:
    shop.post("text", "blocked")
    assert identity().unreachable
    shop.post("reply")
    assert not identity().unreachable


def test_a_refusal_because_they_blocked_the_bot_marks_them_too(shop: Shop) -> None:
    refused = {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
    shop.post("text")
    shop.answers["sendMessage"] = [httpx2.Response(403, json=refused)]
    delivery = shop.answer("ございます")
    assert (delivery.state, delivery.error) == ("failed", "The customer has blocked the bot.")
    assert identity().unreachable


def test_an_answer_lost_by_a_gateway_is_unknown_and_never_sent_twice_by_itself(shop: Shop) -> None:
    shop.post("text")
    shop.answers["sendMessage"] = [httpx2.Response(502)]
    assert shop.answer("ございます").state == "unknown"
    deliver.drain(shop.channel.id)
    assert [method for method, _ in shop.calls] == ["sendMessage"]


def test_where_updates_are_fetched_they_come_over_a_line_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(monkeypatch, delivery="polling")
    news = [json.loads(BODIES[name]) for name in ("text", "text", "reply")]
    shop.answers["getUpdates"] = [httpx2.Response(200, json={"ok": True, "result": news})]
    lines = Lines()
    try:
        lines.look()
        until(lambda: len(texts()) == 2, "the messages")
    finally:
        lines.hang_up()
    assert texts()[1] == "これのことです"
    assert shop.calls[0] == ("deleteWebhook", {"drop_pending_updates": False})
    assert shop.post("text")[0].status_code == 401  # never both
