"""What is submitted while work goes on is done together, and each gets its own answer."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from app.together import Together


def test_the_first_does_not_wait_and_those_that_come_meanwhile_go_together() -> None:
    batches: list[list[int]] = []
    begun, go_on = threading.Event(), threading.Event()

    def work(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        begun.set()
        assert go_on.wait(10)
        return [item * 10 for item in items]

    together = Together(work, most=3)
    first = together.submit(1)
    assert begun.wait(10)
    others = [together.submit(number) for number in (2, 3, 4, 5)]
    go_on.set()
    assert [future.result(10) for future in (first, *others)] == [10, 20, 30, 40, 50]
    assert batches == [[1], [2, 3, 4], [5]]


def test_a_failure_is_told_to_everybody_of_the_batch_and_the_next_batch_goes_on() -> None:
    def work(items: Sequence[int]) -> list[int]:
        return [10 // item for item in items]

    together = Together(work, most=8)
    with pytest.raises(ZeroDivisionError):
        together.submit(0).result(10)
    assert together.submit(5).result(10) == 2


def test_who_does_not_wait_any_more_is_left_out() -> None:
    done: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def work(items: Sequence[int]) -> list[int]:
        done.extend(items)
        begun.set()
        assert go_on.wait(10)
        return list(items)

    together = Together(work, most=8)
    first = together.submit(1)
    assert begun.wait(10)
    gone, stays = together.submit(2), together.submit(3)
    assert gone.cancel()
    go_on.set()
    assert [first.result(10), stays.result(10)] == [1, 3]
    assert done == [1, 3]
