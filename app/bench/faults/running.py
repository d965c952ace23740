"""One run from beginning to end: begin, break, heal, wait until it is quiet, judge."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx2
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from websockets.exceptions import WebSocketException

from app import config, db, jobs
from app.bench.faults import followers, judge, looks
from app.bench.faults.agents import Agent
from app.bench.faults.books import Verdict
from app.bench.faults.driver import Driver, Stalled
from app.bench.faults.followers import Follower
from app.bench.faults.load import Load, load
from app.bench.faults.schedule import Fault, schedule
from app.bench.faults.stage import Stage, room, stage
from app.bench.faults.widgets import Lost, Widget
from app.bench.stack import SECRET, StackError
from app.bot import pausing
from app.db import reading
from app.models import BotCall, BotPause, Delivery, RawReceipt
from app.models.delivery import QUEUED, SENDING

LEASE = 3.0  # seconds in place of the product's two minutes
# Seconds the installation may take to become quiet once everything is well: the bot may wait until a clock that was put
# forward and is right again has caught up.
QUIET = 30 + pausing.BACK.total_seconds()
LEAST = {"customer": 40, "reply": 5, "note": 0}  # messages below which a run has shown nothing
NEEDED = (
    "received by the other side",
    "said more than once before it was acknowledged",
    "gaps filled",
    "lines cut: widget",
    "lines cut: inbox",
    "lines cut: hooks",
    "lines cut: page",
    "writes that found the disk full",
    "database refusals",
)

Say = Callable[[str], None]


@dataclass
class Outcome:
    """What a run did and found."""

    seed: int
    kills: int
    engine: str
    seconds: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        return all(one.kept for one in self.verdicts)


def run(
    seed: int,
    kills: int,
    *,
    database_url: str | None = None,
    webs: int = 1,
    say: Say,
    also: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
    lease: float = LEASE,
) -> Outcome:
    """A whole run. `also`: modules that the product's processes import first (tests plant bugs so); `only`: no
    other faults than these."""
    began = time.monotonic()
    with stage(database_url, webs, lease, also, room(kills)) as here:
        settle_on(here)
        outcome = Outcome(seed, kills, here.database.name)
        with load(here, seed, lease) as there:
            driver = Driver(here, there.proxy, there.ledger, say)
            faults = schedule(seed, kills, lease, only)
            _break(outcome, driver, there, faults)
            _end(outcome, here, there, driver, say)
        outcome.verdicts += [] if only else [_enough(outcome, faults)]
        outcome.seconds = time.monotonic() - began
        outcome.lines = [*here.lines]
        db.configure(None)
        return outcome


def settle_on(here: Stage) -> None:
    """The driver works with the installation's settings from here on."""
    db.configure(None)
    jobs.connection.cache_clear()  # that of an installation before
    given = {"data_dir": here.data_dir, "database_url": here.database_url, "secret": SECRET}
    config.configure(**given, allow_private=True)
    here.wait_until_well(60)


def _break(outcome: Outcome, driver: Driver, there: Load, faults: Sequence[Fault]) -> None:
    """Everybody works, and everything breaks."""
    wrong = []
    there.begin()
    try:
        driver.run(faults)
    except Stalled as stalled:
        wrong.append(str(stalled))
    driver.heal()
    there.receiver.calm = True
    wrong += [f"{name} could not bring to an end what it had begun" for name in there.finish()]
    outcome.faults = dict(driver.done)
    outcome.verdicts.append(
        Verdict("work: it goes on after every fault", sum(driver.done.values()), tuple(wrong))
    )


def _end(outcome: Outcome, here: Stage, there: Load, driver: Driver, say: Say) -> None:
    """All is well again: what is on its way arrives, everybody looks once more, and the promises are recounted."""
    _await_quiet(say)
    shown = _look_again(there)
    if there.receiver.forged:
        there.ledger.surprise(f"{there.receiver.forged} callbacks came without the right signature")
    there.hang_up()
    _await_quiet(say)  # what their going has set off
    try:
        here.stop()  # from here on nothing is told that is not in the books yet, nor the other way round
    except subprocess.TimeoutExpired:
        there.ledger.surprise("the installation did not end when it was told to")
    with reading() as rows:
        outcome.verdicts += judge.judge(rows, there.ledger, there.receiver.posted)
        outcome.verdicts += followers.followed(rows, there.follower, there.receiver)
        outcome.verdicts.append(_screens(rows, there, shown))
    outcome.verdicts.append(books_add_up(here))
    outcome.counts = _counts(driver, there)


