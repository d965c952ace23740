"""One storm from beginning to end: everybody writes, things break, all becomes quiet, the promises are recounted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app import config, db
from app.bench.faults.books import Verdict
from app.bench.faults.driver import Driver, Say, Stalled
from app.bench.faults.ledger import Ledger
from app.bench.faults.running import LEASE, books_add_up, moving, settle_on
from app.bench.faults.schedule import Fault
from app.bench.faults.stage import Stage, stage
from app.bench.platforms import Platforms
from app.bench.stack import StackError
from app.bench.storm import plan
from app.bench.storm.judge import judge
from app.bench.storm.load import Agents, Customers, Work, addresses, hire, open_channels
from app.bench.storm.plan import ACCOUNTS, CALLS, WEBHOOKS
from app.bench.storm.record import Record
from app.db import reading

DISK = 2 * 1024**3  # bytes, of which only what is used is taken
QUIET = (
    600.0  # seconds the last webhooks and answers may take; a platform tells again after five minutes at most
)
NEARLY = 0.99  # of all messages: the last ones may come after the longest pauses of their platforms
PATIENCE = 10.0  # seconds between two words of what still waits

Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Size:
    """How much is written by customers and by agents, and how many processes are killed meanwhile."""

    inbound: int
    outbound: int
    kills: int


@dataclass
class Outcome:
    """What a storm did and found."""

    seed: int
    size: Size
    engine: str = ""
    seconds: float = 0.0
    wrote: float = 0.0  # seconds until everything was written and in
    counts: dict[str, int] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        return all(one.kept for one in self.verdicts)


def run(
    seed: int,
    size: Size,
    *,
    database_url: str | None = None,
    webs: int = 1,
    say: Say,
    told: Told,
) -> Outcome:
    """A whole storm."""
    began, outcome = time.monotonic(), Outcome(seed, size)
    mine = {name: one for name, one in vars(config.settings()).items() if name != "sources"}
    with Platforms.playing(20 * (size.inbound + size.outbound) + 10_000) as provider:
        given = {"MADOGUCHI_SANDBOX": provider.base, "MADOGUCHI_LOG_LEVEL": "warning"}
        with stage(database_url, webs, LEASE, (), DISK, **given) as here:
            settle_on(here)
            outcome.engine = here.database.name
            _storm(outcome, here, provider, say, told)
            outcome.lines = [*here.lines]
    db.configure(None)
    config.configure(**mine)
    outcome.seconds = time.monotonic() - began
    return outcome


def _storm(outcome: Outcome, here: Stage, provider: Platforms, say: Say, told: Told) -> None:
    size, ledger, work = outcome.size, Ledger(), Work()
    provider.tell("/reset", {"seed": outcome.seed})
    provider.misbehave(*WEBHOOKS, *CALLS)
    open_channels(provider, here.base)
    customers = Customers(provider, outcome.seed, _shares(size.inbound))
    agents = Agents(here.base, customers, hire(), ledger, size.outbound)
    whole = size.inbound + size.outbound
    driver = Driver(here, None, work, say, whole * NEARLY)
    faults = plan.kills(outcome.seed, size.kills, whole)
    began = time.monotonic()
    broken = _break(customers, agents, driver, faults, _Watch(work, size, told))
    outcome.wrote = time.monotonic() - began
    provider.misbehave()
    _await_quiet(customers, _Watch(work, size, told), say)
    record = Record(provider.ask("/record")["entries"])
    with reading() as rows:
        outcome.verdicts = [broken, *judge(rows, customers.written, ledger, record, addresses())]
    outcome.verdicts += [books_add_up(here), _enough(record, driver, faults)]
    outcome.counts = {**driver.done, **dict(sorted(record.faults.items())), **ledger.troubles}


def _shares(messages: int) -> dict[str, int]:
    """How many come by each platform."""
    each, more = divmod(messages, len(ACCOUNTS))
    return {name: each + (place < more) for place, name in enumerate(ACCOUNTS)}


@dataclass(frozen=True)
class _Watch:
    """Tells how far it is, until told to stop."""

    work: Work
    size: Size
    told: Told

    def tell(self) -> None:
        """As of now."""
        came, went = self.work.counted()
        self.told("in", came, self.size.inbound)
        self.told("out", went, self.size.outbound)

    def run(self, stop: threading.Event) -> None:
        """Every second."""
        while not stop.wait(1):
            self.tell()


def _break(
    customers: Customers, agents: Agents, driver: Driver, faults: Sequence[Fault], watch: _Watch
) -> Verdict:
    """Customers and agents write while processes are killed; the verdict says whether work went on."""
    wrong: list[str] = []
    stop = threading.Event()

    def breaking() -> None:
        try:
            driver.run(faults)
        except Stalled as stalled:
            wrong.append(str(stalled))

    others = [
        threading.Thread(target=breaking, daemon=True),
        threading.Thread(target=watch.run, args=(stop,), daemon=True),
    ]
    for thread in others:
        thread.start()
    agents.begin()
    try:
        customers.run()
    except StackError as stuck:
        wrong.append(str(stuck))
    agents.finish()
    others[0].join()
    driver.heal()
    stop.set()
    return Verdict("work: it goes on after every kill", sum(driver.done.values()), tuple(wrong))


def _await_quiet(customers: Customers, watch: _Watch, say: Say) -> None:
    """Until nothing is on its way, or for so long that it counts as left behind (the verdict says it then)."""
    until, tell = time.monotonic() + QUIET, 0.0
    while time.monotonic() < until:
        waiting = customers.waiting()
        left = ", ".join(filter(None, (f"{waiting} webhooks" if waiting else "", moving())))
        if not left:
            break
        if time.monotonic() > tell:
            tell = time.monotonic() + PATIENCE
            say(f"waiting: {left}")
        watch.tell()
        time.sleep(0.5)
    watch.tell()


def _enough(record: Record, driver: Driver, faults: Sequence[Fault]) -> Verdict:
    """A storm in which nothing went wrong proves nothing."""
    wrong = [
        f"never struck: {one['fault']}" for one in (*WEBHOOKS, *CALLS) if not record.faults[one["fault"]]
    ]
    wrong += [f"never done: {kind}" for kind in {one.kind for one in faults} if not driver.done[kind]]
    if not any(map(record.uncertain, record.struck)):
        wrong.append("never: a call about an answer after which nobody can know what became of it")
    return Verdict("enough: everything that was to go wrong did", sum(record.faults.values()), tuple(wrong))
