"""How often codes of six digits may be tried: whoever guesses, and however many at once."""

from __future__ import annotations

import time_machine

from app import guesses


def tries(number: int) -> int:
    """So many wrong ones at the same moment, none counted before all were let: how many might have let in."""
    let_in = sum(guesses.quiet() for _ in range(number))
    for _ in range(number):
        guesses.wrong()
    return let_in


def test_in_no_day_more_than_forty_count_however_they_are_spread() -> None:
    with time_machine.travel("2026-11-18T00:00:00Z", tick=False) as clock:
        for _ in range(guesses.WRONG):  # one an hour, so that from tomorrow on one an hour is free again
            assert tries(1) == 1
            clock.shift(3600)
        assert not guesses.quiet()
        clock.shift(3600 * (24 - guesses.WRONG))
        second = []
        for _ in range(24):
            clock.shift(3600)
            second.append(tries(2 * guesses.AT_ONCE))
        assert 0 < sum(second) <= guesses.WRONG + guesses.AT_ONCE
