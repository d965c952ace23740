"""The shop's rules at work: the first that fires decides, labels aside."""

from __future__ import annotations

from collections.abc import Iterator

from bots.decision import Action, Decision, HandoverReason
from bots.phrases import phrase
from bots.rule import Rule, RuleAction
from bots.turn import Turn

_ACTIONS: dict[RuleAction, Action] = {
    "answer": "answer",
    "ask": "ask",
    "hand_over": "hand_over",
    "escalate": "escalate",
}
_OWN_WORDS: dict[Action, str] = {
    "answer": "go_ahead",
    "ask": "none_of_these",
    "hand_over": "handing_over",
    "escalate": "escalating",
}


def label_of(turn: Turn) -> str | None:
    """The label of the first label rule that fires; it rides on whatever is decided."""
    return next((rule.params.get("label") or None for rule in _fired(turn) if rule.action == "label"), None)


def ruled(turn: Turn, label: str | None) -> Decision | None:
    """The decision of the first rule that fires, if any does."""
    rule = next((rule for rule in _fired(turn) if rule.action != "label"), None)
    return _decision(turn, rule, label) if rule else None


def _fired(turn: Turn) -> Iterator[Rule]:
    for ready in turn.book.ready_rules():
        if ready.fires(turn.text, turn.folded, turn.heard.language):
            yield ready.rule


def _decision(turn: Turn, rule: Rule, label: str | None) -> Decision:
    action = _ACTIONS[rule.action]
    words = rule.params.get("text", "").strip()
    key = None if words else _OWN_WORDS[action]
    escalates = action == "escalate"
    return Decision(
        action=action,
        language=turn.language,
        version=turn.book.version,
        text=words or phrase(_OWN_WORDS[action], turn.language),
        phrase=key,
        quick_replies=_lines(rule.params.get("quick_replies", "")),
        rule_id=rule.id,
        score=100.0,
        label=rule.params.get("label") or label,
        escalation_type=(rule.params.get("type") or "complaint") if escalates else None,
        escalation_reason=(rule.params.get("reason") or rule.name) if escalates else None,
        handover_reason=_handover(action),
        misses=turn.question.misses if action == "ask" else 0,
    )


def _handover(action: Action) -> HandoverReason | None:
    return "rule" if action in ("hand_over", "escalate") else None


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
