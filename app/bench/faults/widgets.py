"""Visitors at the chat: each keeps what is not acknowledged and sends it again, fills gaps, shows each message once."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from app import visitors
from app.bench.faults.ledger import CUSTOMER, Ledger, Said
from app.db import now

ASKED = ("送料はいくらですか", "返品したいです", "在庫はありますか", "Do you ship abroad?", "もしもし")
HOLD = 0.5  # seconds at most that a refused frame waits here, whatever the server asked for
SILENCE = 8.0  # seconds without an answer after which the line counts as dead


class Lost(Exception):
    """The line is no good any more."""


class Widget:
    """One visitor."""

    def __init__(self, base: str, key: str, name: str, ledger: Ledger, seed: int) -> None:
        self.url = f"{base.replace('http', 'ws')}/widget/{key}/socket"
        self.key, self.name, self.ledger = key, name, ledger
        self.token = ""
        self.shown: dict[int, dict[str, Any]] = {}
        self.connections = self.gaps = 0
        self.flying: Said | None = None
        self.waiting: Said | None = None  # the one not acknowledged: they leave one at a time
        self._chance = random.Random(f"{seed} {name}")
        self._numbers = itertools.count(1)
        self._due = 0.0
        self._held = 0.0

    def run(self, stop: threading.Event) -> None:
        """Chat until told to stop; what was begun is brought to its end."""
        while not (stop.is_set() and self.waiting is None):
            with suppress(OSError, WebSocketException, TimeoutError, Lost), self._line() as line:
                while not (stop.is_set() and self.waiting is None):
                    self._step(line, stop)
            self.ledger.trouble("widget: line lost")
            time.sleep(self._chance.uniform(0.1, 0.6))

    def catch_up(self) -> None:
        """Connect once more on a good line and see everything there is. Raises what a bad line raises."""
        with self._line() as line:
            last = -1
            while last != (last := max(self.shown, default=0)):
                line.send(json.dumps({"t": "history", "after": last}))
                self._until(line, "history")

    def texts(self) -> list[str]:
        """What stands on the screen, in order."""
        inorder = sorted(self.shown.values(), key=lambda one: (one["at"], one["id"]))
        return [one["text"] for one in inorder]

    def _line(self) -> ClientConnection:
        line = connect(self.url, open_timeout=SILENCE, close_timeout=0.5, compression=None)
        try:
            self._hello(line)
        except BaseException:
            line.close()
            raise
        self.connections += 1
        self.flying = None
        return line

    def _hello(self, line: ClientConnection) -> None:
        hello: dict[str, Any] = {"t": "hello", "v": 1, "locale": "ja"}
        hello["ticket"] = visitors.issue_ticket(self.key, "https://shop.example.jp", now())
        if self.token:
            hello |= {"token": self.token, "after": max(self.shown, default=0)}
        line.send(json.dumps(hello))
        welcome = self._until(line, "welcome")
        if self.token and "token" in welcome:
            self.ledger.surprise(f"{self.name} was given a new session in place of its own")
        self.token = welcome.get("token", self.token)
        self._show_all(line, welcome)

    def _step(self, line: ClientConnection, stop: threading.Event) -> None:
        moment = time.monotonic()
        if self.waiting is None and moment >= self._due and not stop.is_set():
            self.waiting = self._words()
        if self.waiting and not self.flying and moment >= self._held:
            self.ledger.attempt(self.waiting)
            line.send(json.dumps({"t": "send", "id": self.waiting.id, "text": self.waiting.text}))
            self.flying, self._sent = self.waiting, moment
        with suppress(TimeoutError):
            self._take(line, json.loads(line.recv(timeout=0.05)))
        if self.flying and time.monotonic() - self._sent > SILENCE:
            raise Lost

    def _words(self) -> Said:
        id = f"{self.name}-{next(self._numbers)}"
        return self.ledger.begin(Said(CUSTOMER, self.name, id, f"{self._chance.choice(ASKED)} {id}"))

    def _until(self, line: ClientConnection, kind: str) -> dict[str, Any]:
        deadline = time.monotonic() + SILENCE
        while time.monotonic() < deadline:
            frame: dict[str, Any] = json.loads(line.recv(timeout=SILENCE))
            self._take(line, frame)
            if frame["t"] == kind:
                return frame
            if frame["t"] == "error":
                raise Lost
        raise Lost

    def _take(self, line: ClientConnection, frame: Mapping[str, Any]) -> None:
        match frame["t"]:
            case "ack":
                self._acked(frame)
            case "message":
                self._arrive(line, frame)
            case "history":
                self._show_all(line, frame)
            case "ping":
                line.send('{"t":"pong"}')
            case "error":
                self._refused(frame)

    def _acked(self, frame: Mapping[str, Any]) -> None:
        if self.waiting is None or frame["id"] != self.waiting.id:
            return
        self.ledger.ack(self.waiting, frame["message"])
        self.waiting = self.flying = None
        self._due = time.monotonic() + self._chance.uniform(0.05, 0.4)

    def _arrive(self, line: ClientConnection, frame: Mapping[str, Any]) -> None:
        before = frame.get("prev", 0)
        if before and before not in self.shown:
            self.gaps += 1
            line.send(json.dumps({"t": "history", "after": max(self.shown, default=0)}))
        self.shown[frame["id"]] = dict(frame)

    def _show_all(self, line: ClientConnection, frame: Mapping[str, Any]) -> None:
        for one in frame["messages"]:
            self.shown[one["id"]] = one
        if frame.get("newer"):
            line.send(json.dumps({"t": "history", "after": max(self.shown, default=0)}))

    def _refused(self, frame: Mapping[str, Any]) -> None:
        self.ledger.trouble(f"widget: told “{frame.get('code')}”")
        if frame.get("retry_after"):
            self.flying = None
            self._held = time.monotonic() + min(HOLD, float(frame["retry_after"]))
        elif frame.get("code") != "ticket":
            self.ledger.surprise(f"{self.name} was told {frame}")
            raise Lost
