"""Telephone calls: what is told of one, in whatever order and however often, comes to one entry of the thread."""

from app.calls.changing import begin, begin_past, change, settle
from app.calls.known import Facts, Known, facts, join, told_by

__all__ = ["Facts", "Known", "begin", "begin_past", "change", "facts", "join", "settle", "told_by"]
