"""The generic channel from end to end: a signed request in, an agent's answer out to a real server."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app import connect, deliver, main
from app.config import configure, settings
from app.db import reading, transaction
from app.models import Channel, Delivery, Message
from app.models.delivery import DELIVERED, FAILED, QUEUED, SENT
from channels import api
from channels.base import Request
from tests import factories
from tests.channels.servers import Answer, Scripted, serving

pytestmark = pytest.mark.usefixtures("committed")

SECRET = factories.SECRETS["api"]["secret"]


@pytest.fixture(autouse=True)
def _private() -> Iterator[None]:
    now = settings()
    configure(
        data_dir=now.data_dir, database_url=now.database_url, redis_url=now.redis_url, secret=now.secret,
        allow_private=True,
    )  # fmt: skip
    connect.http.cache_clear()
    yield
    connect.http.cache_clear()


def post(document: dict[str, Any]) -> int:
    body, stamp = json.dumps(document).encode(), int(time.time())
    headers = {"X-Madoguchi-Signature": f"t={stamp},v1={api.sign(SECRET, stamp, body)}"}
    return TestClient(main.make()).post("/hooks/shop", content=body, headers=headers).status_code


def answered(server: Scripted) -> tuple[Channel, Message]:
    """A customer asked, an agent answered, and the delivery was tried once."""
    with transaction() as db:
        channel = factories.channel(db, "api", key="shop", settings={"callback_url": server.url})
        agent = factories.agent(db, "田中")
    asked = {
        "type": "message",
        "id": "q-1",
        "from": {"id": "u-1", "name": "山田"},
        "text": "在庫は？",
        "thread": "t-9",
    }
    assert post(asked) == 200
    with transaction() as db:
        thread = factories.thread_of(db, db.scalars(select(Message)).one())
        reply = factories.reply(db, agent, thread, "ございます。")
    deliver.drain(channel.id)
    return channel, reply


def state_of(message: Message) -> str:
    with reading() as db:
        return db.scalars(select(Delivery.state).where(Delivery.message_id == message.id)).one()


def test_an_answer_reaches_the_system_that_asked_signed_and_in_its_thread() -> None:
    with serving(Answer(200, body=b'{"id": "theirs-7"}')) as server:
        _, reply = answered(server)
    (seen,) = server.seen
    api.Api(api.ApiSettings(secret=SECRET), connect.http()).verify(seen)
    told = json.loads(seen.body)
    assert (told["text"], told["author"], told["to"]["id"]) == ("ございます。", "田中", "u-1")
    assert (told["thread"], told["in_reply_to"]) == ("t-9", "q-1")
    assert state_of(reply) == SENT


def test_a_receipt_for_their_id_climbs_the_ladder() -> None:
    with serving(Answer(200, body=b'{"id": "theirs-7"}')) as server:
        _, reply = answered(server)
    assert post({"type": "receipt", "id": "theirs-7", "state": "delivered"}) == 200
    assert state_of(reply) == DELIVERED
    assert post({"type": "receipt", "id": "theirs-7", "state": "sent"}) == 200
    assert state_of(reply) == DELIVERED


def test_a_server_that_is_down_gets_the_same_message_again_under_the_same_key() -> None:
    with serving(Answer(503), Answer(hang_up=True), Answer(200)) as server:
        channel, reply = answered(server)
        for _ in range(2):
            assert state_of(reply) == QUEUED
            with transaction() as db:
                due = db.scalars(select(Delivery).where(Delivery.message_id == reply.id)).one()
                due.next_at = due.updated_at
            deliver.drain(channel.id)
    assert state_of(reply) == SENT
    assert len(server.seen) == 3
    assert len({(one.body, one.header("idempotency-key")) for one in server.seen}) == 1


def test_a_refusal_is_final_and_told_to_the_agent() -> None:
    with serving(Answer(404)) as server:
        _, reply = answered(server)
    assert state_of(reply) == FAILED
    with reading() as db:
        told = db.scalars(select(Delivery.error)).one()
    assert told.startswith("The other side does not know this address.")


def test_a_message_taken_back_loses_its_words() -> None:
    with serving() as server:
        answered(server)
    assert post({"type": "unsend", "id": "q-1"}) == 200
    with reading() as db:
        gone = db.scalars(select(Message).where(Message.external_id == "q-1")).one()
    assert gone.removed_at is not None
    assert gone.text == ""


def test_nothing_of_ours_is_an_event_of_theirs() -> None:
    """What we post to them, posted back to us unsigned, is refused."""
    with serving() as server:
        answered(server)
    echo: Request = server.seen[0]
    answer = TestClient(main.make()).post("/hooks/shop", content=echo.body)
    assert answer.status_code == 401
