"""The webhook: what is acknowledged is stored, and what is stored is accounted for."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select
from starlette.exceptions import HTTPException
from starlette.requests import Request as WebRequest
from starlette.testclient import TestClient

from app import intake, main
from app.db import reading, transaction
from app.models import Channel, Conversation, Message, RawReceipt
from app.web import hooks
from channels import api
from channels.base import Answer, Request
from tests import factories
from tests.connectors import installed

SECRET = factories.SECRETS["api"]["secret"]
HELLO = {"type": "message", "id": "m-1", "from": {"id": "u-1", "name": "山田"}, "text": "在庫はありますか？"}
NOW = 1_795_255_200


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def channel(committed: None) -> Channel:
    with transaction() as db:
        return factories.channel(db, "api", key="shop")


@pytest.fixture
def client() -> TestClient:
    return TestClient(main.make(), raise_server_exceptions=False)


def post(client: TestClient, document: Any, key: str = "shop", secret: str = SECRET, **headers: str) -> Any:
    """A signed request; `document` is JSON, or the very bytes."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    stamp = int(time.time())
    headers = {"X-Madoguchi-Signature": f"t={stamp},v1={api.sign(secret, stamp, body)}", **headers}
    return client.post(f"/hooks/{key}", content=body, headers=headers)


def count(table: type[Any]) -> int:
    with reading() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


def receipts() -> list[RawReceipt]:
    with reading() as db:
        return list(db.scalars(select(RawReceipt).order_by(RawReceipt.id)))


@pytest.mark.usefixtures("channel")
def test_a_signed_message_becomes_a_message(client: TestClient) -> None:
    answer = post(client, HELLO)
    assert (answer.status_code, answer.json()) == (200, {"accepted": 1, "ignored": []})
    with reading() as db:
        message = db.scalars(select(Message)).one()
    assert message.text == "在庫はありますか？"
    (receipt,) = receipts()
    assert receipt.state == "parsed"
    assert json.loads(receipt.body) == HELLO
    assert receipt.outcome[0]["message"] == message.id


@pytest.mark.usefixtures("channel")
def test_a_replayed_request_is_stored_once(client: TestClient) -> None:
    answers = [post(client, HELLO) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert count(Message) == 1
    assert [receipt.outcome[0]["new"] for receipt in receipts()] == [True, False, False]


@pytest.mark.usefixtures("channel")
def test_the_same_request_many_times_at_once_is_one_message_of_one_customer(client: TestClient) -> None:
    answers: list[int] = []

    def call() -> None:
        answers.append(post(client, HELLO).status_code)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 8
    assert (count(Message), count(Conversation), count(RawReceipt)) == (1, 1, 8)


@pytest.mark.usefixtures("channel")
def test_a_wrong_signature_is_refused_and_says_nothing(client: TestClient) -> None:
    answer = post(client, HELLO, secret="not the secret of the shop")
    assert answer.status_code == 401
    assert "secret" not in answer.text
    assert count(Message) == 0
    (receipt,) = receipts()
    assert (receipt.state, receipt.error) == ("refused", "no signature fits the body")


@pytest.mark.usefixtures("channel")
def test_of_many_refused_requests_only_a_few_are_kept_and_cut_short(client: TestClient) -> None:
    for _ in range(25):
        assert post(client, b"x" * 20_000, secret="guessing at the secret").status_code == 401
    kept = receipts()
    assert len(kept) == 20
    assert {len(receipt.body) for receipt in kept} == {8192}


@pytest.mark.usefixtures("channel")
@pytest.mark.parametrize("key", ["unknown", "%00", "x" * 100, "窓口", "..%2f..%2fetc"])
def test_a_key_nobody_has_is_not_found(client: TestClient, key: str) -> None:
    assert post(client, HELLO, key).status_code == 404


def test_a_channel_switched_off_is_not_found(client: TestClient, channel: Channel) -> None:
    with transaction() as db:
        db.get_one(Channel, channel.id).enabled = False
    assert post(client, HELLO).status_code == 404
    assert count(RawReceipt) == 0


@pytest.mark.usefixtures("channel")
@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 200_000, b'"text"', b"{}", b'{"events": 5}'])
def test_a_body_that_breaks_the_format_is_told_so_and_kept(client: TestClient, body: bytes) -> None:
    answer = post(client, body)
    assert answer.status_code == 400
    assert answer.json()["ignored"]
    (receipt,) = receipts()
    assert (receipt.state, receipt.body) == ("parsed", body)
    assert receipt.outcome[0]["malformed"]


