"""Whether one way of answering is measurably better than another on the same questions, or may be so by chance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import comb

DOUBT = 0.05
"""As likely by chance at the most, for a difference to count as one."""


@dataclass(frozen=True, slots=True)
class Gain:
    """Questions that only the new way handles rightly (`won`), and only the old one (`lost`); and how many each
    answers wrongly."""

    won: int
    lost: int
    wrong_before: int
    wrong_after: int

    @property
    def chance(self) -> float:
        """How likely so many or more of those that differ would be won, were neither way better (sign test)."""
        differing = self.won + self.lost
        return float(sum(comb(differing, won) for won in range(self.won, differing + 1)) / 2**differing)

    @property
    def shown(self) -> bool:
        """Measurably better: more is right than chance explains, and no more is answered wrongly."""
        return self.won > self.lost and self.chance <= DOUBT and self.wrong_after <= self.wrong_before


def gain(pairs: Iterable[tuple[str | int | None, str | int | None, str | int | None]]) -> Gain:
    """From (right, answered before, answered after) for each question; None: nothing, rightly or not."""
    won = lost = wrong_before = wrong_after = 0
    for right, before, after in pairs:
        won += after == right != before
        lost += before == right != after
        wrong_before += before is not None and before != right
        wrong_after += after is not None and after != right
    return Gain(won, lost, wrong_before, wrong_after)
