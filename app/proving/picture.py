"""The curve of precision over the share answered, as numbers a picture is drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 66, 28, 16, 42


@dataclass(frozen=True, slots=True)
class Line:
    """One side's curve: SVG points, and where its present threshold lies (None: nothing is answered)."""

    side: str
    points: str
    at: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Picture:
    """`across` and `up` are the marks of the axes: (place, percent)."""

    lines: tuple[Line, ...]
    across: tuple[tuple[float, int], ...]
    up: tuple[tuple[float, int], ...]


def picture(curves: Mapping[str, Sequence[Mapping[str, Any]]], thresholds: Mapping[str, float]) -> Picture:
    """Both curves in one frame. The axis of precision begins below the lowest point there is."""
    lowest = min(
        (one["precision"] for each in curves.values() for one in each if one["precision"] is not None),
        default=0.0,
    )
    floor = max(0, min(80, int(100 * lowest) // 20 * 20))
    lines = tuple(_line(side, curves[side], thresholds[side], floor) for side in ("published", "draft"))
    step = 20 if floor < 60 else 10 if floor < 80 else 5
    return Picture(
        lines,
        tuple((_x(mark / 100), mark) for mark in range(0, 101, 20)),
        tuple((_y(mark / 100, floor), mark) for mark in range(floor, 101, step)),
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar of :data:`WIDTH`: where it begins and how wide it is."""

    name: str
    count: int
    x: float
    width: float


def strip(counts: Sequence[tuple[str, int]]) -> list[Piece]:
    """A bar of these counts side by side; what there is none of has no part in it."""
    whole = sum(count for _, count in counts)
    pieces, before = [], 0
    for name, count in counts:
        if count > 0:
            pieces.append(
                Piece(name, count, round(WIDTH * before / whole, 1), round(WIDTH * count / whole, 1))
            )
            before += count
    return pieces


def _line(side: str, curve: Sequence[Mapping[str, Any]], threshold: float, floor: int) -> Line:
    drawn = [one for one in curve if one["precision"] is not None]
    places = {one["at"]: (_x(one["answered"]), _y(one["precision"], floor)) for one in drawn}
    points = " ".join(f"{x},{y}" for x, y in dict.fromkeys(reversed(places.values())))
    nearest = [at for at in places if at >= threshold - 1]
    return Line(side, points, places[min(nearest)] if nearest else None)


def _x(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(precision: float, floor: int) -> float:
    part = (100 * precision - floor) / (100 - floor)
    return round(HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM), 1)
