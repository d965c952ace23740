"""The benchmarks that load the whole product, in a small size: real processes, honest figures, nothing lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest

from app.bench import Benchmark, Result, bot, delivering, ingest, live, sockets, start, widget
from app.bench.clients import PROXIED
from app.bench.ground import ground
from app.bench.scene import Scene, scene
from app.bench.stack import Served, StackError
from app.bench.webhooks import NOBODY, registered
from tests import engines

pytestmark = pytest.mark.faults
Measure = Callable[..., dict[str, Result]]
once = pytest.mark.skipif(engines.WHICH != "sqlite", reason="the same on every database")


@pytest.fixture(scope="module")
def served(empty_database_url: str) -> Iterator[Served]:
    """One installation for all of them; each makes its own channels and agents in it."""
    url = None if engines.WHICH == "sqlite" else empty_database_url
    with ground(url, 1, MADOGUCHI_SANDBOX=NOBODY, **PROXIED) as running:
        yield running


@pytest.fixture
def measure(served: Served, monkeypatch: pytest.MonkeyPatch) -> Measure:
    """Runs a benchmark on that installation; its results by name."""

    @contextmanager
    def here(*_: object, **__: object) -> Iterator[Served]:
        yield served

    def run(module: ModuleType, *options: str) -> dict[str, Result]:
        monkeypatch.setattr(module, "ground", here)
        command = module.command
        assert isinstance(command, Benchmark)
        return {one.name: one for one in command.results(options)}

    return run


def test_live_times_every_message_to_the_screen_that_shows_it(measure: Measure) -> None:
    small = ("--rate", "10", "--agents", "4", "--widgets", "4", "--seconds", "1.5", "--warm", "0.3")
    found = measure(live, *small)
    shown, listed = found["live.screen"], found["live.every-screen"]
    assert shown.figures["n"] == listed.figures["n"] == found["live.acknowledged"].figures["n"] > 3
    assert 0 < shown.figures["p50"] <= shown.figures["p99"] <= shown.figures["max"]
    assert shown.settings["busy"]["web"] > 0
    assert shown.memory["web"] > 10


def test_ingest_finds_every_acknowledged_message_once(measure: Measure) -> None:
    found = measure(ingest, "--seconds", "1.5", "--warm", "0.3", "--connections", "4", "--customers", "20")
    assert found["ingest.rate"].figures["rate"] > 1
    assert found["ingest.answer"].figures["n"] > 3
    assert "each found once" in found["ingest.rate"].note


def test_ingest_speaks_as_each_platform_does(measure: Measure) -> None:
    kinds = [kind for kind in registered() if kind != "api"]
    small = ("--seconds", "0.6", "--warm", "0.2", "--connections", "2", "--customers", "5")
    found = measure(ingest, *(f"--kind={kind}" for kind in kinds), *small)
    assert {"line", "telegram", "messenger", "whatsapp", "sms", "x", "tiktok", "wechat"} <= set(kinds)
    for kind in kinds:
        assert found[f"ingest.{kind}.rate"].settings["kind"] == kind
        assert "0 refused" in found[f"ingest.{kind}.rate"].note
        assert found[f"ingest.{kind}.answer"].figures["n"] > 1


def test_ingest_says_so_when_something_acknowledged_is_not_there(served: Served) -> None:
    here: Scene = scene(served)
    with pytest.raises(StackError, match="1 of 1 acknowledged are lost"):
        ingest.compare(served, here.api, ["never-stored"])


@once
def test_deliver_times_the_worker_and_finds_every_message_at_the_provider_once() -> None:
    small = ("--messages", "40", "--customers", "5", "--rate", "10", "--seconds", "1")
    found = {one.name: one for one in delivering.command.results(small)}
    assert found["deliver.rate"].figures["rate"] > 1
    assert found["deliver.wait"].figures["n"] == 10
    assert found["deliver.wait"].figures["max"] < 60_000
    assert found["deliver.memory"].figures["value"] > 20


def test_sockets_stay_open_and_weigh_something(measure: Measure) -> None:
    found = measure(sockets, "--widgets", "25", "--idle", "0.5")
    assert found["sockets.opened"].figures["rate"] > 1
    assert found["sockets.memory"].settings["widgets"] == 25


@once
def test_the_chat_asks_nobody_else_for_anything(measure: Measure) -> None:
    found = measure(widget)
    assert 5 < found["widget.bytes"].figures["value"] < 30
    assert {"widget.js", "config", "frame", "frame.js"} <= set(found["widget.bytes"].settings["parts"])


@once
def test_a_host_of_others_would_be_named() -> None:
    page = widget.Fetched("/frame", 1, '<script src="https://cdn.example/x.js"></script>')
    assert widget.foreign_hosts([page], "http://127.0.0.1:1") == {"cdn.example"}


@once
def test_start_is_timed_and_each_process_weighed() -> None:
    found = {one.name: one for one in start.command.results(["--times", "1", "--settle", "0.1"])}
    assert 0 < found["start.again"].figures["max"] <= 60
    assert {"serve", "redis", "web", "worker"} <= set(found["start.memory"].memory)
    assert found["start.memory"].figures["value"] == sum(found["start.memory"].memory.values())


@once
def test_the_bot_is_timed_in_both_languages_with_as_many_phrases_as_told() -> None:
    found = {one.name: one for one in bot.command.results(["--phrases", "200", "--decisions", "20"])}
    assert found["bot.decision.ja"].figures["n"] == found["bot.decision.en"].figures["n"] == 10
    assert found["bot.book"].settings["phrases"] == 200
