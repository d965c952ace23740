"""Real sockets against a real server: those who dribble, those who never end, and those who write HTTP by hand."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from app import main, server
from app.auth import limits
from app.web import widget_socket
from tests.attack.scene import Scene
from tests.serving import free_port, until

pytestmark = pytest.mark.faults


@pytest.fixture
def port(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The product's own server, which loses patience sooner than outside: there it is fifteen seconds and more."""
    monkeypatch.setattr(server, "HEADER_SECONDS", 1.0)
    monkeypatch.setattr(limits, "PATIENCE", 1.0)
    monkeypatch.setattr(limits, "LONGEST", 3.0)
    monkeypatch.setattr(widget_socket, "HELLO_WITHIN", 1.0)
    found = free_port()
    config = uvicorn.Config(
        main.make(),
        http=server.Patient,
        host="127.0.0.1",
        port=found,
        log_config=None,
        ws_max_size=1024 * 1024,
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    until(lambda: running.started, "the server is up")
    yield found
    running.should_exit = True
    thread.join()


@contextmanager
def line(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as made:
        yield made


def answer(made: socket.socket) -> bytes:
    """Everything until the other side closes."""
    got = b""
    with suppress(ConnectionError):
        while piece := made.recv(65536):
            got += piece
    return got


def ended_within(made: socket.socket, seconds: float) -> bytes:
    began = time.monotonic()
    got = answer(made)
    assert time.monotonic() - began < seconds
    return got


def alive(port: int) -> None:
    """Others are served as ever."""
    with line(port) as made:
        made.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer(made).startswith(b"HTTP/1.1 200")


def test_a_head_that_never_ends_is_given_up(port: int) -> None:
    with line(port) as made:
        made.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        ended_within(made, 12)
    alive(port)


def test_the_second_head_of_a_connection_is_not_waited_for_longer(port: int) -> None:
    with line(port) as made:
        made.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert made.recv(65536).startswith(b"HTTP/1.1 200")
        made.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        began = time.monotonic()
        with suppress(OSError):
            for _ in range(60):
                made.sendall(b"X-Slowly: 1\r\n")
                time.sleep(0.2)
        assert time.monotonic() - began < 10


def test_headers_without_end_are_cut_off(port: int) -> None:
    with line(port) as made:
        sent = 0
        with suppress(OSError):
            made.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            for _ in range(400):
                made.sendall(b"X-More: " + b"x" * 60_000 + b"\r\n")
                sent += 60_000
                time.sleep(0.001)
        assert sent < 20_000_000
    alive(port)


def test_a_body_that_dribbles_is_given_up(port: int) -> None:
    with line(port) as made:
        head = b"POST /hooks/partner HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
        made.sendall(head)
        began = time.monotonic()
        with suppress(OSError):
            for _ in range(60):
                made.sendall(b"x")
                time.sleep(0.2)
        assert b" 408 " in answer(made) or time.monotonic() - began < 11
    alive(port)


def test_many_lines_that_say_nothing_keep_nobody_out(port: int) -> None:
    idle = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(150)]
    try:
        began = time.monotonic()
        alive(port)
        assert time.monotonic() - began < 9
        for made in idle:
            ended_within(made, 12)
    finally:
        for made in idle:
            made.close()


def test_a_chat_socket_that_says_nothing_is_closed(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/widget/shop/socket") as made, pytest.raises(ConnectionClosed):
        made.recv(timeout=20)
    alive(port)


def test_a_frame_larger_than_any_message_ends_the_socket(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/widget/shop/socket") as made:
        with suppress(ConnectionClosed):
            made.send("x" * 2_000_000)
        with pytest.raises(ConnectionClosed):
            made.recv(timeout=20)
    alive(port)


RAW = [
    b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET http://evil.example/inbox HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET //evil.example/inbox HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /\\evil.example HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /static/x/../../app/config.py HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /static/x/..%2f..%2fapp%2fconfig.py HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /static/x/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /static//etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /help/..%2f..%2fconfig HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /inbox?next=%0d%0aSet-Cookie:%20x=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /login?next=//evil.example HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    b"GET /inbox HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\n"
    b"X-Forwarded-Proto: https\r\nX-Forwarded-For: 1.1.1.1\r\nConnection: close\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /inbox HTTP/1.1\r\nHost: x\r\nCookie: madoguchi=" + b"\xff" * 60 + b"\r\nConnection: close\r\n\r\n",
    b"GET /inbox HTTP/1.1\r\nHost: x\r\nCookie: " + b"a=b; " * 3000 + b"\r\nConnection: close\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\nGET /inbox HTTP/1.1\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\nConnection: close\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\nConnection: close\r\n\r\n",
    b"POST /hooks/partner HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nZZ\r\n",
    b"BREW /coffee HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"PROPFIND /inbox HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\x00" * 100,
]


def test_no_request_written_by_hand_breaks_anything_or_leads_elsewhere(port: int) -> None:
    for raw in RAW:
        with line(port) as made:
            made.sendall(raw)
            got = answer(made)
        assert not got.startswith((b"HTTP/1.1 5", b"HTTP/1.0 5")), (raw, got[:300])
        head, _, body = got.partition(b"\r\n\r\n")
        assert b"root:" not in body
        assert b"secret_key" not in body
        assert b"Traceback" not in got
        assert b"\r\nset-cookie: x=" not in head.lower()
        for told in head.lower().split(b"\r\n"):
            if told.startswith(b"location:"):
                assert told.startswith(b"location: /"), (raw, told)
                assert not told.startswith((b"location: //", b"location: /\\")), (raw, told)
    alive(port)
