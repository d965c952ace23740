"""Another system's HTTP server, real, which misbehaves when told to; and a subscription to tell it things."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sqlalchemy import select, update

from app import feed, webhooks
from app.config import configure, settings
from app.db import now, reading, transaction
from app.events import record
from app.inbox import hold
from app.models import Agent, Conversation, Webhook, WebhookDelivery
from app.webhooks import calling, sending
from app.webhooks.fanout import fan_out
from tests import factories


@dataclass(frozen=True)
class Heard:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(self.body)
        return made

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def signed_with(self, secret: str) -> bool:
        """The check of a receiver, written out from the text of the specification."""
        key = base64.b64decode(secret.split("_", 1)[1])
        content = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        right = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        given = [one.split(",", 1) for one in self.headers["webhook-signature"].split(" ")]
        return ["v1", right] in given


class Receiver:
    """`answer` decides about each request: a status, or what to write by hand; `headers` go with a status."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.taken: list[Heard] = []  # those answered with success
        self.headers: dict[str, str] = {}
        self.answer: Callable[[Heard], int | Callable[[BaseHTTPRequestHandler], None]] = lambda heard: 204
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:  # who was sending died in the middle: no request at all
                    self.close_connection = True
                    return
                heard = Heard(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                receiver.heard.append(heard)
                told = receiver.answer(heard)
                with suppress(ConnectionError):
                    self._say(told, heard)

            def _say(self, told: int | Callable[[BaseHTTPRequestHandler], None], heard: Heard) -> None:
                if not isinstance(told, int):
                    self.close_connection = True
                    told(self)
                    return
                if 200 <= told < 300:
                    receiver.taken.append(heard)
                self.send_response(told)
                for name, value in {**receiver.headers, "Content-Length": "0"}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """The client left first, which some tests want."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def kinds(self) -> list[str]:
        return [one.told["kind"] for one in self.taken]


@contextmanager
def receiving() -> Iterator[Receiver]:
    made = Receiver()
    try:
        yield made
    finally:
        made.close()
        calling.close()


def allow_private(allowed: bool = True) -> None:
    """Whether addresses of this machine may be called."""
    one = settings()
    configure(
        data_dir=one.data_dir,
        redis_url=one.redis_url,
        database_url=one.database_url,
        secret="a secret for the tests only, 0123",
        allow_private=allowed,
    )


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """No answer, and the line is cut."""
    handler.connection.close()


def dribble(handler: BaseHTTPRequestHandler) -> None:
    """The head of an answer, a little at a time, for ever."""
    with suppress(OSError):
        for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"z" * 1000:
            handler.wfile.write(bytes([letter]))
            handler.wfile.flush()
            time.sleep(0.02)


def flood(handler: BaseHTTPRequestHandler) -> None:
    """Success, and then more than anybody wants to read."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(2_000):
            handler.wfile.write(b"x" * 65_536)


def subscribe(actor: Agent, url: str, *kinds: str) -> tuple[int, str]:
    """A webhook; its id and its secret."""
    with transaction() as db:
        made, secret = webhooks.add(db, db.get_one(Agent, actor.id), "基幹システム", url, kinds)
        return made.id, secret


def pump(hook_id: int) -> None:
    """Everything that is due, as the worker does it, in this thread."""
    while fan_out():
        pass
    while hook(hook_id).enabled and (lines := sending.ready_lines(hook_id, [], 100)):
        for line in lines:
            sending.send_line(hook_id, line)


def due_now() -> None:
    """What waits need not wait any longer."""
    with transaction() as db:
        db.execute(update(WebhookDelivery).values(next_at=now()))
        db.execute(update(Webhook).values(resume_at=None))


def deliveries(hook_id: int) -> list[WebhookDelivery]:
    """In the order of the feed."""
    with reading() as db:
        mine = select(WebhookDelivery).where(WebhookDelivery.webhook_id == hook_id)
        return list(db.scalars(mine.order_by(WebhookDelivery.position, WebhookDelivery.id)))


def hook(hook_id: int) -> Webhook:
    with reading() as db:
        return webhooks.find(db, hook_id)


def end_of_feed() -> int:
    feed.settle_all()
    with reading() as db:
        return feed.newest(db)


def happen(*lines: int, times: int = 1) -> None:
    """Something happens in each of these conversations (0: in none)."""
    for _ in range(times):
        for line in lines:
            with transaction() as db:
                head = hold(db, db.get_one(Conversation, line)) if line else None
                record(db, "woken" if line else "label.created", head)


def conversations(count: int) -> list[int]:
    """The ids of so many new ones."""
    with transaction() as db:
        return [factories.conversation(db, text=f"もしもし {n}").id for n in range(count)]


def states(hook_id: int) -> Counter[str]:
    """How many deliveries of a subscription are in which state."""
    return Counter(one.state for one in deliveries(hook_id))
