"""Bugs of the worst kinds, planted in the product: the search for them must find each."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse

from app import deliver
from app.web import hooks
from channels import api, base
from tests.steps import books, partner
from tests.steps.journeys import JOURNEYS
from tests.steps.test_every_step import die_everywhere, recover

IN = JOURNEYS["a message comes in by a webhook and the bot answers"]
OUT = JOURNEYS["an answer is sent over a provider without idempotency keys"]
STRIDE = 3  # every third step finds bugs as large as these


@pytest.fixture
def other_side(committed: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> partner.Partner:
    return partner.install(monkeypatch, tmp_path)


def search(journey: Any, other_side: partner.Partner) -> None:
    """The whole search, over some of the steps. Raises AssertionError at the first finding."""
    cases = die_everywhere(journey, other_side, itertools.count(1, STRIDE))
    recover(journey, cases)
    for case in cases:
        books.check(journey, case)
    books.check_all()


def test_what_is_lost_after_it_was_acknowledged_is_found(
    other_side: partner.Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[Any] = []
    work, drain = hooks._taken._work, deliver.drain

    def careless(calls: Any) -> list[Any]:
        waiting.extend(calls)
        return [JSONResponse({}) for _ in calls]

    def later(channel_id: int) -> int:
        while waiting:
            work([waiting.pop()])
        return drain(channel_id)

    monkeypatch.setattr(hooks._taken, "_work", careless)
    monkeypatch.setattr(deliver, "drain", later)
    with pytest.raises(AssertionError, match="the customer's message is there 0 times"):
        search(IN, other_side)


def test_what_is_doubled_by_a_retry_is_found(
    other_side: partner.Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    again, parse = itertools.count(), api.Api.parse

    def careless(self: api.Api, request: base.Request) -> list[base.Event]:
        """The key that the database would forbid a second time is another each time."""
        return [
            replace(one, external_id=f"{one.external_id}-{next(again)}")
            for one in parse(self, request)
            if isinstance(one, base.Inbound)
        ]

    monkeypatch.setattr(api.Api, "parse", careless)
    with pytest.raises(AssertionError, match="the customer's message is there 2 times"):
        search(IN, other_side)


def test_what_is_sent_twice_without_anybody_having_decided_so_is_found(
    other_side: partner.Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    careless = replace(partner.Letter.features, idempotent=True)
    monkeypatch.setattr(partner.Letter, "features", careless)
    with pytest.raises(AssertionError, match="sent twice to one who cannot tell"):
        search(OUT, other_side)
