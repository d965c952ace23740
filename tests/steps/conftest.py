"""What differs nothing between the engines is looked at on one of them."""

from __future__ import annotations

from tests import engines

collect_ignore = [] if engines.WHICH == "sqlite" else ["test_planted.py"]
