"""Telephone calls: what is told of one, in whatever order and however often, comes to one entry of the thread."""

from app.calls.changing import begin, begin_past, change, settle
from app.calls.known import Facts, Known, facts, join, stamp, told_by, transcript

__all__ = [
    "Facts",
    "Known",
    "begin",
    "begin_past",
    "change",
    "facts",
    "join",
    "settle",
    "stamp",
    "told_by",
    "transcript",
]
