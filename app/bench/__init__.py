"""Benchmarks: how fast, how many, how much memory, told honestly and in one form.

A benchmark is a module with a `command`, made by :func:`benchmark` from a function that yields
:class:`Result`, and a line in :data:`BENCHMARKS`. It then is `madoguchi bench NAME`, prints a table, writes
JSON with `--json FILE`, and is a part of `madoguchi bench all`.
"""

from app.bench.machine import resident
from app.bench.results import Budget, Result, at_least, at_most, measured, rate, value
from app.bench.running import Benchmark, benchmark, load

__all__ = [
    "BENCHMARKS",
    "MEASURED",
    "Benchmark",
    "Budget",
    "Result",
    "at_least",
    "at_most",
    "benchmark",
    "load",
    "measured",
    "rate",
    "resident",
    "value",
]

# name → module; the module has a click command `command`. Imported when it is needed.
BENCHMARKS: dict[str, str] = {
    "seed": "app.bench.seeding",
    "list": "app.bench.lists",
    "open": "app.bench.opening",
    "search": "app.bench.searching",
    "mail": "app.bench.mail",
    "faults": "app.bench.faults.command",
    "storm": "app.bench.storm.command",
    "live": "app.bench.live",
    "ingest": "app.bench.ingest",
    "deliver": "app.bench.delivering",
    "bot": "app.bench.bot",
    "widget": "app.bench.widget",
    "start": "app.bench.start",
    "sockets": "app.bench.sockets",
    "all": "app.bench.everything",
    "compare": "app.bench.comparing",
}
# Those that `madoguchi bench all` runs. The rest make a database, break things, or read reports.
MEASURED = tuple(name for name in BENCHMARKS if name not in ("seed", "faults", "storm", "all", "compare"))
