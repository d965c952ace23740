"""How many signed webhooks are stored in a second, each safe on disk before it is answered.

The load comes from a process of its own over connections that are kept open; customers differ in how much they
write. Afterwards every acknowledged message must be in the database, once.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from itertools import accumulate
from typing import Any

import click
from sqlalchemy import select

from app.bench import Result, at_least, at_most, benchmark, measured, rate
from app.bench.apart import Apart, Starter
from app.bench.ground import Usage, ground, stack_options
from app.bench.posting import Sender
from app.bench.stack import Served, StackError
from app.bench.webhooks import KINDS, NOBODY, Account, Kind, Said, accounts, registered
from app.bench.wire import Refused
from app.bench.words import WORDS
from app.models import Channel, Message

SKEW = 0.5  # the n-th customer writes as often as 1/n**SKEW says (Zipf): the busiest of 5,000 a few times a second
BUDGET = {"sqlite": 500.0, "postgresql": 1000.0}  # messages a second
TEXTS = 10_000  # texts made beforehand, so that making them costs nothing while it is measured


@benchmark("ingest", alone=True)
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(registered()),
    default=("api",),
    multiple=True,
    show_default=True,
    help="The platform whose webhooks they are. Given several times: one after the other.",
)
@click.option("--seconds", default=15.0, show_default=True, help="How long, after the warm-up.")
@click.option("--connections", default=48, show_default=True, help="Requests at once.")
@click.option("--customers", default=5000, show_default=True, help="Who write, some much more than others.")
@click.option("--batch", default=1, show_default=True, help="Messages in one request.")
@click.option("--warm", default=3.0, show_default=True, help="Seconds of warm-up.")
@stack_options
def command(
    kinds: tuple[str, ...],
    seconds: float,
    connections: int,
    customers: int,
    batch: int,
    warm: float,
    database_url: str | None,
    web: int,
) -> Iterator[Result]:
    """Signed webhooks over HTTP, fsync on: messages stored in a second."""
    for kind in kinds:
        if batch > 1 and not KINDS[kind].several:
            raise click.BadParameter(f"a webhook of {kind} has one message", param_hint="--batch")
    settings = {"connections": connections, "customers": customers, "batch": batch, "web": web}
    with ground(database_url, web, MADOGUCHI_SANDBOX=NOBODY) as served:
        told = [asdict(one) for one in accounts(served, kinds)]
        with Apart(
            "app.bench.ingest:load", base=served.base, accounts=told, customers=customers, batch=batch
        ) as load:
            load.hear()
            for one in told:
                asked = {"kind": one["kind"], "connections": connections}
                before = load.ask({**asked, "seconds": warm})
                with Usage(served) as usage:
                    found = load.ask({**asked, "seconds": seconds})
                compare(served, one["key"], [*before["acknowledged"], *found["acknowledged"]])
                yield from _results(served, found, {"kind": one["kind"], **settings}, usage)


def _results(served: Served, found: Any, settings: dict[str, Any], usage: Usage) -> Iterator[Result]:
    kind = settings["kind"]
    of, name = (f" of {kind}", f"ingest.{kind}") if kind != "api" else ("", "ingest")
    stored = len(found["acknowledged"])
    spent = {name: round(1000 * busy / stored, 3) for name, busy in usage.seconds.items()}
    more: dict[str, Any] = {
        "settings": settings | {"cpu_ms_each": spent, "busy": usage.percent},
        "memory": usage.memory,
        "note": f"{stored} acknowledged, each found once; {found['refused']} refused and sent again",
    }
    engine = "sqlite" if served.database_url.startswith("sqlite") else "postgresql"
    yield rate(
        f"{name}.rate",
        f"signed webhooks{of}: messages stored",
        stored / found["took"],
        budgets=[at_least("rate", BUDGET[engine])],
        **more,
    )
    yield measured(
        f"{name}.answer",
        f"signed webhook{of} → its answer, under that load",
        found["answers"],
        budgets=[at_most("p99", 200)],
        cpu=usage.milliseconds("web") / stored,
        **more,
    )


def compare(served: Served, key: str, acknowledged: list[str]) -> None:
    """Raises StackError unless every acknowledged id is a stored message, once."""
    with served.rows() as db:
        channel = select(Channel.id).filter_by(key=key).scalar_subquery()
        stored = list(db.scalars(select(Message.external_id).where(Message.channel_id == channel)))
    doubled = len(stored) - len(set(stored))
    lost = set(acknowledged) - set(stored)
    if doubled or lost:
        raise StackError(f"{len(lost)} of {len(acknowledged)} acknowledged are lost, {doubled} are doubled")


# --- the senders, in their own process -----------------------------------------------------------------------


async def load(
    starter: Starter, base: str, accounts: list[dict[str, Any]], customers: int, batch: int
) -> None:
    """Send as fast as answers come, to the account, as often and as long as asked."""
    platforms = {one["kind"]: _Platform(base, Account(**one), customers, batch) for one in accounts}
    starter.say("ready")
    while True:
        asked = await starter.hear()
        starter.say(await platforms[asked["kind"]].send(asked["connections"], asked["seconds"]))


class _Platform:
    """One account's platform; its lines stay open."""

    def __init__(self, base: str, account: Account, customers: int, batch: int) -> None:
        kind = KINDS[account.kind]
        self.senders = _Senders(kind, customers, batch)
        self._line = partial(Sender, base, account.key, "", "", sign=partial(kind.signs, account))
        self._lines: list[Sender] = []

    async def send(self, connections: int, seconds: float) -> dict[str, Any]:
        """What was found in so many seconds."""
        self._lines += [self._line() for _ in range(connections - len(self._lines))]
        begin = time.monotonic()
        run = _Run(begin + seconds)
        await asyncio.gather(*(_keep_sending(line, self.senders, run) for line in self._lines))
        took = time.monotonic() - begin
        return {
            "acknowledged": run.acknowledged,
            "answers": run.answers,
            "refused": run.refused,
            "took": took,
        }


class _Run:
    """What one run found."""

    def __init__(self, until: float) -> None:
        self.until, self.refused = until, 0
        self.acknowledged: list[str] = []
        self.answers: list[float] = []  # ms


class _Senders:
    """Who writes next, and what."""

    def __init__(self, kind: Kind, customers: int, batch: int) -> None:
        self.kind, self.batch, self.number, chance = kind, batch, 0, random.Random(7)
        weights = list(accumulate(1 / rank**SKEW for rank in range(1, customers + 1)))
        self.order = chance.choices(range(customers), cum_weights=weights, k=TEXTS)
        self.texts = [chance.choice(WORDS) for _ in range(TEXTS)]

    def next(self) -> tuple[list[str], bytes]:
        """The ids and the body of the next request."""
        said = []
        for _ in range(self.batch):
            self.number += 1
            at = self.number % TEXTS
            said.append(Said(self.number, 1 + self.order[at], self.texts[at]))
        return [self.kind.id(one) for one in said], self.kind.body(said)


async def _keep_sending(line: Sender, senders: _Senders, run: _Run) -> None:
    while time.monotonic() < run.until:
        ids, body = senders.next()
        while True:
            began = time.monotonic()
            status, _ = await line.post(body)
            if status == 200:
                break
            if status in (400, 401, 404):
                raise Refused(f"{status}: these webhooks are not taken")
            run.refused += 1
            await asyncio.sleep(0.05)
        run.answers.append(1000 * (time.monotonic() - began))
        run.acknowledged += ids
