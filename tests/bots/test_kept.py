"""A process answers at once after an edit, and exactly soon after."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

import bots
from app.bot.books import Kept, Making
from tests.bots.shop import entries


@pytest.fixture
def much(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the shop of the tests knows is much."""
    monkeypatch.setattr("bots.index._QUICK", 10)


def made(may: threading.Event | None = None, times: list[bool] | None = None) -> Callable[[], Making]:
    """Makes the shop's book, the exact one when it `may`; `times` notes each."""

    def make(quick: bool) -> bots.Book:
        if times is not None:
            times.append(quick)
        if may and not quick:
            assert may.wait(60)
        return bots.Book(entries(), quick=quick)

    return lambda: make


@pytest.mark.usefixtures("much")
def test_a_quick_book_answers_until_the_exact_one_is_learned() -> None:
    kept, may = Kept(follows=True), threading.Event()
    assert kept.book(1, made(may)).is_quick
    may.set()
    exact = kept.book(1, made(may), exact=True)
    assert not exact.is_quick
    assert kept.book(1, made(may)) is exact


@pytest.mark.usefixtures("much")
def test_what_was_edited_meanwhile_is_not_overtaken_by_what_was_learned_before() -> None:
    kept, may = Kept(follows=True), threading.Event()
    kept.book(1, made(may))
    second = kept.book(2, made())
    may.set()
    exact = kept.book(2, made(), exact=True)
    assert not exact.is_quick
    assert exact is not second
    assert kept.latest is exact


@pytest.mark.usefixtures("much")
def test_an_exact_book_that_could_not_be_made_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.bot.books.AGAIN", (0.0,))
    kept, left, learned = Kept(follows=True), [MemoryError(), MemoryError()], threading.Event()

    def make(quick: bool) -> bots.Book:
        if not quick and left:
            raise left.pop()
        found = bots.Book(entries(), quick=quick)
        if not quick:
            learned.set()
        return found

    assert kept.book(1, lambda: make).is_quick
    assert learned.wait(60)
    with kept._learning:  # it is put in place before the next one is learned
        assert kept.latest is not None
        assert not kept.latest.is_quick


@pytest.mark.usefixtures("much")
def test_a_book_that_cannot_be_made_does_not_become_what_the_last_one_is_learned_from() -> None:
    kept = Kept(follows=False)
    kept.book(1, made())

    def broken(quick: bool) -> bots.Book:
        raise ValueError

    with pytest.raises(ValueError):
        kept.book(2, lambda: broken)
    assert not kept.book(1, made(), exact=True).is_quick


@pytest.mark.usefixtures("much")
def test_a_draft_is_learned_exactly_only_where_that_is_asked_for() -> None:
    times: list[bool] = []
    kept = Kept(follows=False)
    kept.book(1, made(times=times))
    kept.book(1, made(times=times))
    assert times == [True]
    kept.book(1, made(times=times), exact=True)
    kept.book(1, made(times=times), exact=True)
    assert times == [True, False]


def test_little_is_learned_exactly_at_once() -> None:
    times: list[bool] = []
    assert not Kept(follows=True).book(1, made(times=times)).is_quick
    assert times == [True]
