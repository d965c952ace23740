"""What the bot decides, with everything needed to say it, store it and explain it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bots.entry import Link, Picture
from bots.progress import Call, Collected, Progress

Action = Literal["answer", "ask", "unknown", "hand_over", "escalate", "label", "silent"]
EscalationType = Literal["complaint", "legal", "safety"]
HandoverReason = Literal["asked", "misses", "anger", "risk", "language", "rule", "flow"]


@dataclass(frozen=True, slots=True)
class Considered:
    """An entry the bot weighed (0: a form): the question of it that came nearest, and its score from 0 to 100."""

    entry_id: int
    title: str
    question: str
    score: float


@dataclass(frozen=True, slots=True)
class Decision:
    """The bot's answer to one message. Store it whole: it is the "why" an agent reads.

    `action`
        `answer`, `ask`, `unknown`: send `text` with its chips and links; the bot stays in charge.
        `hand_over`: send `text`, then a person owns the conversation, for `handover_reason`.
        `escalate`: as `hand_over`, and a supervisor is told, by `escalation_type` and `escalation_reason`.
        `label`: nothing to say; only put `label`. `silent`: nothing to do.
    `also` are the entries whose answers stand below that of `entry_id`, where a message asked several things.
    `label` is to be put whenever it is set, whatever the action.
    `phrase` is the key of the sentence in `bots.phrases` when the words are the bot's own, else None:
    a caller with better words for it (a shop's own, another language) may replace `text`.
    `flow` is how far the conversation is in the form `flow_id` then (None: in none), `collected` what was answered in
    it. `attributes` are to be noted of the customer, `task` made for the team `team_id`, which a person handed the
    thread is of; `call` is a system to ask, whose answer is then said.
    `misses` and `asked` are the new state of the conversation; hand both back in the next `Question`.
    """

    action: Action
    language: str
    version: int
    text: str = ""
    phrase: str | None = None
    quick_replies: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    picture: Picture | None = None
    entry_id: int | None = None
    also: tuple[int, ...] = ()
    rule_id: int | None = None
    score: float = 0.0
    label: str | None = None
    escalation_type: str | None = None
    escalation_reason: str | None = None
    handover_reason: HandoverReason | None = None
    considered: tuple[Considered, ...] = ()
    misses: int = 0
    asked: tuple[int, ...] = ()
    flow: Progress | None = None
    flow_id: int | None = None
    collected: tuple[Collected, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    task: str = ""
    team_id: int | None = None
    call: Call | None = None
