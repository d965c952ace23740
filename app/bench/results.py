"""What a benchmark found: figures in one form, with the budget they are held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT = 1_000  # samples a result keeps, evenly by rank, for its picture


@dataclass(frozen=True)
class Budget:
    """What one figure of a result should be: at most `limit`, or (`least`) at least."""

    figure: str  # "p95", "p99", "rate", "value"
    limit: float
    least: bool = False

    def met(self, figures: Mapping[str, float]) -> bool:
        """Whether the figure keeps to it."""
        found = figures[self.figure]
        return found >= self.limit if self.least else found <= self.limit

    def __str__(self) -> str:
        return f"{self.figure} {'≥' if self.least else '≤'} {self.limit:g}"


def at_most(figure: str, limit: float) -> Budget:
    """`at_most("p95", 30)`."""
    return Budget(figure, limit)


def at_least(figure: str, limit: float) -> Budget:
    """`at_least("rate", 500)`."""
    return Budget(figure, limit, least=True)


@dataclass(frozen=True)
class Result:
    """One line of the table. Made by :func:`measured`, :func:`rate` or :func:`value`."""

    name: str  # stable, dotted: "list.open.newest.first"; `bench compare` pairs by it
    what: str  # the same for people, a few words
    unit: str  # "ms", "/s", "MB", "kB", "s"
    figures: Mapping[str, float]  # "n", "p50", "p95", "p99", "max", "mean", "cpu"; or "rate"; or "value"
    budgets: tuple[Budget, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)  # what it was measured with: JSON
    memory: Mapping[str, float] = field(default_factory=dict)  # process → MB resident, at the end
    samples: tuple[float, ...] = ()  # in order of size, thinned to KEPT, in `unit`
    note: str = ""  # what a reader must know: warm-up, what was left out

    @property
    def met(self) -> bool | None:
        """Whether every budget is kept; None where there is none."""
        return all(budget.met(self.figures) for budget in self.budgets) if self.budgets else None

    def as_json(self) -> dict[str, Any]:
        """What :func:`from_json` reads back; with `met` for other readers."""
        budgets = [{**asdict(one), "met": one.met(self.figures)} for one in self.budgets]
        return {
            "name": self.name,
            "what": self.what,
            "unit": self.unit,
            "figures": dict(self.figures),
            "budgets": budgets,
            "settings": dict(self.settings),
            "memory": dict(self.memory),
            "samples": list(self.samples),
            "note": self.note,
        }


def from_json(read: Mapping[str, Any]) -> Result:
    """A result out of a report. Raises KeyError on something else."""
    budgets = [Budget(one["figure"], one["limit"], one["least"]) for one in read["budgets"]]
    rest = {name: read[name] for name in ("name", "what", "unit", "figures", "settings", "memory", "note")}
    return Result(**rest, budgets=tuple(budgets), samples=tuple(read["samples"]))


def measured(
    name: str,
    what: str,
    samples: Sequence[float],
    *,
    unit: str = "ms",
    budgets: Sequence[Budget] = (),
    cpu: float | None = None,
    **more: Any,
) -> Result:
    """Durations (or sizes) of many operations, each in `unit`; `cpu`: mean CPU time of one, of our process alone.

    `more`: settings, memory, note. Raises ValueError without a sample: a figure of nothing is none.
    """
    if not samples:
        raise ValueError(f"{name}: nothing was measured")
    ordered = sorted(samples)
    figures = {
        "n": float(len(ordered)),
        **{f"p{percent}": percentile(ordered, percent) for percent in (50, 95, 99)},
        "max": ordered[-1],
        "mean": sum(ordered) / len(ordered),
        **({} if cpu is None else {"cpu": cpu}),
    }
    return Result(name, what, unit, figures, tuple(budgets), samples=thinned(ordered), **more)


def rate(
    name: str, what: str, per_second: float, *, unit: str = "/s", budgets: Sequence[Budget] = (), **more: Any
) -> Result:
    """How many a second."""
    return Result(name, what, unit, {"rate": per_second}, tuple(budgets), **more)


def value(
    name: str, what: str, number: float, unit: str, *, budgets: Sequence[Budget] = (), **more: Any
) -> Result:
    """One number: a size, a memory, a time taken once."""
    return Result(name, what, unit, {"value": number}, tuple(budgets), **more)


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest sample that `percent` of 100 do not exceed (nearest rank: always one that was measured)."""
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]


def thinned(ordered: Sequence[float], kept: int = KEPT) -> tuple[float, ...]:
    """At most `kept` of the ordered samples, evenly by rank, the least and the greatest among them."""
    if len(ordered) <= kept:
        return tuple(ordered)
    return tuple(ordered[round(at * (len(ordered) - 1) / (kept - 1))] for at in range(kept))


def shown(number: float) -> str:
    """A figure with as many digits as it is worth: 0.123, 1.23, 12.3, 1,234."""
    for below, digits in ((1, 3), (10, 2), (1000, 1)):
        if abs(number) < below:
            return f"{number:.{digits}f}"
    return f"{number:,.0f}"
