"""The counter of a shop: finding who stands there, and noting what was asked, answered and promised.

Shop staff see a small card of whom they have looked up, their own notes, and the work of their store; nothing else.
"""

from app.counter.noting import Note, Noted, note, own_notes
from app.counter.stores import Sign, hours_of, sign_of, store_for, stores, usual_times
from app.counter.visitors import (
    FOUND,
    Compact,
    Visitor,
    by_card,
    is_card,
    look_up,
    open_card,
    opened,
    token_of,
)

__all__ = [
    "FOUND",
    "Compact",
    "Note",
    "Noted",
    "Sign",
    "Visitor",
    "by_card",
    "hours_of",
    "is_card",
    "look_up",
    "note",
    "open_card",
    "opened",
    "own_notes",
    "sign_of",
    "store_for",
    "stores",
    "token_of",
    "usual_times",
]
