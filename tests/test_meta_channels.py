"""Messenger, Instagram and WhatsApp in the product: echoes before and after the answer, receipts in any order."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app import connect, deliver, main
from app.db import reading, transaction
from app.models import Agent, Channel, Delivery, DeliveryRef, Identity, Message
from channels.meta.webhook import sign
from tests import factories as make

pytestmark = pytest.mark.usefixtures("committed")

SECRET = "meta-app-secret-0123456789abcdef"
APP, PAGE, IG, NUMBER = "1234567890", "1020", "17841", "1065"
HANA, PHONE, USER = "5551", "819012345678", "JP.1349"
SETTINGS: dict[str, dict[str, str]] = {
    "messenger": {"page_id": PAGE, "app_id": APP},
    "instagram": {"account_id": IG, "app_id": APP, "login": "instagram"},
    "whatsapp": {"phone_number_id": NUMBER, "waba_id": "1022", "app_id": APP},
}
Answer = Callable[[httpx2.Request], httpx2.Response]


class Account:
    """An account of the product whose Meta is `self.meta`."""

    def __init__(self, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kind, self.seen = kind, list[dict[str, Any]]()
        self.meta: Answer = lambda request: httpx2.Response(200, json={"message_id": "out.1", **WAMID})
        http = httpx2.Client(transport=httpx2.MockTransport(self._called))
        monkeypatch.setattr(connect, "http", lambda: http)
        self.web = TestClient(main.make())
        secrets = {"access_token": "t", "app_secret": SECRET, "verify_token": "a-verify-token"}
        with transaction() as db:
            self.channel = make.channel(db, kind, key=kind, settings=SETTINGS[kind], secrets=secrets)
            self.agent = make.agent(db, "田中")

    def _called(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(json.loads(request.content))
        return self.meta(request)

    def post(self, *events: dict[str, Any]) -> None:
        if self.kind == "whatsapp":
            about = {"metadata": {"phone_number_id": NUMBER}, "contacts": [{"wa_id": PHONE, "user_id": USER}]}
            value = {**about, events[0]["in"]: [{**one["is"]} for one in events]}
            entry: dict[str, Any] = {"id": "1022", "changes": [{"field": "messages", "value": value}]}
        else:
            entry = {"id": SETTINGS[self.kind].get("page_id", IG), "time": 1, "messaging": list(events)}
        object = {"messenger": "page", "whatsapp": "whatsapp_business_account"}.get(self.kind, "instagram")
        body = json.dumps({"object": object, "entry": [entry]}).encode()
        headers = {"X-Hub-Signature-256": sign(SECRET, body)}
        assert self.web.post(f"/hooks/{self.kind}", content=body, headers=headers).status_code == 200

    def answer(self, text: str) -> Message:
        with transaction() as db:
            agent = db.get_one(Agent, self.agent.id)
            asked = db.scalars(select(Message).where(Message.kind == "inbound")).first()
            assert asked is not None
            return make.reply(db, agent, make.thread_of(db, asked), text)

    def drain(self) -> None:
        deliver.drain(self.channel.id)


WAMID = {"messages": [{"id": "wamid.out"}]}


@pytest.fixture
def messenger(monkeypatch: pytest.MonkeyPatch) -> Account:
    return Account("messenger", monkeypatch)


@pytest.fixture
def instagram(monkeypatch: pytest.MonkeyPatch) -> Account:
    return Account("instagram", monkeypatch)


@pytest.fixture
def whatsapp(monkeypatch: pytest.MonkeyPatch) -> Account:
    return Account("whatsapp", monkeypatch)


def ms() -> int:
    return int(time.time() * 1000)


def says(text: str, mid: str = "in.1") -> dict[str, Any]:
    return {
        "sender": {"id": HANA},
        "recipient": {"id": PAGE},
        "timestamp": ms(),
        "message": {"mid": mid, "text": text},
    }


def echo(text: str, mid: str = "out.1", **more: Any) -> dict[str, Any]:
    message = {"mid": mid, "text": text, "is_echo": True, **more}
    return {"sender": {"id": PAGE}, "recipient": {"id": HANA}, "timestamp": ms(), "message": message}


def writes(text: str) -> dict[str, Any]:
    told = {"from": PHONE, "from_user_id": USER, "id": "wamid.in", "timestamp": str(ms() // 1000)}
    return {"in": "messages", "is": {**told, "type": "text", "text": {"body": text}}}


def status(state: str, **more: Any) -> dict[str, Any]:
    return {
        "in": "statuses",
        "is": {"id": "wamid.out", "status": state, "timestamp": str(ms() // 1000), **more},
    }


def thread() -> list[tuple[str, str]]:
    with reading() as db:
        said = db.scalars(
            select(Message).where(Message.kind.in_(("inbound", "outbound"))).order_by(Message.id)
        )
        return [(one.kind, one.text) for one in said]


def states() -> list[str]:
    with reading() as db:
        return list(db.scalars(select(Delivery.state).order_by(Delivery.id)))


def refs() -> set[str]:
    with reading() as db:
        return set(db.scalars(select(DeliveryRef.external_id)))


@pytest.mark.parametrize("kind", ["messenger", "instagram"])
def test_trap_16_an_echo_before_the_answer_to_the_sending_is_no_second_message(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instagram's bears no mark and no id of our app."""
    account = Account(kind, monkeypatch)
    account.post(says("在庫は？"))

    def meta(request: httpx2.Request) -> httpx2.Response:
        told = json.loads(request.content)["message"]
        marked = {"app_id": APP, "metadata": told["metadata"]} if "metadata" in told else {}
        account.post(echo(told["text"], **marked))
        return httpx2.Response(200, json={"message_id": "out.1"})

    account.meta = meta
    account.answer("ございます")
    account.drain()
    assert thread() == [("inbound", "在庫は？"), ("outbound", "ございます")]
    assert states() == ["sent"]


