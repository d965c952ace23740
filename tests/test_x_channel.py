"""An account on X in the product, played by the sandbox: from the phone into the thread and back, each once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import deliver, inbox, remote, vault
from app.config import Settings
from app.db import now, reading, transaction
from app.models import Agent, Attachment, Channel, Delivery, Identity, Message, RawReceipt, RemoteFile
from channels.x.contents import ENCRYPTED
from tests import factories as make
from tests.played import Shop, shop_on
from tests.sandbox import Sandbox, playing
from tests.sandbox.test_x import openssl
from tests.sandbox.world import base64_of, picture

pytestmark = pytest.mark.usefixtures("committed")

KEY = "sandbox-x"
SECRETS = ("client_secret", "bearer_token", "access_token", "refresh_token", "user_id")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with playing() as running:
        yield running


@pytest.fixture
def shop(sandbox: Sandbox, installation: Settings) -> Iterator[Shop]:
    with shop_on("x", sandbox, ("client_id",), SECRETS) as made:
        yield made


def test_a_customer_writes_an_agent_answers_and_it_is_read(shop: Shop) -> None:
    shop.act("text", text="Mサイズはありますか😀 <A&B>")
    sent = shop.answers("ございます。 https://shop.example.jp/1?a=1&b=2")
    assert shop.shown() == ["ございます。 https://shop.example.jp/1?a=1&b=2"]
    assert shop.thread() == [
        ("inbound", "Mサイズはありますか😀 <A&B>"),
        ("outbound", "ございます。 https://shop.example.jp/1?a=1&b=2"),
    ]
    assert sent.state in ("sent", "read")
    shop.act("read")
    assert shop.delivery(sent.message_id).state == "read"
    with reading() as db:
        (identity,) = db.scalars(select(Identity))
        assert (identity.address, identity.display) == (shop.who, "佐藤 美咲")


def test_trap_22_both_products_tell_of_one_message_and_it_stands_once(shop: Shop) -> None:
    shop.sandbox.misbehaves(
        {"fault": "duplicate", "platform": "x", "count": 1},
        {"fault": "lost_answer", "platform": "x", "count": 1},
    )
    for product, words in (("activity", "一"), ("account activity", "二")):
        shop.sandbox.set("x", product=product)
        shop.act("text", text=words)
    assert shop.thread() == [("inbound", "一"), ("inbound", "二")]


def test_trap_22_an_encrypted_message_is_a_notice_in_the_thread_and_kept_as_it_came(shop: Shop) -> None:
    shop.act("encrypted", text="ひみつ")
    with reading() as db:
        said = db.scalars(select(Message).where(Message.kind == "inbound")).one()
        assert (said.text, said.context["notice"]) == ("", ENCRYPTED)
        assert b"encoded_event" in db.scalars(select(RawReceipt)).one().body


def test_an_answer_whose_answer_was_lost_is_found_and_not_doubled(shop: Shop) -> None:
    shop.act("text", text="こんにちは")
    shop.sandbox.misbehaves({"fault": "drop_after", "platform": "x", "call": "messages", "count": 1})
    assert shop.answers("お待たせしました。").state in ("sent", "read")
    shop.drain()
    assert shop.shown() == ["お待たせしました。"]
    assert shop.thread()[1:] == [("outbound", "お待たせしました。")]


def test_where_the_look_up_fails_as_well_the_echo_settles_it(shop: Shop) -> None:
    shop.act("text", text="こんにちは")
    shop.sandbox.misbehaves(
        {"fault": "drop_after", "platform": "x", "call": "messages", "count": 1},
        {"fault": "rate_limit", "platform": "x", "call": "dm_events", "count": 1},
    )
    sent = shop.answers("お待たせしました。")
    assert shop.delivery(sent.message_id).state in ("sent", "read")
    shop.drain()
    assert shop.shown() == ["お待たせしました。"]
    assert shop.thread()[1:] == [("outbound", "お待たせしました。")]


def test_an_answer_that_nobody_knows_of_is_left_to_the_agent(shop: Shop) -> None:
    shop.act("text", text="こんにちは")
    shop.sandbox.misbehaves({"fault": "drop_before", "platform": "x", "call": "messages", "count": 1})
    sent = shop.answers("お待たせしました。")
    assert sent.state == "unknown"
    deliver.sweep()
    shop.drain()
    assert shop.shown() == []
    with transaction() as db:
        said = db.get_one(Message, sent.message_id)
        inbox.retry(db, db.get_one(Agent, shop.agent.id), make.thread_of(db, said), said)
    shop.drain()
    assert shop.shown() == ["お待たせしました。"]


def test_a_limit_lets_the_channel_rest_and_loses_nothing(shop: Shop) -> None:
    shop.act("text", text="こんにちは")
    shop.sandbox.set("x", per_quarter=1)
    assert shop.answers("一").state in ("sent", "read")
    waiting = shop.answers("二")
    assert (waiting.state, shop.shown()) == ("queued", ["一"])
    rests = shop.now().rests_until
    assert rests is not None
    assert timedelta(minutes=14) < rests - now() < timedelta(minutes=16)
    shop.sandbox.post("/clock", {"forward": 902})
    with transaction() as db:
        db.get_one(Channel, shop.channel.id).rests_until = None
        db.get_one(Delivery, waiting.id).next_at = now()
    shop.drain()
    assert shop.shown() == ["一", "二"]


def test_a_token_that_has_ended_is_renewed_kept_and_the_answer_sent_once(shop: Shop) -> None:
    shop.act("text", text="こんにちは")
    shop.sandbox.set("x", expire_tokens=True)
    assert shop.answers("はい。").state in ("sent", "read")
    assert shop.shown() == ["はい。"]
    kept, told = vault.unseal(shop.now().secrets), shop.sandbox.state("x")["settings"]
    assert (kept["access_token"], kept["refresh_token"]) == (told["access_token"], told["refresh_token"])
    assert kept["refresh_token"] != "sandbox-x-refresh"
    assert kept["client_secret"] == "sandbox-x-client-secret"


def test_a_permission_that_was_taken_back_keeps_the_answer_and_tells_the_admin(shop: Shop) -> None:
    shop.act("text", text="こんにちは")
    shop.sandbox.set("x", revoke_tokens=True)
    assert shop.answers("はい。").state == "queued"
    assert shop.now().health == "reauthorise"


def test_what_somebody_answers_in_the_app_stands_in_the_thread_once(shop: Shop) -> None:
    shop.act("text", text="こんにちは")
    shop.act("elsewhere", text="アプリから失礼します")
    assert shop.thread()[1:] == [("outbound", "アプリから失礼します")]


def test_a_picture_is_brought_over_by_the_account(shop: Shop) -> None:
    shop.act("image", content=base64_of(picture()), type="image/png")
    with reading() as db:
        (waiting,) = db.scalars(select(RemoteFile.id))
    assert remote.fetch(waiting)
    with reading() as db:
        assert [one.content_type for one in db.scalars(select(Attachment))] == ["image/png"]


def test_the_challenge_is_answered_and_a_forged_request_is_not_taken(shop: Shop) -> None:
    answer = shop.web.get(f"/hooks/{KEY}", params={"crc_token": "t0ken"})
    assert answer.json() == {"response_token": openssl("sandbox-x-client-secret", b"t0ken")}
    forged = {"x-twitter-webhooks-signature-oauth2": openssl("another", b"{}")}
    assert shop.web.post(f"/hooks/{KEY}", content=b"{}", headers=forged).status_code == 401
    assert shop.thread() == []
