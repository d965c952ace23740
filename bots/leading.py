"""From what the FAQ has to a form: one that was meant, or one that an answer leads to."""

from __future__ import annotations

from dataclasses import replace

from bots import flowing
from bots.decision import Decision
from bots.turn import Turn


def on(turn: Turn, label: str | None, decision: Decision) -> Decision:
    """`decision`, and the first question of the form it leads to, if it leads to one. In the middle of a form an answer
    stands for itself."""
    if decision.entry_id is None or decision.action != "answer":
        return decision
    entry = turn.book.entry(decision.entry_id)
    meant = decision.entry_id < 0
    flow = turn.book.flow(-decision.entry_id if meant else (entry and entry.flow) or 0)
    if flow is None or decision.also or (turn.question.flow is not None and not meant):
        return decision
    begun = flowing.begun(turn, flow, label, text="" if meant else decision.text)
    return replace(
        begun,
        entry_id=None if meant else decision.entry_id,
        links=decision.links,
        picture=decision.picture,
        score=decision.score,
        considered=decision.considered,
    )
