"""What the words of names say: the rarer a word in a list, the more."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from app.matching.record import Record


def weights(records: Sequence[Record]) -> dict[str, float]:
    """Word → its weight among these names (inverse document frequency; Spärck Jones, 1972), 1 for the rarest."""
    counts: Counter[str] = Counter()
    for record in records:
        if record.name is not None:
            counts.update({part.written for part in record.name.parts})
    whole = math.log(len(records) + 1)
    return {word: max(math.log((len(records) + 1) / times) / whole, 0.05) for word, times in counts.items()}
