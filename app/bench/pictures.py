"""Pictures of distributions as SVG: one line a result, all of a group on one scale of powers of ten."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10

from app.bench.results import Result, shown

LEFT, WIDTH, RIGHT, LINE, TOP = 330, 560, 90, 22, 34  # pixels
LEAST = 0.001  # what is shorter is drawn here


def picture(results: Sequence[Result]) -> str:
    """An SVG of these results, which have samples in one unit: every sample a faint stroke, the median a bold
    one, the 95th and 99th percentile thin ones, the budget dashed."""
    low, high = _decades(results)
    height = TOP + LINE * len(results) + 6
    parts = [_axis(low, high, height, results[0].unit)]
    parts += [_row(one, TOP + LINE * number, low, high) for number, one in enumerate(results)]
    size = f'width="{LEFT + WIDTH + RIGHT}" height="{height}" viewBox="0 0 {LEFT + WIDTH + RIGHT} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">{"".join(parts)}</svg>'


def _decades(results: Sequence[Result]) -> tuple[int, int]:
    """The powers of ten that hold every sample and budget."""
    numbers = [max(one.samples[at], LEAST) for one in results for at in (0, -1)]
    numbers += [budget.limit for one in results for budget in one.budgets if budget.limit > 0]
    low = floor(log10(min(numbers)))
    return low, max(ceil(log10(max(numbers))), low + 1)


def _x(number: float, low: int, high: int) -> float:
    return round(LEFT + WIDTH * (log10(max(number, LEAST)) - low) / (high - low), 1)


def _axis(low: int, high: int, height: int, unit: str) -> str:
    drawn = []
    for power in range(low, high + 1):
        x = _x(10.0**power, low, high)
        drawn.append(f'<path class="grid" d="M{x} {TOP - 8}V{height - 4}"/>')
        drawn.append(f'<text class="tick" x="{x}" y="{TOP - 14}">{10.0**power:g} {escape(unit)}</text>')
    return "".join(drawn)


def _row(one: Result, y: int, low: int, high: int) -> str:
    middle, colour = y + LINE / 2, "missed" if one.met is False else "kept"
    strokes = "".join(f"M{_x(sample, low, high)} {y + 5}v{LINE - 10}" for sample in one.samples)
    marks = "".join(
        f'<path class="{name}" d="M{_x(one.figures[name], low, high)} {y + 3}v{LINE - 6}"/>'
        for name in ("p50", "p95", "p99")
    )
    budgets = "".join(
        f'<path class="budget" d="M{_x(budget.limit, low, high)} {y}v{LINE}"/>'
        for budget in one.budgets
        if budget.figure in one.figures
    )
    words = f'<text class="name" x="{LEFT - 8}" y="{middle + 4}">{escape(one.what)}</text>'
    told = f'<text x="{LEFT + WIDTH + 8}" y="{middle + 4}">{shown(one.figures["p95"])}</text>'
    return f'<g class="{colour}">{words}<path class="all" d="{strokes}"/>{marks}{budgets}{told}</g>'
