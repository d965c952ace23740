"""The draft: what people edit. Every change of an entry, a rule or the settings is a revision; nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

import bots
from app.db import now
from app.events import record
from app.knowledge.items import COMMA
from app.models import Agent, BotFlow, BotRule, FaqEntry, Revision, Setting
from app.stored import held, store
from app.text import clean, one_line
from bots.text import pair_of

ACTIONS = ("answer", "ask", "label", "flow", "webhook", "hand_over", "escalate")
ENTRY, RULE, FLOW, SETTINGS, WORDS = "faq_entry", "bot_rule", "bot_flow", "bot_settings", "bot_words"
ENTRY_USUAL: Mapping[str, Any] = {
    "language": "ja",
    "links": [],
    "quick_replies": [],
    "follow_ups": [],
    "tags": [],
    "valid_from": "",
    "valid_until": "",
    "kinds": [],
    "channels": [],
    "signed_in": False,
    "translation_of": None,
    "flow_id": None,
    "image_id": None,
    "image_text": "",
    "listed": True,
    "enabled": True,
}
"""What holds where nothing was said: of entries, too, that were written before there was such a field."""
ENTRY_FIELDS = ("title", "questions", "answer", *ENTRY_USUAL)
FLOW_USUAL: Mapping[str, Any] = {"key": "", "questions": []}
"""The same for forms."""
FLOW_FIELDS = ("name", "language", "keywords", "steps", "ending", "enabled", *FLOW_USUAL)
RULE_FIELDS = ("name", "language", "keywords", "pattern", "action", "params", "position", "enabled")
USUAL = bots.Settings()
Knowledge = FaqEntry | BotRule | BotFlow
TABLES: Mapping[str, type[FaqEntry] | type[BotRule] | type[BotFlow]] = {
    ENTRY: FaqEntry,
    RULE: BotRule,
    FLOW: BotFlow,
}
_FIELDS = {FaqEntry: ENTRY_FIELDS, BotRule: RULE_FIELDS, BotFlow: FLOW_FIELDS}
PARAMS = (
    *("text", "quick_replies", "label", "set", "type", "reason", "team", "flow", "webhook", "fallback"),
    *("channels", "hours", "attributes", "labels", "pages"),
)
"""What a rule may say besides its words: what it does, and when it holds."""
_WHEN = ("channels", "hours", "attributes", "labels", "pages")


class Invalid(Exception):
    """What was typed cannot be kept: `problems`, field → English sentence, and the `values` in them."""

    def __init__(self, problems: Mapping[str, str], values: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__("; ".join(one % values if values else one for one in problems.values()))
        self.problems, self.values = dict(problems), dict(values)


def save_entry(db: Session, agent: Agent, entry: FaqEntry | None, data: Mapping[str, Any]) -> FaqEntry:
    """Write an entry (None: a new one) from :func:`entry_data`; what is not given stays. Raises :class:`Invalid`."""
    data = {**(stored(entry) if entry else ENTRY_USUAL), **data}
    form = db.get(BotFlow, data["flow_id"] or 0)
    _check(
        {
            "title": "" if data["title"] else "Give the entry a title; the bot offers it when it asks back.",
            "questions": ""
            if data["questions"]
            else "Write at least one question, the way customers ask it.",
            "answer": "" if data["answer"] else "Write the answer.",
            "flow_id": "" if data["flow_id"] is None or form is not None else "There is no such form.",
            "links": ""
            if all(_is_link(one) for one in data["links"])
            else "Write links as: words | https://…",
            **_dates(data["valid_from"], data["valid_until"]),
        }
    )
    row = entry or FaqEntry()
    _keep(db, agent, ENTRY, row, data)
    return row


def add_questions(db: Session, agent: Agent, entry: FaqEntry, questions: Sequence[str]) -> FaqEntry:
    """More wordings of what an entry answers, in the draft. Raises :class:`Invalid`."""
    entry = db.get_one(FaqEntry, entry.id, with_for_update={"key_share": True}, populate_existing=True)
    asked = dict.fromkeys([*entry.questions, *(line for one in questions if (line := one_line(one, 500)))])
    return save_entry(db, agent, entry, {"questions": list(asked)[:200]})


def _dates(since: str, until: str) -> dict[str, str]:
    problems = {
        name: "" if is_day(day) else "Write a day as 2026-12-31."
        for name, day in (("valid_from", since), ("valid_until", until))
    }
    if not any(problems.values()) and since and until and until < since:
        problems["valid_until"] = "The last day lies before the first."
    return problems


def is_day(written: str) -> bool:
    """Whether it is a day as 2026-12-31, or nothing."""
    try:
        return not written or date.fromisoformat(written).isoformat() == written
    except ValueError:
        return False


def save_rule(db: Session, agent: Agent, rule: BotRule | None, data: Mapping[str, Any]) -> BotRule:
    """Write a rule (None: a new one, at the end). Raises :class:`Invalid`."""
    params = data["params"]
    says, lets_on = params.get("text"), data["action"] == "label"
    meant = data["keywords"] or data["pattern"] or any(params.get(name) for name in _WHEN)
    _check(
        {
            "name": "" if data["name"] else "Give the rule a name.",
            "keywords": "" if meant else "Write words or a pattern, or say when else the rule holds.",
            "pattern": bots.check_pattern(data["pattern"]) or "" if data["pattern"] else "",
            "action": "" if data["action"] in ACTIONS else "Choose what the rule does.",
            "text": "Write what the bot says." if data["action"] in ("answer", "ask") and not says else "",
            "label": "Name the label." if lets_on and not (params.get("label") or params.get("set")) else "",
            "set": "Write one a line: name = value." if not _is_set(params.get("set", "")) else "",
            "flow": "Choose the form." if data["action"] == "flow" and not params.get("flow") else "",
            "webhook": "Choose the webhook."
            if data["action"] == "webhook" and not params.get("webhook")
            else "",
        }
    )
    row = rule or BotRule(position=(db.scalar(select(func.max(BotRule.position))) or 0) + 1)
    _keep(db, agent, RULE, row, data)
    return row


def _is_set(text: str) -> bool:
    return all(name and value for name, value in map(pair_of, lines(text)))


def keep_flow(db: Session, agent: Agent | None, flow: BotFlow | None, data: Mapping[str, Any]) -> BotFlow:
    """Write a flow (None: a new one) that was checked."""
    row = flow or BotFlow()
    _keep(db, agent, FLOW, row, data)
    return row


def remove(db: Session, agent: Agent | None, row: Knowledge) -> None:
    """Take it out of the book; its revisions stay."""
    noun = _noun(row)
    db.add(Revision(noun=noun, noun_id=row.id, data={}, agent_id=agent.id if agent else None))
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
    order.insert(to, order.pop(at))
    for position, one in enumerate(order, start=1):
        if one.position != position:
            one.position = position
            db.add(Revision(noun=RULE, noun_id=one.id, data=stored(one), agent_id=agent.id))
    db.flush()


def place_rule(db: Session, agent: Agent, rule: BotRule, place: int) -> None:
    """To this place in the order, counted from 1; one beyond the end is the last."""
    order = list(db.scalars(select(BotRule.id).order_by(BotRule.position, BotRule.id)))
    move_rule(db, agent, rule, min(place, len(order)) - 1 - order.index(rule.id))


def switch(db: Session, agent: Agent, row: Knowledge, on: bool) -> None:
    """In the book, or kept aside."""
    _keep(db, agent, _noun(row), row, {**stored(row), "enabled": on})


def restore(db: Session, agent: Agent, row: Knowledge, revision: Revision) -> None:
    """As it was then; that is one more revision. A revision of something else changes nothing."""
    noun = _noun(row)
    if (revision.noun, revision.noun_id) == (noun, row.id) and revision.data:
        _keep(db, agent, noun, row, filled(noun, revision.data))


def filled(noun: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What was stored, with every field there is now."""
    return {**{ENTRY: ENTRY_USUAL, FLOW: FLOW_USUAL}.get(noun, {}), **data}


