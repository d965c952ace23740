"""How far a conversation is in a form, and what the shop's own system is to be asked: what a decision leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Progress:
    """The answers given to a flow so far, by the names of its steps (skipped: ""). Where it stands follows from them.

    `tries` and `asides` count the messages in a row that were no answer, and questions of another kind that were
    answered in between. `choosing`: the customer was asked which answer is wrong.
    """

    flow: int
    values: Mapping[str, str] = field(default_factory=dict)
    tries: int = 0
    asides: int = 0
    choosing: bool = False

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "flow": self.flow,
            "values": dict(self.values),
            "tries": self.tries,
            "asides": self.asides,
            "choosing": self.choosing,
        }


def progress_of(stored: Mapping[str, Any]) -> Progress | None:
    """What :meth:`Progress.stored` gave; None for anything else."""
    flow, values = stored.get("flow"), stored.get("values")
    if not isinstance(flow, int) or not isinstance(values, dict):
        return None
    told = {name: value for name, value in values.items() if isinstance(name, str) and isinstance(value, str)}
    return Progress(
        flow, told, _count(stored.get("tries")), _count(stored.get("asides")), bool(stored.get("choosing"))
    )


def _count(value: Any) -> int:
    return max(0, value) if isinstance(value, int) else 0


@dataclass(frozen=True, slots=True)
class Collected:
    """An answer of a form: the name it is kept under, how it is called, as it is kept, and as it is shown; and the
    messages whose files it is."""

    name: str
    label: str
    value: str
    shown: str
    files: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """The caller's `webhook` is to be asked, and its answer said; `fallback` where none comes."""

    webhook: int
    fallback: str
