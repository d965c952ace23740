"""The widget's two lines, WebSocket and long polling, and its files, against the real application."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from PIL import Image
from sqlalchemy import func, select
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from app import main, resuming
from app.db import reading, transaction
from app.lines import Line
from app.models import Channel, Conversation, Message, Visitor
from app.web import widget_desk, widget_poll, widget_socket
from app.web.widget_live import here
from tests import factories
from tests.serving import until as wait_until
from tests.web.shop import House

Frame = dict[str, Any]


@pytest.fixture
def channel(committed: None) -> Channel:
    with transaction() as db:
        return factories.channel(db, key="shop", settings={"messages_per_minute": 5})


@pytest.fixture
def client(channel: Channel) -> Iterator[TestClient]:
    with TestClient(main.make()) as client:
        yield client


def ticket(client: TestClient) -> str:
    return str(client.get("/widget/shop/config").json()["ticket"])


def hello(client: TestClient, **fields: Any) -> Frame:
    return {"t": "hello", "v": 1, "ticket": ticket(client), "locale": "ja", **fields}


def until(line: WebSocketTestSession, kind: str) -> Frame:
    """The next frame of that kind; others are passed over."""
    for _ in range(20):
        frame: Frame = line.receive_json()
        if frame["t"] == kind:
            return frame
    raise AssertionError(f"no {kind} came")


def post(client: TestClient, *frames: Frame, token: str = "") -> list[Frame]:
    answer = client.post("/widget/shop/frames", json={"token": token or None, "frames": list(frames)})
    told: list[Frame] = answer.json()["frames"]
    return told


def events(client: TestClient, token: str, wait: int = 0) -> httpx2.Response:
    """A poll that has heard everything."""
    path = f"/widget/shop/events?after=1000000&wait={wait}"
    return client.get(path, headers={"authorization": f"Bearer {token}"})


def answered(text: str) -> None:
    """田中 answers the only thread there is."""
    with transaction() as db:
        here = db.scalars(select(Conversation)).one()
        factories.reply(db, factories.agent(db, "田中"), here, text)


def stored() -> int:
    with reading() as db:
        return db.scalar(select(func.count()).select_from(Message)) or 0


def test_a_message_goes_in_and_an_answer_comes_out_at_once(client: TestClient) -> None:
    with client.websocket_connect("/widget/shop/socket") as line:
        line.send_json(hello(client))
        assert until(line, "welcome")["token"]
        line.send_json({"t": "send", "id": "m1", "text": "在庫は？"})
        assert until(line, "ack")["id"] == "m1"
        answered("ございます")
        while (frame := until(line, "message"))["author"]["kind"] == "customer":
            pass
        assert (frame["text"], frame["author"]["name"]) == ("ございます", "田中")
        assert frame["prev"]


def test_what_was_missed_comes_with_the_next_hello(client: TestClient) -> None:
    with client.websocket_connect("/widget/shop/socket") as line:
        line.send_json(hello(client))
        token = until(line, "welcome")["token"]
        line.send_json({"t": "send", "id": "m1", "text": "在庫は？"})
        last = until(line, "ack")["message"]
    answered("ございます")
    with client.websocket_connect("/widget/shop/socket") as line:
        line.send_json(hello(client, token=token, after=last))
        assert [m["text"] for m in until(line, "welcome")["messages"]] == ["在庫は？", "ございます"]


NOT_HELLO = ["", "{", "[]", '{"t": 5}', '{"t": "send", "id": "1", "text": "x"}', "\x00", '"hello"']


def test_a_line_that_does_not_begin_with_hello_is_closed(client: TestClient) -> None:
    for first in NOT_HELLO:
        with client.websocket_connect("/widget/shop/socket") as line:
            line.send_text(first)
            assert line.receive_json()["t"] == "error"
            with pytest.raises(WebSocketDisconnect) as closed:
                line.receive_json()
            assert closed.value.code == 1008


def test_a_line_that_says_nothing_is_closed(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(widget_socket, "HELLO_WITHIN", 0.2)
    with (
        client.websocket_connect("/widget/shop/socket") as line,
        pytest.raises(WebSocketDisconnect) as closed,
    ):
        line.receive_json()
    assert closed.value.code == 1008


def test_junk_on_an_open_line_is_answered_and_costs_nothing_else(client: TestClient) -> None:
    junk = [
        "{",
        "[]",
        "null",
        '{"t": null}',
        '{"t": "no such thing"}',
        "[" * 50_000,
        json.dumps({"t": "x" * 70_000}),
    ]
    with client.websocket_connect("/widget/shop/socket") as line:
        line.send_json(hello(client))
        until(line, "welcome")
        for text in junk:
            line.send_text(text)
            assert line.receive_json()["t"] == "error"
        line.send_bytes(b"\xff\xfe")
        assert line.receive_json()["code"] == "malformed"
        line.send_json({"t": "send", "id": "m1", "text": "まだ話せる"})
        assert until(line, "ack")["message"]


def test_too_many_messages_wait_their_turn(client: TestClient) -> None:
    with client.websocket_connect("/widget/shop/socket") as line:
        line.send_json(hello(client))
        until(line, "welcome")
        for n in range(6):
            line.send_json({"t": "send", "id": f"m{n}", "text": "x"})
        refused = until(line, "error")
        assert (refused["code"], refused["id"]) == ("rate", "m5")
        assert refused["retry_after"] > 0
    assert stored() == 5


def test_a_session_ended_elsewhere_ends_here(client: TestClient) -> None:
    with client.websocket_connect("/widget/shop/socket") as line:
        line.send_json(hello(client))
        token = until(line, "welcome")["token"]
        assert post(client, {"t": "reset"}, token=token) == [{"t": "bye"}]
        line.send_json({"t": "send", "id": "m1", "text": "x"})
        assert until(line, "error")["code"] == "token"


def test_a_quiet_line_of_an_ended_session_is_closed(client: TestClient) -> None:
    with client.websocket_connect("/widget/shop/socket") as line:
        line.send_json(hello(client))
        token = until(line, "welcome")["token"]
        post(client, {"t": "reset"}, token=token)
        assert until(line, "error")["code"] == "token"
        with pytest.raises(WebSocketDisconnect):
            line.receive_json()


def test_polling_does_all_a_socket_does(client: TestClient) -> None:
    (welcome,) = post(client, hello(client))
    token = welcome["token"]
    ack = post(client, {"t": "send", "id": "m1", "text": "在庫は？"}, token=token)[0]
    later = threading.Timer(0.3, answered, ["ございます"])
    later.start()
    path, bearer = f"/widget/shop/events?after={ack['message']}", {"authorization": f"Bearer {token}"}
    told: list[Any] = []
    for _ in range(5):  # the handover is news, too, and may come alone
        told += client.get(f"{path}&wait=10", headers=bearer).json()["frames"]
        if "ございます" in str(told):
            break
    later.join()
    assert "ございます" in str(told)
    again = client.get(path, headers=bearer)
    assert [m["text"] for m in again.json()["frames"][0]["messages"]][-1] == "ございます"


def test_who_asks_to_be_let_in_makes_nobody_poll_without_a_pause(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (post(client, hello(client))[0]["token"] for _ in range(2))
    post(client, {"t": "send", "id": "m1", "text": "続きは電話で"}, token=first)
    with transaction() as db:
        visitor = db.scalars(select(Visitor).order_by(Visitor.id)).first()
        assert visitor is not None
        code = resuming.issue_link(db, visitor)
    assert post(client, {"t": "redeem", "code": code}, token=second)[0]["t"] == "waiting"
    held: list[float] = []

    async def nothing(line: Line, seconds: float, state: list[Frame]) -> list[Frame]:
        held.append(seconds)
        return state

    monkeypatch.setattr(widget_poll, "_wait", nothing)
    told = [events(client, token, wait=1).json()["frames"] for token in (first, second)]
    assert held == [1, 1]
    assert [[frame["t"] for frame in frames] for frames in told] == [
        ["status", "claim"],
        ["status", "waiting"],
    ]


def test_what_is_asked_of_polls_is_limited(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    token = post(client, hello(client))[0]["token"]
    monkeypatch.setattr(widget_desk, "POLLS", 2)
    assert [events(client, token).status_code for _ in range(3)] == [200, 200, 429]
    monkeypatch.setattr(widget_desk, "POLLS", 100)
    monkeypatch.setattr(widget_poll, "LINES", 0)
    assert events(client, token).json()["frames"][0]["retry_after"] == 60


def test_a_held_poll_is_answered_when_the_process_stops(client: TestClient) -> None:
    token = post(client, hello(client))[0]["token"]
    post(client, {"t": "send", "id": "m1", "text": "こんにちは"}, token=token)
    house = House()
    held: list[httpx2.Response] = []
    where, bearer = (
        f"{house.base}/widget/shop/events?after=1000000&wait=25",
        {"authorization": f"Bearer {token}"},
    )

    def poll() -> None:
        held.append(httpx2.get(where, headers=bearer, timeout=10))

    waiting = threading.Thread(target=poll)
    waiting.start()
    wait_until(lambda: bool(widget_poll._open), "the poll is held")
    house.stop()
    waiting.join()
    assert [one.json() for one in held] == [{"frames": []}]


JUNK = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"frames": 1}',
    b'{"frames": [1]}',
    b'{"token": 1, "frames": []}',
    b"[" * 100_000,
]


def test_junk_by_polling_is_refused(client: TestClient) -> None:
    for body in JUNK:
        answer = client.post("/widget/shop/frames", content=body)
        assert answer.status_code == 400
        assert answer.json()["frames"][0]["code"] == "malformed"


def test_polling_without_a_good_token_is_refused(client: TestClient) -> None:
    for token in ("", "nonsense", "x" * 5000):
        headers = {"authorization": f"Bearer {token}"}
        assert client.get("/widget/shop/events", headers=headers).status_code == 401
        assert client.post("/widget/shop/files", headers=headers, files={"file": b"x"}).status_code == 401
        assert post(client, {"t": "send", "id": "1", "text": "x"}, token=token)[0]["code"] == "token"


def test_any_origin_may_ask_with_a_token(client: TestClient) -> None:
    answer = client.options("/widget/shop/frames", headers={"origin": "null"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (1600, 900), (200, 120, 60)).save(out, "PNG")
    return out.getvalue()


def test_a_picture_is_scaled_and_shown_by_a_signed_address_alone(client: TestClient) -> None:
    (welcome,) = post(client, hello(client))
    headers = {"authorization": f"Bearer {welcome['token']}"}
    answer = client.post(
        "/widget/shop/files", headers=headers, files={"file": ("コート.png", picture(), "text/html")}
    )
    assert answer.status_code == 201
    told = answer.json()["attachment"]
    assert (told["name"], told["type"], told["width"]) == ("コート.png", "image/png", 1600)
    shown = client.get(told["thumb"])
    assert shown.headers["content-type"] == "image/webp"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert client.get(told["url"].split("?")[0]).status_code == 403
    assert client.get(told["url"].replace("s=", "s=0")).status_code == 403
    post(client, {"t": "send", "id": "m1", "text": "", "files": [told["id"]]}, token=welcome["token"])
    (again,) = post(client, hello(client, token=welcome["token"]))
    assert again["messages"][0]["attachments"][0]["id"] == told["id"]


UNSAFE = [
    ("evil.png", b"MZ" + bytes(300)),
    ("evil.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
    ("evil.html", b"<!doctype html><script>alert(1)</script>"),
    ("empty.png", b""),
    ("broken.png", b"\x89PNG\r\n\x1a\n" + bytes(50)),
    ("archive.zip", b"PK\x03\x04" + bytes(100)),
]


def test_an_unsafe_file_is_refused_with_a_sentence(client: TestClient) -> None:
    for name, data in UNSAFE:
        (welcome,) = post(client, hello(client))
        headers = {"authorization": f"Bearer {welcome['token']}"}
        answer = client.post("/widget/shop/files", headers=headers, files={"file": (name, data, "image/png")})
        assert answer.status_code == 422
        assert answer.json()["sentence"]


def test_somebody_elses_file_cannot_be_sent(client: TestClient) -> None:
    (one,), (two,) = post(client, hello(client)), post(client, hello(client))
    headers = {"authorization": f"Bearer {one['token']}"}
    file = client.post("/widget/shop/files", headers=headers, files={"file": ("a.png", picture())}).json()
    post(
        client,
        {"t": "send", "id": "m1", "text": "mine?", "files": [file["attachment"]["id"]]},
        token=two["token"],
    )
    (again,) = post(client, hello(client, token=two["token"]))
    assert "attachments" not in again["messages"][0]


def test_an_open_line_keeps_the_visitor_present(client: TestClient) -> None:
    with client.websocket_connect("/widget/shop/socket") as line:
        line.send_json(hello(client))
        until(line, "welcome")
        with reading() as db:
            visitor = db.scalars(select(Visitor)).one()
            assert visitor.revoked_at is None
            assert here[visitor.id] == 1
    assert visitor.id not in here