@pytest.mark.usefixtures("channel")
def test_a_bad_event_does_not_hold_up_its_neighbours(client: TestClient) -> None:
    answer = post(
        client, {"events": [HELLO, {"type": "message"}, {"type": "hologram"}, HELLO | {"id": "m-2"}]}
    )
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 2
    assert answer.json()["ignored"] == [
        "events[1].id: this is required",
        "events[2]: type 'hologram' is unknown",
    ]
    assert count(Message) == 2


@pytest.mark.usefixtures("channel")
def test_hostile_text_is_kept_as_text(client: TestClient) -> None:
    text = "<script>alert(1)</script>\u0000\ud800\u202e\u200b" + "あ" * 9000
    answer = post(client, HELLO | {"text": text, "from": {"id": "\u0000u", "name": "\ud800<b>"}})
    assert answer.status_code == 200
    with reading() as db:
        message = db.scalars(select(Message)).one()
    assert message.text.startswith("<script>alert(1)</script>")
    assert "\x00" not in message.text


@pytest.mark.usefixtures("channel")
def test_more_than_three_megabytes_are_refused(client: TestClient) -> None:
    assert post(client, b" " * (3 * 1024 * 1024 + 1)).status_code == 413
    assert (
        post(client, b" " * (3 * 1024 * 1024 + 1), **{"Content-Type": "multipart/form-data"}).status_code
        == 413
    )
    assert count(RawReceipt) == 0
    assert post(client, json.dumps(HELLO).encode().ljust(3 * 1024 * 1024)).status_code == 200


