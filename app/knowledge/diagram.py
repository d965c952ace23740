"""A flow as a picture: questions one below the other, and where each answer leads, as places a page draws."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from bots.flow import END, PERSON, Flow, Step

WIDTH_BOX, HEIGHT_BOX, PITCH, LEFT, TOP = 230, 52, 80, 4, 4
LABELS, LANE = 112, 14  # pixels: for words on a way, between ways side by side
LONGEST, LONGEST_CHOICE = 32, 16  # half-width characters of a line


@dataclass(frozen=True, slots=True)
class Box:
    """A question, or (`sort` "end", "person") where it ends. Places are of its upper left corner."""

    name: str
    sort: str
    title: str
    words: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Way:
    """From a box to another: a line of SVG points, and the words on it at a place."""

    points: str
    words: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Diagram:
    """`told` says the same in words: each question, with (the answer, where it leads: its label, END or PERSON)."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    ways: tuple[Way, ...]
    told: tuple[tuple[Step, tuple[tuple[str, str], ...]], ...]


def diagram(flow: Flow) -> Diagram:
    """The picture of a flow that can be used (:func:`bots.check_flow`)."""
    leads = {step.name: [(words or _usual(step), to) for words, to in flow.ways(step)] for step in flow.steps}
    ends = [END, *([PERSON] if any(to == PERSON for each in leads.values() for _, to in each) else [])]
    rows = {name: at for at, name in enumerate((*leads, *ends))}
    ways, lanes = list[Way](), list[list[tuple[int, int]]]()
    arrived = dict.fromkeys(rows, 0)
    for step in flow.steps:
        for words, to, out in _together(leads[step.name], rows[step.name], rows):
            ways.append(_way(rows[step.name], rows[to], words, out, arrived, to, lanes))
    boxes = (
        *(_box(step, at) for at, step in enumerate(flow.steps)),
        *(_end(name, rows[name]) for name in ends),
    )
    width = LEFT + WIDTH_BOX + LABELS + LANE * len(lanes) + LANE
    told = tuple(
        (step, tuple((words, _label(flow, to)) for words, to in leads[step.name])) for step in flow.steps
    )
    return Diagram(width, TOP + PITCH * len(rows) - PITCH + HEIGHT_BOX + TOP, boxes, tuple(ways), told)


def _usual(step: Step) -> str:
    """The choices that lead where an answer usually does, if others lead elsewhere."""
    usual = [one.words for one in step.choices if not one.to]
    return " / ".join(usual) if len(usual) < len(step.choices) else ""


def _together(leads: list[tuple[str, str]], at: int, rows: dict[str, int]) -> list[tuple[str, str, int]]:
    """The ways from one box, those to the same place as one: words, where to, and which one it is on its side."""
    merged: dict[str, list[str]] = {}
    for words, to in leads:
        merged.setdefault(to, []).append(words)
    found, out = [], 0
    for to, told in merged.items():
        beside = rows[to] != at + 1
        found.append((" / ".join(filter(None, told)), to, out if beside else -1))
        out += beside
    return found


def _way(
    start: int,
    end: int,
    words: str,
    out: int,
    arrived: dict[str, int],
    to: str,
    lanes: list[list[tuple[int, int]]],
) -> Way:
    if out < 0:
        x, y = LEFT + 28, TOP + PITCH * start + HEIGHT_BOX
        return Way(f"{x},{y} {x},{TOP + PITCH * end}", _cut(words, LONGEST), x + 10, y + 20)
    from_y = TOP + PITCH * start + HEIGHT_BOX - 10 - 16 * (out % 3)
    to_y = TOP + PITCH * end + 8 + 6 * (arrived[to] % 3)
    arrived[to] += 1
    edge = LEFT + WIDTH_BOX
    lane = edge + LABELS + LANE * _free(lanes, min(start, end), max(start, end))
    points = f"{edge},{from_y} {lane},{from_y} {lane},{to_y} {edge},{to_y}"
    return Way(points, _cut(words, LONGEST_CHOICE), edge + 8, from_y - 4)


def _free(lanes: list[list[tuple[int, int]]], first: int, last: int) -> int:
    """The innermost lane that nothing else uses on these rows."""
    for number, taken in enumerate(lanes):
        if all(last < begins or ends < first for begins, ends in taken):
            taken.append((first, last))
            return number
    lanes.append([(first, last)])
    return len(lanes) - 1


def _box(step: Step, at: int) -> Box:
    return Box(
        step.name, step.kind, _cut(step.label, LONGEST - 4), _cut(step.ask, LONGEST), LEFT, TOP + PITCH * at
    )


def _end(name: str, at: int) -> Box:
    return Box(name, name, "", "", LEFT, TOP + PITCH * at)


def _label(flow: Flow, to: str) -> str:
    step = flow.step(to)
    return step.label if step else to


def _cut(words: str, most: int) -> str:
    """As much of a line as fits, wide characters counted twice."""
    line, used = "", 0
    for char in " ".join(words.split()):
        used += 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if used > most:
            return line.rstrip() + "…"
        line += char
    return line
