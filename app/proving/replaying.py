"""Past days' questions asked of the draft: what would change. Each change is accepted or corrected, which makes it a
test question; that can be taken back.

No customer's words are kept with a replay: it knows in which message they stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

import bots
from app.bot import answers, storing
from app.db import now, reading, transaction
from app.knowledge import questions, versions
from app.models import Agent, KnowledgeRun, Message
from app.proving import runs
from app.proving.past import Asked, Days, Side, asked, days_of, side

MOST = 20_000  # different questions asked again
KEPT = 1000  # changes kept, those of the most often asked questions
KINDS = ("answered", "other", "asks", "quiet", "person", "offers", "worded")
ACCEPTED, CORRECTED = "accepted", "corrected"


class Gone(LookupError):
    """There is no such change, or the words it is about were taken back."""


@dataclass(frozen=True, slots=True)
class Change:
    """A question that would be dealt with otherwise: `place` among the changes, `kind` one of :data:`KINDS`."""

    place: int
    kind: str
    message_id: int
    times: int
    old: Side
    new: Side


@dataclass(frozen=True, slots=True)
class Said:
    """What a customer asked, and where it stands: `id` of its message, the last of those answered together."""

    id: int
    conversation_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody said of a change. `labelled`: it became a test question, with `entry_id` (None: none answers)."""

    said: str
    labelled: bool
    entry_id: int | None


def begin(db: Session, agent: Agent, wanted: Days) -> KnowledgeRun:
    """Ask for a replay."""
    return runs.begin(db, agent, runs.REPLAY, wanted.stored())


@runs.work_of(runs.REPLAY)
def replay(id: int) -> dict[str, Any]:
    """Ask the draft; the result is what would change, and of how many questions."""
    with reading() as db:
        run = db.get_one(KnowledgeRun, id)
        found, left_out = different(db, days_of(run.wanted))
        draft = answers.draft_book(db, exact=True)
        of, version = versions.fingerprint(versions.draft(db)), versions.number(db)
    with transaction() as db:
        run = db.get_one(KnowledgeRun, id)
        run.draft, run.version, run.total = of, version, len(found)
    return compared(runs.told(id, found), draft) | {"left_out": left_out}


def different(db: Session, wanted: Days) -> tuple[list[Asked], int]:
    """The different questions of these days, the most often asked first, and how many there were besides."""
    times: Counter[str] = Counter()
    latest: dict[str, Asked] = {}
    beyond = set()
    for one, key in asked(db, wanted):
        if key in latest or len(latest) < MOST:
            latest[key] = _fresher(latest.get(key), one)
            times[key] += 1
        else:
            beyond.add(hash(key))
    found = [replace(one, times=times[key]) for key, one in latest.items()]
    found.sort(key=lambda one: (-one.times, -one.message_id))
    return found, len(beyond)


def _fresher(one: Asked | None, other: Asked) -> Asked:
    """The one that was asked with less said before: the bot minds what it has said already."""
    return one if one and len(one.question.earlier) <= len(other.question.earlier) else other


def compared(found: Any, draft: bots.Book) -> dict[str, Any]:
    """What `draft` would do otherwise with these questions, as it is stored."""
    counts: Counter[str] = Counter()
    rows, questions_asked, times = [], 0, 0
    for one in found:
        questions_asked, times = questions_asked + 1, times + one.times
        new = side(bots.decide(one.question, draft))
        if kind := kind_of(one.old, new):
            counts[kind] += 1
            rows.append([kind, one.message_id, one.times, asdict(one.old), asdict(new)])
    return {"questions": questions_asked, "times": times, "counts": dict(counts), "changes": rows[:KEPT]}


def kind_of(old: Side, new: Side) -> str:
    """What changes for the customer; "" if nothing does. What the bot says in words of its own is not compared."""
    before, after = _does(old), _does(new)
    if before != after:
        return {"answers": "answered", "asks": "asks", "person": "person"}.get(after, "quiet")
    if after == "answers" and (old.entry_id, old.rule_id) != (new.entry_id, new.rule_id):
        return "other"
    if after == "answers" and new.entry_id and old.text != new.text:
        return "worded"
    return "offers" if after == "asks" and set(old.offered) != set(new.offered) else ""


def _does(one: Side) -> str:
    if one.courteous:
        return "courteous"
    return {"answer": "answers", "ask": "asks", "hand_over": "person", "escalate": "person"}.get(
        one.action, "quiet"
    )


