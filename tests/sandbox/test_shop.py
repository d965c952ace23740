"""The sandbox's shop tells our connector about a customer, and nobody else."""

from __future__ import annotations

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.sandbox.shop import Shop as Played
from channels.base import ChannelError, Context, Person
from channels.shop import Shop, ShopSettings

SECRET = "a-secret-that-both-know"
PLACE = "http://127.0.0.1:8100"


def connector(secret: str = SECRET) -> Shop:
    """Ours, asking the one that is played."""
    client = TestClient(Starlette(routes=Played(SECRET).doors()), raise_server_exceptions=True)

    def answer(request: httpx2.Request) -> httpx2.Response:
        assert str(request.url).startswith(f"{PLACE}/shop.kitakaze.example/context?")
        told = client.get(f"/context?{request.url.query.decode()}", headers=dict(request.headers))
        return httpx2.Response(told.status_code, content=told.content)

    given = ShopSettings(secret=secret, context_url="https://shop.kitakaze.example/context")
    return Shop(given, httpx2.Client(transport=httpx2.MockTransport(answer)), Context("k1", sandbox=PLACE))


def test_the_same_person_has_the_same_order_whenever_we_ask() -> None:
    people = [Person("taro@example.jp", kind="email"), Person("v1", kind="visitor")]
    first = connector().inform("1", people)
    assert [len(card.rows) for card in first] == [2, 2]
    assert first[0].title.startswith("ご注文 K")
    assert connector().inform("1", people) == first
    assert connector().inform("2", [Person("jiro@example.jp", kind="email")]) != first


def test_it_knows_nothing_of_visitors_and_answers_no_stranger() -> None:
    assert connector().inform("1", [Person("v1", kind="visitor")]) == []
    with pytest.raises(ChannelError) as told:
        connector("another-secret-of-sixteen").inform("1", ())
    assert told.value.sentence.startswith("The other side does not accept our credentials.")
