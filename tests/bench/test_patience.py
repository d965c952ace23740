"""Nothing in a run waits for ever: what never comes is named."""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.bench.faults import ledger
from app.bench.faults.followers import Follower
from app.bench.faults.ledger import CUSTOMER, Done, GivenUp, Ledger, Said
from app.bench.faults.providers import Provider
from app.bench.stack import StackError
from app.bench.storm import load
from app.bench.storm.load import Agents, Customers

FAR = time.monotonic() - 1000


@dataclass
class Stuck:
    """A sandbox whose webhooks nobody takes."""

    waiting: int = 500

    def ask(self, path: str) -> dict[str, Any]:
        return {"platforms": {"line": {"waiting": self.waiting}}}

    def tell(self, path: str, told: list[dict[str, str]]) -> list[dict[str, str]]:
        return [{"event": f"e{number}"} for number, _ in enumerate(told)]


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "STUCK", 0.05)


def customers() -> Customers:
    return Customers(cast(Any, Stuck()), 1, {"line": 40})


def test_customers_of_a_storm_do_not_wait_for_ever_to_be_heard() -> None:
    with pytest.raises(StackError, match="no more than 400 webhooks wait"):
        customers().run()


def test_agents_of_a_storm_do_not_wait_for_ever_for_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    agents = Agents("http://127.0.0.1:9", customers(), ["token"], books := Ledger(), 10)
    monkeypatch.setattr(agents, "_conversations", lambda _number: iter(range(10)))
    monkeypatch.setattr(agents, "_reply", lambda *_: None)
    agents.begin()
    agents.finish()
    assert books.surprises == ["agent 0 broke: StackError: not within 0.05 s: customers write up to answer 1"]


def test_what_is_never_taken_is_given_up_and_named() -> None:
    books = Ledger()
    for one in (
        Said(CUSTOMER, "p1", "p1-7", "在庫は", began=FAR),
        Done("hand back", 12, began=FAR),
    ):
        with pytest.raises(
            GivenUp, match="p1-7" if isinstance(one, Said) else "hand back of conversation 12"
        ):
            books.attempt(one)
        assert one.tries == 0
    books.attempt(fresh := Said(CUSTOMER, "p1", "p1-8", "在庫は"))
    assert fresh.tries == 1


def test_a_system_of_the_fault_run_gives_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = SimpleNamespace(status_code=503, text="")
    monkeypatch.setattr(ledger, "PATIENCE", 0.05)
    line = SimpleNamespace(post=lambda *_, **__: refused)
    with pytest.raises(GivenUp, match="p1-1"):
        Provider("http://127.0.0.1:9", "k1", "p1", Ledger(), 1)._deliver(
            cast(Any, line), Said(CUSTOMER, "p1", "p1-1", "在庫は")
        )


def test_a_feed_that_promises_more_and_gives_nothing_is_told() -> None:
    books = Ledger()
    follower = Follower("http://127.0.0.1:9", "token", books)
    told = {"items": [], "next": 0, "more": True}
    follower._client = cast(
        Any, SimpleNamespace(get=lambda *_, **__: SimpleNamespace(status_code=200, json=lambda: told))
    )
    follower.catch_up()
    assert books.surprises == ["the follower of events was told that there is more after 0, and got nothing"]
