"""The agents' socket: who may open it, what they hear, and when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from app import inbox, people, realtime
from app.db import transaction
from app.models import Agent, Conversation, Team
from tests import factories
from tests.attack.scene import Scene, browser
from tests.web.visiting import Browser

SECRET_WORDS = "これは返品チームだけの話です"


def heard(line: WebSocketTestSession, here: Browser, until: str) -> list[Any]:
    """Every frame up to the row of the thread `until` names in a message everybody may see."""
    frames: list[Any] = []
    while until not in str(frames[-1:]):
        frames.append(line.receive_json())
    return frames


def public_word(scene: Scene, word: str) -> None:
    """A message everybody hears of: the end of what there was to hear before."""
    with transaction() as db:
        factories.conversation(db, scene.shop, word)


def test_an_outsider_hears_nothing_of_anothers_conversation(scene: Scene) -> None:
    with browser(scene.outsider) as here, here.websocket_connect("/inbox/socket") as line:
        line.send_json({"t": "looking", "conversation": scene.thread.id})
        line.send_json({"t": "typing", "conversation": scene.thread.id, "on": True})
        with transaction() as db:
            insider = db.get_one(Agent, scene.insider.id)
            thread = db.get_one(Conversation, scene.thread.id)
            factories.customer_says(db, scene.shop, SECRET_WORDS, "v-secret")
            factories.reply(db, insider, thread, SECRET_WORDS)
            inbox.note(db, insider, thread, SECRET_WORDS, "client-note-x")
            inbox.claim_lock(db, insider, thread)
        realtime.publish("typing", scene.thread.id, "customer", 0, True)
        public_word(scene, "みんなの話")
        told = heard(line, here, "みんなの話")
    assert SECRET_WORDS not in str(told)
    assert not [frame for frame in told if frame.get("conversation") == scene.thread.id], told


def test_who_loses_the_team_hears_no_more(scene: Scene) -> None:
    with transaction() as db:
        inbox.assign(
            db,
            db.get_one(Agent, scene.admin.id),
            db.get_one(Conversation, scene.thread.id),
            None,
            db.get_one(Team, db.get_one(Conversation, scene.thread.id).team_id),
            keep_team=False,
        )
    with browser(scene.insider) as here, here.websocket_connect("/inbox/socket") as line:
        line.send_json({"t": "looking", "conversation": scene.thread.id})
        while not line.receive_json().get("heads"):
            pass
        with transaction() as db:
            team = db.get_one(Team, db.get_one(Conversation, scene.thread.id).team_id)
            people.set_members(db, db.get_one(Agent, scene.admin.id), team, ())
        time.sleep(0.5)
        with transaction() as db:
            factories.customer_says(db, scene.shop, SECRET_WORDS, "v-secret")
        public_word(scene, "みんなの話")
        assert SECRET_WORDS not in str(heard(line, here, "みんなの話"))
        assert here.get(f"/conversations/{scene.thread.id}/changes?after=0").status_code == 404


def closes(line: WebSocketTestSession) -> int:
    """The code the socket is closed with."""
    try:
        while True:
            line.receive_json()
    except WebSocketDisconnect as closed:
        return closed.code


ENDINGS: list[Callable[[Any, Agent, Agent], object]] = [
    lambda db, admin, agent: people.deactivate(db, admin, agent),
    lambda db, admin, agent: people.change_role(db, admin, agent, "supervisor"),
    lambda db, admin, agent: people.set_password(db, admin, agent, "another good password"),
]


@pytest.mark.parametrize("end", ENDINGS, ids=["deactivated", "another role", "another password"])
def test_a_session_that_ends_takes_its_socket_and_pages_with_it(
    scene: Scene, end: Callable[[Any, Agent, Agent], object]
) -> None:
    with browser(scene.insider) as here, here.websocket_connect("/inbox/socket") as line:
        line.send_json({"t": "looking", "conversation": scene.thread.id})
        with transaction() as db:
            end(db, db.get_one(Agent, scene.admin.id), db.get_one(Agent, scene.insider.id))
        assert closes(line) == 4401
        assert here.get("/inbox", headers={"accept": "application/json"}).status_code == 401
        assert here.submit(f"/conversations/{scene.thread.id}/notes", {"text": "x"}).status_code in (401, 403)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "http://testserver:81"},
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_no_other_site_opens_the_socket_of_a_signed_in_agent(scene: Scene, headers: dict[str, str]) -> None:
    with browser(scene.insider) as here:
        with pytest.raises(WebSocketDisconnect), here.websocket_connect("/inbox/socket", headers=headers):
            pass
        with here.websocket_connect("/inbox/socket", headers={"origin": "http://testserver"}):
            pass


def test_the_socket_is_closed_to_who_is_not_signed_in(nobody: Browser) -> None:
    for path in ("/inbox/socket", "/nothing", "/inbox/socket%00", "/" + "x" * 3000):
        with pytest.raises(WebSocketDisconnect), nobody.websocket_connect(path):
            pass