@pytest.fixture
def roomy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A channel of a kind that takes five million bytes, as a mailbox does: "mail"."""
    with installed(monkeypatch, max_request_bytes=5_000_000) as kind:
        monkeypatch.setattr(kind, "answer", lambda *_: None)
        with transaction() as db:
            factories.channel(db, "post", key="mail")
        yield


def test_a_kind_answers_in_its_own_way_and_one_that_breaks_over_it_takes_the_message_all_the_same(
    client: TestClient, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    words: list[Answer | None] = [(200, {"content-type": "text/xml"}, b"<Response/>"), None]
    monkeypatch.setattr(api.Api, "acknowledge", lambda *_: words.pop(0), raising=False)
    own = post(client, HELLO)
    assert (own.content, own.headers["content-type"]) == (b"<Response/>", "text/xml")
    assert post(client, {**HELLO, "id": "m-2"}).json() == {"accepted": 1, "ignored": []}
    broken = post(client, {**HELLO, "id": "m-3"})  # there is nothing left to say
    assert (broken.status_code, broken.json()) == (200, {"accepted": 1, "ignored": []})
    assert count(Message) == 3


@pytest.mark.usefixtures("channel", "roomy")
def test_a_kind_that_takes_more_costs_the_others_nothing(client: TestClient) -> None:
    large = b"x" * 4_500_000
    assert client.post("/hooks/mail", content=large).status_code == 200
    assert client.post("/hooks/mail", content=large + large).status_code == 413
    assert post(client, large).status_code == 413
    assert [len(receipt.body) for receipt in receipts()] == [len(large)]


def test_a_body_is_given_up_as_soon_as_it_is_too_large() -> None:
    asked = 0

    async def endless() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"x" * 1_000_000, "more_body": True}

    request = WebRequest({"type": "http", "method": "POST", "headers": []}, endless)
    with hooks._Held() as held, pytest.raises(HTTPException, match="413"):
        asyncio.run(hooks._read(request, 5_000_000, held))
    assert asked == 6


@pytest.mark.usefixtures("channel", "roomy")
def test_many_large_bodies_at_once_are_asked_to_come_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "ROOM", 4_000_000)
    answer = client.post("/hooks/mail", content=b"x" * 4_500_000)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert post(client, HELLO).status_code == 200  # small ones do not wait for room
    again = client.post("/hooks/mail", content=b"x" * 3_500_000)
    assert again.status_code == 200  # what was held is free again


@pytest.mark.usefixtures("channel")
def test_other_methods_are_refused(client: TestClient) -> None:
    assert client.get("/hooks/shop").status_code == 405
    assert client.put("/hooks/shop").status_code == 405


def test_a_frame_of_the_chat_cannot_be_forged_by_the_webhook(client: TestClient, committed: None) -> None:
    with transaction() as db:
        factories.channel(db, "webchat", key="chat")
    forged = {"X-Device": "d", "X-Sender": '{"address": "v"}', "X-Received": "2026-11-21T10:00:00+00:00"}
    answer = client.post("/hooks/chat", content=b'{"t":"send","id":"1","text":"hi"}', headers=forged)
    assert answer.status_code == 401
    assert count(Message) == 0


@pytest.mark.usefixtures("channel")
def test_what_cannot_be_understood_is_acknowledged_kept_and_read_again_after_a_fix(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(api.Api, "parse", lambda self, request: 1 / 0)
        assert post(client, HELLO).json() == {"accepted": 0, "ignored": []}
        (receipt,) = receipts()
        assert (receipt.state, receipt.error) == ("failed", "ZeroDivisionError: division by zero")
    assert intake.read_receipt(receipt.id).state == "parsed"
    assert count(Message) == 1


@pytest.mark.usefixtures("channel")
def test_what_could_not_be_stored_is_not_acknowledged(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "store_all", lambda *args, **more: 1 / 0)
    assert post(client, HELLO).status_code == 500


def test_a_channel_whose_secrets_cannot_be_read_has_the_provider_try_again(
    client: TestClient, channel: Channel
) -> None:
    with transaction() as db:
        db.get_one(Channel, channel.id).secrets = b"of another key"
    assert post(client, HELLO).status_code == 503


@pytest.mark.usefixtures("channel")
def test_a_challenge_is_answered_in_the_words_of_the_connector(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(self: api.Api, request: Request) -> Answer | None:
        echo = request.query.get("hub.challenge")
        return (200, {"Content-Type": "text/plain"}, echo.encode()) if echo else None

    monkeypatch.setattr(api.Api, "answer", answer, raising=False)
    reply = client.get("/hooks/shop?hub.challenge=1158201444")
    assert (reply.status_code, reply.text) == (200, "1158201444")
    assert post(client, HELLO).json()["accepted"] == 1


@pytest.mark.usefixtures("channel")
def test_credentials_in_headers_are_not_kept(client: TestClient) -> None:
    post(client, HELLO, Authorization="Bearer abc", Cookie="session=1")
    assert not {"authorization", "cookie"} & receipts()[0].headers.keys()


@pytest.mark.usefixtures("channel")
def test_a_provider_that_hangs_up_in_the_middle_is_no_failure_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    events = iter(
        [{"type": "http.request", "body": b'{"type": ', "more_body": True}, {"type": "http.disconnect"}]
    )
    told: list[Any] = []

    async def receive() -> Any:
        return next(events)

    async def send(message: Any) -> None:
        told.append(message)

    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/hooks/shop"}
    scope |= {"raw_path": b"/hooks/shop"}
    scope |= {"query_string": b"", "headers": [], "http_version": "1.1", "scheme": "http", "root_path": ""}
    scope |= {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {}}
    asyncio.run(main.make()(scope, receive, send))
    assert told[0]["status"] == 400
    assert count(RawReceipt) == 0
    assert not [one for one in caplog.records if one.levelname in ("ERROR", "WARNING")]
