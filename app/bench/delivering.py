"""How many outbound messages one worker hands to a provider in a second, and how soon after they were written.

The provider is the sandbox playing LINE, in a process of its own. First messages are written while the channel rests;
then it does no longer, and the worker drains them. After that messages are written at a steady rate, each in a
transaction of its own, as agents do. In the end the sandbox's record must have each message once.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import func, select, update

from app import inbox, jobs, vault
from app.bench import Result, at_least, benchmark, measured, rate, value
from app.bench.apart import Apart, Starter
from app.bench.ground import MEGA, Usage, ground
from app.bench.platforms import Platforms
from app.bench.stack import Served, StackError, until
from app.db import after_commit, now, reading, transaction
from app.models import Agent, Channel, Conversation, Delivery, Message
from app.models.delivery import QUEUED, SENDING, SENT

PLATFORM = "line"
FILLED = 50  # messages written in one transaction, while nobody sends
BUDGET = 200.0  # messages a second
TEXT = "お待たせいたしました。ご注文の品は本日発送いたします（{}）。"


@benchmark("deliver", alone=True)
@click.option("--messages", default=3000, show_default=True, help="How many are drained.")
@click.option("--customers", default=500, show_default=True, help="To how many customers.")
@click.option(
    "--rate", "paced", default=50.0, show_default=True, help="Then so many are written in a second,"
)
@click.option("--seconds", default=10.0, show_default=True, help="for so long.")
@click.option("--database-url", help="A database to use [a new SQLite]. What is sent stays in it.")
def command(
    messages: int, customers: int, paced: float, seconds: float, database_url: str | None
) -> Iterator[Result]:
    """Outbound messages drained by one worker, to a provider on this machine."""
    kept = 4 * (messages + customers + round(paced * seconds)) + 1000
    with Platforms.playing(kept) as provider, ground(database_url, MADOGUCHI_SANDBOX=provider.base) as served:
        account = provider.account(PLATFORM)
        with Apart("app.bench.delivering:writer", served.settings, account=account) as writer:
            key = writer.hear()
            people = [f"U{number:032x}" for number in range(1, customers + 1)]
            provider.write(PLATFORM, f"{served.base}/hooks/{key}", people, "在庫はありますか？")
            _all_came(served, key, customers)
            writer.ask({"fill": messages}, within=900)
            with Usage(served) as usage:
                opened = writer.ask({"open": True})
                _all_sent(served, key, 10 + messages / 5)
            drained = _sent(served, key)
            paces = writer.ask({"rate": paced, "seconds": seconds}, within=60 + 2 * seconds)
            _all_sent(served, key, 60)
            latest = {id: at for id, at in _sent(served, key).items() if str(id) in paces}
        _compare(provider, messages + len(paces))
        waits = [1000 * (at - paces[str(id)]) for id, at in latest.items()]
        settings = {"messages": messages, "customers": customers, "rate": paced}
        yield from _results(served, [at - opened for at in drained.values()], waits, settings, usage)


def _results(
    served: Served, drained: Sequence[float], waits: Sequence[float], settings: dict[str, Any], usage: Usage
) -> Iterator[Result]:
    spent = {name: round(1000 * busy / len(drained), 3) for name, busy in usage.seconds.items()}
    more: dict[str, Any] = {
        "settings": settings | {"cpu_ms_each": spent, "busy": usage.percent},
        "note": "the provider has each once",
    }
    yield rate(
        "deliver.rate",
        "messages sent, one worker",
        len(drained) / max(drained),
        budgets=[at_least("rate", BUDGET)],
        **more,
    )
    yield measured("deliver.wait", f"written → sent, at {settings['rate']:g} a second", waits, **more)
    worker = served.child("worker").pid
    yield value("deliver.memory", "most memory of the worker", peak(worker), "MB", **more)


def peak(pid: int) -> float:
    """MB that a process had resident at most, where the system tells (Linux: proc_pid_status(5))."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / MEGA for line in lines if line.startswith("VmHWM:")), 0.0)


def _sent(served: Served, key: str) -> dict[int, float]:
    """When each message of the channel was sent (seconds since 1970), by its id."""
    with served.rows() as db:
        mine = select(Channel.id).filter_by(key=key).scalar_subquery()
        wanted = select(Delivery.message_id, Delivery.updated_at)
        found = db.execute(wanted.where(Delivery.channel_id == mine, Delivery.state == SENT))
        return {id: at.timestamp() for id, at in found}


