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
from app.bench.clients import Sender
from app.bench.ground import Usage, ground, stack_options
from app.bench.stack import Served, StackError
from app.bench.webhooks import KINDS, NOBODY, Account, Kind, Said, account, registered
from app.bench.wire import Refused
from app.bench.words import WORDS
from app.models import Channel, Message

SKEW = 0.5  # the n-th customer writes as often as 1/n**SKEW says (Zipf): the busiest of 5,000 a few times a second
BUDGET = {"sqlite": 500.0, "postgresql": 1000.0}  # messages a second
TEXTS = 10_000  # texts made beforehand, so that making them costs nothing while it is measured


@benchmark("ingest", alone=True)
@click.option(
    "--kind",
    type=click.Choice(registered()),
    default="api",
    show_default=True,
    help="The platform whose webhooks they are.",
)
@click.option("--seconds", default=15.0, show_default=True, help="How long, after the warm-up.")
@click.option("--connections", default=48, show_default=True, help="Requests at once.")
@click.option("--customers", default=5000, show_default=True, help="Who write, some much more than others.")
@click.option("--batch", default=1, show_default=True, help="Messages in one request.")
@click.option("--warm", default=3.0, show_default=True, help="Seconds of warm-up.")
@stack_options
def command(
    kind: str,
    seconds: float,
    connections: int,
    customers: int,
    batch: int,
    warm: float,
    database_url: str | None,
    web: int,
) -> Iterator[Result]:
    """Signed webhooks over HTTP, fsync on: messages stored in a second."""
    if batch > 1 and not KINDS[kind].several:
        raise click.BadParameter(f"a webhook of {kind} has one message", param_hint="--batch")
    with ground(database_url, web, MADOGUCHI_SANDBOX=NOBODY) as served:
        here = account(served, kind)
        told = {"base": served.base, "told": asdict(here)}
        with Apart("app.bench.ingest:load", **told, customers=customers, batch=batch) as load:
            load.hear()
            before = load.ask({"seconds": warm, "connections": connections})
            with Usage(served) as usage:
                found = load.ask({"seconds": seconds, "connections": connections})
            sent = [*before["acknowledged"], *found["acknowledged"]]
            compare(served, here.key, sent)
        settings = {
            "kind": kind,
            "connections": connections,
            "customers": customers,
            "batch": batch,
            "web": web,
        }
        yield from _results(served, found, settings, usage)


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


async def load(starter: Starter, base: str, told: dict[str, Any], customers: int, batch: int) -> None:
    """Send as fast as answers come, as often and as long as asked."""
    here = Account(**told)
    kind = KINDS[here.kind]
    senders = _Senders(kind, customers, batch)
    sign = partial(kind.signs, here)
    lines: list[Sender] = []
    starter.say("ready")
    while True:
        asked = await starter.hear()
        lines += [Sender(base, here.key, "", "", sign=sign) for _ in range(asked["connections"] - len(lines))]
        begin = time.monotonic()
        run = _Run(begin + asked["seconds"])
        await asyncio.gather(*(_keep_sending(line, senders, run) for line in lines))
        took = time.monotonic() - begin
        starter.say(
            {"acknowledged": run.acknowledged, "answers": run.answers, "refused": run.refused, "took": took}
        )


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
