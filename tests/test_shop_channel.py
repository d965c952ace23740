"""A shop's own system from end to end: signed requests in, kept raw and counted, and a question to a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app import connect, intake, main, verify
from app.config import configure, settings
from app.db import reading, transaction
from app.models import Channel, Conversation, Identity, RawReceipt, Touchpoint
from app.touchpoints import asking
from channels.base import Person
from channels.signing import sign
from tests import factories
from tests.channels.servers import Answer, serving
from tests.touchpoints.told import counted, kept

pytestmark = pytest.mark.usefixtures("committed")
SECRET = "a-shared-secret-of-the-shop"
POSTED = select(RawReceipt).where(RawReceipt.method == "POST")


@pytest.fixture
def thread() -> Conversation:
    with transaction() as db:
        factories.channel(
            db, "shop", key="shop", name="北風", settings={"source": "kitakaze"}, secrets={"secret": SECRET}
        )
        return factories.conversation(db, sender=Person("taro@example.jp", kind="email"))


def post(document: Any, secret: str = SECRET) -> Any:
    body, stamp = json.dumps(document).encode(), int(time.time())
    headers = {"X-Madoguchi-Signature": f"t={stamp},v1={sign(secret, stamp, body)}"}
    return TestClient(main.make()).post("/hooks/shop", content=body, headers=headers)


def order(number: int, kind: str = "order.placed", day: int = 1, **fields: Any) -> dict[str, Any]:
    told = {
        "id": f"o{number}",
        "kind": kind,
        "at": f"2026-11-{day:02}T10:00:00+09:00",
        "reference": str(number),
    }
    return {**told, "customer": {"email": "Taro@Example.jp"}, "amount": 500, "currency": "JPY", **fields}


@pytest.mark.usefixtures("thread")
def test_what_it_tells_is_kept_raw_taken_in_once_and_counted_in_the_books() -> None:
    some = [order(1), order(2), {"id": "x", "kind": "visit"}, order(1, "order.shipped", 2)]
    assert post({"touchpoints": some}).status_code == 200
    assert post(some[0]).status_code == 200
    assert post(some[0], "another-secret-of-sixteen").status_code == 401
    with reading() as db:
        rows = {row.external_id: row for row in db.scalars(select(Touchpoint))}
        assert {(row.source, row.kind) for row in rows.values()} == {
            ("kitakaze", "order.shipped"),
            ("kitakaze", "order.placed"),
        }
        assert kept(db) == counted(db)
        first, second = db.scalars(POSTED.order_by(RawReceipt.id)).all()[:2]
        assert [one["excluded"] for one in first.outcome][:2] == ["a touchpoint", "a touchpoint"]
        assert first.outcome[2]["malformed"]
        assert first.outcome[3]["excluded"] == "a touchpoint that changed"
        assert second.outcome[0]["excluded"] == "a touchpoint, older than what we know of it"
        assert verify.report(db).clean


@pytest.mark.usefixtures("thread")
def test_read_again_nothing_doubles() -> None:
    post([order(1), order(2)])
    with transaction() as db:
        receipt = db.scalars(POSTED).one()
        receipt.state = "failed"
    intake.read_receipt(receipt.id)
    with reading() as db:
        assert len(db.scalars(select(Touchpoint.id)).all()) == 2
        assert kept(db) == counted(db)


@pytest.mark.usefixtures("thread")
def test_a_customer_nobody_knows_begins_where_the_channel_says_so() -> None:
    stranger: dict[str, Any] = {
        "customer": {"crm": "K-1", "phone": "090-1234-5678"},
        "customer_name": "新井 光",
    }
    post(order(1, **stranger))
    with transaction() as db:
        assert db.scalars(select(Touchpoint.identity_id)).one() is None
        channel = db.scalars(select(Channel).where(Channel.kind == "shop")).one()
        channel.settings = {**channel.settings, "create": True}
    post(order(2, **stranger))
    with reading() as db:
        made = db.scalars(select(Identity).where(Identity.kind == "crm")).one()
        owners = db.scalars(select(Touchpoint.identity_id).order_by(Touchpoint.id)).all()
        assert owners == [made.id, made.id]


@pytest.fixture
def _private() -> Iterator[None]:
    now = settings()
    configure(
        data_dir=now.data_dir, database_url=now.database_url, redis_url=now.redis_url, secret=now.secret,
        allow_private=True,
    )  # fmt: skip
    connect.http.cache_clear()
    asking._paused.clear()
    yield
    connect.http.cache_clear()


@pytest.mark.usefixtures("_private")
def test_a_real_server_is_asked_and_its_cards_are_kept(thread: Conversation) -> None:
    cards = {"cards": [{"title": "注文 1", "rows": [["状態", "発送済み"]]}]}
    with serving(Answer(200, body=json.dumps(cards).encode())) as server:
        _ask_at(f"{server.url}/context")
        (told,) = asking.about(thread.id)
        assert [card.title for card in told.cards] == ["注文 1"]
        assert asking.about(thread.id)[0].cards == told.cards
    (seen,) = server.seen
    assert "identities=email%3Ataro%40example.jp" in seen.url
    assert "proofs=device" in seen.url


def test_an_address_of_our_own_network_is_refused_in_a_sentence(thread: Conversation) -> None:
    connect.http.cache_clear()
    asking._paused.clear()
    _ask_at("http://127.0.0.1:9/context")
    (told,) = asking.about(thread.id)
    assert (told.failed, told.cards) == ("The address leads into a private network.", ())


def _ask_at(url: str) -> None:
    with transaction() as db:
        channel = db.scalars(select(Channel).where(Channel.kind == "shop")).one()
        channel.settings = {**channel.settings, "context_url": url}
