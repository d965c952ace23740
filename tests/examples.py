"""How many made-up inputs a property is tried on, pages looked at, processes killed: a part of them with every run, the
whole with MADOGUCHI_TEST_EXAMPLES=all."""

from __future__ import annotations

import os

PART = 1 if os.environ.get("MADOGUCHI_TEST_EXAMPLES") == "all" else 3


def some(most: int) -> int:
    """So many of `most` in this run, ten at least."""
    return max(min(most, 10), most // PART)
