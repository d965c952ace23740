"""A form by letter: one asks for everything that is left, and what comes back may answer several questions at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from bots.flow import Flow, Step, filled
from bots.flow_words import flow_word
from bots.text import clean, fold
from bots.values import Reader

_CIRCLED = re.compile(r"^\s*([①-⑳❶-❿])[\s.、:：]*")
_NUMBERED = re.compile(r"^\s*(?:\(?(\d{1,2})[.)）、．:：\s])\s*(.*)$")
_LABELLED = re.compile(r"^\s*(?:\(?\d{1,2}[.)）、．]\s*)?(?:[■●・*-]\s*)?(.{1,80}?)\s*[:：]\s*(.*)$")
_STRICT = ("date", "time", "phone", "email", "choice")


def left(flow: Flow, at: Step | None, values: Mapping[str, str]) -> list[Step]:
    """The questions that are still open from `at` on, where no choice leads elsewhere."""
    found: list[Step] = []
    seen = set[str]()
    while at is not None and at.name not in seen:
        seen.add(at.name)
        if at.name not in values:
            found.append(at)
        at = flow.step(flow.after(at, values.get(at.name)))
    return found


def asked(flow: Flow, open_: list[Step], shown: Mapping[str, str]) -> str:
    """One letter that asks them all, numbered; of choices, what can be chosen."""
    lines = []
    for number, step in enumerate(open_, 1):
        choices = "".join(f"\n   - {one.words}" for one in step.choices)
        skip = flow_word("letter_optional", flow.language) if step.optional else ""
        lines.append(f"{number}. {step.label}{skip}: {filled(step.ask, shown)}{choices}")
    return "\n".join((flow_word("letter_ask", flow.language), *lines))


def read(open_: list[Step], text: str, reader: Reader, *, answers: bool) -> dict[str, str]:
    """The answers to open questions that a letter holds: after the number or the name of a question, and what can only
    be the answer to one; all of it, where only one question is open and the letter `answers` it."""
    found: dict[str, str] = {}
    for step, said in _named(open_, text):
        value = reader.read(step, said)
        if value is not None and said:
            found.setdefault(step.name, value)
    free = [step for step in open_ if step.name not in found]
    for step in free:
        alone = answers and len(open_) == 1
        if not (alone or step.kind in _STRICT or step.pattern):
            continue
        same = [
            one for one in open_ if one is not step and (one.kind, one.pattern) == (step.kind, step.pattern)
        ]
        value = reader.read(step, clean(text)) if not same else None
        if value and value not in found.values():
            found[step.name] = value
    return found


def _named(open_: list[Step], text: str) -> Iterator[tuple[Step, str]]:
    """What stands behind the number or the name of a question, to the end of its line."""
    labels = {fold(step.label): step for step in open_}
    for written in text.splitlines():
        line = clean(_CIRCLED.sub(lambda found: f"{unicodedata.numeric(found[1]):.0f}. ", written))
        if (found := _LABELLED.match(line)) and (step := labels.get(fold(found[1]))):
            yield step, found[2].strip()
        elif (found := _NUMBERED.match(line)) and 0 < int(found[1]) <= len(open_):
            yield open_[int(found[1]) - 1], found[2].strip()
