"""`madoguchi bench compare`: two reports side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import exp, log
from pathlib import Path

import click
from rich.table import Table

from app.bench.results import Result, from_json, shown
from app.bench.running import console

WIDTH = 24  # of a bar at its longest
NOISE = 0.05  # a ratio so near to one is no difference


@dataclass(frozen=True)
class Pair:
    """One figure in both reports. `ratio`: of the second to the first."""

    what: str
    figure: str
    unit: str
    first: float
    second: float
    more_is_better: bool

    @property
    def ratio(self) -> float:
        return self.second / self.first if self.first else float("inf")

    @property
    def verdict(self) -> str:
        """ "better", "worse" or ""."""
        if abs(self.ratio - 1) <= NOISE:
            return ""
        return "better" if (self.ratio > 1) == self.more_is_better else "worse"


@click.command("compare")
@click.argument("first", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("second", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def command(first: Path, second: Path) -> None:
    """What FIRST.json and SECOND.json say, and the ratio of the second to the first."""
    reports = read(first), read(second)
    found = list(pairs(*reports))
    if not found:
        raise click.ClickException("The two reports have no benchmark in common.")
    console().print(table(found, first.stem, second.stem))
    lonely = reports[0].keys() ^ reports[1].keys()
    if lonely:
        click.echo(f"In one of them only: {', '.join(sorted(lonely))}")


def read(file: Path) -> dict[str, Result]:
    """The results of a report by name. Raises ClickException where the file is no report."""
    try:
        return {one["name"]: from_json(one) for one in json.loads(file.read_text("utf-8"))["results"]}
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(f"{file} is no report of `madoguchi bench`.") from error


def pairs(first: Mapping[str, Result], second: Mapping[str, Result]) -> Iterator[Pair]:
    """What is in both: the figure of the budget, else p95, the rate or the value."""
    for name in [name for name in first if name in second]:
        one, other = first[name], second[name]
        figure = figure_of(one)
        if figure in other.figures:
            numbers = one.figures[figure], other.figures[figure]
            yield Pair(one.what, figure, one.unit, *numbers, more_is_better=_more_is_better(one, figure))


def figure_of(one: Result) -> str:
    """The figure a result is judged by."""
    if one.budgets:
        return one.budgets[0].figure
    return next(name for name in ("p95", "rate", "value") if name in one.figures)


def _more_is_better(one: Result, figure: str) -> bool:
    return figure == "rate" or any(each.least for each in one.budgets if each.figure == figure)


def table(found: list[Pair], first: str, second: str) -> Table:
    """With a bar for each: to the right of the line is more than before."""
    drawn = Table("", "", first, second, "ratio", "", "")
    for column in drawn.columns[2:5]:
        column.justify = "right"
    for one in found:
        colour = {"better": "green", "worse": "red", "": "dim"}[one.verdict]
        numbers = (shown(one.first), f"{shown(one.second)} {one.unit}", f"{one.ratio:.2f}")
        drawn.add_row(one.what, one.figure, *numbers, f"[{colour}]{bar(one.ratio)}[/]", one.verdict)
    usual = exp(sum(log(max(one.ratio, 1e-9)) for one in found) / len(found))
    drawn.caption = f"geometric mean of the ratios: {usual:.2f}"
    return drawn


def bar(ratio: float) -> str:
    """A bar from a middle line: left for less, right for more; its whole half is a factor of four."""
    half = WIDTH // 2
    length = min(half, round(half * abs(log(max(ratio, 1e-9))) / log(4)))
    drawn = "█" * length
    return f"{drawn:>{half}}│" if ratio < 1 else f"{'':{half}}│{drawn}"