@pytest.mark.parametrize("kind", ["messenger", "instagram"])
def test_an_echo_after_the_answer_is_no_second_message(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(kind, monkeypatch)
    account.post(says("在庫は？"))
    account.answer("ございます")
    account.drain()
    account.post(echo("ございます"))
    account.post(echo("ございます"))
    assert thread() == [("inbound", "在庫は？"), ("outbound", "ございます")]


def test_what_the_shop_says_by_telephone_stands_in_the_thread_once(instagram: Account) -> None:
    instagram.post(says("在庫は？"))
    instagram.post(echo("店長です。あります", "phone.1"))
    instagram.post(echo("店長です。あります", "phone.1"))
    assert thread() == [("inbound", "在庫は？"), ("outbound", "店長です。あります")]


@pytest.mark.parametrize("kind", ["messenger", "instagram"])
def test_an_echo_settles_what_nobody_knew(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(kind, monkeypatch)
    account.post(says("在庫は？"))

    def lost(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("no answer")

    account.meta = lost
    account.answer("ございます")
    account.drain()
    assert states() == ["unknown"]
    metadata = account.seen[-1]["message"].get("metadata")
    account.post(echo("ございます", **({"app_id": APP, "metadata": metadata} if metadata else {})))
    assert states() == ["sent"]
    assert refs() == {"out.1"}
    assert len(thread()) == 2


def test_an_echo_before_an_answer_that_is_lost_settles_it(instagram: Account) -> None:
    instagram.post(says("在庫は？"))

    def lost(request: httpx2.Request) -> httpx2.Response:
        instagram.post(echo("ございます"))
        raise httpx2.ReadTimeout("no answer")

    instagram.meta = lost
    instagram.answer("ございます")
    instagram.drain()
    assert states() == ["sent"]
    assert refs() == {"out.1"}
    assert len(thread()) == 2


def test_other_words_of_the_shop_meanwhile_are_no_echo(instagram: Account) -> None:
    instagram.post(says("在庫は？"))

    def meanwhile(request: httpx2.Request) -> httpx2.Response:
        instagram.post(echo("ございま", "phone.1"))
        return httpx2.Response(200, json={"message_id": "out.1"})

    instagram.meta = meanwhile
    instagram.answer("ございます")
    instagram.drain()
    assert thread() == [("inbound", "在庫は？"), ("outbound", "ございます"), ("outbound", "ございま")]


def test_the_echo_of_a_beginning_does_not_say_that_all_of_it_arrived(instagram: Account) -> None:
    instagram.post(says("在庫は？"))
    answers = iter([httpx2.Response(200, json={"message_id": "out.1"})])

    def half(request: httpx2.Request) -> httpx2.Response:
        found = next(answers, None)
        if found is None:
            raise httpx2.ReadTimeout("no answer")
        return found

    instagram.meta = half
    instagram.answer("あ" * 300 + "い" * 200)
    instagram.drain()
    beginning, end = (one["message"]["text"] for one in instagram.seen)
    assert states() == ["unknown"]
    instagram.post(echo(beginning, "out.1"))
    assert states() == ["unknown"]
    instagram.post(echo(end, "out.2"))
    assert states() == ["sent"]
    assert len(thread()) == 2


def test_the_same_words_of_somebody_else_settle_nothing(instagram: Account) -> None:
    instagram.post(says("在庫は？"))

    def lost(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("no answer")

    instagram.meta = lost
    instagram.answer("ございます")
    instagram.drain()
    to_another = echo("ございます", "out.7")
    to_another["recipient"] = {"id": "another"}
    instagram.post(to_another)
    assert states()[0] == "unknown"


def test_trap_13_a_watermark_marks_all_that_left_before_it_and_nothing_that_waits(messenger: Account) -> None:
    messenger.post(says("在庫は？"))
    ids = iter(("out.1", "out.2"))
    messenger.meta = lambda request: httpx2.Response(200, json={"message_id": next(ids)})
    messenger.answer("一つ目")
    messenger.answer("二つ目")
    messenger.drain()
    messenger.meta = lambda request: httpx2.Response(400, json={"error": {"code": 2}})
    messenger.answer("三つ目")
    messenger.drain()
    until = {"watermark": ms() + 1}
    messenger.post({"sender": {"id": HANA}, "recipient": {"id": PAGE}, "timestamp": ms(), "read": until})
    assert states() == ["read", "read", "queued"]


def test_trap_13_instagram_says_by_an_id_up_to_where_they_have_read(instagram: Account) -> None:
    instagram.post(says("在庫は？"))
    ids = iter(("out.1", "out.2", "out.3"))
    instagram.meta = lambda request: httpx2.Response(200, json={"message_id": next(ids)})
    for words in ("一つ目", "二つ目", "三つ目"):
        instagram.answer(words)
        instagram.drain()
    instagram.post(
        {"sender": {"id": HANA}, "recipient": {"id": IG}, "timestamp": ms(), "read": {"mid": "out.2"}}
    )
    assert states() == ["read", "read", "sent"]


def test_trap_18_a_state_never_goes_back(whatsapp: Account) -> None:
    whatsapp.post(writes("予約したい"))
    whatsapp.answer("承ります")
    whatsapp.drain()
    for state in ("read", "delivered", "sent"):
        whatsapp.post(status(state))
        assert states() == ["read"]


def test_a_status_with_our_mark_settles_what_nobody_knew(whatsapp: Account) -> None:
    whatsapp.post(writes("予約したい"))

    def lost(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("no answer")

    whatsapp.meta = lost
    whatsapp.answer("承ります")
    whatsapp.drain()
    assert states() == ["unknown"]
    whatsapp.post(status("sent", biz_opaque_callback_data=whatsapp.seen[-1]["biz_opaque_callback_data"]))
    assert states() == ["sent"]
    whatsapp.post(status("delivered"))
    assert states() == ["delivered"]


def test_what_is_taken_back_before_it_comes_is_never_shown(instagram: Account) -> None:
    deleted = {**says("", "in.1"), "message": {"mid": "in.1", "is_deleted": True}}
    instagram.post(deleted)
    instagram.post(says("カードの番号は四一一一です", "in.1"), says("すみません", "in.2"))
    assert thread() == [("inbound", ""), ("inbound", "すみません")]


def test_what_is_revoked_before_it_comes_is_never_shown(whatsapp: Account) -> None:
    revoke = {"type": "revoke", "id": "wamid.r", "revoke": {"original_message_id": "wamid.in"}}
    whatsapp.post({"in": "messages", "is": {**writes("")["is"], **revoke}})
    whatsapp.post(writes("カードの番号は四一一一です"))
    assert thread() == [("inbound", "")]


def test_what_the_account_takes_back_of_its_own_is_no_customers(instagram: Account) -> None:
    instagram.post({**echo(""), "message": {"mid": "out.9", "is_deleted": True, "is_echo": True}})
    assert thread() == []


def test_a_failure_that_comes_afterwards_is_told_in_words(whatsapp: Account) -> None:
    whatsapp.post(writes("予約したい"))
    whatsapp.answer("承ります")
    whatsapp.drain()
    whatsapp.post(status("failed", errors=[{"code": 131047, "title": "Re-engagement message"}]))
    with reading() as db:
        (delivery,) = db.scalars(select(Delivery))
        assert delivery.state == "failed"
        assert "only a template" in delivery.error


def test_a_person_who_hides_their_number_is_answered_by_their_id(whatsapp: Account) -> None:
    whatsapp.post(writes("予約したい"))
    whatsapp.answer("承ります")
    whatsapp.drain()
    assert whatsapp.seen[-1]["recipient"] == USER
    with reading() as db:
        known = {(one.kind, one.address) for one in db.scalars(select(Identity))}
    assert known == {("whatsapp", USER), ("phone", f"+{PHONE}")}


def test_a_revoked_token_stops_the_channel_not_the_message(messenger: Account) -> None:
    messenger.post(says("在庫は？"))
    messenger.meta = lambda request: httpx2.Response(401, json={"error": {"code": 190, "error_subcode": 463}})
    messenger.answer("ございます")
    messenger.drain()
    assert states() == ["queued"]
    with reading() as db:
        channel = db.get_one(Channel, messenger.channel.id)
        assert channel.health == "reauthorise"
        assert channel.rests_until is not None


def test_the_handshake_is_answered_through_the_door(messenger: Account) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "a-verify-token", "hub.challenge": "1158201444"}
    answer = messenger.web.get("/hooks/messenger", params=query)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    assert (
        messenger.web.get("/hooks/messenger", params={**query, "hub.verify_token": "no"}).status_code == 403
    )
