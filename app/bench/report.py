"""A report: the machine, the versions, the database and the results, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import make_url

from app.bench.machine import machine, versions
from app.bench.results import Result
from app.config import settings
from app.db import now

FORMAT = 1


def document(results: Sequence[Result]) -> dict[str, Any]:
    """What `--json` writes."""
    current = settings()
    return {
        "format": FORMAT,
        "made_at": now().isoformat(timespec="seconds"),
        "engine": make_url(current.database_url).get_backend_name(),
        "machine": machine(current.data_dir if current.data_dir.is_dir() else current.data_dir.parent),
        "versions": versions(),
        "results": [one.as_json() for one in results],
    }
