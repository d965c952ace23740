"""The sandbox for tests: started in this process on a free port, asked and told through its own JSON doors."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from app import listener
from app.sandbox.server import Options, server
from channels.base import Request
from tests.hooked import Said
from tests.serving import free_port, until

TAKASHI = "U" + "1" * 32
MISAKI = "U" + "2" * 32
GROUP = "C" + "3" * 32


class Sandbox:
    """A running sandbox, at `base`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.base = f"http://127.0.0.1:{options.port}"
        self.api, self.data = f"{self.base}/api.line.me", f"{self.base}/api-data.line.me"
        self.http = httpx2.Client(base_url=self.base, trust_env=False, timeout=20)

    def post(self, path: str, told: Any) -> Any:
        """What a JSON door says. Raises httpx2.HTTPStatusError."""
        return self.http.post(path, json=told).raise_for_status().json()

    def act(self, user: str, action: str, on: str = "line", **about: Any) -> dict[str, str]:
        """A customer does something on a platform; the ids of the event and of the message."""
        done: dict[str, str] = self.post(f"/act/{on}", {"user": user, "action": action, **about})
        return done

    def says(self, user: str, text: str, **about: Any) -> dict[str, str]:
        """A customer writes."""
        return self.act(user, "text", text=text, **about)

    def misbehaves(self, *rules: dict[str, Any]) -> None:
        """From now on it misbehaves like this, and no other way."""
        self.http.put("/faults", json=list(rules)).raise_for_status()

    def record(self, **wanted: str) -> list[dict[str, Any]]:
        """Its record."""
        entries: list[dict[str, Any]] = self.http.get("/record", params=wanted).json()["entries"]
        return entries

    def accepted(self, to: str = "") -> list[str]:
        """The texts it accepted, in order, of all or for one customer."""
        entries = self.record(what="accepted", **({"to": to} if to else {}))
        return [message.get("text", "") for entry in entries for message in entry["messages"]]

    def phone(self, user: str, on: str = "line") -> list[dict[str, Any]]:
        """What stands on a customer's phone."""
        with self.http.stream("GET", f"/phone/{on}/events", params={"user": user}) as news:
            first = next(line for line in news.iter_lines() if line.startswith("data: "))
        return list(httpx2.Response(200, content=first[6:].encode()).json()["bubbles"])

    def settle(self, on: str = "line") -> None:
        """Until every webhook is told."""
        until(lambda: not self.state(on)["waiting"], "every webhook is told")

    def state(self, on: str = "line") -> dict[str, Any]:
        """A platform's part of /state."""
        told: dict[str, Any] = self.http.get("/state").json()["platforms"][on]
        return told

    def set(self, on: str = "line", **told: Any) -> None:
        """Set something of a platform's account."""
        self.post(f"/settings/{on}", told)


@dataclass
class Hearer:
    """A program behind the webhook address. `answers`: the statuses it gives, in turn; then 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    heard: list[Request] = field(default_factory=list)

    def hear(self, request: Request) -> Said:
        """One webhook."""
        self.heard.append(request)
        return self.answers.pop(0) if self.answers else 200, "text/plain", b""

    def requests(self, count: int) -> list[Request]:
        """All that came, once it is so many."""
        until(lambda: len(self.heard) >= count, f"{count} webhooks")
        return list(self.heard)


@contextmanager
def playing(webhook: str = "", **options: Any) -> Iterator[Sandbox]:
    """A sandbox on a free port, in a thread of this process; `webhook`: where webhooks go, in full."""
    given = Options(port=free_port(), **{"seed": 1, **options})
    listening = listener.bind("127.0.0.1", given.port)
    running = server(given)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    sandbox = Sandbox(given)
    try:
        until(lambda: running.started, "the sandbox is up")
        sandbox.set(webhook=webhook)
        yield sandbox
    finally:
        sandbox.http.close()
        running.should_exit = True
        thread.join(10)
        listening.close()
        assert not thread.is_alive()
