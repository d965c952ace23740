"""kill -9 in the middle of conversations: what was acknowledged is there, once, and the books add up."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import select
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from app import visitors
from app.db import now
from app.models import Delivery, Message, RawReceipt
from tests import factories
from tests.faults.installation import Callbacks, Installation, Sender, installed
from tests.serving import until

pytestmark = pytest.mark.faults


def settled(here: Installation) -> bool:
    """Nothing is on its way any more."""
    here.let_time_pass()
    with here.rows() as db:
        moving = db.scalars(
            select(Delivery.id).where(Delivery.state.in_(("queued", "sending"))).limit(1)
        ).first()
        unread = db.scalars(select(RawReceipt.id).filter_by(state="new").limit(1)).first()
    return moving is None and unread is None


def total(senders: Sequence[Sender]) -> int:
    """How much was acknowledged."""
    return sum(len(one.acknowledged) for one in senders)


def test_webhooks_and_answers_survive_the_killing_of_every_process(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    callbacks = Callbacks()
    with installed(tmp_path, **environment) as here:
        with here.rows() as db:
            channel = factories.channel(db, "api", bot=True, settings={"callback_url": callbacks.url})
            factories.faq(db)
        senders = [Sender(here.served.base, channel.key, f"u{n}") for n in range(4)]
        stop = threading.Event()
        threads = [threading.Thread(target=one.run, args=(stop,)) for one in senders]
        for thread in threads:
            thread.start()
        here.kill_in_the_middle("web worker redis worker web worker", lambda: total(senders))
        stop.set()
        for thread in threads:
            thread.join(60)
        until(lambda: settled(here), "everything is sent", 90)
        acknowledged = [id for one in senders for id in one.acknowledged]
        with here.rows() as db:
            stored = db.scalars(select(Message.external_id).filter_by(author="customer")).all()
            answers = db.scalars(select(Message.id).filter_by(author="bot")).all()
            states = set(db.scalars(select(Delivery.state)))
        assert len(acknowledged) >= 35
        assert sorted(id for id in stored if id) == sorted(acknowledged)
        assert states == {"sent"}
        assert set(callbacks.keys) == {f"m{id}" for id in answers}
        here.verify()
    callbacks.close()


class Chat:
    """A visitor's browser: keeps what is not acknowledged, and sends it again on the next connection."""

    def __init__(self, base: str, key: str, name: str) -> None:
        self.url = f"{base.replace('http', 'ws')}/widget/{key}/socket"
        self.key, self.name, self.token = key, name, ""
        self.acknowledged: list[str] = []
        self.connections = 0

    def run(self, stop: threading.Event) -> None:
        """Send, one after the other, until told to stop; what was begun is brought to its end."""
        while not stop.is_set():
            with (
                suppress(OSError, WebSocketException, TimeoutError),
                connect(self.url, open_timeout=5) as line,
            ):
                self._hello(line)
                while not stop.is_set():
                    self._say(line, f"{self.name}-{len(self.acknowledged) + 1}")
            time.sleep(0.1)

    def _say(self, line: ClientConnection, id: str) -> None:
        line.send(json.dumps({"t": "send", "id": id, "text": f"もしもし {id}"}))
        while True:
            frame = json.loads(line.recv(timeout=5))
            if frame["t"] == "ack" and frame["id"] == id:
                self.acknowledged.append(id)
                return
            if frame["t"] == "error":
                time.sleep(frame.get("retry_after", 0.2))
                return

    def _hello(self, line: ClientConnection) -> None:
        ticket = visitors.issue_ticket(self.key, "https://shop.example.jp", now())
        hello = {"t": "hello", "v": 1, "ticket": ticket, "locale": "ja"}
        line.send(json.dumps(hello | ({"token": self.token} if self.token else {})))
        welcome = json.loads(line.recv(timeout=5))
        assert welcome["t"] == "welcome", welcome
        self.token = welcome.get("token", self.token)
        self.connections += 1


def test_chats_go_on_once_and_in_order_through_restarts(tmp_path: Path, environment: dict[str, str]) -> None:
    with installed(tmp_path, **environment) as here:
        with here.rows() as db:
            limits = {"messages_per_minute": 600, "messages_per_minute_ip": 6000}
            channel = factories.channel(db, settings=limits)
        chats = [Chat(here.served.base, channel.key, f"v{n}") for n in range(3)]
        stop = threading.Event()
        threads = [threading.Thread(target=one.run, args=(stop,)) for one in chats]
        for thread in threads:
            thread.start()
        here.kill_in_the_middle("web redis web", lambda: min(len(one.acknowledged) for one in chats))
        stop.set()
        for thread in threads:
            thread.join(60)
        with here.rows() as db:
            for chat in chats:
                assert chat.acknowledged
                assert chat.connections > 1
                mine = select(Message).where(Message.text.startswith(f"もしもし {chat.name}-"))
                said = db.scalars(mine.order_by(Message.sent_at, Message.id)).all()
                assert [one.text.removeprefix("もしもし ") for one in said] == chat.acknowledged
                assert len({one.conversation_id for one in said}) == 1
        here.verify()