def _await_quiet(say: Say) -> None:
    """Until nothing is on its way, or for so long that it counts as left behind (the verdict says it then)."""
    until, told = time.monotonic() + QUIET, ""
    while time.monotonic() < until and (left := moving()):
        if left != told:
            told = left
            say(f"waiting: {left}")
        time.sleep(0.25)


def moving() -> str:
    """What is still on its way, in words; "" for nothing."""
    with reading() as rows:
        sending = rows.scalar(select(func.count()).where(Delivery.state.in_((QUEUED, SENDING)))) or 0
        unread = rows.scalar(select(func.count()).where(RawReceipt.state == "new")) or 0
        pauses = rows.scalar(select(func.count()).select_from(BotPause)) or 0
        calls = rows.scalar(select(func.count()).where(BotCall.state.in_(("waiting", "calling")))) or 0
        untold = followers.waiting(rows)
    left = {
        "deliveries": sending,
        "requests": unread,
        "answers of the bot": pauses + calls,
        "events": untold,
    }
    return ", ".join(f"{number} {what}" for what, number in left.items() if number)


def _look_again(there: Load) -> list[str]:
    """Everybody catches up on a good line; who cannot is named."""
    wrong = []
    people: list[Widget | Agent | Follower] = [*there.widgets, *there.agents, there.follower]
    for one in people:
        for attempt in range(5):
            try:
                one.catch_up()
                break
            except (OSError, WebSocketException, TimeoutError, Lost, httpx2.HTTPError) as error:
                if attempt == 4:
                    wrong.append(f"{one.name} could not catch up: {error!r}")
                time.sleep(0.5)
    return wrong


def _screens(rows: Session, there: Load, wrong: list[str]) -> Verdict:
    for widget in there.widgets:
        texts = {id: str(frame["text"]) for id, frame in widget.shown.items()}
        wrong += looks.visitors_screen(rows, widget.name, texts, there.ledger)
    for agent in there.agents:
        wrong += looks.agents_screen(rows, agent.name, agent.screen)
    counted = sum(len(one.shown) for one in there.widgets) + sum(
        len(one.screen.entries) for one in there.agents
    )
    return Verdict("screens: sockets and recovery show each message once", counted, tuple(wrong))


def books_add_up(here: Stage) -> Verdict:
    """`madoguchi verify`."""
    wrong: tuple[str, ...] = ()
    try:
        told = here.run(*Stage.PROGRAM[1:], "verify", redis="redis://127.0.0.1:1/0")
    except StackError as error:
        told = str(error)
        wrong = tuple(line for line in told.splitlines() if line.startswith(("WRONG", " " * 6))) or (told,)
    return Verdict("books: `madoguchi verify` adds up", told.count("\nok ") + len(wrong), wrong)


def _counts(driver: Driver, there: Load) -> dict[str, int]:
    """What the run is worth: how much was said, received, lost and recovered."""
    ledger, said = there.ledger, there.ledger.said
    counts = Counter(
        {f"{kind}, acknowledged": sum(one.kind == kind for one in said if one.acked) for kind in LEAST}
    )
    counts["said more than once before it was acknowledged"] = sum(one.tries > 1 for one in said)
    counts["received by the other side"] = len({(one.path, one.key) for one in there.receiver.posted})
    counts["posted to the other side again"] = (
        len(there.receiver.posted) - counts["received by the other side"]
    )
    counts["events told by the webhook again"] = len(there.receiver.events) - len({*there.receiver.events})
    counts["verbs of agents"] = sum(one.acked for one in ledger.done)
    counts["lines opened"] = sum(w.connections for w in there.widgets) + sum(
        a.connections for a in there.agents
    )
    counts["gaps filled"] = sum(one.gaps for one in there.widgets) + sum(a.recovered for a in there.agents)
    for (kind, *_), number in there.proxy.cut.items():
        counts[f"lines cut: {kind}"] += number
    counts["steps of a line it was cut at"] = len(there.proxy.cut)
    return dict(counts + driver.evidence() + ledger.troubles)


def _enough(outcome: Outcome, faults: Sequence[Fault]) -> Verdict:
    """A run that did nothing proves nothing."""
    wrong = [
        f"never done: {kind}" for kind in sorted({one.kind for one in faults}) if not outcome.faults.get(kind)
    ]
    for kind, least in LEAST.items():
        if (found := outcome.counts.get(f"{kind}, acknowledged", 0)) < least:
            wrong.append(f"only {found} messages of the kind {kind} were acknowledged, {least} are the least")
    for what in NEEDED:
        if not outcome.counts.get(what):
            wrong.append(f"none: {what}")
    return Verdict("enough: every kind of fault and of work took place", len(faults), tuple(wrong))
