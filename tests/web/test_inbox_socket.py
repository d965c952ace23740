"""The inbox's socket: news to those who may see it, presence, and nothing for strangers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from app import inbox, people
from app.db import transaction
from app.models import Agent, Conversation
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def tanaka() -> Agent:
    with transaction() as db:
        return factories.agent(db, "田中 翔")


@pytest.fixture
def thread() -> Conversation:
    with transaction() as db:
        return factories.conversation(db, None, "在庫はありますか")


@pytest.fixture
def browser(tanaka: Agent) -> Iterator[Browser]:
    with Browser().come_in(tanaka) as running:
        yield running


def hear(socket: Any, kind: str) -> dict[str, Any]:
    """The next frame of that kind."""
    for _ in range(20):
        frame: dict[str, Any] = socket.receive_json()
        if frame["t"] == kind:
            return frame
    raise AssertionError(f"no {kind} within 20 frames")


def test_what_a_customer_says_is_on_the_screen_at_once(browser: Browser, thread: Conversation) -> None:
    with browser.websocket_connect("/inbox/socket") as socket:
        socket.send_json({"t": "looking", "conversation": thread.id})
        assert hear(socket, "tick")["heads"] == {str(thread.id): thread.last_event_id}
        with transaction() as db:
            inbox.note(
                db, db.get_one(Agent, 1), db.get_one(Conversation, thread.id), "メモです", "note-00001"
            )
        frame = hear(socket, "event")
        assert frame["prev"] == thread.last_event_id
        assert "メモです" in frame["message"]["html"]


def test_those_who_look_at_the_same_see_each_other_and_who_is_typing(
    browser: Browser, tanaka: Agent, thread: Conversation
) -> None:
    with transaction() as db:
        sato = factories.agent(db, "佐藤 恵")
    with browser.websocket_connect("/inbox/socket") as mine:
        mine.send_json({"t": "looking", "conversation": thread.id})
        hear(mine, "presence")
        browser.come_in(sato)
        with browser.websocket_connect("/inbox/socket") as theirs:
            theirs.send_json({"t": "looking", "conversation": thread.id})
            names = {one["name"] for one in hear(mine, "presence")["people"]}
            assert names == {"田中 翔", "佐藤 恵"}
            theirs.send_json({"t": "typing", "conversation": thread.id, "on": True})
            assert hear(mine, "typing")["name"] == "佐藤 恵"


@pytest.mark.parametrize(
    "frame",
    ["", "nonsense", "[]", '{"t": "looking", "conversation": "x"}', '{"t": "typing"}', '{"t": 7}', "\x00"],
)
def test_nonsense_is_not_minded(browser: Browser, frame: str) -> None:
    with browser.websocket_connect("/inbox/socket") as socket:
        socket.send_text(frame)
        socket.send_json({"t": "looking", "conversation": None})
        assert hear(socket, "tick")["heads"] == {}


def test_a_thread_one_may_not_see_cannot_be_looked_at(browser: Browser, thread: Conversation) -> None:
    with transaction() as db:
        kobayashi = factories.supervisor(db)
        head = db.get_one(Conversation, thread.id)
        inbox.assign(db, kobayashi, head, None, factories.team(db), keep_team=False)
    with browser.websocket_connect("/inbox/socket") as socket:
        socket.send_json({"t": "looking", "conversation": thread.id})
        assert hear(socket, "tick")["heads"] == {}


def test_somebody_switched_off_is_cut_off(browser: Browser, tanaka: Agent) -> None:
    with transaction() as db:
        admin = factories.agent(db, role="admin")
    with browser.websocket_connect("/inbox/socket") as socket:
        with transaction() as db:
            people.deactivate(db, admin, db.get_one(Agent, tanaka.id))
        with pytest.raises(WebSocketDisconnect) as cut:
            hear(socket, "never")
        assert cut.value.code == 4401


def test_strangers_hear_nothing() -> None:
    with (
        Browser() as stranger,
        pytest.raises(WebSocketDisconnect),
        stranger.websocket_connect("/inbox/socket"),
    ):
        pass
