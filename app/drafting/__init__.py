"""Answers put into words by a language model of the house's choice: only from an entry that was matched (`asking`),
refused when they bring in what it lacks (`grounds`), and always marked. Off until an admin turns it on (`keeping`)."""

from app.drafting.asking import Draft, draft, try_out
from app.drafting.keeping import (
    SECONDS,
    Health,
    Manner,
    Wrong,
    change,
    health,
    manner,
    told_health,
    without_key,
)

__all__ = [
    "SECONDS",
    "Draft",
    "Health",
    "Manner",
    "Wrong",
    "change",
    "draft",
    "health",
    "manner",
    "told_health",
    "try_out",
    "without_key",
]
