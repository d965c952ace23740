"""A fault run has room for what it is to live through."""

from __future__ import annotations

from typing import Any

import pytest

from app.bench.faults import running, stage
from app.bench.faults.schedule import schedule

SAID = 12  # messages acknowledged between two faults, as a run of 200 kills had them
EACH = 6_000  # bytes that one of them was in the database of that run, with what was told of it


class Asked(Exception):
    """No further."""


def test_a_thousand_kills_have_room_for_what_is_said_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def staged(_url: Any, _webs: Any, _lease: Any, _also: Any, disk_size: int = stage.DISK) -> None:
        sizes.append(disk_size)
        raise Asked

    monkeypatch.setattr(running, "stage", staged)
    for kills in (30, 1000):
        with pytest.raises(Asked):
            running.run(1, kills, say=print)
        assert sizes[-1] > 1.5 * len(schedule(1, kills, running.LEASE)) * SAID * EACH
    assert sizes[0] < 128 * 1024 * 1024
