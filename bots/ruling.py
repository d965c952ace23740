"""The shop's rules at work: the first that fires decides, labels aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bots import flowing
from bots.decision import Action, Decision, HandoverReason
from bots.flow import Flow
from bots.flow_words import flow_word
from bots.phrases import phrase
from bots.progress import Call
from bots.rule import Rule, RuleAction
from bots.text import pair_of
from bots.turn import Turn

_ACTIONS: dict[RuleAction, Action] = {
    "answer": "answer",
    "ask": "ask",
    "flow": "ask",
    "webhook": "answer",
    "hand_over": "hand_over",
    "escalate": "escalate",
}
_OWN_WORDS: dict[Action, str] = {
    "answer": "go_ahead",
    "ask": "none_of_these",
    "hand_over": "handing_over",
    "escalate": "escalating",
}
_PERSONS = ("hand_over", "escalate")


def label_of(turn: Turn) -> str | None:
    """The label of the first label rule that fires; it rides on whatever is decided."""
    return next((label for rule in _quiet(turn) if (label := rule.params.get("label"))), None)


def noted(turn: Turn, decision: Decision) -> Decision:
    """`decision` with what label rules that fire note of the customer; what it notes itself comes last."""
    told = tuple(pair for rule in _quiet(turn) for pair in _pairs(rule.params.get("set", "")))
    return replace(decision, attributes=(*told, *decision.attributes)) if told else decision


def ruled(turn: Turn, label: str | None) -> Decision | None:
    """The decision of the first rule that fires, if any does."""
    return next((found for rule in _loud(turn) if (found := _decision(turn, rule, label))), None)


def ruled_to_person(turn: Turn, label: str | None) -> Decision | None:
    """The decision of the first rule that fires and hands over: it holds in the middle of a form as well."""
    return next((_decision(turn, rule, label) for rule in _loud(turn) if rule.action in _PERSONS), None)


def begun(turn: Turn, label: str | None) -> Decision | None:
    """The first question of the form whose words a message holds, unless the message is a question of the FAQ."""
    found = None if turn.exact else turn.book.flow_meant(turn.folded, turn.heard.language)
    return flowing.begun(turn, found, label) if found else None


def _quiet(turn: Turn) -> Iterator[Rule]:
    return (rule for rule in _fired(turn) if rule.action == "label")


def _loud(turn: Turn) -> Iterator[Rule]:
    return (rule for rule in _fired(turn) if rule.action != "label")


def _fired(turn: Turn) -> Iterator[Rule]:
    for ready in turn.book.ready_rules():
        if ready.fires(turn.text, turn.folded, turn.heard.language, turn.question.situation):
            yield ready.rule


def _decision(turn: Turn, rule: Rule, label: str | None) -> Decision | None:
    if rule.action == "flow":
        flow = _flow(turn, rule)
        label = rule.params.get("label") or label
        return (
            flowing.begun(turn, flow, label, rule.id, rule.params.get("text", "").strip()) if flow else None
        )
    action = _ACTIONS[rule.action]
    words = rule.params.get("text", "").strip()
    own = "" if words else _own_words(turn, rule, action)
    escalates = action == "escalate"
    return Decision(
        action=action,
        language=turn.language,
        version=turn.book.version,
        text=words or own,
        phrase=None if words or rule.action == "webhook" else _OWN_WORDS[action],
        quick_replies=_lines(rule.params.get("quick_replies", "")),
        rule_id=rule.id,
        score=100.0,
        label=rule.params.get("label") or label,
        attributes=_pairs(rule.params.get("set", "")),
        escalation_type=(rule.params.get("type") or "complaint") if escalates else None,
        escalation_reason=(rule.params.get("reason") or rule.name) if escalates else None,
        handover_reason=_handover(action),
        team_id=_id(rule, "team") if action in _PERSONS else None,
        call=_call(turn, rule) if rule.action == "webhook" else None,
        misses=turn.question.misses if action == "ask" else 0,
    )


def _own_words(turn: Turn, rule: Rule, action: Action) -> str:
    if rule.action == "webhook":
        return flow_word("looking", turn.language)
    return phrase(_OWN_WORDS[action], turn.language)


def _call(turn: Turn, rule: Rule) -> Call:
    fallback = rule.params.get("fallback", "").strip()
    return Call(_id(rule, "webhook") or 0, fallback or flow_word("failed", turn.language))


def _flow(turn: Turn, rule: Rule) -> Flow | None:
    return turn.book.flow(_id(rule, "flow") or 0)


def _id(rule: Rule, name: str) -> int | None:
    told = rule.params.get(name, "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else None


def _handover(action: Action) -> HandoverReason | None:
    return "rule" if action in _PERSONS else None


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in map(pair_of, _lines(text)) if name and value)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