# What people say of it -----------------------------------------------------------------------------------


def changes_of(run: KnowledgeRun) -> list[Change]:
    """What a replay that is done found."""
    return [
        Change(place, kind, message_id, times, _side(old), _side(new))
        for place, (kind, message_id, times, old, new) in enumerate(run.result.get("changes", ()))
    ]


def _side(stored: Mapping[str, Any]) -> Side:
    return Side(**{**stored, "offered": tuple(stored["offered"])})


def verdicts_of(run: KnowledgeRun) -> dict[int, Verdict]:
    """What was said of its changes, by their places."""
    return {
        int(place): Verdict(one["said"], one["labelled"], one["entry_id"])
        for place, one in run.verdicts.items()
    }


def words_of(db: Session, found: Sequence[Change]) -> dict[int, Said]:
    """What these changes are about, by the ids of its messages; not what was taken back."""
    texts = storing.words(db, [one.message_id for one in found])
    rows = select(Message.id, Message.conversation_id).where(Message.id.in_(texts))
    return {id: Said(id, conversation, texts[id]) for id, conversation in db.execute(rows)}


def label_of(new: Side) -> tuple[bool, int | None]:
    """Whether a decision, if it is right, says which entry is, and which (None: none). Asking back says nothing, nor
    does what a rule decides."""
    if new.rule_id is not None or new.action == "ask":
        return False, None
    return True, new.entry_id


def accept(db: Session, agent: Agent, run: KnowledgeRun, place: int) -> Change:
    """It is right so. Raises :class:`Gone`."""
    change = _at(run, place)
    labelled, entry_id = label_of(change.new)
    _judge(db, agent, run, change, Verdict(ACCEPTED, labelled, entry_id))
    return change


def correct(db: Session, agent: Agent, run: KnowledgeRun, place: int, entry_id: int | None) -> Change:
    """This entry would be right (None: none). Raises :class:`Gone` and `knowledge.Invalid`."""
    change = _at(run, place)
    _judge(db, agent, run, change, Verdict(CORRECTED, True, entry_id))
    return change


def take_back(db: Session, agent: Agent, run: KnowledgeRun, place: int) -> Change:
    """Nothing was said of it; its test question is as it was before. Raises :class:`Gone`."""
    change = _at(run, place)
    kept = _verdicts(db, run).pop(str(place), None)
    if kept is not None:
        _unlabel(db, agent, change, kept)
        run.verdicts = {name: one for name, one in run.verdicts.items() if name != str(place)}
        db.flush()
    return change


def _at(run: KnowledgeRun, place: int) -> Change:
    found = changes_of(run)
    if run.kind != runs.REPLAY or not 0 <= place < len(found):
        raise Gone(place)
    return found[place]


def _judge(db: Session, agent: Agent, run: KnowledgeRun, change: Change, verdict: Verdict) -> None:
    kept = _verdicts(db, run)
    earlier = kept.get(str(change.place))
    text = _text(db, change)
    if earlier and not verdict.labelled:
        _unlabel(db, agent, change, earlier)
    before = earlier["before"] if earlier and earlier["labelled"] else None
    if verdict.labelled:
        row = questions.find(db, text)
        before = before or ({"entry_id": row.entry_id} if row else {"none": True})
        if row is None or row.entry_id != verdict.entry_id:
            questions.label(db, agent, text, verdict.entry_id, origin="replay")
    said = asdict(verdict) | {"before": before, "by": agent.id, "at": now().isoformat()}
    run.verdicts = {**kept, str(change.place): said}
    db.flush()


def _unlabel(db: Session, agent: Agent, change: Change, kept: Mapping[str, Any]) -> None:
    """Make the test question what it was before this was said, unless somebody said something else since."""
    row = questions.find(db, _text(db, change)) if kept["labelled"] else None
    if row is None or row.entry_id != kept["entry_id"]:
        return
    if kept["before"].get("none"):
        questions.remove(db, agent, row)
    elif row.entry_id != kept["before"]["entry_id"]:
        questions.relabel(db, agent, row, kept["before"]["entry_id"])


def _verdicts(db: Session, run: KnowledgeRun) -> dict[str, Any]:
    """What has been said until now; nobody else says anything meanwhile."""
    db.refresh(run, ["verdicts"], with_for_update=True)
    return dict(run.verdicts)


def _text(db: Session, change: Change) -> str:
    found = words_of(db, [change]).get(change.message_id)
    if found is None:
        raise Gone(change.place)
    return found.text
