"""How much of a question the texts of an entry hold between them, its answer among them: what BM25 rewards.

A short question is never much like a long answer, but the words of it that no known question has may all stand there.
"""

from __future__ import annotations

import numpy as np

from bots.space import Flags, Floats, Ints, Rows

_WORTH, _ENOUGH = 0.8, 4.0
"""What it counts beside the score where an entry has one question, and with how many more it counts half: chosen on
development questions of two languages. Where entries have no answers it tells nothing new, and is left out."""


class Coverage:
    """The parts that the texts of each entry hold."""

    def __init__(self, rows: Rows, width: int, owners: Ints, answers: Flags) -> None:
        """`owners` are the entries of the rows, `answers` tells which of them are of an answer, not questions."""
        self._entries = entries = int(owners.max()) + 1 if len(owners) else 0
        answered = len(np.unique(owners[answers]))
        each = float(np.count_nonzero(~answers)) / max(entries, 1)
        self.worth = _WORTH * answered / max(entries, 1) / (1 + max(each - 1, 0) / _ENOUGH)
        if not answered:
            return
        holders = np.repeat(owners, np.diff(rows.starts)).astype(np.int64)
        cells, counts = np.unique(rows.columns * np.int64(entries) + holders, return_counts=True)
        columns, held = np.divmod(cells, entries)
        self._held = held.astype(np.int32)
        self._alone = counts == 1
        self._starts = np.searchsorted(columns, np.arange(width + 1))

    def lift(self, columns: Ints, weights: Floats, own: int = -1) -> Floats:
        """For each entry, what its score gains for a text. Of the entry `own` the text is one: it counts without it."""
        if not self.worth:
            return np.zeros(self._entries, np.float32)
        starts = self._starts[columns]
        lengths = self._starts[columns + 1] - starts
        before = np.cumsum(lengths) - lengths
        places = np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
        squares = np.repeat(weights * weights, lengths)
        squares[(self._held[places] == own) & self._alone[places]] = 0
        found: Floats = np.bincount(self._held[places], squares, self._entries).astype(np.float32)
        return found * np.float32(self.worth)
