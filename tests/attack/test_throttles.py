"""Trying often: passwords, sessions, sockets and files, from one place or a network of places."""

from __future__ import annotations

import pytest
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from app import rates
from app.auth import guard, sign_in
from app.web import widget_socket
from tests import factories
from tests.attack.scene import Guest, Scene, browser, unharmed
from tests.web.visiting import Browser


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_address_counts_as_its_network(address: str, counted: str) -> None:
    assert rates.network(address) == counted


def test_a_password_is_not_guessed_from_a_network_of_addresses(scene: Scene) -> None:
    tries = [sign_in(scene.insider.email, f"wrong {n}", f"2001:db8::{n:x}", "a script") for n in range(9)]
    assert [bool(one.wait) for one in tries] == [False] * 6 + [True] * 3
    elsewhere = sign_in(scene.insider.email, factories.PASSWORD, "192.0.2.1", "their own browser")
    assert elsewhere.token, "nobody can lock the owner out"


def test_many_accounts_are_not_tried_from_one_place(scene: Scene) -> None:
    tries = [sign_in(f"nobody{n}@shop.example", "", "192.0.2.9", "a script").wait for n in range(61)]
    assert tries[-1] > 0


def test_who_waits_is_told_so_whether_the_account_exists_or_not(scene: Scene) -> None:
    told = []
    for email in (scene.insider.email, "nobody@shop.example"):
        here = browser()
        here.see("/login")
        answers = [here.submit("/login", {"email": email, "password": "wrong"}) for _ in range(7)]
        told.append([one.status_code for one in answers])
        assert "retry-after" in answers[-1].headers
    assert told[0] == told[1]


def test_a_visitor_has_only_so_many_lines_open(
    scene: Scene, nobody: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widget_socket, "LINES", 1)
    guest = Guest(nobody)
    hello = {"t": "hello", "v": 1, "ticket": guest.ticket, "token": guest.token}
    with nobody.websocket_connect("/widget/shop/socket") as first:
        first.send_json(hello)
        assert first.receive_json()["t"] == "welcome"
        with nobody.websocket_connect("/widget/shop/socket") as second:
            second.send_json(hello)
            with pytest.raises(WebSocketDisconnect) as closed:
                _to_the_end(second)
            assert closed.value.code == 1013
        first.send_json({"t": "ping"})
        assert first.receive_json()["t"] == "pong"


def _to_the_end(line: WebSocketTestSession) -> None:
    while True:
        line.receive_json()


def test_files_and_frames_of_one_visitor_have_their_measure(scene: Scene, nobody: Browser) -> None:
    guest = Guest(nobody)
    headers = {"authorization": f"Bearer {guest.token}"}
    files = [
        nobody.post("/widget/shop/files", headers=headers, files={"file": ("a.txt", b"a")}).status_code
        for _ in range(22)
    ]
    assert files[-1] == 429
    frames = [frame for _ in range(31) for frame in guest.say(*[{"t": "typing", "on": True}] * 20)]
    assert frames[-1]["code"] == "rate"
    assert frames[-1]["retry_after"] > 0


@pytest.mark.parametrize(
    "body",
    [
        b'name="csrf"\r\n' * 5000,
        b"csrf=" * 13_000,
        b"&csrf=" + b"a" * 65_000,
        b'name="csrf"\r\n' + b"x: y\r\n" * 10_000,
    ],
)
def test_a_form_of_nothing_but_beginnings_is_read_once(scene: Scene, body: bytes) -> None:
    assert guard._field(body) == ""
    answer = browser().post(
        "/login", content=body, headers={"content-type": "multipart/form-data; boundary=x"}
    )
    unharmed(answer)
    assert answer.status_code == 403
