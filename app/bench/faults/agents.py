"""Agents at work: signed in, a conversation before them, every message with its own id, tried until it is taken."""

from __future__ import annotations

import itertools
import json
import random
import re
import threading
import time
from contextlib import suppress

import httpx2
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from app.bench.faults.ledger import HAND_BACK, NOTE, REPLY, RESOLVE, TAKE_OVER, Done, Ledger, Said
from app.bench.faults.screens import Screen

CSRF = re.compile(r'data-csrf="([^"]+)"')
FIELD = re.compile(r'name="csrf" value="([^"]+)"')
ACTIONS = {"reply": 46, "note": 10, TAKE_OVER: 13, HAND_BACK: 14, RESOLVE: 7, "lock": 10}
EPOCH = re.compile(r"handover\?epoch=\d+")
PATHS = {TAKE_OVER: ("POST", "handover"), HAND_BACK: ("DELETE", "handover"), RESOLVE: ("POST", "closure")}
STAYS = 12  # things done in a conversation before the next one is opened


class Agent:
    """One person: works in one thread, hears the live feed in another."""

    def __init__(self, base: str, email: str, password: str, ledger: Ledger, seed: int, lease: float) -> None:
        self.base, self.email, self.password = base, email, password
        self.name, self.ledger, self.lease = email.partition("@")[0], ledger, lease
        self.known: set[int] = set()
        self.screen = Screen()
        self.recovered = self.connections = 0
        self._numbers = itertools.count(1)
        self._chance = random.Random(f"{seed} {email}")
        self._client = httpx2.Client(base_url=base, timeout=6, trust_env=False)
        self._touching = threading.RLock()

    def sign_in(self, base: str) -> None:
        """By the form, over a good line to `base`. Raises AssertionError where it does not work."""
        with httpx2.Client(base_url=base, timeout=20, trust_env=False) as client:
            token = FIELD.search(client.get("/login").text)
            assert token, "the sign-in form has no token"
            told = {"csrf": token[1], "email": self.email, "password": self.password}
            answer = client.post("/login", data=told)
            assert answer.status_code == 303, answer.text
            home = CSRF.search(client.get("/inbox").text)
            assert home, "nobody is signed in"
            self._cookie = f"madoguchi={client.cookies['madoguchi']}"
        self._client.headers |= {"Cookie": self._cookie, "X-CSRF-Token": home[1]}

    def work(self, stop: threading.Event) -> None:
        """Do one thing after the other until told to stop; what was begun is brought to its end."""
        done = 0
        while not stop.wait(self._chance.uniform(0.05, 0.35)):
            if done % STAYS == 0 and not self._open_another():
                continue
            done += 1
            action = self._chance.choices(list(ACTIONS), list(ACTIONS.values()))[0]
            if action in PATHS:
                self._do(action)
            elif action == "note":
                self._write(NOTE, "notes", "メモ")
            else:
                self._answer(locked=action == "lock")

    def listen(self, stop: threading.Event) -> None:
        """Hear the live feed until told to stop; a lost line is opened again, and what was missed asked for."""
        url = f"{self.base.replace('http', 'ws')}/inbox/socket"
        while not stop.is_set():
            with suppress(OSError, WebSocketException, TimeoutError, httpx2.HTTPError):
                self._hear(url, stop)
            self.ledger.trouble("agent: line lost")
            time.sleep(self._chance.uniform(0.1, 0.6))

    def catch_up(self) -> None:
        """Ask once more for what was missed, on a good line. Raises httpx2.HTTPError."""
        if self.screen.conversation:
            self._recover()

    # --- the live feed ------------------------------------------------------------------------------------

    def _hear(self, url: str, stop: threading.Event) -> None:
        headers = {"Cookie": self._cookie}
        with connect(url, open_timeout=8, close_timeout=0.5, additional_headers=headers) as line:
            self.connections += 1
            looking = 0
            while not stop.is_set():
                if looking != (looking := self.screen.conversation) or not self.connections:
                    line.send(json.dumps({"t": "looking", "conversation": looking}))
                    self._recover()
                with suppress(TimeoutError):
                    frame = json.loads(line.recv(timeout=0.1))
                    if frame["t"] == "event":
                        self.known.add(frame["conversation"])
                    with self._touching:
                        missed = self.screen.follow(frame)
                    if missed:
                        self._recover()

    def _recover(self) -> None:
        with self._touching:
            id, known = self.screen.conversation, self.screen.known
        answer = self._client.get(f"/conversations/{id}/changes", params={"after": known})
        if answer.status_code != 200:
            self.ledger.refusal("agent", answer.status_code, f"{self.name}: the changes of {id}")
            raise httpx2.ReadError("not now")
        told = answer.json()
        if told.get("reload"):
            self._load(id)
            return
        self.recovered += bool(told["frames"])
        with self._touching:
            if self.screen.conversation == id:
                for frame in told["frames"]:
                    self.screen.apply(frame)

    def _open_another(self) -> bool:
        if not self.known:
            with suppress(httpx2.HTTPError):
                rows = self._client.get("/inbox/rows", params={"view": "open"}).text
                self.known |= {int(id) for id in re.findall(r'id="row-(\d+)"', rows)}
            if not self.known:
                return False
        try:
            return self._load(self._chance.choice(sorted(self.known)))
        except httpx2.HTTPError as error:
            self.ledger.trouble(f"agent: {type(error).__name__}")
            return False

    def _load(self, id: int) -> bool:
        answer = self._client.get(f"/inbox/{id}/pane")
        if answer.status_code != 200:
            self.ledger.refusal("agent", answer.status_code, f"{self.name}: the pane of {id}")
            return False
        with self._touching:
            self.screen.load(answer.text)
        return True

    # --- what they do -------------------------------------------------------------------------------------

    def _answer(self, *, locked: bool) -> None:
        """A reply; with the reply lock first, and sometimes so late that it has lapsed."""
        id = self.screen.conversation
        if locked:
            with suppress(httpx2.HTTPError):
                self._client.post(f"/conversations/{id}/lock")
            time.sleep(self._chance.choice((0.1, 0.3, self.lease + 0.3)))
        self._write(REPLY, "replies", "お答えします")

    def _write(self, kind: str, path: str, words: str) -> None:
        with self._touching:
            id, about = self.screen.conversation, self.screen.newest()
        client_id = f"{self.name}-{next(self._numbers):06}"
        said = Said(kind, self.name, client_id, f"{words} {client_id}", conversation=id)
        said.answers = about.message if about else 0
        self.ledger.begin(said)
        form = {"text": said.text, "client_id": client_id}
        answer = self._until_taken(said, "POST", f"/conversations/{id}/{path}", form)
        if answer is None:
            self.ledger.refuse(said)
            return
        with self._touching:
            if self.screen.conversation == id:
                self.screen.place(answer.text)
        found = re.search(r'data-message="(\d+)"', answer.text)
        self.ledger.ack(said, int(found[1]) if found else 0)

    def _do(self, verb: str) -> None:
        method, path = PATHS[verb]
        here = f"/conversations/{self.screen.conversation}"
        if path == "handover":  # as the button on the page says it
            try:
                drawn = EPOCH.search(self._client.get(f"{here}/header").text)
            except httpx2.HTTPError as error:
                self.ledger.trouble(f"agent: {type(error).__name__}")
                return
            if drawn is None:
                return
            path = drawn[0]
        done = self.ledger.verb(Done(verb, self.screen.conversation))
        answer = self._until_taken(done, method, f"{here}/{path}", {})
        self.ledger.ended(done, acked=answer is not None)

    def _until_taken(
        self, one: Said | Done, method: str, path: str, form: dict[str, str]
    ) -> httpx2.Response | None:
        """Try until it is taken, or (None) refused for a reason: somebody else answers, nothing is open. Raises
        `GivenUp`."""
        while True:
            self.ledger.attempt(one)
            try:
                answer = self._client.request(method, path, data=form or None)
            except httpx2.HTTPError as error:
                self.ledger.trouble(f"agent: {type(error).__name__}")
                time.sleep(0.15)
                continue
            if answer.status_code == 200:
                return answer
            self.ledger.refusal("agent", answer.status_code, f"{self.name}: {method} {path}")
            if answer.status_code in (409, 422):
                return None
            if answer.status_code < 500:
                self.ledger.surprise(f"{self.name}: {method} {path} was answered {answer.status_code}")
                return None
            time.sleep(0.3)
