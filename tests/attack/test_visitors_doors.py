"""A stranger at the chat: other people's sessions, files, codes, names and threads."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from sqlalchemy import func, select
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from app import inbox
from app.db import now, reading, transaction
from app.models import Agent, Attachment, Channel, Conversation, Message, Visitor
from tests import factories
from tests.attack.scene import IDENTITY_SECRET, Guest, Scene, unharmed
from tests.web.visiting import Browser

SECRET_WORDS = "私の暗証番号は1234です"


def proof(user: str, secret: str = IDENTITY_SECRET, **claims: Any) -> dict[str, str]:
    told = {"sub": user, "aud": "shop", "exp": int(time.time()) + 600, **claims}
    return {"jwt": jwt.encode(told, secret, "HS256")}


def nothing_of_others(*frames: Any) -> None:
    assert SECRET_WORDS not in str(frames)
    assert "千代田区" not in str(frames)


@pytest.fixture
def victim(nobody: Browser) -> Guest:
    """Somebody who told a secret, signed in at the shop."""
    guest = Guest(nobody, identity=proof("victim"))
    assert guest.send(SECRET_WORDS)["t"] == "ack"
    return guest


@pytest.mark.parametrize(
    "identity",
    [
        {"user_id": "victim"},
        {"user_id": "victim", "user_hash": ""},
        {"user_id": "victim", "user_hash": "0" * 64},
        {"user_id": "victim", "user_hash": "é"},
        {"attributes": {"user_id": "victim", "email": "victim@example.jp", "sub": "victim"}},
        {"jwt": jwt.encode({"sub": "victim", "aud": "shop", "exp": 4e9}, "x" * 32, "HS256")},
        {"jwt": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ2aWN0aW0iLCJhdWQiOiJzaG9wIiwiZXhwIjo0MDAwMDAwMDAwfQ."},
        {"jwt": "a.b.c"},
        {"jwt": "\ud800.\ud800.\ud800"},
        {"jwt": "x" * 9000},
    ],
)
def test_an_identity_that_is_not_proved_shows_nothing(victim: Guest, identity: dict[str, Any]) -> None:
    stranger = Guest(victim.client, identity=identity)
    nothing_of_others(
        stranger.welcome, *stranger.say({"t": "history"}), *stranger.say({"t": "history", "after": 0})
    )
    assert not stranger.welcome["visitor"]["proved"]


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"exp": timedelta(days=1)},
        {"aud": "another"},
        {"aud": ["x"]},
        {"nbf": timedelta(minutes=15)},
        {"exp": "never"},
        {"exp": float("inf")},
        {"sub": ""},
        {"sub": ["victim"]},
    ],
)
def test_a_signed_identity_out_of_its_time_or_place_is_refused(victim: Guest, claims: dict[str, Any]) -> None:
    now = int(time.time())  # not when the tests were read, which may be long ago
    later = {
        name: now + int(value.total_seconds())
        for name, value in claims.items()
        if isinstance(value, timedelta)
    }
    try:
        forged = proof("victim", **{**claims, **later})
    except TypeError:
        return  # this library will not even make it
    stranger = Guest(victim.client, identity=forged)
    assert not stranger.welcome["visitor"]["proved"]
    nothing_of_others(stranger.welcome)


def test_two_ids_that_look_alike_are_two_people(victim: Guest) -> None:
    for user in ("victim\x00", "victim ", "VICTIM", "vic\u200btim", "victim\x07", "\ufeffvictim"):
        stranger = Guest(victim.client, identity=proof(user))
        nothing_of_others(user, stranger.welcome)


def test_the_next_person_on_a_shared_browser_sees_nothing_of_the_one_before(victim: Guest) -> None:
    told = victim.hello(identity=proof("somebody-else"))
    assert told["token"] == victim.token
    nothing_of_others(told, *victim.say({"t": "history"}))
    assert victim.send("こんにちは")["t"] == "ack"
    assert victim.texts() == ["こんにちは"]
    back = victim.say({"t": "identify", "identity": proof("victim")})
    assert SECRET_WORDS in str(back), "and the first one finds theirs again"
    assert "こんにちは" not in str(back)


def test_a_session_that_was_left_opens_nothing(victim: Guest) -> None:
    old = victim.token
    victim.say({"t": "reset"})
    assert victim.say({"t": "history"}, token=old)[0]["code"] == "token"
    events = victim.client.get("/widget/shop/events?wait=0", headers={"authorization": f"Bearer {old}"})
    assert events.status_code == 401
    nothing_of_others(victim.hello(token=old))


def test_a_session_of_one_chat_opens_nothing_in_another(scene: Scene, victim: Guest) -> None:
    with transaction() as db:
        factories.channel(db, key="second", secrets={"identity_secret": IDENTITY_SECRET})
    client, token = victim.client, victim.token
    assert (
        client.get("/widget/second/events", headers={"authorization": f"Bearer {token}"}).status_code == 401
    )
    ticket = client.get("/widget/shop/config").json()["ticket"]
    told = client.post(
        "/widget/second/frames", json={"frames": [{"t": "hello", "v": 1, "ticket": ticket, "token": token}]}
    )
    assert told.json()["frames"][0]["code"] == "ticket"


@pytest.mark.parametrize("ticket", ["", "x", "x.y", ".", "é.x", None, 5, ["x"], "a" * 9000, "\ud800.x"])
def test_without_a_ticket_no_session_begins(nobody: Browser, ticket: Any) -> None:
    answer = nobody.post("/widget/shop/frames", content=_hello(ticket))
    unharmed(answer)
    assert "token" not in answer.json()["frames"][0]


def _hello(ticket: Any) -> bytes:
    return json.dumps({"frames": [{"t": "hello", "v": 1, "ticket": ticket}]}).encode()


def test_a_ticket_is_for_minutes(nobody: Browser) -> None:
    ticket = nobody.get("/widget/shop/config").json()["ticket"]
    with time_machine.travel(now() + timedelta(minutes=16), tick=False):
        answer = nobody.post("/widget/shop/frames", content=_hello(ticket)).json()
    assert answer["frames"][0]["code"] == "ticket"


def test_only_sites_on_the_list_get_a_ticket(scene: Scene, nobody: Browser) -> None:
    with transaction() as db:
        shop = db.get_one(Channel, scene.shop.id)
        shop.settings = {
            **shop.settings,
            "allowed_origins": ["https://shop.example", "https://*.trusted.example"],
        }
    good = ("https://shop.example", "https://a.trusted.example")
    bad = ("https://evil.example", "null", "http://shop.example", "https://shop.example.evil.example", "x",
           "https://trusted.example", "https://eviltrusted.example", "https://shop.example/",
           "https://shop.example:8443", "HTTPS://SHOP.EXAMPLE.")  # fmt: skip
    for origin in good:
        answer = nobody.get("/widget/shop/config", headers={"origin": origin})
        assert answer.status_code == 200, origin
        assert answer.headers["access-control-allow-origin"] == origin
    for origin in bad:
        answer = nobody.get("/widget/shop/config", headers={"origin": origin})
        assert answer.status_code == 403, origin
        assert "ticket" not in answer.text
    frame = nobody.get("/widget/shop/frame").headers["content-security-policy"]
    assert "frame-ancestors" in frame
    assert "https://shop.example" in frame


def test_messages_and_files_of_others_cannot_be_named(scene: Scene, victim: Guest) -> None:
    stranger = Guest(victim.client)
    stranger.send("はじめまして")
    with reading() as db:
        ids = list(db.scalars(select(Message.id)))
        keys = list(db.scalars(select(Attachment.key)))
    for id in ids:
        for frame in (
            {"t": "history", "before": id},
            {"t": "history", "after": id - 1},
            {"t": "read", "message": id},
        ):
            nothing_of_others(stranger.say(frame))
    for n, key in enumerate(keys):
        told = stranger.say({"t": "send", "id": f"f{n}", "text": "x", "files": [key]})
        nothing_of_others(told)
        for path in (f"/widget/files/{key}", f"/widget/files/{key}?e=9999999999&v=f&s=" + "0" * 32):
            assert victim.client.get(path).status_code == 403
    with reading() as db:
        mine = select(Attachment).join(Message).where(Message.text == "x")
        assert not db.scalars(mine).all()


def test_a_code_works_once_for_five_minutes_and_cannot_be_guessed(scene: Scene, victim: Guest) -> None:
    code = victim.say({"t": "code"})[0]["code"]
    friend, thief = Guest(victim.client), Guest(victim.client)
    assert SECRET_WORDS in str(friend.say({"t": "redeem", "code": code.replace(" ", "-")}))
    assert thief.say({"t": "redeem", "code": code})[0]["code"] == "code_wrong"
    late = victim.say({"t": "code"})[0]["code"]
    with time_machine.travel(now() + timedelta(minutes=6), tick=False):
        assert thief.say({"t": "redeem", "code": late})[0]["code"] == "code_wrong"
    told = [thief.say({"t": "redeem", "code": f"{n:06}"})[0]["code"] for n in range(6)]
    assert told[-1] == "rate"
    everywhere = [
        Guest(victim.client).say({"t": "redeem", "code": f"WXYZ-{n:04}"})[0]["code"] for n in range(25)
    ]
    assert everywhere[-1] == "rate", "a new session for each guess does not help"


def test_a_code_is_used_by_one_of_many_at_once(scene: Scene, victim: Guest) -> None:
    code = victim.say({"t": "code"})[0]["code"]
    guests, told = [Guest(victim.client) for _ in range(6)], []
    threads = [
        threading.Thread(target=lambda g=g: told.append(g.say({"t": "redeem", "code": code})[0]["t"]))
        for g in guests
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(told).count("welcome") == 1


def test_tokens_are_stored_as_hashes_alone(victim: Guest) -> None:
    with reading() as db:
        for visitor in db.scalars(select(Visitor)):
            assert victim.token not in str(vars(visitor))


def test_the_same_message_a_hundred_ways_is_stored_once(scene: Scene, nobody: Browser) -> None:
    guest = Guest(nobody)
    guest.send("まず", "m0")
    told: list[str] = []
    send = {"t": "send", "id": "m1", "text": "一度だけ"}
    threads = [
        threading.Thread(target=lambda: told.extend(f["t"] for f in guest.say(send, send))) for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert set(told) == {"ack"}
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(Message).where(Message.text == "一度だけ")) == 1


def test_notes_and_system_lines_never_reach_a_visitor(scene: Scene, nobody: Browser) -> None:
    guest = Guest(nobody)
    guest.send("こんにちは")
    with transaction() as db:
        thread = db.scalars(select(Conversation).order_by(Conversation.id.desc())).first()
        agent = db.get_one(Agent, scene.insider.id)
        assert thread is not None
        inbox.note(db, agent, thread, SECRET_WORDS, "client-note-1")
        inbox.escalate(db, thread, "complaint", SECRET_WORDS, agent=agent)
    nothing_of_others(guest.hello(), *guest.say({"t": "history"}, {"t": "history", "after": 0}))
    line = nobody.get("/widget/shop/events?wait=0", headers={"authorization": f"Bearer {guest.token}"})
    nothing_of_others(line.text)


def test_a_socket_of_a_revoked_session_says_no_more(scene: Scene, victim: Guest) -> None:
    with victim.client.websocket_connect("/widget/shop/socket") as line:
        line.send_json({"t": "hello", "v": 1, "ticket": victim.ticket, "token": victim.token})
        while line.receive_json()["t"] != "welcome":
            pass
        told: list[Any] = []
        victim.say({"t": "reset"})
        with pytest.raises(WebSocketDisconnect):
            listen_to_the_end(line, told)
        assert told[-1]["code"] == "token"


def listen_to_the_end(line: WebSocketTestSession, told: list[Any]) -> None:
    while True:
        told.append(line.receive_json())


def test_who_goes_on_in_another_session_keeps_their_own_line(scene: Scene, victim: Guest) -> None:
    code = victim.say({"t": "code"})[0]["code"]
    friend = Guest(victim.client)
    friend.send("前の話")
    with victim.client.websocket_connect("/widget/shop/socket") as line:
        line.send_json({"t": "hello", "v": 1, "ticket": friend.ticket, "token": friend.token})
        until(line, "welcome")
        line.send_json({"t": "redeem", "code": code})
        until(line, "welcome")
        time.sleep(1)
        line.send_json({"t": "send", "id": "m9", "text": "続き"})
        until(line, "ack")


def until(line: WebSocketTestSession, kind: str) -> None:
    while (frame := line.receive_json())["t"] != kind:
        assert frame["t"] != "error", frame
