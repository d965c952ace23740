"""Work with a time by which it is due: added, changed, finished, called at its time, listed.

A task stands with a conversation and follows it through merges as cases do; one that came from a message follows that.
"""

from app.directory.paging import BadCursor
from app.models.task import CALL, KINDS, OTHER, PROMISE, TELL
from app.tasks.doing import (
    MAX_TEXT,
    MAX_WORDS,
    Change,
    Doer,
    Telling,
    add,
    asked_by,
    call_due,
    change,
    finish,
    give_back,
    prepare,
    reopen,
    tell,
)
from app.tasks.finding import VIEWS, due_count, find, heads_of, of_thread, task_for
from app.tasks.times import next_business_day, usual_times

__all__ = [
    "CALL",
    "KINDS",
    "MAX_TEXT",
    "MAX_WORDS",
    "OTHER",
    "PROMISE",
    "TELL",
    "VIEWS",
    "BadCursor",
    "Change",
    "Doer",
    "Telling",
    "add",
    "asked_by",
    "call_due",
    "change",
    "due_count",
    "find",
    "finish",
    "give_back",
    "heads_of",
    "next_business_day",
    "of_thread",
    "prepare",
    "reopen",
    "task_for",
    "tell",
    "usual_times",
]
