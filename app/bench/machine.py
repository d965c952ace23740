"""The machine it was measured on, and what its processes weigh."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from app import __version__

TOLD = ("sqlalchemy", "starlette", "uvicorn", "psycopg", "redis", "rq", "msgspec", "jinja2")
MEGA = 1_000_000


def resident(pid: int | None = None) -> float:
    """Resident memory of a process (None: this one) in MB of 1,000,000 bytes; 0 where it is gone."""
    pid = pid or os.getpid()
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / MEGA
    except FileNotFoundError:
        told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True)
        return int(told.stdout or 0) * 1024 / MEGA


def machine(folder: Path) -> dict[str, Any]:
    """Processor, cores, memory, system, and how long `folder`'s disk takes to be sure of 4 kB."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "fsync_ms": round(fsync_ms(folder), 3),
        "load": round(os.getloadavg()[0], 2),
    }


def versions() -> dict[str, str]:
    """Ours, Python's, SQLite's and those of the packages that matter for speed."""
    found = {
        "madoguchi": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    for name in TOLD:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def fsync_ms(folder: Path, times: int = 50) -> float:
    """The median of writing 4 kB and waiting for the disk, in ms."""
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(times):
            begin = time.perf_counter()
            os.pwrite(file.fileno(), b"x" * 4096, 0)
            os.fsync(file.fileno())
            took.append((time.perf_counter() - begin) * 1000)
    return sorted(took)[len(took) // 2]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except FileNotFoundError:
        return platform.processor() or platform.machine()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
