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
    return take_of(db, source_of(channel), channel, events)


def take_of(db: Session, source: str, channel: Channel | None, events: Sequence[base.Touch]) -> list[Outcome]:
    """:func:`take` for the system of this name, which need not have a channel."""
    silent = all(one.history for one in events)
    return [_outcome(one) for one in recording.take_in(db, events, source, channel, silent=silent)]


def source_of(channel: Channel) -> str:
    """The name of the system that speaks by this channel."""
    return str(channel.settings.get("source") or channel.key)[:64]


def _outcome(one: recording.Result) -> Outcome:
    if one.refused is not None:
        why = {"sentence": one.refused.sentence, "values": one.refused.values}
        return {"excluded": str(one.refused), "malformed": True, "refused": why}
    assert one.touchpoint is not None
    told: Outcome = {"excluded": _BECAME[one.what], "touchpoint": one.touchpoint.id, "what": one.what}
    return told if one.touchpoint.identity_id is not None else {**told, "waits": True}
