"""Entries proposed from what was not answered well: found by a run, taken as a draft entry, or dismissed for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

import bots
from app import knowledge
from app.bot import answers, storing
from app.db import now, reading, transaction
from app.events import record
from app.learning import wording
from app.learning.gaps import LANGUAGES, Gap, gaps
from app.models import Agent, Decision, FaqEntry, KnowledgeRun, Proposal
from app.models.proposal import DISMISSED, OPEN, TAKEN
from app.proving import runs

DAYS = 30  # looked back, unless said otherwise
DAILY = timedelta(hours=24)
LONGEST = 366
PEOPLE = 2  # who must have asked for it
MOST = 100  # proposals of a language, the heaviest
KEPT = 40  # questions of a proposal
MARKED = 5  # questions by which a settled proposal is known again


class Gone(LookupError):
    """It is proposed no more: taken, dismissed, or found no longer."""


@dataclass(frozen=True, slots=True)
class Found:
    """Gaps that are alike; `settled`: they are what this proposal was, which was settled before."""

    gaps: tuple[Gap, ...]
    settled: int | None

    @property
    def people(self) -> int:
        """In how many conversations it was asked."""
        return len(set[int]().union(*(gap.heads for gap in self.gaps)))


def begin(db: Session, agent: Agent, days: int = DAYS) -> KnowledgeRun:
    """Ask for proposals from the last `days`."""
    return runs.begin(db, agent, runs.PROPOSALS, {"days": max(1, min(days, LONGEST))})


def look_back() -> bool:
    """Ask for them once a day, where the bot decided about anything since the last time. A duty of the clock."""
    with reading() as db:
        last = runs.latest(db, runs.PROPOSALS)
        begun = last.at if last else now() - timedelta(days=DAYS)
        decided = select(Decision.id).where(Decision.made_at >= begun).limit(1)
        due = (last is None or last.at < now() - DAILY) and db.scalar(decided) is not None
    if due:
        with transaction() as db:
            runs.begin(db, None, runs.PROPOSALS, {"days": DAYS})
    return due


@runs.work_of(runs.PROPOSALS)
def propose(id: int) -> dict[str, Any]:
    """Find what was not answered well and what agents then wrote; the result is how much there was."""
    with reading() as db:
        found = gaps(db, now() - timedelta(days=db.get_one(KnowledgeRun, id).wanted["days"]))
        draft = answers.draft_book(db)
        marks = _marks(db)
    with transaction() as db:
        db.get_one(KnowledgeRun, id).total = len(found)
    left = [gap for gap in runs.told(id, found) if not answered_since(gap, draft)]
    kept = 0
    for language in LANGUAGES:
        own = [gap for gap in left if gap.language == language]
        groups = gathered(own, language, marks, draft.lexicon)
        with reading() as db:
            new = [group for group in groups if group.settled is None][:MOST]
            rows = _rows(db, new, language, draft.lexicon)
        kept += _keep(language, rows)
    return {
        "questions": len(found),
        "times": sum(gap.times for gap in found),
        "answered_since": len(found) - len(left),
        "proposals": kept,
    }


def answered_since(gap: Gap, draft: bots.Book) -> bool:
    """Whether the draft answers it by now, with another entry than the one that was wrong."""
    answer = bots.look_up(bots.Question(gap.text, gap.language), draft).answer
    return answer is not None and answer.entry.id not in gap.bad


def gathered(
    found: Sequence[Gap],
    language: str,
    marks: Mapping[int, Sequence[str]] = {},
    lexicon: bots.Lexicon | None = None,
) -> list[Found]:
    """What is alike, also by the shop's own words, and was asked by several people, what was asked most often first.
    `marks`: questions of proposals that were settled, by which they are known again."""
    from bots.gathering import gather  # its arithmetic takes 20 MB

    known = [(id, text) for id, texts in marks.items() for text in texts]
    texts = [*(gap.text for gap in found), *(text for _, text in known)]
    weights = [*(float(gap.times) for gap in found), *(0.0 for _ in known)]
    groups = []
    for group in gather(texts, language, weights, lexicon=lexicon):
        own = tuple(found[place] for place in group.members if place < len(found))
        marked = Counter(known[place - len(found)][0] for place in group.members if place >= len(found))
        one = Found(own, min(marked, key=lambda id: (-marked[id], id)) if marked else None)
        if own and one.people >= PEOPLE:
            groups.append(one)
    return groups


def _marks(db: Session) -> dict[int, list[str]]:
    """The words by which settled proposals are known again, as far as they still stand anywhere."""
    settled = select(Proposal.id, Proposal.questions).where(Proposal.state != OPEN).order_by(Proposal.id)
    of = {message: id for id, questions in db.execute(settled) for message in questions[:MARKED]}
    found: dict[int, list[str]] = {}
    for message, text in storing.words(db, sorted(of)).items():
        found.setdefault(of[message], []).append(text)
    return found


def _rows(db: Session, groups: Sequence[Found], language: str, lexicon: bots.Lexicon) -> list[dict[str, Any]]:
    """The groups as they are kept: where the words stand, not the words."""
    asked = [
        (number, [message for gap in group.gaps for message in gap.messages][:KEPT])
        for number, group in enumerate(groups)
    ]
    said = wording.answers_to(db, asked, language, lexicon)
    entries = set(db.scalars(select(FaqEntry.id)))
    return [
        {
            "language": language,
            "questions": [gap.messages[0] for gap in group.gaps][:KEPT],
            "answers": said.get(number, []),
            "times": sum(gap.times for gap in group.gaps),
            "wordings": len(group.gaps),
            "why": dict(sum((gap.why for gap in group.gaps), Counter())),
            "first_at": min(gap.first_at for gap in group.gaps if gap.first_at),
            "last_at": max(gap.last_at for gap in group.gaps if gap.last_at),
            "into_id": _right(group, entries),
        }
        for number, group in enumerate(groups)
    ]


def _right(group: Found, entries: set[int]) -> int | None:
    """The entry that people said is right for it, if most of them did."""
    right: Counter[int | None] = sum((gap.right for gap in group.gaps), Counter())
    best = max(right, key=lambda id: (right[id], -(id or 0)), default=None)
    return best if best in entries else None


def _keep(language: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write what was found over what was proposed before: the same proposal stays the same row. How many there are."""
    with transaction() as db:
        runs.in_turn(db, runs.PROPOSALS)
        before = list(
            db.scalars(select(Proposal).where(Proposal.state == OPEN, Proposal.language == language))
        )
        of = {message: row for row in before for message in row.questions}
        for data in rows:
            row = _same(data["questions"], of) or Proposal(language=language, why={})
            for message in row.questions or ():
                of.pop(message, None)
            for name, value in data.items():
                setattr(row, name, value)
            if row in before:
                before.remove(row)
            db.add(row)
        gone = [row.id for row in before]
        db.execute(delete(Proposal).where(Proposal.id.in_(gone), Proposal.state == OPEN))
        return len(rows)


