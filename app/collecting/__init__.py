"""Lines to mailboxes: one process at a time holds each, stores what comes, and only then has it read.

A line is held under a lease (:class:`app.models.Collector`). What came is stored in a transaction that first locks
that row and looks whether the line is still ours; the cursor moves in the same one. So nothing is lost, and a process
that was frozen past its lease stores nothing when it wakes.
"""

from app.collecting.importing import Tally, take_in
from app.collecting.keeping import batches, hold, keep
from app.collecting.lease import LEASE, Line, Lost, claim, is_free, let_go, wait
from app.collecting.lines import Lines, running

__all__ = [
    "LEASE",
    "Line",
    "Lines",
    "Lost",
    "Tally",
    "batches",
    "claim",
    "hold",
    "is_free",
    "keep",
    "let_go",
    "running",
    "take_in",
    "wait",
]
