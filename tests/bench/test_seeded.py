"""A seeded installation: the books add up, the index and the catalogue are as the product makes them, pages open."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

import app.db
from app import queries, search, verify
from app.bench import load
from app.bench.pages import Failed, looking
from app.bench.seeding import command, refuse_if_used, shop
from app.bench.seeding.sentences import Writer
from app.bench.seeding.sizes import sizes
from app.config import Settings
from app.db import reading
from app.models import Agent, Conversation, CustomerLink, Decision, Event, Message
from app.text import tokens
from tests import engines
from tests.conftest import empty

CONVERSATIONS, MESSAGES = 1_000, 3_000


@pytest.fixture(scope="module")
def installed(installation: Settings) -> Iterator[None]:
    """The database is this module's until its last test, and empty again then."""
    yield
    with app.db.engine().execution_options(writes=True).connect() as connection:
        empty(connection)


@pytest.fixture(scope="module")
def seeded(installed: None) -> dict[str, list[str]]:
    """Seeded; gives what the catalogue said before."""
    before = catalogue()
    told = CliRunner().invoke(
        command,
        ["--conversations", str(CONVERSATIONS), "--messages", str(MESSAGES)],
        catch_exceptions=False,
        standalone_mode=False,
    )
    assert told.exit_code == 0, told.output
    return before


def catalogue() -> dict[str, list[str]]:
    """Every index and constraint, as the database spells it."""
    asked = {
        "sqlite": ["SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"],
        "postgresql": [
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
            "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace",
        ],
    }
    with reading() as db:
        return {one: sorted(_plain(row) for row in db.scalars(text(one))) for one in asked[engines.WHICH]}


def _plain(spelled: str) -> str:
    """PostgreSQL writes a condition that it read once with other casts than the first time; they mean the same."""
    return re.sub(r"::[a-z ]+(?:\[\])?|[()\s]", "", spelled)


def test_the_books_of_a_seeded_database_add_up(seeded: object) -> None:
    with reading() as db:
        report = verify.report(db)
    assert report.clean, str(report)


def test_it_holds_what_was_ordered(seeded: object) -> None:
    with reading() as db:
        spoken = select(func.count()).select_from(Message).where(Message.kind != "system")
        assert db.scalar(spoken) == MESSAGES
        assert db.scalar(select(func.count()).select_from(Conversation)) == CONVERSATIONS
        assert db.scalar(select(func.count()).select_from(CustomerLink)) == 1
        columns = select(Conversation.status, Conversation.owner).distinct()
        states = {(one.status, one.owner) for one in db.execute(columns)}
        assert {("open", "bot"), ("open", "human"), ("resolved", "human"), ("snoozed", "human")} <= states
        assert db.scalar(select(Decision.id).limit(1))


def test_indexes_and_constraints_are_there_again(seeded: dict[str, list[str]]) -> None:
    assert catalogue() == seeded


def test_what_happens_next_gets_the_next_numbers(seeded: object) -> None:
    with app.db.transaction() as db:
        highest = db.scalar(select(func.max(Event.id))) or 0
        db.add(event := Event(kind="audit.test", data={}))
        db.flush()
        assert event.id == highest + 1
        db.rollback()


def test_the_index_is_the_one_the_product_would_have_made(seeded: object) -> None:
    columns = "rowid, body, scope" if engines.WHICH == "sqlite" else "id, tokens::text"
    key = columns.partition(",")[0]
    held = {noun: f"SELECT {columns} FROM search_{noun} ORDER BY {key}" for noun in ("message", "customer")}
    with reading() as db:
        before = {noun: db.execute(text(statement)).all() for noun, statement in held.items()}
    search.reindex()
    with reading() as db:
        for noun, statement in held.items():
            assert db.execute(text(statement)).all() == before[noun], noun


def test_an_agent_sees_a_fiftieth_and_the_supervisor_all(seeded: object) -> None:
    with reading() as db:
        seen = {email: _sees(db, email) for email in (shop.AGENT, shop.SUPERVISOR)}
    assert seen[shop.SUPERVISOR] == CONVERSATIONS
    assert 0.005 * CONVERSATIONS < seen[shop.AGENT] < 0.05 * CONVERSATIONS


def _sees(db: Session, email: str) -> int:
    viewer = db.scalars(select(Agent).where(Agent.email == email)).one()
    return db.scalar(select(func.count(Conversation.id)).where(queries.visible(viewer))) or 0


def test_every_kind_of_conversation_opens(seeded: object) -> None:
    with reading() as db:
        one_of_each = select(func.max(Conversation.id)).where(Conversation.head_id == Conversation.id)
        ids = list(
            db.scalars(one_of_each.group_by(Conversation.status, Conversation.owner, Conversation.escalated))
        )
        ids += list(db.scalars(select(Decision.conversation_id).limit(3)))
    with looking(shop.SUPERVISOR) as (pages, (supervisor,)):
        for id in ids:
            assert "<" in pages.read(f"/inbox/{id}/pane", supervisor)  # reading refuses all but a 200


def test_a_used_database_is_not_seeded(seeded: object) -> None:
    with pytest.raises(click.ClickException, match="seed an empty database"):
        refuse_if_used()


@pytest.mark.parametrize("name", ["list", "open", "search"])
def test_a_benchmark_gives_figures_of_what_it_asked(seeded: object, name: str) -> None:
    benchmark: Any = load(name)
    found = benchmark.results(["--samples", "1"])
    assert len({one.name for one in found}) == len(found)
    for one in found:
        figures = one.figures
        assert 0 < figures["p50"] <= figures["p95"] <= figures["p99"] <= figures["max"]
        assert figures["cpu"] > 0
        assert one.budgets
        json.dumps(one.as_json())
    if name == "search":
        hits = {one.name: one.settings.get("hits") for one in found}
        assert hits["search.supervisor.ja1.frequent"][0] == "30+"
        assert set(hits["search.supervisor.ja.absent"]) == {"0"}
    if name == "list":
        rows = {one.name: one.settings.get("rows") for one in found}
        assert rows["list.supervisor.resolved.newest.first"] == queries.PAGE


def test_a_page_that_fails_is_no_figure(seeded: object) -> None:
    with looking(shop.SUPERVISOR) as (pages, (supervisor,)), pytest.raises(Failed, match="answered 404"):
        pages.times(["/inbox/999999999"], supervisor, 1)


def test_somebody_who_is_not_there_does_not_look(seeded: object) -> None:
    with pytest.raises(Failed, match="Nobody signs in"), looking("nobody@example.jp"):
        pass


def test_the_tokens_of_a_text_are_those_of_its_sentences() -> None:
    writer, dice = Writer(3), Random(4)
    for language in ("ja", "en"):
        for _ in range(100):
            for made in (writer.asked(language, dice), writer.answered(language, dice)):
                assert made.tokens == " ".join(tokens(made.text))


@pytest.mark.parametrize(
    ("conversations", "messages"), [(1, 1), (2, 2), (1, 5), (1000, 1200), (3000, 30_000)]
)
def test_lengths_add_up(conversations: int, messages: int) -> None:
    made = sizes(conversations, messages, Random(1))
    assert (len(made), sum(made), min(made) >= 1) == (conversations, messages, True)


def test_some_threads_are_long_and_most_are_short() -> None:
    made = sorted(sizes(20_000, 200_000, Random(1)))
    assert made[-1] == 10_000
    assert made[10_000] <= 5