def _same(questions: Sequence[int], of: Mapping[int, Proposal]) -> Proposal | None:
    """The earlier proposal that shares most of these questions."""
    shared = Counter(of[message].id for message in questions if message in of)
    best = min(shared, key=lambda id: (-shared[id], id), default=None)
    return next((row for row in of.values() if row.id == best), None)


# What people make of them ----------------------------------------------------------------------------------


def proposals(db: Session, state: str = OPEN, limit: int = 50) -> Sequence[Proposal]:
    """Those of one state, what was asked most often first."""
    wanted = select(Proposal).where(Proposal.state == state)
    return db.scalars(wanted.order_by(Proposal.times.desc(), Proposal.id.desc()).limit(limit)).all()


def take(db: Session, agent: Agent, proposal: Proposal, data: Mapping[str, Any]) -> FaqEntry:
    """Make a draft entry of it, as it was approved. Raises :class:`Gone` and `knowledge.Invalid`."""
    _settle(db, agent, proposal, TAKEN)
    entry = knowledge.save_entry(db, agent, None, data)
    entry.source_key = f"proposal-{proposal.id}"
    return _taken(db, agent, proposal, entry)


def widen(
    db: Session, agent: Agent, proposal: Proposal, entry: FaqEntry, questions: Sequence[str]
) -> FaqEntry:
    """Give its questions to an entry there is, in the draft. Raises :class:`Gone` and `knowledge.Invalid`."""
    _settle(db, agent, proposal, TAKEN)
    return _taken(db, agent, proposal, knowledge.add_questions(db, agent, entry, questions))


def _taken(db: Session, agent: Agent, proposal: Proposal, entry: FaqEntry) -> FaqEntry:
    proposal.entry_id = entry.id
    db.flush()
    record(db, "knowledge.proposal_taken", agent=agent, proposal_id=proposal.id, entry_id=entry.id)
    return entry


def dismiss(db: Session, agent: Agent, proposal: Proposal) -> None:
    """Propose it never again. Raises :class:`Gone`."""
    _settle(db, agent, proposal, DISMISSED)
    record(db, "knowledge.proposal_dismissed", agent=agent, proposal_id=proposal.id)


def reopen(db: Session, agent: Agent, proposal: Proposal) -> None:
    """Propose it again; an entry made of it stays."""
    proposal.state, proposal.settled_at, proposal.agent_id = OPEN, None, agent.id
    db.flush()
    record(db, "knowledge.proposal_reopened", agent=agent, proposal_id=proposal.id)


def _settle(db: Session, agent: Agent, proposal: Proposal, state: str) -> None:
    mine = update(Proposal).where(Proposal.id == proposal.id, Proposal.state == OPEN)
    claimed = db.execute(
        mine.values(state=state, settled_at=now(), agent_id=agent.id).returning(Proposal.id)
    ).scalar()
    if claimed is None:
        raise Gone(proposal.id)
    db.refresh(proposal)
