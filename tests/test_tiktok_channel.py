"""A TikTok account in the product, played by the sandbox: from the phone into the thread and back, each once."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from app import deliver, files, inbox, remote, vault
from app.config import Settings
from app.db import reading, transaction
from app.models import Agent, Attachment, Channel, Delivery, Identity, Message, RawReceipt, RemoteFile
from tests import factories as make
from tests.played import Shop, shop_on
from tests.sandbox import Sandbox, playing
from tests.sandbox.world import base64_of, picture
from tests.serving import until

pytestmark = pytest.mark.usefixtures("committed")

KEY = "sandbox-tiktok"
SECRETS = ("app_secret", "access_token", "refresh_token", "business_id")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with playing() as running:
        yield running


@pytest.fixture
def shop(sandbox: Sandbox, installation: Settings) -> Iterator[Shop]:
    with shop_on("tiktok", sandbox, ("app_id",), SECRETS) as made:
        yield made


def test_a_customer_writes_an_agent_answers_and_it_is_read(shop: Shop) -> None:
    shop.act("text", text="Mサイズはありますか😀")
    sent = shop.answers("ございます。")
    assert shop.shown() == ["ございます。"]
    assert shop.thread() == [("inbound", "Mサイズはありますか😀"), ("outbound", "ございます。")]
    assert sent.state in ("sent", "read")
    shop.act("read")
    with reading() as db:
        assert db.get_one(Delivery, sent.id).state == "read"
        (identity,) = db.scalars(select(Identity))
        assert (identity.address, identity.display) == (shop.who, "misaki.sato")


def test_what_comes_twice_or_overtaken_is_one_message_each(shop: Shop) -> None:
    shop.sandbox.misbehaves(
        {"fault": "duplicate", "platform": "tiktok", "count": 1},
        {"fault": "lost_answer", "platform": "tiktok", "count": 1},
    )
    for words in ("一", "二"):
        shop.act("text", text=words)
    assert shop.thread() == [("inbound", "一"), ("inbound", "二")]


def test_an_answer_whose_answer_was_lost_is_settled_by_its_echo(shop: Shop) -> None:
    shop.act("text", text="こんにちは")
    lost = {"fault": "drop_after", "platform": "tiktok", "call": "message/send/", "count": 1}
    shop.sandbox.misbehaves(lost)
    sent = shop.answers("お待たせしました。")
    assert sent.state in ("sent", "read")
    shop.drain()
    assert shop.shown() == ["お待たせしました。"]
    assert shop.thread()[1:] == [("outbound", "お待たせしました。")]


def test_an_answer_that_nobody_knows_of_is_left_to_the_agent(shop: Shop) -> None:
    shop.act("text", text="こんにちは")
    lost = {"fault": "drop_before", "platform": "tiktok", "call": "message/send/", "count": 1}
    shop.sandbox.misbehaves(lost)
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


def test_a_token_that_has_ended_is_renewed_kept_and_the_answer_sent_once(shop: Shop) -> None:
    shop.act("text", text="こんにちは")
    shop.sandbox.set("tiktok", expire_tokens=True)
    assert shop.answers("はい。").state in ("sent", "read")
    assert shop.shown() == ["はい。"]
    with reading() as db:
        kept = vault.unseal(db.get_one(Channel, shop.channel.id).secrets)
    told = shop.sandbox.state("tiktok")["settings"]
    assert (kept["access_token"], kept["refresh_token"]) == (told["access_token"], told["refresh_token"])
    assert kept["refresh_token"] != "sandbox-tiktok-refresh"


def test_a_permission_that_was_taken_back_keeps_the_answer_and_tells_the_admin(shop: Shop) -> None:
    shop.act("text", text="こんにちは")
    shop.sandbox.set("tiktok", revoke_tokens=True)
    assert shop.answers("はい。").state == "queued"
    with reading() as db:
        assert db.get_one(Channel, shop.channel.id).health == "reauthorise"


def test_ten_answers_are_taken_and_the_eleventh_only_once_they_wrote_again(shop: Shop) -> None:
    shop.act("text", text="こんにちは")
    for number in range(10):
        shop.answers(f"{number}")
    with pytest.raises(inbox.Refused, match="All 10 messages"):
        shop.answers("多すぎます")
    assert len(shop.shown()) == 10
    shop.act("text", text="はい")
    shop.answers("また送れます")
    assert len(shop.shown()) == 11


def test_what_somebody_answers_in_the_app_stands_in_the_thread_and_is_counted(shop: Shop) -> None:
    shop.act("text", text="こんにちは")
    shop.act("staff", text="アプリから失礼します")
    assert shop.thread()[1:] == [("outbound", "アプリから失礼します")]
    with reading() as db:
        said = db.scalars(select(Message).where(Message.kind == "inbound")).one()
        (way,) = inbox.ways.ways(db, make.thread_of(db, said))
        assert inbox.allowance.left(db, *way) == 9


def test_the_echo_of_the_words_does_not_say_that_the_picture_arrived(shop: Shop) -> None:
    shop.act("text", text="こんにちは")
    with transaction() as db:
        agent = db.get_one(Agent, shop.agent.id)
        kept = files.take_in(base64.b64decode(base64_of(picture())), "coat.png", limit=10**6)
        coat = files.store(db, kept, limit=10**6, agent=agent).id
    lost = {"fault": "drop_before", "platform": "tiktok", "call": "message/media/upload/", "count": 1}
    shop.sandbox.misbehaves(lost)
    assert shop.answers("こちらです", coat).state == "unknown"
    assert shop.shown() == ["こちらです"]
    assert shop.thread()[1:] == [("outbound", "こちらです")]


def test_a_picture_is_brought_over_and_a_forged_one_is_not(shop: Shop) -> None:
    shop.act("image", content=base64_of(picture()), type="image/png")
    with reading() as db:
        (waiting,) = db.scalars(select(RemoteFile.id))
    assert remote.fetch(waiting)
    forged = {"tiktok-signature": "t=1795255201,s=00", "content-type": "application/json"}
    assert shop.web.post(f"/hooks/{KEY}", content=b"{}", headers=forged).status_code == 401
    with reading() as db:
        assert [one.content_type for one in db.scalars(select(Attachment))] == ["image/png"]
        assert len(shop.thread()) == 1


def test_what_is_unknown_stays_to_be_seen(shop: Shop) -> None:
    shop.act("from_europe")
    shop.act("other", type="hologram")
    until(lambda: len(shop.thread()) == 1, "the unknown message is there")
    with reading() as db:
        receipts = list(db.scalars(select(RawReceipt).order_by(RawReceipt.id)))
        assert [one.state for one in receipts] == ["parsed", "parsed"]
        assert receipts[0].outcome[0]["excluded"].startswith("somebody in Europe wrote")
        (message,) = db.scalars(select(Message).where(Message.kind == "inbound"))
        assert message.context["notice"] == "This message can only be seen in their own app."
