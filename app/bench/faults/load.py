"""The load: customers on both ways in, agents, and the servers that take the answers, each in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app import people, switchboard, tokens, webhooks
from app.bench.faults import once
from app.bench.faults.agents import Agent
from app.bench.faults.followers import Follower
from app.bench.faults.ledger import Ledger
from app.bench.faults.providers import SECRET, Provider, Receiver
from app.bench.faults.proxy import Proxy
from app.bench.faults.stage import Stage
from app.bench.faults.widgets import Widget
from app.db import transaction
from app.knowledge import versions
from app.models import FaqEntry

PASSWORD = "a password for fault runs"
CHATS, WIDGETS, PROVIDERS, AGENTS = 2, 4, 5, 3
LIMITS = {"messages_per_minute": "600", "messages_per_minute_ip": "6000"}
FINISH = 90.0  # seconds the clients may take to bring to an end what they had begun
Run = Callable[[threading.Event], None]
BOOK = (
    ("送料", ("送料はいくらですか", "How much is shipping"), "送料は全国一律600円です。"),
    ("返品", ("返品したいです", "返品はできますか"), "14日以内なら返品できます。"),
)


@dataclass
class Load:
    """Everybody who takes part."""

    ledger: Ledger
    proxy: Proxy
    receiver: Receiver
    widgets: list[Widget] = field(default_factory=list)
    providers: list[Provider] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)
    follower: Follower = field(init=False)
    stop: threading.Event = field(default_factory=threading.Event)  # begin nothing new
    quit: threading.Event = field(default_factory=threading.Event)  # hang up
    _working: list[threading.Thread] = field(default_factory=list)
    _hearing: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        """Everybody starts."""
        for chatting in self.widgets:
            self._working.append(self._thread(chatting.run, self.stop, chatting.name))
        for sending in self.providers:
            self._working.append(self._thread(sending.run, self.stop, sending.name))
        for agent in self.agents:
            self._working.append(self._thread(agent.work, self.stop, agent.name))
            self._hearing.append(self._thread(agent.listen, self.quit, f"{agent.name}'s page"))
        self._hearing.append(self._thread(self.follower.run, self.quit, self.follower.name))

    def finish(self) -> list[str]:
        """Nobody begins anything new; who cannot bring to an end what they had begun is named."""
        self.stop.set()
        until = time.monotonic() + FINISH
        for thread in self._working:
            thread.join(max(0.1, until - time.monotonic()))
        return [thread.name for thread in self._working if thread.is_alive()]

    def hang_up(self) -> None:
        """Nobody listens any more."""
        self.quit.set()
        for thread in self._hearing:
            thread.join(15)

    def _thread(self, run: Run, until: threading.Event, name: str) -> threading.Thread:
        thread = threading.Thread(target=self._guarded, args=(run, until, name), name=name, daemon=True)
        thread.start()
        return thread

    def _guarded(self, run: Run, until: threading.Event, name: str) -> None:
        try:
            run(until)
        except Exception as error:  # noqa: BLE001  # a client that breaks must not pass for one that was content
            self.ledger.surprise(f"{name} broke: {type(error).__name__}: {error}")


@contextmanager
def load(stage: Stage, seed: int, lease: float) -> Iterator[Load]:
    """Channels, people and clients, not yet begun. The driver's own settings must be the installation's."""
    ledger, receiver, proxy = Ledger(), Receiver(seed), Proxy(stage.port, seed)
    callback = receiver.start()
    proxy.start()
    base = f"http://127.0.0.1:{proxy.port}"
    chats, api, single = _channels(callback)
    made = Load(ledger, proxy, receiver)
    made.widgets = [Widget(base, chats[n % CHATS], f"w{n}", ledger, seed) for n in range(WIDGETS)]
    keys = [api, single]
    made.providers = [Provider(base, keys[n % 2], f"p{n}", ledger, seed) for n in range(PROVIDERS)]
    made.agents = [Agent(base, email, PASSWORD, ledger, seed, lease) for email in _people()]
    for agent in made.agents:
        agent.sign_in(stage.base)
    token, receiver.event_key = _program(callback)
    made.follower = Follower(base, token, ledger)
    try:
        yield made
    finally:
        made.stop.set()
        made.quit.set()
        proxy.stop()
        receiver.stop()


def _channels(callback: str) -> tuple[list[str], str, str]:
    """Two chats and the API channel with the bot, and the channel without idempotency keys."""
    once.add_kind()
    with transaction() as db:
        chats = [switchboard.add_channel(db, "webchat", f"Chat {n}", LIMITS) for n in range(CHATS)]
        told = {"secret": SECRET, "callback_url": f"{callback}/api"}
        api = switchboard.add_channel(db, "api", "API", told)
        single = switchboard.add_channel(db, once.KIND, "Once", {**told, "callback_url": f"{callback}/once"})
        for title, questions, answer in BOOK:
            db.add(FaqEntry(title=title, language="ja", questions=list(questions), answer=answer))
        db.flush()
        versions.publish_all(db)
        return [one.key for one in chats], api.key, single.key


def _people() -> list[str]:
    emails = [f"agent{n}@faults.example" for n in range(AGENTS)]
    with transaction() as db:
        for n, email in enumerate(emails):
            people.add(db, None, email=email, name=f"担当{n}", password=PASSWORD)
    return emails


def _program(callback: str) -> tuple[str, str]:
    """An admin's token, and a webhook for everything; gives the token's text and the webhook's key."""
    with transaction() as db:
        email, name = "program@faults.example", "プログラム"
        admin = people.add(db, None, email=email, name=name, password=PASSWORD, role="admin")
        _, token = tokens.make(db, admin, "fault run", ["events:read", "conversations:read"])
        _, key = webhooks.add(db, admin, "fault run", f"{callback}/events")
    return token, key
