"""Reports: the page, its pictures, and two of them side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import click
import pytest
from click.testing import CliRunner

from app.bench import (
    BENCHMARKS,
    Benchmark,
    Result,
    at_least,
    at_most,
    benchmark,
    everything,
    load,
    measured,
    rate,
    report,
    value,
)
from app.bench.comparing import bar, command, pairs, read
from app.bench.everything import benchmarks, write
from app.bench.pictures import picture
from app.bench.results import shown


def some(factor: float = 1.0) -> list[Result]:
    return [
        measured(
            "list.open", "list <open>", [factor * n for n in range(1, 200)], budgets=[at_most("p95", 300)]
        ),
        measured("list.mine", "list mine", [factor * 2.0], cpu=1.0),
        rate("ingest.stored", "stored", 600 * factor, budgets=[at_least("rate", 500)]),
        value("start.memory", "memory", 200 * factor, "MB", memory={"web": 80.0}),
    ]


@benchmark("toy", alone=True)
@click.option("--database-url")
def toy(database_url: str | None) -> Iterator[Result]:
    """Tells where it was."""
    yield value("toy.where", str(database_url), 1, "")


@benchmark("house", database=True)
def house() -> Iterator[Result]:
    """Is of the settings' database."""
    yield value("house.size", "of a house", 1, "")


POSTGRES = "postgresql://somebody@db/other"


@pytest.mark.parametrize(
    ("chosen", "options", "engine", "where"),
    [
        ([toy], ["--database-url", POSTGRES], "postgresql", POSTGRES),
        ([toy], [], "sqlite", "None"),
        ([house, toy], ["--database-url", POSTGRES], "postgresql and sqlite", POSTGRES),
    ],
)
def test_a_report_names_the_engine_each_result_is_of(
    chosen: list[Benchmark],
    options: list[str],
    engine: str,
    where: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(everything, "benchmarks", lambda _only: chosen)
    monkeypatch.setattr(
        report, "settings", lambda: SimpleNamespace(database_url="sqlite:///none", data_dir=tmp_path)
    )
    told = CliRunner().invoke(everything.command, ["--out", str(tmp_path), *options])
    assert told.exit_code == 0, told.output
    found = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert found["engine"] == engine
    last = found["results"][-1]
    assert last["what"] == where
    assert last["settings"] == {"engine": engine.partition(" ")[0]}


def test_a_report_is_a_page_that_needs_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, some())
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count("<svg") == 1
    assert "list &lt;open&gt;" in page
    assert "kept" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert [one.name for one in read(tmp_path / "report.json").values()] == [one.name for one in some()]


def test_a_picture_is_one_drawing_with_every_result_in_it() -> None:
    sampled = [one for one in some() if one.samples]
    drawn = ElementTree.fromstring(picture(sampled))
    words = {one.text for one in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert {"list <open>", "list mine"} <= words


def test_samples_of_nothing_and_of_one_size_are_drawn_too() -> None:
    ElementTree.fromstring(picture([measured("a.b", "none", [0.0, 0.0])]))
    ElementTree.fromstring(picture([measured("a.b", "ten", [10.0])]))


def test_two_reports_are_compared_by_the_figure_that_counts(tmp_path: Path) -> None:
    found = {one.what: one for one in pairs(*({one.name: one for one in some(by)} for by in (1.0, 2.0)))}
    assert {one.ratio for one in found.values()} == {2.0}
    assert {what: one.figure for what, one in found.items()} == {
        "list <open>": "p95", "list mine": "p95", "stored": "rate", "memory": "value",
    }  # fmt: skip
    assert {what: one.verdict for what, one in found.items()} == {
        "list <open>": "worse", "list mine": "worse", "stored": "better", "memory": "worse",
    }  # fmt: skip


def test_comparing_prints_ratios_and_what_is_in_one_only(tmp_path: Path) -> None:
    write(tmp_path / "a", some())
    write(tmp_path / "b", some(0.5)[:-1])
    files = [str(tmp_path / name / "report.json") for name in ("a", "b")]
    told = CliRunner().invoke(command, files)
    assert told.exit_code == 0, told.output
    assert "0.50" in told.output
    assert "better" in told.output
    assert "start.memory" in told.output


def test_what_is_no_report_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"results": [{"name": "x"}]}), "utf-8")
    with pytest.raises(click.ClickException, match="no report"):
        read(tmp_path / "x.json")


def test_a_bar_goes_left_for_less_and_right_for_more() -> None:
    assert bar(1.0).strip() == "│"
    assert bar(4.0).endswith("│" + "█" * 12)
    assert bar(0.25) == "█" * 12 + "│"
    assert bar(0.0) == bar(0.25)


def test_figures_are_shown_with_the_digits_they_are_worth() -> None:
    assert [shown(one) for one in (0.1234, 1.234, 12.34, 1234.5)] == ["0.123", "1.23", "12.3", "1,234"]


def test_all_runs_what_loads_the_machine_last() -> None:
    order = [one.alone for one in benchmarks()]
    assert order == sorted(order)
    assert {one.name for one in benchmarks(("list",))} == {"list"}


def test_all_runs_every_benchmark_there_is_and_offers_nothing_else() -> None:
    assert {one.name for one in benchmarks()} == {
        name for name in BENCHMARKS if isinstance(load(name), Benchmark)
    }
    told = CliRunner().invoke(everything.command, ["--only", "seed"])
    assert told.exit_code == 2
    assert "'seed' is not one of 'list'" in told.output
