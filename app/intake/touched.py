"""What a shop's system tells of its customers, taken in; the books account for each."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.intake.outcome import Outcome
from app.models import Channel
from app.touchpoints import recording
from channels import base

_BECAME = {
    "new": "a touchpoint",
    "changed": "a touchpoint that changed",
    "unchanged": "a touchpoint we know already",
    "older": "a touchpoint, older than what we know of it",
}


def take(db: Session, channel: Channel, events: Sequence[base.Touch]) -> list[Outcome]:
    """Take them in together; what became of each. The ids are the system's own, which the channel's settings name."""
    silent = all(one.history for one in events)
    return [
        _outcome(one) for one in recording.take_in(db, events, source_of(channel), channel, silent=silent)
    ]


def source_of(channel: Channel) -> str:
    """The name of the system that speaks by this channel."""
    return str(channel.settings.get("source") or channel.key)[:64]


def _outcome(one: recording.Result) -> Outcome:
    if one.touchpoint is None or one.refused is not None:
        return {"excluded": str(one.refused), "malformed": True}
    told: Outcome = {"excluded": _BECAME[one.what], "touchpoint": one.touchpoint.id, "what": one.what}
    return told if one.touchpoint.identity_id is not None else {**told, "waits": True}
