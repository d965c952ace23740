"""`madoguchi bot replay` and `bot proposals`: what past days teach, without a browser."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from rich.table import Table

from app.cli import tables
from app.cli.processes import prepare
from app.cli.progress import progress

if TYPE_CHECKING:
    from app.learning.showing import Draft
    from app.proving.past import Asked

SHOWN = 30
_KINDS = {
    "answered": "newly answered",
    "other": "another entry",
    "asks": "asks back",
    "quiet": "no longer answered",
    "person": "to a person",
    "offers": "other choices",
    "worded": "same entry, other words",
}


@click.command()
@click.option("--from", "first", default="", metavar="DAY", help="First day, as 2026-11-20 [a week ago].")
@click.option("--to", "last", default="", metavar="DAY", help="Last day [today].")
@click.option("--channel", type=int, help="The number of a channel, where only that one is meant.")
@click.option("--json", "as_json", is_flag=True, help="Print every change as JSON.")
def replay(first: str, last: str, channel: int | None, as_json: bool) -> None:
    """Ask the draft what customers asked on past days, and print what it would do otherwise.

    Nothing is sent and nothing is kept. Exit code 2 for days that cannot be.
    """
    prepare()
    from app.bot import answers
    from app.config import settings
    from app.db import now, reading
    from app.knowledge import Invalid
    from app.proving import past, replaying

    zone = settings().timezone
    today = now().astimezone(ZoneInfo(zone)).date()
    try:
        wanted = past.days(
            first or (today - timedelta(days=6)).isoformat(), last or today.isoformat(), zone, channel
        )
    except Invalid as invalid:
        raise click.UsageError(str(invalid)) from None
    with reading() as db, progress(aside=True) as step:
        found, left_out = replaying.different(db, wanted)
        draft = answers.draft_book(db, exact=True)
        result = replaying.compared(_stepped(found, step), draft)
        titles = {entry.id: entry.title for entry in answers.book(db).entries}
        titles |= {entry.id: entry.title for entry in draft.entries}
    told = _told(result, {one.message_id: one.text for one in found}, titles) | {"left_out": left_out}
    click.echo(json.dumps(told, ensure_ascii=False, indent=2)) if as_json else _print_changes(told)


def _stepped(found: Sequence[Asked], step: Any) -> Any:
    for place, one in enumerate(found, 1):
        yield one
        step("Questions", place, len(found))


def _told(result: dict[str, Any], words: dict[int, str], titles: dict[int, str]) -> dict[str, Any]:
    changes = [
        {
            "kind": kind,
            "text": words[message],
            "times": times,
            **{name: _side(side, titles) for name, side in (("then", old), ("draft", new))},
        }
        for kind, message, times, old, new in result["changes"]
    ]
    return {name: result[name] for name in ("questions", "times", "counts")} | {"changes": changes}


def _side(side: dict[str, Any], titles: dict[int, str]) -> dict[str, Any]:
    title = titles.get(side["entry_id"])
    return {"action": side["action"], "entry": side["entry_id"], "title": title, "text": side["text"]}


def _print_changes(told: dict[str, Any]) -> None:
    changed = sum(told["counts"].values())
    click.echo(f"{changed} of {told['questions']} different questions would be dealt with otherwise.")
    if not changed:
        return
    table = Table("question", "times", "change", "then", "draft")
    for one in told["changes"][:SHOWN]:
        sides = [one[name]["title"] or one[name]["action"] for name in ("then", "draft")]
        table.add_row(one["text"][:60], str(one["times"]), _KINDS[one["kind"]], *sides)
    tables.show(table)
    if changed > SHOWN:
        click.echo(f"... and {changed - SHOWN} more; --json prints all that are kept.")


@click.command()
@click.option("--gather", is_flag=True, help="Look through the last days first.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 366), help="How many days.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def proposals(gather: bool, days: int, as_json: bool) -> None:
    """Print the entries that are proposed from what the bot did not answer well."""
    prepare()
    from app.db import reading, transaction
    from app.learning import proposing, showing
    from app.proving import runs

    if gather:
        with transaction() as db:
            run = runs.begin(db, None, runs.PROPOSALS, {"days": days})
        runs.run(run.id)
    with reading() as db:
        found = showing.drafts(db, proposing.proposals(db, limit=2 * proposing.MOST))
        rows = [_proposal(one) for one in found]
    click.echo(json.dumps(rows, ensure_ascii=False, indent=2)) if as_json else _print_proposals(rows)


def _proposal(one: Draft) -> dict[str, Any]:
    row = one.proposal
    return {
        "title": one.title,
        "language": row.language,
        "times": row.times,
        "wordings": row.wordings,
        "why": row.why,
        "questions": one.questions,
        "answer": one.answer,
        "taken_out": one.taken,
        "entry": row.into_id,
    }


def _print_proposals(rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        click.echo("Nothing is proposed.")
        return
    table = Table("proposed entry", "asked", "wordings", "answer, from what agents wrote")
    for row in rows[:SHOWN]:
        table.add_row(row["title"], str(row["times"]), str(row["wordings"]), row["answer"][:120] or "–")
    tables.show(table)
