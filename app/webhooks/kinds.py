"""The kinds of events there are, by groups, as a subscription chooses among them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from app import audit

_MESSAGES = (
    "message.received", "message.sent", "message.edited", "message.removed", "message.reread", "message.files",
    "message.reacted",
    "answer.rated",
    "answer.corrected",
    "call.changed", "call.noted", "note.added", "delivery",
    "delivery.retried",
)  # fmt: skip
_ESCALATIONS = ("escalated", "escalation.taken", "escalation.returned", "escalation.resolved")
ASKED = "bot.asked"
"""No event: the bot itself asks, by a rule or at the end of a form, only who is subscribed to this by name."""
_THREAD = tuple(kind for kind in audit.GROUPS["conversations"] if kind not in (*_MESSAGES, *_ESCALATIONS))

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "messages": _MESSAGES,
        "conversations": (*_THREAD, "touchpoint.told"),
        "escalations": _ESCALATIONS,
        **{group: kinds for group, kinds in audit.GROUPS.items() if group != "conversations"},
        "people": (*audit.GROUPS["people"], "agent.changed"),
        "bot": (*audit.GROUPS["bot"], ASKED),
    }
)
KINDS = frozenset(kind for kinds in GROUPS.values() for kind in kinds)
