"""The other side of a channel over HTTP: systems that deliver signed webhooks, and a server that takes the answers."""

from __future__ import annotations

import hmac
import http.server
import itertools
import json
import random
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from app.bench.faults.ledger import CUSTOMER, Ledger, Said
from app.bench.faults.widgets import ASKED
from app.webhooks import signing
from channels import api

Asked = http.server.BaseHTTPRequestHandler
SECRET = "a-shared-secret-of-the-fault-run"


class Provider:
    """A system that posts one customer's words, each again until it is answered with 200."""

    def __init__(self, base: str, key: str, name: str, ledger: Ledger, seed: int) -> None:
        self.url, self.name, self.ledger = f"{base}/hooks/{key}", name, ledger
        self._chance = random.Random(f"{seed} {name}")

    def run(self, stop: threading.Event) -> None:
        """Send, one after the other, until told to stop; what was begun is brought to its end."""
        with httpx2.Client(timeout=6, trust_env=False) as client:
            for number in itertools.count(1):
                if stop.wait(self._chance.uniform(0.05, 0.4)):
                    return
                id = f"{self.name}-{number}"
                said = Said(CUSTOMER, self.name, id, f"{self._chance.choice(ASKED)} {id}")
                self._deliver(client, self.ledger.begin(said))

    def _deliver(self, client: httpx2.Client, said: Said) -> None:
        told = {"type": "message", "id": said.id, "from": {"id": self.name}, "text": said.text}
        body = json.dumps(told).encode()
        while not said.acked:
            self.ledger.attempt(said)
            stamp = int(time.time())
            headers = {api.HEADER: f"t={stamp},v1={api.sign(SECRET, stamp, body)}"}
            try:
                answer = client.post(self.url, content=body, headers=headers)
            except httpx2.HTTPError as error:
                self.ledger.trouble(f"provider: {type(error).__name__}")
                time.sleep(0.15)
                continue
            if answer.status_code == 200:
                self.ledger.ack(said)
            else:
                self._refused(said, answer)

    def _refused(self, said: Said, answer: httpx2.Response) -> None:
        self.ledger.refusal("provider", answer.status_code, said.id)
        if answer.status_code < 500 and answer.status_code != 429:
            self.ledger.surprise(f"{said.id} was refused with {answer.status_code}: {answer.text[:200]}")
        time.sleep(0.3)


class _Server(http.server.ThreadingHTTPServer):
    """A caller that is killed in the middle of its request is what these runs are about: nothing to print."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@dataclass(frozen=True)
class Posted:
    """A callback as it came: to which path, and whether it was kept."""

    path: str
    key: str
    to: str
    text: str
    kept: bool


@dataclass
class Receiver:
    """The shops' own server. It stumbles: refuses, hangs up before or after it has kept what came.

    On the path of the channel without keys it never answers 5xx: that would be a promise that it did not arrive.
    """

    seed: int
    posted: list[Posted] = field(default_factory=list)
    came: Counter[tuple[str, str]] = field(default_factory=Counter)
    events: list[int] = field(default_factory=list)  # told by the webhook, as they came
    event_key: str = ""
    forged: int = 0
    calm: bool = False

    def start(self) -> str:
        """Begin; gives the address before the path."""
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver.take(self)

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def take(self, request: Asked) -> None:
        """One callback."""
        length = int(request.headers["Content-Length"])
        body = request.rfile.read(length)
        if len(body) < length:  # its sender was killed
            request.close_connection = True
            return
        told = json.loads(body)
        is_event = request.path == "/events"
        self.forged += not (_signed_event if is_event else _signed)(request, body, self.event_key)
        key = request.headers["Webhook-Id" if is_event else "Idempotency-Key"]
        mood = self._mood(request.path, key)
        if mood == "slow":
            time.sleep(0.7)
        if mood == "deaf":  # hangs up and knows nothing of it
            request.close_connection = True
            return
        if is_event and mood != "stumbles":
            self.events.append(int(told["id"]))
        elif not is_event:
            self.posted.append(_posted(request.path, key, told, mood))
        if mood == "rude":  # has it, but hangs up before saying so
            request.close_connection = True
            return
        with suppress(OSError):
            request.send_response(503 if mood == "stumbles" else 200)
            request.send_header("Content-Length", "0")
            request.end_headers()

    def _mood(self, path: str, key: str) -> str:
        if self.calm:
            return "kind"
        self.came[(path, key)] += 1
        chance = random.Random(f"{self.seed} {path} {key} {self.came[(path, key)]}").random()
        if path != "/once" and chance < 0.08:
            return "stumbles"
        return "deaf" if chance < 0.12 else "rude" if chance < 0.16 else "slow" if chance < 0.2 else "kind"


def _posted(path: str, key: str, told: dict[str, Any], mood: str) -> Posted:
    return Posted(path, key, told["to"]["id"], told["text"], mood != "stumbles")


def _signed(request: Asked, body: bytes, _key: str) -> bool:
    parts = dict(part.partition("=")[::2] for part in request.headers.get(api.HEADER, "").split(","))
    right = api.sign(SECRET, int(parts.get("t", "0")), body)
    return hmac.compare_digest(parts.get("v1", ""), right)


def _signed_event(request: Asked, body: bytes, key: str) -> bool:
    id, stamp = request.headers.get("Webhook-Id", ""), int(request.headers.get("Webhook-Timestamp", "0"))
    return request.headers.get("Webhook-Signature") == signing.sign(key, id, stamp, body)
