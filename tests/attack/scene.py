"""What the attacks are tried on: a shop with two teams, a conversation of one of them, and one of everything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from anyio.from_thread import start_blocking_portal
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.testclient import TestClient

from app import files, inbox, main
from app.calls.noting import Written, write
from app.db import transaction
from app.models import (
    Agent,
    BotRule,
    Channel,
    Conversation,
    Decision,
    Label,
    Message,
    MessageSource,
    RawReceipt,
)
from tests import factories
from tests.web.visiting import Browser

IDENTITY_SECRET = "the shop's own identity secret, long enough"
TRACES = ("Traceback (most recent call last)", 'File "/', "sqlalchemy.", "psycopg.", "sqlite3.")
Frame = dict[str, Any]
C = TypeVar("C", bound=TestClient)


@dataclass
class Scene:
    """The cast and the ids of one thing of each kind. All rows are committed."""

    shop: Channel
    api: Channel
    insider: Agent
    outsider: Agent
    supervisor: Agent
    admin: Agent
    thread: Conversation
    ids: dict[str, int] = field(default_factory=dict)
    file_key: str = ""

    def named(self, parameter: str) -> int:
        """What a path of the API means by `conversation_id` and the like."""
        own = {
            "customer_id": self.thread.customer_id,
            "channel_id": self.api.id,
            "agent_id": self.outsider.id,
        }
        nouns = {"entry_id": "faq", "rule_id": "rules", "team_id": "teams", "label_id": "labels"}
        nouns |= {"escalation_id": "escalations"}
        return own.get(parameter) or self.ids.get(nouns.get(parameter, parameter.removesuffix("_id")), 1)

    def path(self, pattern: str) -> str:
        """The path of a route with things of this scene in it."""
        if pattern.startswith("/api/"):
            return re.sub(r"\{(\w+)\}", lambda m: str(self.named(m[1])), pattern)
        noun = pattern.strip("/").split("/")
        own = {
            "conversations": "conversation",
            "messages": "message",
            "calls": "call",
            "inbox": "conversation",
        }
        name = own.get(noun[0], noun[-1] if len(noun) < 2 or noun[0] != "settings" else noun[1])
        id = self.ids.get(name, 1)
        filled = {"id": id, "label": self.ids["labels"], "revision": 1, "receipt": 1, "key": "shop"}
        filled |= {"kind": "api", "name": "README", "slug": "x", "digest": "x", "path": "x", "locale": "ja"}
        if noun[0] == "files":
            filled["key"] = self.file_key
        filled["file"] = self.file_key
        return re.sub(r"\{(\w+)(:\w+)?\}", lambda m: str(filled.get(m[1], 1)), pattern)


def build() -> Scene:
    """Make it, in the database under test."""
    with transaction() as db:
        shop = factories.channel(
            db,
            key="shop",
            settings={"messages_per_minute": 600, "messages_per_minute_ip": 6000},
            secrets={"identity_secret": IDENTITY_SECRET},
        )
        api = factories.channel(db, "api", key="partner")
        insider, outsider = factories.agent(db, "佐藤"), factories.agent(db, "余所")
        supervisor, admin = factories.supervisor(db, "監督"), factories.agent(db, "管理", role="admin")
        ours, other = factories.team(db, insider, name="返品"), factories.team(db, outsider, name="実店舗")
        said = factories.customer_says(db, shop, "秘密の住所は東京都千代田区1-1です", "v-secret")
        _as_a_mail(db, said)
        thread = factories.thread_of(db, said)
        inbox.assign(db, admin, thread, insider, ours, keep_team=False)
        kept = files.store(db, b"only for us", "secret.txt", limit=1000, agent=insider)
        factories.reply(db, insider, thread, "承知しました", attachments=[kept])
        call, _ = write(db, insider, thread, Written("秘密の電話"), "client-call")
        case = inbox.escalate(db, thread, "complaint", "大変です", agent=insider)
        label = Label(name="急ぎ")
        rule = BotRule(
            name="r", position=1, language="", keywords=["x"], pattern="", action="hand_over", params={}
        )
        why = {"version": 0, "epoch": 0, "action": "answer", "detail": {"question": said.text}}
        db.add_all((label, rule, Decision(conversation_id=thread.id, message_id=said.id, **why)))
        db.flush()
        faq = factories.faq(db)
        ids = {
            "conversation": thread.id,
            "message": said.id,
            "call": call.id,
            "case": case.case_id,
            "attachment": kept.id,
            "escalations": case.id,
            "labels": label.id,
            "rules": rule.id,
            "faq": faq.id,
            "channels": shop.id,
            "people": outsider.id,
            "teams": other.id,
        }
    return Scene(shop, api, insider, outsider, supervisor, admin, thread, ids, kept.key)


def _as_a_mail(db: Session, said: Message) -> None:
    """With everything that a mail carries along."""
    told: dict[str, Any] = {"answers": [], "checked": {}, "refused": {}}
    receipt = db.scalar(select(RawReceipt.id).where(RawReceipt.channel_id == said.channel_id))
    html, quoted = "<p>秘密の住所</p>", "> 秘密の住所"
    db.add(MessageSource(message_id=said.id, receipt_id=receipt, html=html, quoted=quoted, **told))
    db.flush()


def routes(*, sockets: bool = False) -> Iterator[tuple[str, str]]:
    """(method, pattern) of every route of the application."""
    for route in main.app.routes:
        if isinstance(route, Route):
            methods = sorted((route.methods or set()) - {"HEAD", "OPTIONS"})
            yield from ((method, route.path) for method in methods)
        elif isinstance(route, WebSocketRoute) and sockets:
            yield "WEBSOCKET", route.path


def all_routes() -> list[BaseRoute]:
    return list(main.app.routes)


def unharmed(response: Any, what: object = "") -> None:
    """No failure of ours, and nothing of our inside shown."""
    assert response.status_code < 500, (what, response.status_code, response.text[:500])
    if "text" in response.headers.get("content-type", "") or "json" in response.headers.get(
        "content-type", ""
    ):
        found = [trace for trace in TRACES if trace in response.text]
        assert not found, (what, found)


class Guest:
    """A visitor's browser that speaks by polling."""

    def __init__(self, client: TestClient, key: str = "shop", **hello: Any) -> None:
        self.client, self.key, self.token = client, key, ""
        self.welcome = self.hello(**hello)

    @property
    def ticket(self) -> str:
        return str(self.client.get(f"/widget/{self.key}/config").json()["ticket"])

    def hello(self, **fields: Any) -> Frame:
        frame = {"t": "hello", "v": 1, "ticket": self.ticket, "locale": "ja", **fields}
        if self.token:
            frame.setdefault("token", self.token)
        first = self.say(frame, token="")[0]
        self.token = first.get("token", self.token)
        return first

    def say(self, *frames: Any, token: str | None = None) -> list[Frame]:
        """Frames as they are, however wrong; lone surrogates travel as JSON escapes."""
        body = json.dumps({"token": self.token if token is None else token, "frames": list(frames)})
        answer = self.client.post(f"/widget/{self.key}/frames", content=body.encode())
        unharmed(answer, body[:300])
        told: list[Frame] = answer.json()["frames"]
        return told

    def send(self, text: str, id: str = "m1", **fields: Any) -> Frame:
        return self.say({"t": "send", "id": id, "text": text, **fields})[0]

    def texts(self) -> list[str]:
        return [message["text"] for message in self.hello()["messages"]]


@contextmanager
def at_length(client: C) -> Iterator[C]:
    """Many requests in one event loop: one of its own for each costs a quarter of the time."""
    with start_blocking_portal() as portal:
        client.portal = portal
        yield client
        client.portal = None


def browser(agent: Agent | None = None, **options: Any) -> Browser:
    """A browser, signed in as `agent` if there is one."""
    made = Browser(**options)
    return made.come_in(agent) if agent else made
