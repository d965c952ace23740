"""What the bot said before in this conversation, and when saying it once more would be a loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bots.decision import Action, Decision

TWICE = 2
"""So often in a row a rule or a courtesy may say the same; an entry only once."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """One of the bot's last turns: what it did, by which entry (and `also` which others), rule or sentence of its own,
    and what it offered."""

    action: Action
    entry_id: int | None = None
    rule_id: int | None = None
    phrase: str | None = None
    asked: tuple[int, ...] = ()
    also: tuple[int, ...] = ()

    def tells(self, other: Earlier) -> bool:
        """Whether it tells all that `other` does, in the same words."""
        same = (self.rule_id, self.phrase) == (other.rule_id, other.phrase)
        return same and {other.entry_id, *other.also} <= {self.entry_id, *self.also}


def said(decision: Decision) -> Earlier:
    """`decision` as it is remembered."""
    told = (decision.action, decision.entry_id, decision.rule_id, decision.phrase)
    return Earlier(*told, decision.asked, decision.also)


def offered(earlier: Sequence[Earlier]) -> frozenset[int]:
    """The entries that were offered since the last answer: to ask for them again would be the same question."""
    return frozenset(entry for one in _since_answered(earlier) for entry in one.asked)


def repeats(decision: Decision, earlier: Sequence[Earlier]) -> bool:
    """Whether this would go round in a circle: the answer that was given last, or one thing said a third time."""
    if decision.action != "answer":
        return False
    now, times = said(decision), 0
    for one in reversed(earlier):
        if one.action != "answer" or not one.tells(now):
            break
        times += 1
    return times >= (1 if decision.entry_id is not None and decision.rule_id is None else TWICE)


def insists(decision: Decision, earlier: Sequence[Earlier]) -> bool:
    """Whether it was said before of this very answer that it would only be repeated: once is enough."""
    now = said(decision)
    return any(one.tells(now) and then.phrase == "said_already" for one, then in pairwise(earlier))


def _since_answered(earlier: Sequence[Earlier]) -> Iterator[Earlier]:
    for one in reversed(earlier):
        if one.action == "answer" and (one.entry_id is not None or one.rule_id is not None):
            return
        yield one
