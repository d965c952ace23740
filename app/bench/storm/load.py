"""The load: customers on the sandbox's phones, and agents who answer them through the API."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

import httpx2
from sqlalchemy import func, select

from app import people, switchboard, tokens
from app.bench.faults.ledger import REPLY, Ledger, Said
from app.bench.platforms import Platforms
from app.bench.stack import until
from app.bench.storm import plan
from app.bench.storm.plan import ACCOUNTS, Line
from app.bench.webhooks import telegram
from app.db import reading, transaction
from app.models import Channel, Conversation, Delivery, Identity, Message
from app.models.delivery import QUEUED, SENDING
from app.models.message import INBOUND

BEHIND = 400  # webhooks that may wait before the customers pause
WITHIN = 30.0  # seconds a platform waits for the answer to a webhook: it is not the machine that is on trial
AGENTS = 5
PASSWORD = "a password for storms"
FINISH = 300.0  # seconds the agents may take to bring to an end what they had begun
STUCK = (
    900.0  # seconds after which what everybody waits for will never come; a platform tells again after 300
)


@dataclass(frozen=True)
class Written:
    """What a customer wrote: the ids the platform gave the event, and between which moments (seconds since 1970)."""

    line: Line
    event: str
    after: float
    before: float


@dataclass
class Customers:
    """They write, round by round, never too far ahead of what has been told."""

    provider: Platforms
    seed: int
    messages: dict[str, int]
    written: list[Written] = field(default_factory=list)

    def run(self) -> None:
        """Write everything."""
        everybody = [plan.rounds(self.seed, name, count) for name, count in self.messages.items()]
        for number, together in enumerate(zip_longest(*everybody)):
            for lines in filter(None, together):
                self._write(lines)
            if number % 4 == 3:
                self._await_told(BEHIND)

    @property
    def share(self) -> float:
        """How much of it is written, from 0 to 1."""
        return len(self.written) / sum(self.messages.values())

    def waiting(self) -> int:
        """How many webhooks are not told yet."""
        return sum(one["waiting"] for one in self.provider.ask("/state")["platforms"].values())

    def _write(self, lines: Sequence[Line]) -> None:
        after = time.time()
        acts = [{"user": one.user, "action": "text", "text": one.text} for one in lines]
        made = self.provider.tell(f"/act/{lines[0].platform}", acts)
        before = time.time()
        self.written += [
            Written(line, one["event"], after, before) for line, one in zip(lines, made, strict=True)
        ]

    def _await_told(self, most: int) -> None:
        until(lambda: self.waiting() <= most, f"no more than {most} webhooks wait to be told", STUCK, 0.1)


@dataclass
class Agents:
    """Each answers customers of their own, one after the other, each answer tried until it is taken. They are done
    when the customers are, not before."""

    base: str
    customers: Customers
    tokens: Sequence[str]
    ledger: Ledger
    replies: int
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        """They start, each as soon as somebody has written to them."""
        for number, token in enumerate(self.tokens):
            thread = threading.Thread(target=self._guarded, args=(number, token), daemon=True)
            thread.start()
            self._threads.append(thread)

    def finish(self) -> None:
        """Until all is written."""
        end = time.monotonic() + FINISH
        for thread in self._threads:
            thread.join(max(0.1, end - time.monotonic()))
            if thread.is_alive():
                self.ledger.surprise("an agent could not bring to an end what they had begun")

    def _guarded(self, number: int, token: str) -> None:
        try:
            self._work(number, token)
        except Exception as error:  # noqa: BLE001  # an agent who breaks must not pass for one who was content
            self.ledger.surprise(f"agent {number} broke: {type(error).__name__}: {error}")

    def _work(self, number: int, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        mine = range(number, self.replies, len(self.tokens))
        with httpx2.Client(base_url=self.base, headers=headers, timeout=10, trust_env=False) as client:
            for reply, thread in zip(mine, self._conversations(number), strict=False):
                self._await_customers(reply)
                self._reply(client, reply, thread)

    def _await_customers(self, reply: int) -> None:
        """Answers go with what is written. Raises StackError."""
        share = reply / self.replies
        until(lambda: self.customers.share >= share, f"customers write up to answer {reply}", STUCK, 0.05)

    def _conversations(self, number: int) -> Iterator[int]:
        """Those whose number says that they are this agent's, round and round."""
        mine: list[int] = []

        def found() -> bool:
            with reading() as db:
                known = db.scalars(select(Conversation.id).order_by(Conversation.id)).all()
            mine[:] = [id for id in known if id % len(self.tokens) == number]
            return bool(mine)

        while True:
            until(found, f"agent {number} has a conversation", STUCK, 0.2)
            yield from mine

    def _reply(self, client: httpx2.Client, number: int, thread: int) -> None:
        key = f"out-{number:06d}"
        said = self.ledger.begin(Said(REPLY, "an agent", key, f"お答えします {key}", conversation=thread))
        while not said.acked:
            self.ledger.attempt(said)
            try:
                answer = client.post(
                    f"/api/v1/conversations/{thread}/replies", json={"text": said.text, "client_id": key}
                )
            except httpx2.HTTPError as error:
                self.ledger.trouble(f"agent: {type(error).__name__}")
                time.sleep(0.2)
                continue
            if answer.status_code == 201:
                self.ledger.ack(said, int(answer.json()["id"]))
            elif answer.status_code == 429 or answer.status_code >= 500:
                self.ledger.trouble(f"agent: {answer.status_code}")
                time.sleep(min(2.0, float(answer.headers.get("retry-after", "0.3"))))
            else:
                self.ledger.refuse(said)
                self.ledger.surprise(f"{key} was answered {answer.status_code}: {answer.text[:200]}")
                return


