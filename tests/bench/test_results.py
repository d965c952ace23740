"""The form of results: figures that were measured, budgets, JSON there and back, the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from app.bench import BENCHMARKS, Result, at_least, at_most, benchmark, load, measured, rate, resident, value
from app.bench.results import from_json, percentile, thinned


def test_a_percentile_is_a_sample_that_was_measured() -> None:
    assert [percentile(list(range(1, 101)), percent) for percent in (1, 50, 95, 99, 100)] == [
        1,
        50,
        95,
        99,
        100,
    ]
    assert percentile([7.0], 50) == 7.0
    assert percentile([1.0, 2.0, 3.0], 95) == 3.0


def test_thinning_keeps_the_ends_and_the_order() -> None:
    kept = thinned([float(number) for number in range(10_000)], 100)
    assert (len(kept), kept[0], kept[-1]) == (100, 0.0, 9999.0)
    assert list(kept) == sorted(kept)
    assert thinned([3.0, 4.0]) == (3.0, 4.0)


def test_figures_of_nothing_are_none() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        measured("a", "nothing", [])


def test_a_budget_is_kept_or_missed_by_its_figure() -> None:
    quick = measured("a.b", "quick", [1.0, 2.0, 40.0], budgets=[at_most("p50", 2)])
    assert quick.met
    assert measured("a.b", "slow", [1.0, 2.0, 40.0], budgets=[at_most("p95", 30)]).met is False
    assert rate("i", "in", 600, budgets=[at_least("rate", 500)]).met
    assert value("m", "memory", 300, "MB", budgets=[at_most("value", 250)]).met is False
    assert value("m", "memory", 300, "MB").met is None


def test_a_result_comes_back_from_json_as_it_was() -> None:
    first = measured(
        "a.b",
        "words",
        [2.0, 1.0],
        cpu=0.5,
        budgets=[at_most("p95", 3)],
        settings={"samples": 2},
        memory={"web": 80.5},
        note="warm",
    )
    written = json.loads(json.dumps(first.as_json()))
    assert from_json(written) == first
    assert written["budgets"][0]["met"] is True


def test_the_resident_memory_of_this_process_is_some_megabytes() -> None:
    assert 20 < resident() < 4_000


@benchmark("toy")
@click.option("--times", default=3)
def toy(times: int) -> Iterator[Result]:
    """Counts."""
    yield measured(
        "toy.count", "counting", [float(number) for number in range(times)], budgets=[at_most("p95", 1)]
    )


def test_a_benchmark_is_a_command_with_a_table_and_json(tmp_path: Path) -> None:
    told = CliRunner().invoke(toy, ["--times", "5", "--json", str(tmp_path / "toy.json")])
    assert told.exit_code == 0, told.output
    assert "counting" in told.output
    assert "missed" in told.output
    report = json.loads((tmp_path / "toy.json").read_text("utf-8"))
    assert report["results"][0]["figures"]["n"] == 5
    assert {"machine", "versions", "engine", "made_at"} <= report.keys()
    assert report["machine"]["fsync_ms"] > 0


def test_a_benchmark_gives_its_results_to_a_report() -> None:
    assert [one.figures["n"] for one in toy.results(["--times", "4"])] == [4]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_says_what_it_does(name: str) -> None:
    command = load(name)
    assert command.name == name
    assert command.help
