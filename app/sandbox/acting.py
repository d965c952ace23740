"""What the acts of customers have in common on every platform."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, TypeVar

from app.sandbox.house import BadAct
from app.sandbox.talks import Bubble, Customer, Talks

Action = Mapping[str, Any]
Act = TypeVar("Act")

BLOCKED = "The customer has blocked the account; only follow is possible."


def chosen(
    acts: Mapping[str, Act],
    customer: Customer,
    action: Action,
    *,
    always: Container[str] = ("follow",),
    blocked: str = BLOCKED,
) -> Act:
    """The act that `action` names; `always`: those that are possible where the shop is blocked. Raises `BadAct`."""
    name = str(action.get("action", ""))
    if name not in acts:
        raise BadAct(f"action must be one of {', '.join(acts)}")
    if not customer.friend and name not in always:
        raise BadAct(blocked)
    return acts[name]


def bubble_of(customer: Customer, action: Action) -> Bubble:
    """The `message` of an action. Raises `BadAct`."""
    bubble = customer.bubbles.get(str(action.get("message", "")))
    if bubble is None:
        raise BadAct("There is no such message.")
    return bubble


def own_bubble(customer: Customer, action: Action) -> Bubble:
    """The `message` of an action, if the customer wrote it. Raises `BadAct`."""
    bubble = customer.bubbles.get(str(action.get("message", "")))
    if bubble is None or bubble.by != "customer":
        raise BadAct("There is no such message of this customer.")
    return bubble


def unsent(talks: Talks, customer: Customer, action: Action) -> Bubble:
    """The message of the customer's that is taken back: nothing of it stays on the phone. Raises `BadAct`."""
    bubble = own_bubble(customer, action)
    bubble.unsent, bubble.text, bubble.data = True, "", {}
    return talks.show(customer, bubble)