class Work:
    """How much is done: messages that are in, and answers of which it is known what became of them."""

    def __init__(self) -> None:
        self._counted, self._asked_at = (0, 0), 0.0

    def counted(self) -> tuple[int, int]:
        """In and out, as of half a second ago."""
        if time.monotonic() - self._asked_at > 0.5:
            with reading() as db:
                came = db.scalar(select(func.count()).select_from(Message).where(Message.kind == INBOUND))
                settled = Delivery.state.not_in((QUEUED, SENDING))
                went = db.scalar(select(func.count()).select_from(Delivery).where(settled))
            self._counted, self._asked_at = (came or 0, went or 0), time.monotonic()
        return self._counted

    @property
    def acknowledged(self) -> int:
        return sum(self.counted())


def open_channels(provider: Platforms, base: str) -> None:
    """A channel for each platform's account, told of by webhook. Our settings must be the installation's."""
    for name, one in ACCOUNTS.items():
        told, key = provider.account(name), f"sandbox-storm-{name}"
        answers = {field: value.format(**told) for field, value in one.answers.items()}
        with transaction() as db:
            switchboard.add_channel(db, name, name, answers, key, bot=False)
        hears = {"secret": telegram.secret(key, answers)} if name == "telegram" else {}
        provider.tell(f"/settings/{name}", {"webhook": f"{base}/hooks/{key}", "within": WITHIN, **hears})


def hire() -> list[str]:
    """Agents; their tokens."""
    with transaction() as db:
        staff = [
            people.add(db, None, email=f"agent{n}@storm.example", name=f"担当{n}", password=PASSWORD)
            for n in range(AGENTS)
        ]
        return [tokens.make(db, one, "storm", ["conversations:write"])[1] for one in staff]


def addresses() -> dict[int, str]:
    """Conversation → the address of whose it is, as "kind of channel: address"."""
    wanted = select(Conversation.id, Identity.kind, Identity.address).join(
        Identity, Identity.customer_id == Conversation.customer_id
    )
    with reading() as db:
        kinds = {kind for (kind,) in db.execute(select(Channel.kind))}
        return {id: f"{kind}: {address}" for id, kind, address in db.execute(wanted) if kind in kinds}
