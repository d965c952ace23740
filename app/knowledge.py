"""What the bot knows, as people edit it: every change of an entry or a rule is a revision, and nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

import bots
from app.db import now
from app.events import record
from app.models import Agent, BotRule, FaqEntry, Revision
from app.text import clean, one_line

ACTIONS = ("answer", "ask", "label", "hand_over", "escalate")
ENTRY, RULE = "faq_entry", "bot_rule"
ENTRY_FIELDS = ("title", "language", "questions", "answer", "links", "quick_replies", "tags", "enabled")
Knowledge = FaqEntry | BotRule


class Invalid(Exception):
    """What was typed cannot be kept: `problems`, field → English sentence."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)


def save_entry(db: Session, agent: Agent, entry: FaqEntry | None, data: Mapping[str, Any]) -> FaqEntry:
    """Write an entry (None: a new one) from :func:`entry_data`. Raises :class:`Invalid`."""
    _check(
        {
            "title": "" if data["title"] else "Give the entry a title; the bot offers it when it asks back.",
            "questions": ""
            if data["questions"]
            else "Write at least one question, the way customers ask it.",
            "answer": "" if data["answer"] else "Write the answer.",
            "links": ""
            if all(_is_link(one) for one in data["links"])
            else "Write links as: words | https://…",
        }
    )
    row = entry or FaqEntry()
    _keep(db, agent, ENTRY, row, data)
    return row


def save_rule(db: Session, agent: Agent, rule: BotRule | None, data: Mapping[str, Any]) -> BotRule:
    """Write a rule (None: a new one, at the end). Raises :class:`Invalid`."""
    says = data["params"].get("text")
    _check(
        {
            "name": "" if data["name"] else "Give the rule a name.",
            "keywords": "" if data["keywords"] or data["pattern"] else "Write words, or a pattern.",
            "pattern": bots.check_pattern(data["pattern"]) or "" if data["pattern"] else "",
            "action": "" if data["action"] in ACTIONS else "Choose what the rule does.",
            "text": "Write what the bot says." if data["action"] in ("answer", "ask") and not says else "",
            "label": "Name the label."
            if data["action"] == "label" and not data["params"].get("label")
            else "",
        }
    )
    row = rule or BotRule(position=(db.scalar(select(func.max(BotRule.position))) or 0) + 1)
    _keep(db, agent, RULE, row, data)
    return row


def remove(db: Session, agent: Agent, row: Knowledge) -> None:
    """Take it out of the book; its revisions stay."""
    noun = ENTRY if isinstance(row, FaqEntry) else RULE
    db.add(Revision(noun=noun, noun_id=row.id, data={}, agent_id=agent.id))
    record(db, f"{noun}.removed", agent=agent, noun_id=row.id)
    db.delete(row)
    db.flush()


def move_rule(db: Session, agent: Agent, rule: BotRule, step: int) -> None:
    """One place up (-1) or down (+1) in the order they are tried."""
    order = list(db.scalars(select(BotRule).order_by(BotRule.position, BotRule.id)))
    at = order.index(rule)
    to = at + step
    if not 0 <= to < len(order):
        return
    order[at], order[to] = order[to], order[at]
    for position, one in enumerate(order, start=1):
        if one.position != position:
            one.position = position
            db.add(Revision(noun=RULE, noun_id=one.id, data=stored(one), agent_id=agent.id))
    db.flush()


def switch(db: Session, agent: Agent, row: Knowledge, on: bool) -> None:
    """In the book, or kept aside."""
    _keep(db, agent, ENTRY if isinstance(row, FaqEntry) else RULE, row, {**stored(row), "enabled": on})


def restore(db: Session, agent: Agent, row: Knowledge, revision: Revision) -> None:
    """As it was then; that is one more revision. A revision of something else changes nothing."""
    noun = ENTRY if isinstance(row, FaqEntry) else RULE
    if (revision.noun, revision.noun_id) == (noun, row.id) and revision.data:
        _keep(db, agent, noun, row, revision.data)


def history(db: Session, row: Knowledge) -> list[tuple[Revision, str]]:
    """The revisions of an entry or rule with who made each, the newest first."""
    noun = ENTRY if isinstance(row, FaqEntry) else RULE
    found = (
        select(Revision, Agent.name)
        .outerjoin(Agent, Agent.id == Revision.agent_id)
        .where(Revision.noun == noun, Revision.noun_id == row.id)
        .order_by(Revision.id.desc())
        .limit(30)
    )
    return [(revision, name or "") for revision, name in db.execute(found)]


def stored(row: Knowledge) -> dict[str, Any]:
    """Everything of a row that is edited."""
    if isinstance(row, FaqEntry):
        names = ("title", "language", "questions", "answer", "links", "quick_replies", "tags", "enabled")
    else:
        names = ("name", "language", "keywords", "pattern", "action", "params", "position", "enabled")
    return {name: getattr(row, name) for name in names}


def entry_data(given: Mapping[str, str]) -> dict[str, Any]:
    """An entry from the fields of its form; links are lines of ``words | https://…``."""
    return {
        "title": one_line(given["title"], 200),
        "language": given["language"] if given["language"] in ("ja", "en") else "ja",
        "questions": lines(given["questions"]),
        "answer": clean(given["answer"]).strip()[:8000],
        "links": [_link(one) for one in lines(given["links"])],
        "quick_replies": lines(given["quick_replies"], 8),
        "tags": [one_line(tag, 40) for tag in given["tags"].replace("、", ",").split(",") if tag.strip()][
            :20
        ],
        "enabled": bool(given["enabled"]),
    }


def rule_data(given: Mapping[str, str]) -> dict[str, Any]:
    """A rule from the fields of its form."""
    asked = {
        name: clean(given[name]).strip() for name in ("text", "quick_replies", "label", "type", "reason")
    }
    return {
        "name": one_line(given["name"], 200),
        "language": given["language"] if given["language"] in ("ja", "en") else "",
        "keywords": lines(given["keywords"]),
        "pattern": given["pattern"].strip(),
        "action": given["action"],
        "params": {name: value for name, value in asked.items() if value},
        "enabled": bool(given["enabled"]),
    }


def lines(text: str, limit: int = 200) -> list[str]:
    """The lines of a field that say something."""
    return [one for each in text.splitlines() if (one := one_line(each, 500))][:limit]


def _link(line: str) -> dict[str, str]:
    label, _, url = line.rpartition("|")
    return {"label": label.strip() or url.strip(), "url": url.strip()}


def _is_link(link: Mapping[str, str]) -> bool:
    return link["url"].startswith(("https://", "http://"))


def _check(problems: Mapping[str, str]) -> None:
    found = {name: sentence for name, sentence in problems.items() if sentence}
    if found:
        raise Invalid(found)


def _keep(db: Session, agent: Agent, noun: str, row: Knowledge, data: Mapping[str, Any]) -> None:
    for name, value in data.items():
        setattr(row, name, value)
    row.updated_at = now()
    db.add(row)
    db.flush()
    db.add(Revision(noun=noun, noun_id=row.id, data=stored(row), agent_id=agent.id))
    record(db, f"{noun}.saved", agent=agent, noun_id=row.id)
    db.flush()


def all_entries(db: Session) -> Sequence[FaqEntry]:
    """Every entry, by language and title."""
    return db.scalars(select(FaqEntry).order_by(FaqEntry.language.desc(), FaqEntry.title, FaqEntry.id)).all()


def all_rules(db: Session) -> Sequence[BotRule]:
    """Every rule, in the order they are tried."""
    return db.scalars(select(BotRule).order_by(BotRule.position, BotRule.id)).all()