def history(db: Session, row: Knowledge) -> list[tuple[Revision, str]]:
    """The revisions of an entry, rule or flow with who made each, the newest first."""
    noun = _noun(row)
    found = (
        select(Revision, Agent.name)
        .outerjoin(Agent, Agent.id == Revision.agent_id)
        .where(Revision.noun == noun, Revision.noun_id == row.id)
        .order_by(Revision.id.desc())
        .limit(30)
    )
    return [(revision, name or "") for revision, name in db.execute(found)]


def changed_since(db: Session, row: Knowledge, seen: int | None) -> bool:
    """Whether it was written again after the revision of this number (None: nobody knows which one they saw)."""
    its = (Revision.noun == _noun(row)) & (Revision.noun_id == row.id)
    return seen is not None and db.scalar(select(Revision.id).where(its, Revision.id > seen)) is not None


def stored(row: Knowledge) -> dict[str, Any]:
    """Everything of a row that is edited."""
    return {name: getattr(row, name) for name in _FIELDS[type(row)]}


def _noun(row: Knowledge) -> str:
    return next(noun for noun, table in TABLES.items() if isinstance(row, table))


def stored_settings(db: Session) -> dict[str, Any]:
    """How sure the bot must be, as the draft has it."""
    kept = db.get(Setting, SETTINGS)
    usual = {"threshold_answer": USUAL.threshold_answer, "threshold_ask": USUAL.threshold_ask}
    return usual | (dict(kept.value) if kept else {})


