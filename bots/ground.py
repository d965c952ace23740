"""What a model learns from: the known texts as vectors, the entry of each, and what was left out of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bots.coverage import Coverage
from bots.meaning import WEIGHT, Meanings
from bots.space import Floats, Ints, Postings, Rows, Space

MOST_TRIALS = 1500


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for the best entry: its score, its lead over the second, the likeness of the nearest of its
    texts, and the share of the question's subject that the knowledge knows at all."""

    score: float
    lead: float
    nearest: float
    known: float


@dataclass(slots=True)
class Evidence:
    """What was found for questions left out, with whether it was right, and for questions of entries left out."""

    inside: list[tuple[Signals, bool]] = field(default_factory=list)
    outside: list[Signals] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ground:
    """Texts grouped by entry: their vectors, the number of the entry of each, and how little each is relied on
    (1 = a question; more = less). `starts` is the first row of each entry."""

    space: Space
    rows: Rows
    postings: Postings
    owners: Ints
    doubts: Floats
    starts: Ints
    coverage: Coverage
    meanings: Meanings | None = None

    @property
    def entries(self) -> int:
        """How many entries there are."""
        return len(self.starts)

    @property
    def width(self) -> int:
        """How many columns there are, those of meaning among them."""
        return self.space.width + (self.meanings.rows.shape[1] if self.meanings else 0)

    def of_entry(self, owner: int) -> Ints:
        """The rows of an entry."""
        end = self.starts[owner + 1] if owner + 1 < self.entries else len(self.rows)
        return np.arange(self.starts[owner], end)

    def likeness(self, row: int) -> Floats:
        """How like a row is to every row."""
        found = self.postings.likeness(*self.rows.row(row))
        return self.meanings.joined(found, self.meanings.rows[row]) if self.meanings else found

    def whole(self, row: int) -> tuple[Ints, Floats]:
        """The columns and weights of a row, its meaning among them, behind those of its parts."""
        columns, values = self.rows.row(row)
        return self.with_meaning(columns, values, self.meanings.rows[row] if self.meanings else None)

    def with_meaning(self, columns: Ints, values: Floats, meaning: Floats | None) -> tuple[Ints, Floats]:
        """A text's columns and weights, and those of its meaning: the product of two is how like they are."""
        if meaning is None:
            return columns, values
        behind = np.arange(self.space.width, self.space.width + len(meaning), dtype=columns.dtype)
        words, meant = np.float32(np.sqrt(1 - WEIGHT)), np.float32(np.sqrt(WEIGHT))
        return np.concatenate([columns, behind]), np.concatenate([words * values, meant * meaning])

    def lift(self, row: int) -> Floats:
        """What each entry's score gains for a row, as if the row were not there."""
        return self.coverage.lift(*self.rows.row(row), int(self.owners[row]))

    def nearest(self, likeness: Floats) -> Floats:
        """For each entry, the likeness of the nearest of its rows."""
        return np.maximum.reduceat(likeness, self.starts)

    def share(self, columns: Ints, owner: int) -> float:
        """The share of a text's subject, by its columns, that the texts of an entry hold."""
        subject = columns[self.space.subject(columns)]
        rarity = self.space.rarity[subject]
        whole = float(rarity.sum())
        held = self.spread(self.of_entry(owner))[subject] > 0
        return float(rarity[held].sum()) / whole if whole else 0.0

    def spread(self, rows: Ints) -> Ints:
        """In how many of `rows` each column occurs."""
        found = (
            np.concatenate([self.rows.row(row)[0] for row in rows]) if len(rows) else np.zeros(0, np.int64)
        )
        return np.bincount(found, minlength=self.space.width)

    def known(self, row: int, spread: Ints) -> float:
        """The share of a row's subject that occurs where columns are spread so."""
        columns = self.rows.row(row)[0]
        subject = columns[self.space.subject(columns)]
        rarity = self.space.rarity[subject]
        whole = float(rarity.sum())
        return float(rarity[spread[subject] > 0].sum()) / whole if whole else 0.0

    def tried(self) -> Ints:
        """The questions that are left out in turn: all, or an even choice of them."""
        (questions,) = np.nonzero(self.doubts == 1)
        if len(questions) <= MOST_TRIALS:
            return questions
        return questions[np.linspace(0, len(questions) - 1, MOST_TRIALS).astype(np.int64)]


def best(scores: Floats, nearest: Floats, known: float) -> tuple[int, Signals]:
    """The entry with the highest score, and what speaks for it."""
    top = int(scores.argmax())
    others = np.delete(scores, top)
    second = float(others.max()) if len(others) and np.isfinite(others.max()) else 0.0
    return top, Signals(float(scores[top]), float(scores[top]) - second, float(nearest[top]), known)
