"""What texts mean, as vectors that a model the caller has makes of them: one more block of what a text is compared by.

The model is the caller's (:class:`bots.Embedder`); here is only the arithmetic. Without one, nothing of this is used.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bots.embedder import Embedder
from bots.space import Floats

WEIGHT = 0.4
"""What meaning counts of a likeness; words count the rest. Chosen on development questions of two languages."""

_FEW = 3
"""Where so few texts are known, their mean says half of what texts of the language have in common."""


class Meanings:
    """The meanings of the known texts, without what all of them have in common."""

    def __init__(self, embedder: Embedder, texts: Sequence[str]) -> None:
        self.name = embedder.name
        self._embedder = embedder
        found = embedder.vectors(texts)
        self._middle = found.sum(0) / np.float32(len(texts) + _FEW)
        self.rows = _of_length_one(found - self._middle)

    def of(self, text: str) -> Floats:
        """The meaning of one text among them."""
        found: Floats = _of_length_one(self._embedder.vectors([text]) - self._middle)[0]
        return found

    def joined(self, likeness: Floats, meaning: Floats) -> Floats:
        """How like a text is to each known one, by its words (`likeness`) and its meaning."""
        near = np.einsum("ij,j->i", self.rows, meaning)
        found: Floats = (1 - np.float32(WEIGHT)) * likeness + np.float32(WEIGHT) * near
        return found


def _of_length_one(rows: Floats) -> Floats:
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    found: Floats = (rows / np.maximum(lengths, np.float32(1e-6))[:, None]).astype(np.float32)
    return found
