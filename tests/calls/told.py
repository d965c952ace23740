"""Tellings of a telephone system, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from channels import base
from channels.events import CallState

BEGAN = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
NUMBER = "+819012345678"


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def call(state: CallState, seconds: float, **fields: Any) -> base.Call:
    """Told so many seconds after the call began."""
    number = fields.pop("number", NUMBER)
    sender = fields.pop("sender", base.Person(number, kind="phone"))
    id = fields.pop("id", "c-1")
    return base.Call(external_id=id, sender=sender, state=state, at=at(seconds), **fields)


def answered_call(id: str = "c-1", **fields: Any) -> list[base.Call]:
    """A call as it is told from ring to hang-up, with its recording afterwards."""
    return [
        call("ringing", 0, id=id, started_at=at(0), agent="201", **fields),
        call("answered", 8, id=id, answered_at=at(8), agent="201", queue="受付", **fields),
        call("ended", 380, id=id, ended_at=at(380), disposition="返品", text="返品の相談", **fields),
        call(
            "ended", 400, id=id, recording=base.Attachment("c.mp3", url="https://pbx.example/c.mp3"), **fields
        ),
    ]
