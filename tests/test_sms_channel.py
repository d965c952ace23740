"""A number at Twilio in the product: from its webhook into the thread, and back."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx2
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient
from twilio.request_validator import RequestValidator

from app import connect, deliver, inbox, main
from app.config import settings
from app.db import reading, transaction
from app.models import Agent, Delivery, Identity, Message
from tests import factories as make
from tests.channels.sms import ACCOUNT, SENDER, TARO, TOKEN

pytestmark = pytest.mark.usefixtures("committed")


class Shop:
    """A number of the product; `status` and `document` are what Twilio answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[dict[str, str]] = []
        self.status = 201
        self.document: dict[str, Any] = {"sid": "SM900", "status": "queued"}
        http = httpx2.Client(transport=httpx2.MockTransport(self.twilio))
        monkeypatch.setattr(connect, "http", lambda: http)
        self.web = TestClient(main.make())
        with transaction() as db:
            plain = {"account_sid": ACCOUNT, "sender": SENDER}
            self.channel = make.channel(db, "sms", key="sms", settings=plain, secrets={"auth_token": TOKEN})
            self.agent = make.agent(db, "田中")

    def twilio(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            self.sent.append({name: one[0] for name, one in parse_qs(request.content.decode()).items()})
        return httpx2.Response(self.status, content=json.dumps(self.document).encode())

    def post(self, token: str = TOKEN, **fields: str) -> httpx2.Response:
        fields = {"AccountSid": ACCOUNT, "From": TARO, "To": SENDER, "NumMedia": "0", **fields}
        signature = RequestValidator(token).compute_signature(f"{settings().public_url}/hooks/sms", fields)
        headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
        answered: Any = self.web.post("/hooks/sms", content=urlencode(fields), headers=headers)
        return answered  # type: ignore[no-any-return]

    def state(self, status: str, **more: str) -> None:
        told = {"MessageSid": "SM900", "MessageStatus": status, "From": SENDER, "To": TARO, **more}
        assert self.post(**told).status_code == 200

    def answer(self, words: str = "ございます") -> Delivery:
        with transaction() as db:
            asked = db.scalars(select(Message)).first()
            assert asked is not None
            make.reply(db, db.get_one(Agent, self.agent.id), make.thread_of(db, asked), words)
        deliver.drain(self.channel.id)
        return self.delivery()

    def delivery(self) -> Delivery:
        with reading() as db:
            return db.scalars(select(Delivery)).one()


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(monkeypatch)


def texts() -> list[str]:
    with reading() as db:
        return list(db.scalars(select(Message.text).where(Message.kind == "inbound").order_by(Message.id)))


def taro() -> Identity:
    with reading() as db:
        return db.scalars(select(Identity).filter_by(kind="phone", scope="", address=TARO)).one()


def test_a_message_that_comes_again_stands_once_and_is_answered_with_empty_twiml(shop: Shop) -> None:
    for _ in range(2):
        answered = shop.post(MessageSid="SM1", Body="在庫は？")
        assert (answered.status_code, answered.content) == (200, b"<Response/>")
        assert answered.headers["content-type"].startswith("text/xml")
    assert texts() == ["在庫は？"]
    assert taro().kind == "phone"


def test_a_forged_message_is_refused(shop: Shop) -> None:
    assert shop.post(MessageSid="SM1", Body="偽物", token="f" * 32).status_code == 401
    assert texts() == []


def test_trap_24_delivered_before_sent_stays_delivered(shop: Shop) -> None:
    shop.post(MessageSid="SM1", Body="在庫は？")
    shop.answer()
    for status, shown in (("delivered", "delivered"), ("sent", "delivered"), ("queued", "delivered")):
        shop.state(status)
        assert shop.delivery().state == shown


def test_a_message_that_failed_and_is_then_reported_delivered_was_delivered(shop: Shop) -> None:
    shop.post(MessageSid="SM1", Body="在庫は？")
    shop.answer()
    shop.state("undelivered", ErrorCode="30003")
    assert shop.delivery().state == "failed"
    assert shop.delivery().error.startswith("The telephone could not be reached")
    assert not taro().unreachable
    shop.state("delivered")
    assert shop.delivery().state == "delivered"


def test_a_number_that_does_not_exist_is_known_to(shop: Shop) -> None:
    shop.post(MessageSid="SM1", Body="在庫は？")
    shop.answer()
    shop.state("undelivered", ErrorCode="30005")
    assert taro().unreachable


def test_who_opts_out_cannot_be_written_to_until_they_opt_in_again(shop: Shop) -> None:
    shop.post(MessageSid="SM1", Body="在庫は？")
    shop.post(MessageSid="SM2", Body="STOP", OptOutType="STOP")
    assert texts() == ["在庫は？", "STOP"]
    with pytest.raises(inbox.Refused, match="does not want to be written to"):
        shop.answer()
    shop.post(MessageSid="SM3", Body="START", OptOutType="START")
    shop.post(MessageSid="SM2", Body="STOP", OptOutType="STOP")  # the old one comes again
    assert shop.answer().state == "sent"


def test_who_opts_out_while_an_answer_waits_does_not_get_it(shop: Shop) -> None:
    shop.post(MessageSid="SM1", Body="在庫は？")
    with transaction() as db:
        asked = db.scalars(select(Message)).one()
        make.reply(db, db.get_one(Agent, shop.agent.id), make.thread_of(db, asked), "ございます")
    shop.post(MessageSid="SM2", Body="STOP", OptOutType="STOP")
    deliver.drain(shop.channel.id)
    assert (shop.delivery().state, shop.sent) == ("failed", [])
    assert "stopped messages of this sort" in shop.delivery().error


def test_a_refusal_because_they_opted_out_marks_them_too(shop: Shop) -> None:
    shop.post(MessageSid="SM1", Body="在庫は？")
    shop.status, shop.document = 400, {"code": 21610, "message": "unsubscribed", "status": "400"}
    assert shop.answer().state == "failed"
    assert taro().unreachable


def test_an_answer_goes_out_once_and_one_that_is_lost_is_unknown(shop: Shop) -> None:
    shop.post(MessageSid="SM1", Body="在庫は？")
    assert shop.answer().state == "sent"
    assert [(one["To"], one["From"], one["Body"]) for one in shop.sent] == [(TARO, SENDER, "ございます")]


def test_an_answer_that_was_lost_is_never_sent_twice_by_itself(shop: Shop) -> None:
    shop.post(MessageSid="SM1", Body="在庫は？")
    shop.status = 504
    assert shop.answer().state == "unknown"
    deliver.drain(shop.channel.id)
    assert len(shop.sent) == 1
