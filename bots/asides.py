"""A question beside an open form: whether a message is one, which of its words ask it, and which answer the form."""

from __future__ import annotations

import re
from dataclasses import replace

from bots import several
from bots.dates import besides_dates
from bots.flow import PERSON, Step
from bots.form import Form, reader_of
from bots.times import besides_times
from bots.turn import Turn
from bots.values import Reader

_QUESTION = ("?", "？", "か")
_SENTENCE = re.compile(r"(?<=[。！？!?\n])\s*|(?<=\.)\s+")
_CLAUSE = re.compile(r"[、，。！？!?\n]|[,.](?=\s)")
# What says that an hour, or a number, is the one that was asked for.
_COMING = re.compile(
    r"行き|行く|伺|うかが|参り|まいり|お願い|希望|please|\b(?:i|we)(?:'ll| will| can| would)? (?:come|visit|be there)\b"
)
_COUNTS = re.compile(
    r"[\d０-９]\s*(?:名|人|個|点|枚|本|着|足|つ|組|台|冊|箱|people|persons?|guests|pieces|items)"
)


def asks_something_else(turn: Turn, step: Step, reader: Reader) -> bool:
    """Whether the message is a question the FAQ answers, or a wish the shop has another form for."""
    asked = question_of(turn, step, reader)
    if reader.is_only(step, asked.text) and step.kind != "text":
        return False
    if asked is not turn and asked.answer:
        return True
    return turn.answer is not None and (_asks(turn.text) or reader.read(step, turn.text) is None)


def question_of(turn: Turn, step: Step | None, reader: Reader) -> Turn:
    """The message without what only tells something. To a question for any words, all are the answer."""
    told = step is None or (step.kind == "text" and not step.pattern)
    asked = [] if told else [one for one in _SENTENCE.split(turn.question.text) if _asks(one)]
    words = [next(several.questions(one), one) for one in (_asking(step, reader, one) for one in asked)]
    return Turn(replace(turn.question, text="\n".join(words)), turn.book) if words else turn


def _asking(step: Step | None, reader: Reader, sentence: str) -> str:
    """A question without the clauses before it that answer the step: 14時、送料はいくらですか."""
    end = 0
    for gap in _CLAUSE.finditer(sentence):
        if step is None or not _tells(step, reader, sentence[end : gap.start()]):
            break
        end = gap.end()
    return sentence[end:].strip() or sentence


def _tells(step: Step, reader: Reader, clause: str) -> bool:
    """Whether a clause is nothing but the answer to the step; the day of a time moves with it."""
    return reader.is_just(step, besides_dates(clause) if step.kind == "time" else clause)


def _asks(words: str) -> bool:
    return words.rstrip(" 。.!！").endswith(_QUESTION)


def told_beside(turn: Turn, form: Form) -> Form:
    """The form with what the message answers of it beside its question: 5512です。あと送料はいくらですか."""
    step, reader = form.step, reader_of(turn, form)
    if step is None or (step.kind == "text" and not step.pattern):
        return form
    said = [one for one in _SENTENCE.split(turn.question.text) if not _asks(one) and _is_for(step, one)]
    said += [one for one in _CLAUSE.split(turn.question.text) if not _asks(one) and _tells(step, reader, one)]
    counts = step.kind == "number" and not step.pattern
    values = {value for one in said if (value := reader.read(step, _counted(one) if counts else one))}
    if len(values) != 1:
        return form
    moved = form.on_its_day(step, reader, "\n".join(said)).progress.values
    told = Form(form.flow, replace(form.progress, values={**moved, step.name: values.pop()}))
    ends = told.way[1] == PERSON or (told.step is None and not form.flow.ending.confirm)
    return form if ends else told


def _is_for(step: Step, sentence: str) -> bool:
    """Whether an hour or a number that is told beside a question is told for the step: not each one is."""
    if step.kind == "time":
        return _COMING.search(sentence.casefold()) is not None
    return step.kind != "number" or bool(step.pattern) or _COUNTS.search(sentence) is not None


def _counted(words: str) -> str:
    """What may count something in what is told beside a question: no day, no time."""
    return besides_times(besides_dates(words))
