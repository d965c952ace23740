"""Faults come after so much work; where the work has an end, nobody waits for more of it than there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pytest

from app.bench.faults import driver
from app.bench.faults.driver import Driver, Stalled
from app.bench.faults.schedule import Fault


@dataclass
class Work:
    acknowledged: int


CUTS = [Fault("cut", gap=50, delay=0.0)] * 2


def drives(work: Work, **more: float) -> Driver:
    made = Driver(cast(Any, None), None, work, lambda _line: None, **more)
    made.run(CUTS)
    return made


def test_the_last_faults_come_although_the_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "STALL", 0.1)
    assert drives(Work(990), most=990).done.keys() == {"cut"}


def test_work_that_stops_before_its_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "STALL", 0.1)
    with pytest.raises(Stalled, match="after the start"):
        drives(Work(900), most=990)
    with pytest.raises(Stalled, match="after the start"):
        drives(Work(990))