def set_thresholds(db: Session, agent: Agent | None, answer: float, ask: float) -> None:
    """From which score (0 to 100) on the bot answers, and asks back. Raises :class:`Invalid`."""
    _check(
        {
            "threshold_answer": "" if 1 <= answer <= 100 else "Choose a score from 1 to 100.",
            "threshold_ask": ""
            if 0 <= ask <= answer
            else "It asks back at a lower score than it answers at.",
        }
    )
    held(db, SETTINGS)
    keep_setting(
        db, agent, SETTINGS, stored_settings(db) | {"threshold_answer": answer, "threshold_ask": ask}
    )


def set_embeddings(db: Session, agent: Agent | None, model: str) -> None:
    """The sentence model the bot goes by, by its name; "": none."""
    held(db, SETTINGS)
    kept = {name: value for name, value in stored_settings(db).items() if name != "embeddings"}
    keep_setting(db, agent, SETTINGS, kept | ({"embeddings": model} if model else {}))


def put(db: Session, agent: Agent | None, noun: str, noun_id: int, data: Mapping[str, Any] | None) -> None:
    """Make the draft's entry, rule, flow, settings or words what `data` says, be it there or not; None: take it out."""
    if noun in (SETTINGS, WORDS):
        keep_setting(db, agent, noun, data)
        return
    table: type[Any] = TABLES[noun]
    row: Knowledge | None = db.get(table, noun_id)
    if data is not None:
        _keep(db, agent, noun, row or table(id=noun_id), filled(noun, data))
    elif row is not None:
        remove(db, agent, row)


def entry_data(given: Mapping[str, str]) -> dict[str, Any]:
    """An entry from the fields of its form; links are lines of ``words | https://…``."""
    return {
        "title": one_line(given["title"], 200),
        "language": given["language"] if given["language"] in ("ja", "en") else "ja",
        "questions": lines(given["questions"]),
        "answer": clean(given["answer"]).strip()[:8000],
        "links": [_link(one) for one in lines(given["links"])],
        "quick_replies": lines(given["quick_replies"], 8),
        "tags": [one_line(tag, 40) for tag in COMMA.split(given["tags"]) if tag.strip()][:20],
        "valid_from": given.get("valid_from", "").strip()[:10],
        "valid_until": given.get("valid_until", "").strip()[:10],
        "kinds": lines(given.get("kinds", "")),
        "channels": lines(given.get("channels", "")),
        "signed_in": bool(given.get("signed_in", "")),
        "flow_id": id_of(given.get("flow_id")),
        "listed": bool(given.get("listed", "1")),
        "enabled": bool(given["enabled"]),
    }


def rule_data(given: Mapping[str, str]) -> dict[str, Any]:
    """A rule from the fields of its form."""
    asked = {name: clean(given.get(name, "")).strip()[:4000] for name in PARAMS}
    return {
        "name": one_line(given["name"], 200),
        "language": given["language"] if given["language"] in ("ja", "en") else "",
        "keywords": lines(given["keywords"]),
        "pattern": clean(given["pattern"]).strip(),
        "action": given["action"],
        "params": {name: value for name, value in asked.items() if value},
        "enabled": bool(given["enabled"]),
    }


def id_of(told: Any) -> int | None:
    """The number of a row, if that is one."""
    text = str(told or "")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 19 else None


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


def keep_setting(db: Session, agent: Agent | None, noun: str, data: Mapping[str, Any] | None) -> None:
    """Store what is there once only, the settings or the words, as a revision; None: the usual ones hold."""
    kept = db.get(Setting, noun)
    if data is None and kept is not None:
        db.delete(kept)
    elif data is not None:
        store(db, noun, data)
    db.add(Revision(noun=noun, noun_id=0, data=dict(data or {}), agent_id=agent.id if agent else None))
    record(db, f"{noun}.saved", agent=agent, noun_id=0)
    db.flush()


def _keep(db: Session, agent: Agent | None, noun: str, row: Knowledge, data: Mapping[str, Any]) -> None:
    for name, value in data.items():
        setattr(row, name, value)
    row.updated_at = now()
    db.add(row)
    db.flush()
    db.add(Revision(noun=noun, noun_id=row.id, data=stored(row), agent_id=agent.id if agent else None))
    record(db, f"{noun}.saved", agent=agent, noun_id=row.id)
    db.flush()


def all_entries(db: Session) -> Sequence[FaqEntry]:
    """Every entry, by language and title."""
    return db.scalars(select(FaqEntry).order_by(FaqEntry.language.desc(), FaqEntry.title, FaqEntry.id)).all()


def all_flows(db: Session) -> Sequence[BotFlow]:
    """Every flow, by language and name."""
    return db.scalars(select(BotFlow).order_by(BotFlow.language.desc(), BotFlow.name, BotFlow.id)).all()


def all_rules(db: Session) -> Sequence[BotRule]:
    """Every rule, in the order they are tried."""
    return db.scalars(select(BotRule).order_by(BotRule.position, BotRule.id)).all()
