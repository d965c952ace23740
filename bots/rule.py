"""A rule: words or a pattern in a message, and what the bot then does before it looks at the FAQ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

RuleAction = Literal["answer", "ask", "label", "hand_over", "escalate"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the shop. It fires when any keyword, or the pattern, is found in the message.

    `language` limits it to messages in that language; an empty string means any.
    `params`, all optional strings: `text` (what is said), `quick_replies` (one a line), `label`,
    `type` and `reason` (of an escalation). Rules run in order of `position`; the first that fires is
    the decision, except that a `label` rule only puts its label and lets the others run.
    """

    id: int
    name: str
    language: str
    keywords: tuple[str, ...]
    pattern: str
    action: RuleAction
    params: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    position: int = 0
