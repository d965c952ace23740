"""A rule: words or a pattern in a message, and what the bot then does before it looks at the FAQ."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from bots.conditions import Conditions, conditions_of
from bots.patterns import Pattern, compile_pattern
from bots.situation import Situation
from bots.text import fold

RuleAction = Literal["answer", "ask", "label", "flow", "webhook", "hand_over", "escalate"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the shop. It fires when any keyword, or the pattern, is found in the message, and its conditions
    hold; one that has neither keyword nor pattern, wherever its conditions hold.

    `language` limits it to messages in that language; an empty string means any.
    `params`, all optional strings: `text` (what is said), `quick_replies` (one a line), `label`, `set` (what is noted
    of the customer: `name = value`, one a line), `type` and `reason` (of an escalation), `team` (an id: who is handed
    it), `flow` and `webhook` (ids), `fallback` (what is said where the webhook does not answer), and the conditions
    `channels`, `hours`, `attributes`, `labels`, `pages` (:mod:`bots.conditions`).
    Rules run in order of `position`; the first that fires is the decision, except that a `label` rule only puts its
    label, notes its attributes, and lets the others run.
    """

    id: int
    name: str
    language: str
    keywords: tuple[str, ...]
    pattern: str
    action: RuleAction
    params: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    position: int = 0


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """A rule with its keywords folded and its pattern compiled."""

    rule: Rule
    keywords: tuple[str, ...]
    pattern: Pattern | None
    conditions: Conditions

    def fires(self, text: str, folded: str, language: str, there: Situation) -> bool:
        """Whether the rule is meant by a message, given clean and folded, in this situation."""
        if self.rule.language not in ("", language) or not self.conditions.hold(there):
            return False
        if not self.rule.keywords and not self.rule.pattern:
            return bool(self.conditions)
        if any(holds(folded, keyword) for keyword in self.keywords):
            return True
        return self.pattern is not None and self.pattern.found_in(text)


def ready(rule: Rule) -> ReadyRule:
    """Compile `rule`; empty keywords and refused patterns never fire."""
    keywords = tuple(folded for keyword in rule.keywords if (folded := fold(keyword)))
    return ReadyRule(rule, keywords, compile_pattern(rule.pattern), conditions_of(rule.params))


def holds(folded: str, keyword: str) -> bool:
    """A Latin keyword is whole words, so that `ship` is not found in `relationship`, but is in `shipは`."""
    if not keyword.isascii():
        return keyword in folded
    return re.search(rf"(?<![a-z0-9]){re.escape(keyword)}(?![a-z0-9])", folded) is not None
