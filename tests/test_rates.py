"""Rate limits: counted together, and harmless when Redis is away."""

import logging
from collections.abc import Iterator

import pytest
import time_machine

from app import config, guesses, rates


@pytest.fixture
def no_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Redis address where nobody answers."""
    before = config.settings().redis_url
    config.configure(redis_url="unix:///nonexistent/redis.sock")
    yield
    config.configure(redis_url=before)


@pytest.fixture(params=["redis", "away"])
def counter(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("redis_url" if request.param == "redis" else "no_redis")


@pytest.mark.usefixtures("counter")
def test_the_limit_is_reached_and_the_wait_is_told() -> None:
    assert [rates.hit("test:told", 3, 60) for _ in range(3)] == [0.0, 0.0, 0.0]
    wait = rates.hit("test:told", 3, 60)
    assert 50 < wait <= 60


@pytest.mark.usefixtures("no_redis")
def test_the_window_moves_on() -> None:
    with time_machine.travel("2026-11-18T10:00:00Z", tick=False) as clock:
        assert rates.hit("test:moves", 1, 60) == 0.0
        assert rates.hit("test:moves", 1, 60) == pytest.approx(60, abs=1)
        clock.shift(61)
        assert rates.hit("test:moves", 1, 60) == 0.0


@pytest.mark.usefixtures("counter")
def test_several_at_once_are_let_through_as_far_as_there_is_room() -> None:
    assert [rates.let("test:let", 4, 10, 60) for _ in range(4)] == [4, 4, 2, 0]
    assert rates.let("test:let:small", 5, 3, 60) == 3
    assert rates.hit("test:let:small", 3, 60) > 0


@pytest.mark.usefixtures("counter")
def test_keys_do_not_disturb_each_other() -> None:
    assert rates.hit("test:one", 1, 60) == 0.0
    assert rates.hit("test:two", 1, 60) == 0.0
    assert rates.hit("test:one", 1, 60) > 0


@pytest.mark.usefixtures("counter")
def test_looking_does_not_count_and_forgetting_starts_afresh() -> None:
    assert rates.left("test:look", 1, 60) == 0.0
    assert rates.left("test:look", 1, 60) == 0.0
    assert rates.hit("test:look", 1, 60) == 0.0
    assert rates.left("test:look", 1, 60) > 0
    rates.forget("test:look", 1, 60)
    assert rates.hit("test:look", 1, 60) == 0.0


def test_while_processes_count_alone_no_code_lets_in_at_once(request: pytest.FixtureRequest) -> None:
    assert guesses.quiet()
    request.getfixturevalue("no_redis")
    assert not guesses.quiet()


@pytest.mark.usefixtures("no_redis")
def test_a_missing_redis_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    rates._limiter.cache_clear()
    with caplog.at_level(logging.WARNING, logger="app.rates"):
        for _ in range(5):
            rates.hit("test:logged", 100, 60)
    assert [record.message.split(":")[0] for record in caplog.records] == ["rate limits"]