def _all_came(served: Served, key: str, customers: int) -> None:
    """Raises StackError unless so many messages have come in."""
    with served.rows() as db:
        mine = select(Channel.id).filter_by(key=key).scalar_subquery()
        came = db.scalar(select(func.count(Message.id)).where(Message.channel_id == mine))
    if came != customers:
        raise StackError(f"{customers} customers wrote, {came} messages came in")


def _all_sent(served: Served, key: str, seconds: float) -> None:
    """Wait. Raises StackError when they are not in time."""

    def done() -> bool:
        with served.rows() as db:
            mine = select(Channel.id).filter_by(key=key).scalar_subquery()
            left = select(Delivery.id).where(
                Delivery.channel_id == mine, Delivery.state.in_((QUEUED, SENDING))
            )
            return db.scalar(left.limit(1)) is None

    until(done, "every message is sent", seconds, every=0.1)  # asking takes from what is measured


def _compare(provider: Platforms, messages: int) -> None:
    """Raises StackError unless the provider has so many messages, no two the same."""
    texts = [one["text"] for entry in provider.accepted(PLATFORM) for one in entry["messages"]]
    if len(texts) != messages or len(set(texts)) != messages:
        raise StackError(f"of {messages} messages the provider has {len(texts)}, {len(set(texts))} different")


# --- who writes, in a process of the installation ----------------------------------------------------------------


async def writer(starter: Starter, account: dict[str, str]) -> None:
    """Make the channel and say its key; then write as told, until nothing more is said."""
    with transaction() as db:
        secret = {"channel_secret": account["channel_secret"], "access_token": account["access_token"]}
        settings = {"channel_id": account["channel_id"]}
        key = f"sandbox-bench-{secrets.token_hex(4)}"
        channel = Channel(
            kind=PLATFORM, name=key, key=key, settings=settings, secrets=vault.seal(secret), cursor={}
        )
        channel.bot_enabled = False
        agent = Agent(name=key, email=f"{key}@bench.example", password_hash="-", role="agent")
        db.add_all([channel, agent])
    desk = _Desk(channel.id, agent.id)
    starter.say(key)
    while True:
        asked = await starter.hear()
        if "fill" in asked:
            starter.say(desk.fill(asked["fill"]))
        elif "open" in asked:
            starter.say(desk.open())
        else:
            starter.say(desk.pace(asked["rate"], asked["seconds"]))


class _Desk:
    """One agent, who answers everybody in turn."""

    def __init__(self, channel: int, agent: int) -> None:
        self.channel, self.agent, self.number = channel, agent, 0
        self.threads: Sequence[int] = ()

    def fill(self, messages: int) -> int:
        """Write so many while nothing goes out."""
        with reading() as db:
            self.threads = db.scalars(
                select(Message.conversation_id).where(Message.channel_id == self.channel).distinct()
            ).all()
        self._rest(until=now() + timedelta(days=1))
        for start in range(0, messages, FILLED):
            self._write(min(FILLED, messages - start))
        until(lambda: not jobs.waiting(), "the worker knows who wrote", 600)
        return messages

    def open(self) -> float:
        """Let them go out; the moment (seconds since 1970) from which they do."""
        self._rest(until=None)
        begin = time.time()
        jobs.wake_channel(self.channel)
        return begin

    def pace(self, rate: float, seconds: float) -> dict[int, float]:
        """Write at a steady rate; message → when it was committed."""
        written: dict[int, float] = {}
        begin = time.monotonic()
        for number in range(round(rate * seconds)):
            time.sleep(max(0.0, begin + number / rate - time.monotonic()))
            written |= self._write(1)
        return written

    def _write(self, messages: int) -> dict[int, float]:
        committed: list[float] = []
        with transaction() as db:
            after_commit(db, lambda: committed.append(time.time()))
            agent = db.get_one(Agent, self.agent)
            ids = [self._reply(db, agent) for _ in range(messages)]
        return dict.fromkeys(ids, committed[0])

    def _reply(self, db: Any, agent: Agent) -> int:
        self.number += 1
        thread = db.get_one(Conversation, self.threads[self.number % len(self.threads)])
        said = inbox.reply(db, agent, thread, TEXT.format(self.number), f"bench-{self.number}-{self.agent}")
        return int(said.id)

    def _rest(self, until: datetime | None) -> None:
        with transaction() as db:
            db.execute(update(Channel).where(Channel.id == self.channel).values(rests_until=until))
