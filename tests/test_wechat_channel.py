"""A WeChat official account in the product: from its sealed webhook into the thread, and back, with the WeChat that
the sandbox plays on the other side."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from app import connect, deliver, main, remote
from app.config import settings
from app.db import now, reading, transaction
from app.inbox.holding import Refused
from app.models import (
    Agent,
    Attachment,
    Channel,
    Customer,
    Delivery,
    Identity,
    Message,
    RawReceipt,
    RemoteFile,
)
from channels import guard
from channels.base import Request
from channels.wechat import tokens
from channels.wechat.signature import sign
from tests import factories as make
from tests.hooked import Said, listening
from tests.sandbox import Sandbox, playing
from tests.test_files import picture

pytestmark = pytest.mark.usefixtures("committed")

KEY = "sandbox-wechat"
SECRETS = ("app_secret", "token", "aes_key")


@dataclass
class Shop:
    """An account of the product, and the sandbox that plays its WeChat."""

    sandbox: Sandbox
    web: TestClient
    channel: Channel
    agent: Agent

    @property
    def customer(self) -> str:
        return str(self.sandbox.state("wechat")["customers"][0]["id"])

    def does(self, action: str, **about: Any) -> None:
        """The customer does something, and every webhook about it is told."""
        self.sandbox.act(self.customer, action, "wechat", **about)
        self.sandbox.settle("wechat")

    def answer(self, text: str) -> None:
        with transaction() as db:
            asked = db.scalars(select(Message).where(Message.kind == "inbound").order_by(Message.id)).first()
            assert asked is not None
            make.reply(db, db.get_one(Agent, self.agent.id), make.thread_of(db, asked), text)
        deliver.drain(self.channel.id)

    def on_the_phone(self) -> list[tuple[str, str]]:
        return [(one["by"], one["text"]) for one in self.sandbox.phone(self.customer, "wechat")]


@pytest.fixture(scope="module")
def played() -> Iterator[tuple[Sandbox, list[TestClient]]]:
    """The sandbox, and a listener that hands its webhooks to the product of the test."""
    webs: list[TestClient] = []

    def hear(request: Request) -> Said:
        answer = webs[-1].request(request.method, request.url, content=request.body)
        return answer.status_code, "text/plain", answer.content

    with listening(hear) as base, playing(f"{base}/hooks/{KEY}") as sandbox:
        sandbox.set("wechat", webhook=f"{base}/hooks/{KEY}")
        yield sandbox, webs


@pytest.fixture
def shop(played: tuple[Sandbox, list[TestClient]], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    sandbox, webs = played
    webhook = sandbox.state("wechat")["settings"]["webhook"]
    sandbox.post("/reset", {"seed": time.time_ns() % 2**31})
    sandbox.set("wechat", webhook=webhook)
    told = sandbox.state("wechat")["settings"]
    there = replace(settings(), sandbox=sandbox.base)
    monkeypatch.setattr(tokens, "_kept", {})
    monkeypatch.setattr(connect, "settings", lambda: there)
    with guard.Client(allow_private=True, timeout=httpx2.Timeout(2.0)) as client:
        monkeypatch.setattr(connect, "http", lambda *_: client)
        with transaction() as db:
            plain = {"app_id": told["app_id"], "account_id": told["account_id"], "greeting": "ようこそ"}
            secrets = {name: told[name] for name in SECRETS}
            channel = make.channel(db, "wechat", key=KEY, settings=plain, secrets=secrets)
            agent = make.agent(db, "田中")
        webs[:] = [TestClient(main.make())]
        yield Shop(sandbox, webs[-1], channel, agent)


def thread() -> list[tuple[str, str]]:
    with reading() as db:
        said = db.scalars(
            select(Message).where(Message.kind.in_(("inbound", "outbound"))).order_by(Message.id)
        )
        return [(one.kind, one.text) for one in said]


def states() -> list[str]:
    with reading() as db:
        return list(db.scalars(select(Delivery.state).order_by(Delivery.id)))


def identity() -> Identity:
    with reading() as db:
        return db.scalars(select(Identity)).one()


def test_a_customer_writes_and_an_agent_answers_and_the_phone_shows_it_once(shop: Shop) -> None:
    shop.does("text", text="在庫は？")
    shop.answer("ございます😀")
    deliver.drain(shop.channel.id)
    assert shop.on_the_phone() == [("customer", "在庫は？"), ("shop", "ございます😀")]
    assert thread() == [("inbound", "在庫は？"), ("outbound", "ございます😀")]
    assert states() == ["sent"]
    assert shop.sandbox.record(what="refused", platform="wechat") == []


def test_who_has_no_name_at_wechat_is_called_so_and_an_agents_name_for_them_stays(shop: Shop) -> None:
    shop.does("text", text="在庫は？")
    with transaction() as db:
        customer = db.scalars(select(Customer)).one()
        assert customer.name == f"WeChat（{shop.customer[-4:]}）のお客様"
        customer.name = "李 小雨"
    shop.does("text", text="まだですか")
    with reading() as db:
        assert db.scalars(select(Customer)).one().name == "李 小雨"


def test_what_comes_several_times_stands_there_once(shop: Shop) -> None:
    shop.sandbox.misbehaves(
        {"fault": "duplicate", "platform": "wechat", "times": 3},
        {"fault": "lost_answer", "platform": "wechat", "count": 1},
    )
    shop.does("text", text="在庫は？")
    shop.does("click", key="営業時間")
    assert thread() == [("inbound", "在庫は？"), ("inbound", "営業時間")]
    with reading() as db:
        assert len(list(db.scalars(select(RawReceipt)))) >= 6


@pytest.mark.parametrize(("fault", "arrived"), [("drop_after", 1), ("drop_before", 0)])
def test_an_answer_whose_fate_is_unknown_is_left_to_the_agent_and_never_sent_twice(
    shop: Shop, fault: str, arrived: int
) -> None:
    shop.does("text", text="在庫は？")
    shop.sandbox.misbehaves({"fault": fault, "platform": "wechat", "call": "custom/send", "count": 1})
    shop.answer("ございます")
    deliver.sweep()
    deliver.drain(shop.channel.id)
    assert states() == ["unknown"]
    assert shop.on_the_phone().count(("shop", "ございます")) == arrived


def test_a_token_that_ended_costs_no_message(shop: Shop) -> None:
    shop.does("text", text="在庫は？")
    shop.answer("一つ目")
    shop.sandbox.set("wechat", revoke_token=True)
    shop.answer("二つ目")
    assert states() == ["sent", "sent"]


def test_a_server_that_is_not_listed_lets_the_channel_rest_and_says_why(shop: Shop) -> None:
    shop.does("text", text="在庫は？")
    shop.sandbox.set("wechat", ip_listed=False)
    shop.answer("ございます")
    assert states() == ["queued"]
    with reading() as db:
        channel = db.get_one(Channel, shop.channel.id)
        assert channel.rests_until is not None
        assert "IP list" in channel.health_text


def test_after_five_answers_and_after_two_days_nothing_more_is_taken(shop: Shop) -> None:
    shop.does("text", text="在庫は？")
    for number in range(5):
        shop.answer(f"{number}")
    with pytest.raises(Refused):
        shop.answer("六つ目")
    with (
        transaction() as db
    ):  # WeChat tells whole seconds: what was said in the same one counts as said after
        for one in db.scalars(select(Message)):
            one.sent_at -= timedelta(seconds=1)
    shop.does("text", text="もしもし")
    shop.answer("はい")
    with transaction() as db:
        db.execute(update(Identity).values(wrote_at=now() - timedelta(hours=49)))
    with pytest.raises(Refused):
        shop.answer("遅くなりました")
    assert states() == ["sent"] * 6


def test_a_picture_of_theirs_is_fetched(shop: Shop) -> None:
    shop.does("image", content=base64.b64encode(picture()).decode(), type="image/png")
    with reading() as db:
        waiting = list(db.scalars(select(RemoteFile.id)))
    assert [remote.fetch(one) for one in waiting] == [True]
    with reading() as db:
        assert [one.content_type for one in db.scalars(select(Attachment))] == ["image/png"]


def test_who_follows_no_more_is_not_reached_until_they_follow_again(shop: Shop) -> None:
    shop.does("text", text="在庫は？")
    shop.does("unfollow")
    assert identity().unreachable
    shop.does("follow")
    assert not identity().unreachable
    assert ("shop", "ようこそ") in shop.on_the_phone()


def test_a_forged_webhook_is_refused_and_kept_for_who_wonders(shop: Shop) -> None:
    body = '<!DOCTYPE xml [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><MsgType>text</MsgType></xml>'
    query = {"signature": "0" * 40, "timestamp": str(int(time.time())), "nonce": "1"}
    assert shop.web.post(f"/hooks/{KEY}", params=query, content=body).status_code == 401
    shop.sandbox.set("wechat", safe=False)
    shop.sandbox.set("wechat", redeliver=False)
    shop.does("text", text="平文")
    assert thread() == []
    with reading() as db:
        refused = [(one.state, one.error) for one in db.scalars(select(RawReceipt).order_by(RawReceipt.id))]
    assert [state for state, _ in refused] == ["refused", "refused"]
    assert "safe mode" in refused[1][1]


def test_in_plain_mode_hostile_xml_is_stored_with_a_sentence(shop: Shop) -> None:
    with transaction() as db:
        channel = db.get_one(Channel, shop.channel.id)
        channel.settings = {**channel.settings, "mode": "plain"}
    token, stamp = shop.sandbox.state("wechat")["settings"]["token"], str(int(time.time()))
    query = {"signature": sign(token, stamp, "1"), "timestamp": stamp, "nonce": "1"}
    for body in (b'<!DOCTYPE x [<!ENTITY e "ha">]><xml>&e;</xml>', b"<xml>" + b"<a>" * 1_000_000, b"no xml"):
        answer = shop.web.post(f"/hooks/{KEY}", params=query, content=body)
        assert (answer.status_code, answer.content) == (200, b"success")
    with reading() as db:
        told = [one.outcome[0]["excluded"] for one in db.scalars(select(RawReceipt).order_by(RawReceipt.id))]
    assert ["document type" in told[0], "lies deeper" in told[1], told[2]] == [
        True,
        True,
        "the body is not XML",
    ]


def test_the_address_is_proved_through_the_door(shop: Shop) -> None:
    url = shop.sandbox.state("wechat")["settings"]["webhook"]
    assert shop.sandbox.post("/mp.weixin.qq.com/submit", {"url": url}) == {"ok": True}
