"""The process dies at each statement and each call of a journey once, and after the restart all is as it should be."""

from __future__ import annotations

import gc
import itertools
import os
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from app import clock, deliver, timing
from app.auth import find, sign_in
from app.bot import answers
from app.db import as_of, now, transaction
from app.models import Conversation, Delivery
from app.models.delivery import SENT
from tests import engines, factories
from tests.steps import books, crash
from tests.steps.crash import Watched
from tests.steps.journeys import (
    BEGINNING,
    JOURNEYS,
    PAUSE,
    QUESTION,
    Case,
    Journey,
    Person,
    acknowledges,
    replies,
)
from tests.steps.partner import ADDRESS, Partner, install

LATER = timedelta(minutes=5)  # longer than a stored request and a claim are left alone
ALL = os.environ.get("MADOGUCHI_TEST_EVERY_STEP") == "1"  # the long run
USUAL = Watched.CHANGES  # before a SELECT all is as it is before what follows it
PARTS = 2  # of the steps of a journey: tests that run side by side
# The journeys are the same: PostgreSQL takes every fourth step.
STRIDE = 1 if ALL or engines.WHICH == "sqlite" else 4
FEWEST = 20


@pytest.fixture
def partner(committed: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Partner:
    monkeypatch.setattr(timing, "call_in", lambda *_: None)  # no thread may live where processes are forked
    return install(monkeypatch, tmp_path)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", JOURNEYS)
def test_dying_at_any_step_loses_and_doubles_nothing(name: str, part: int, partner: Partner) -> None:
    journey = JOURNEYS[name]
    cases = die_everywhere(journey, partner, itertools.count(1 + part * STRIDE, PARTS * STRIDE))
    recover(journey, cases)
    for case in cases:
        with case.named():
            books.check(journey, case)
    books.check_all()
    sys.stdout.write(f"{name}, part {part + 1} of {PARTS}: {len(cases) - 1} steps\n")
    assert len(cases) > FEWEST / PARTS / STRIDE, (
        "a journey has more steps than that: they are not counted any more"
    )


def die_everywhere(journey: Journey, partner: Partner, steps: Iterable[int]) -> list[Case]:
    """A process for each of these steps, that dies there; the last one lives to the end.

    Each has a channel of its own, so that none finds what another left behind.
    """
    agent = prepare()
    journey.go(begin(journey, agent, partner, 0), unheard)  # what is made once a process is made now
    gc.collect()
    gc.freeze()  # so that the children share these pages
    cases = []
    for n in steps:
        case = begin(journey, agent, partner, n)
        end = crash.run(dying(journey, case), n, Watched.ALL if ALL else USUAL)
        case.knows |= end.told
        case.died = f"at step {n}, {end.step}"
        cases.append(case)
        if not end.died:
            return cases
    raise AssertionError


def dying(journey: Journey, case: Case) -> crash.Doing:
    return lambda tell: journey.go(case, tell)


def unheard(name: str, value: str) -> None:
    """The outside remembers by itself here: it lives in this process."""


def prepare() -> Person:
    """What stands before anybody comes."""
    with transaction() as db:
        agent = factories.agent(db, "佐藤")
        factories.faq(db)
    outcome = sign_in(agent.email, factories.PASSWORD, "127.0.0.1", "a browser")
    signed = find(outcome.token)
    assert signed is not None
    return Person(agent, outcome.token, signed.csrf)


def begin(journey: Journey, agent: Person, partner: Partner, n: int) -> Case:
    """The next one through the journey, on a channel of their own, with what happened to them before."""
    settings = {"callback_url": ADDRESS} if journey.kind != "webchat" else {}
    secrets = factories.SECRETS["api"] if journey.kind != "webchat" else {}
    with transaction() as db:
        pause = PAUSE if journey.waits else 0
        channel = factories.channel(
            db, journey.kind, bot=journey.bot, bot_pause=pause, settings=settings, secrets=secrets
        )
        case = Case(f"k{n:05}", channel, agent, partner, BEGINNING if journey.waits else QUESTION)
        if journey.wrote_before:
            said = factories.customer_says(db, channel, case.text, case.word, id=case.word)
            case.thread = said.conversation_id
            db.execute(update(Delivery).where(Delivery.channel_id == channel.id).values(state=SENT))
        if journey.replied and replies not in journey.acts:
            factories.reply(db, agent.agent, db.get_one(Conversation, case.thread), case.answer)
    return case


def recover(journey: Journey, cases: list[Case]) -> None:
    """The processes start again: the clock goes round, and whoever was not answered asks again, in either order."""
    for case in cases[::2]:
        case.hasty = "works" not in case.knows
        with case.named():
            journey.go(case, unheard)
    with as_of(now() + LATER):
        clock.read_late()
        while late := clock.read_late():
            assert late < len(cases), "what was stored is not read"
    with as_of(now() + LATER + timedelta(seconds=2 * PAUSE)):
        answers.conclude_due()
        clock.wake_deliveries()
        for channel_id in deliver.sweep():
            deliver.drain(channel_id)
    for case in cases[1::2]:
        with case.named():
            journey.go(case, unheard)
    for case in cases[::2]:
        if acknowledges in journey.acts:  # what arrived only when the clock had gone round
            acknowledges(case, unheard)
