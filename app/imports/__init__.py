"""Call logs and lists of touchpoints in files, taken in as history: looked at, checked, then taken in by the one door,
some rows at a time.

A row of :class:`app.models.CallImport` says what is to be done and how far it is; whoever holds it works on it, and who
comes after a process that died goes on where that one was.
"""

from app.imports.counting import Counts
from app.imports.drafts import (
    Look,
    begin,
    cancel,
    check,
    correct,
    earlier,
    finished,
    latest,
    look,
    one,
    reading_of,
    remove,
    start,
)
from app.imports.files import drop, keep, path_of, place_of, tidy
from app.imports.problems import problems_in_file, problems_of
from app.imports.working import Lost, look_after, work

__all__ = [
    "Counts",
    "Look",
    "Lost",
    "begin",
    "cancel",
    "check",
    "correct",
    "drop",
    "earlier",
    "finished",
    "keep",
    "latest",
    "look",
    "look_after",
    "one",
    "path_of",
    "place_of",
    "problems_in_file",
    "problems_of",
    "reading_of",
    "remove",
    "start",
    "tidy",
    "work",
]
