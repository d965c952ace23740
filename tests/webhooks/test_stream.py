"""The feed as a stream: as it happens, gap-free, and only for who may see it, at every moment."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
import uvicorn

from app import inbox, main, people, server, tokens
from app.db import transaction
from app.events import record
from app.models import Agent, ApiToken, Conversation
from app.web.api import stream
from tests import factories
from tests.api.calling import token_of
from tests.serving import free_port, until

pytestmark = pytest.mark.usefixtures("committed")


class House:
    """The product's own server, which can be stopped and started again."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/api/v1/events/stream"
        self.start()

    def start(self) -> None:
        config = uvicorn.Config(
            main.make(), http=server.Patient, host="127.0.0.1", port=self.port, log_config=None
        )
        self.server = server.Leaving(config, 0)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        until(lambda: self.server.started, "the server is up")

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.stop()


@pytest.fixture
def admin() -> Agent:
    with transaction() as db:
        return factories.agent(db, role="admin")


class Stream:
    """A client that follows."""

    def __init__(self, response: httpx2.Response) -> None:
        self.lines = response.iter_lines()
        self.id = ""

    def frame(self) -> dict[str, str]:
        """The fields of the next block; a comment is the field ""."""
        fields: dict[str, str] = {}
        for line in self.lines:
            if not line:
                return fields
            name, _, value = line.partition(":")
            fields[name] = value.strip()
            self.id = value.strip() if name == "id" else self.id
        return {"closed": ""}

    def event(self) -> dict[str, Any]:
        """The next event, whatever comes before it."""
        while "data" not in (fields := self.frame()):
            assert "closed" not in fields
        told: dict[str, Any] = json.loads(fields["data"])
        return told


@contextmanager
def following(house: House, token: str, last: str = "", **query: Any) -> Iterator[Stream]:
    headers = {"Authorization": f"Bearer {token}", **({"Last-Event-ID": last} if last else {})}
    with (
        httpx2.Client(timeout=10) as client,
        client.stream("GET", house.url, params=query, headers=headers) as response,
    ):
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Stream(response)


def happen(name: str) -> None:
    with transaction() as db:
        record(db, "label.created", name=name)


def test_what_happens_arrives_and_after_a_restart_exactly_what_was_missed(house: House, admin: Agent) -> None:
    token = token_of(admin)
    happen("before")
    with following(house, token) as line:
        assert line.frame() == {"retry": str(stream.RETRY)}
        happen("one")
        first = line.event()
        assert first["data"]["name"] == "one"
        assert line.id == str(first["cursor"])
        house.stop()
        while "closed" not in line.frame():
            pass  # it is ended, not left hanging
    happen("two")
    happen("three")
    house.start()
    with following(house, token, line.id, after=0) as line:
        happen("four")
        assert [line.event()["data"]["name"] for _ in range(3)] == ["two", "three", "four"]


def test_from_a_cursor_everything_comes_and_what_is_not_asked_for_is_left_out(
    house: House, admin: Agent
) -> None:
    token = token_of(admin)
    for number in range(stream.PAGE + 10):
        happen(str(number))
    with following(house, token, after=0, kinds="label.created") as line:
        names = [line.event()["data"]["name"] for _ in range(stream.PAGE + 10)]
    assert names == [str(number) for number in range(stream.PAGE + 10)]


def test_a_revoked_token_ends_the_stream_at_once(house: House, admin: Agent) -> None:
    token = token_of(admin)
    with following(house, token) as line:
        line.frame()
        with transaction() as db:
            tokens.revoke(db, admin, db.get_one(ApiToken, 1))
        assert line.frame()["event"] == "end"
        assert line.frame() == {"closed": ""}


def test_a_deactivated_agent_hears_no_more(house: House, admin: Agent) -> None:
    with transaction() as db:
        agent = factories.agent(db)
    with following(house, token_of(agent)) as line:
        line.frame()
        with transaction() as db:
            people.deactivate(db, admin, db.get_one(Agent, agent.id))
        assert line.frame()["event"] == "end"


def test_what_one_may_see_is_looked_up_at_every_event(house: House, admin: Agent) -> None:
    with transaction() as db:
        agent = factories.agent(db)
        team = factories.team(db)
        head = factories.conversation(db)
    with following(house, token_of(agent), kinds=["woken"]) as line:
        line.frame()
        with transaction() as db:
            record(db, "woken", inbox.hold(db, db.get_one(Conversation, head.id)), n=1)
        assert line.event()["data"] == {"n": 1}
        with transaction() as db:
            held = db.get_one(Conversation, head.id)
            inbox.assign(db, admin, held, None, team, keep_team=False)
            record(db, "woken", inbox.hold(db, held), n=2)
        with transaction() as db:
            other = factories.conversation(db)
            record(db, "woken", inbox.hold(db, other), n=3)
        assert line.event()["data"] == {"n": 3}


def test_a_silent_line_gives_signs_of_life(
    house: House, admin: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.1)
    with following(house, token_of(admin)) as line:
        line.frame()
        assert set(line.frame()) <= {"", "id"}


def test_who_does_not_take_what_is_sent_is_let_go(
    house: House, admin: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "PATIENCE", 0.3)
    token = token_of(admin)
    with transaction() as db:
        for _ in range(stream.PAGE * 2):
            record(db, "label.created", name="長い" * 20_000)
    with socket.create_connection(("127.0.0.1", house.port), timeout=10) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = (
            f"GET /api/v1/events/stream?after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
        line.sendall(request.encode())
        line.recv(100)
        until(lambda: not stream._open, "the slow client is let go")


def test_too_many_streams_are_told_to_come_later(
    house: House, admin: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MOST", 1)
    token = token_of(admin)
    with following(house, token) as line:
        line.frame()
        refused = httpx2.get(house.url, headers={"Authorization": f"Bearer {token}"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    until(lambda: not stream._open, "the client's leaving is noticed")


def test_what_is_no_cursor_is_refused(house: House, admin: Agent) -> None:
    headers = {"Authorization": f"Bearer {token_of(admin)}"}
    for query, more in (("after=999", {}), ("", {"Last-Event-ID": "x" * 50}), ("kinds=none", {})):
        answer = httpx2.get(f"{house.url}?{query}", headers={**headers, **more})
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
    assert httpx2.get(house.url).status_code == 401
