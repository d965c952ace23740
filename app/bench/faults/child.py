"""What the product's processes are started through in a fault run: its clock and its patience in our hands.

`python -m app.bench.faults.child app.cli SPEC COMMAND...` is `madoguchi COMMAND...` where claims and locks lapse in
seconds instead of minutes and the clock follows a file. The word `app.cli` is how app.bench.stack knows the
product's processes. Children that `serve` starts are started the same way.
"""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

PROCESSES = {"web", "worker", "poll"}


@dataclass(frozen=True)
class Spec:
    """What is different here: seconds until a claim, a lock or an unread request counts as left behind, how long
    SQLite waits for its lock, the file of the clock's offset; `also`: modules to import before it runs (a bug
    planted by a test)."""

    clock: str
    lease: float = 3.0
    busy_ms: int = 1500
    retry: float = 0.3
    also: tuple[str, ...] = ()

    def write(self, path: Path) -> None:
        """Where the processes find it."""
        path.write_text(json.dumps(asdict(self)))


def read(path: Path) -> Spec:
    """What :meth:`Spec.write` wrote."""
    told = json.loads(path.read_text())
    return Spec(**{**told, "also": tuple(told["also"])})


def main(arguments: list[str]) -> None:
    """Become the product."""
    _, path, *command = arguments
    from app.bench.faults import clockwork, once

    spec = read(Path(path))
    clockwork.follow(clockwork.Offset(Path(spec.clock)))
    once.add_kind()
    if command[0] == "serve":
        _start_children_alike(path)
    if command[0] in PROCESSES:
        _shorten(spec)
        for name in spec.also:
            importlib.import_module(name)
    from app import cli

    sys.argv = ["madoguchi", *command]
    cli.main()


def _start_children_alike(path: str) -> None:
    from app import supervise
    from app.cli import serve

    serve.ME = (sys.executable, "-m", __spec__.name, "app.cli", path)  # type: ignore[assignment]
    serve.HELPERS = (
        *serve.HELPERS,
        ("worker",),
        ("poll",),
    )  # so that claims are contested, and clocks killed
    supervise.LONGEST_PAUSE = 0.8  # so many deaths would otherwise mean waiting most of the time


def _shorten(spec: Spec) -> None:
    from app import clock, db
    from app.deliver import claiming, outcomes
    from app.inbox import reading
    from app.webhooks import sending
    from channels.meta import trouble

    lease = timedelta(seconds=spec.lease)
    claiming.STALE = reading.LOCK_FOR = clock.LATE = sending.STALE = lease
    outcomes.FIRST_WAIT = sending.FIRST_WAIT = spec.retry
    outcomes.ADMIN_WAIT = trouble.SLOWLY = 3 * spec.retry
    db.BUSY_MS = spec.busy_ms


if __name__ == "__main__":
    main(sys.argv[1:])
