"""What a sentence model is to the bot. The caller has it, and loads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bots.space import Floats


class Embedder(Protocol):
    """Turns texts into vectors of one length, near each other where the texts mean the same. The same text gives the
    same vector, whatever stands beside it."""

    @property
    def name(self) -> str:
        """The same for the same model, and for no other."""

    def vectors(self, texts: Sequence[str]) -> Floats:
        """A row for each text."""
