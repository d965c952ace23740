"""The shop's own system: what it tells, and how it is asked."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from channels import shop
from channels.base import ChannelError, Informing, Outbound, Person, Touch
from channels.guard import Client
from channels.shop import Shop, ShopSettings
from tests.channels.cases import CONTEXT, HTTP, payloads

NO_JSON = "The shop's system did not answer with JSON as it was asked to."
SECRET = "a-shared-secret-of-the-shop"
URL = "https://shop.example.jp/context?v=1"
PEOPLE = (
    Person("taro+a@example.jp", kind="email"),
    Person("+819012345678", kind="phone"),
    Person("1,2", kind="crm"),
)


def asked(answer: Callable[[httpx2.Request], httpx2.Response], url: str = URL) -> Shop:
    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return Shop(ShopSettings(secret=SECRET, context_url=url), http, CONTEXT)


def answering(told: Any, **response: Any) -> Shop:
    return asked(lambda request: httpx2.Response(200, json=told, **response))


def test_the_question_names_the_customer_and_is_signed() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={"cards": []})

    assert asked(answer).inform("12", PEOPLE) == []
    (request,) = seen
    told = dict(request.url.params)
    assert (told["v"], told["customer"]) == ("1", "12")
    assert told["identities"] == "email:taro+a@example.jp,phone:+819012345678,crm:1%2C2"
    stamp, given = (part.partition("=")[2] for part in request.headers["x-madoguchi-signature"].split(","))
    target = f"{stamp}.GET {request.url.raw_path.decode()}"
    assert given == hmac.new(SECRET.encode(), target.encode(), hashlib.sha256).hexdigest()


def test_the_customer_is_named_by_every_address_in_their_order() -> None:
    (told,) = [one for one in payloads("shop") if one.name == "order"]
    (event,) = told.connector().parse(told.request)
    assert isinstance(event, Touch)
    assert [(one.kind, one.address) for one in event.people] == [
        ("crm", "K-0017"),
        ("email", "Taro@example.jp"),
        ("phone", "090-1234-5678"),
    ]
    assert {one.name for one in event.people} == {"山田 太郎"}


def test_cards_are_read_as_far_as_they_are_cards() -> None:
    good = {
        "title": "注文 1042",
        "rows": [["状態", "発送済み"], ["点数", 2], ["x"], "y"],
        "url": "https://shop.example.jp/o/1042",
    }
    bad: list[Any] = [{}, 5, {"title": ["x"]}, {"title": "危", "url": "javascript:alert(1)"}]
    first, second = answering({"cards": [good, *bad]}).inform("1", PEOPLE)
    assert (first.title, first.rows) == ("注文 1042", (("状態", "発送済み"), ("点数", "2")))
    assert (first.url, second.title, second.url) == ("https://shop.example.jp/o/1042", "危", "")
    assert (
        len(answering([{"title": str(n), "rows": [["a", "b"]] * 99} for n in range(50)]).inform("1", ()))
        == shop.MAX_CARDS
    )


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda request: httpx2.Response(500), "The other side is not working at the moment."),
        (lambda request: httpx2.Response(302, headers={"location": "/"}), "The other side refused the message."),
        (lambda request: httpx2.Response(200, text="<html>"), NO_JSON),
        (lambda request: httpx2.Response(200, json={"cards": 5}), NO_JSON),
        (lambda request: httpx2.Response(200, text="[" * 50_000), NO_JSON),
        (lambda request: httpx2.Response(200, text="x" * 70_000), "The answer of the shop's system is too long."),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_told_in_a_sentence(answer: Any, sentence: str) -> None:
    with pytest.raises(ChannelError) as told:
        asked(answer).inform("1", PEOPLE)
    assert told.value.sentence == sentence


def test_one_that_is_silent_or_away_is_not_waited_for() -> None:
    for error, sentence in (
        (httpx2.ReadTimeout, "The shop's system did not answer in time."),
        (httpx2.ConnectError, "The shop's system could not be reached."),
    ):

        def fail(request: httpx2.Request, error: Any = error) -> httpx2.Response:
            raise error("no")

        with pytest.raises(ChannelError, match=sentence):
            asked(fail).inform("1", PEOPLE)


def test_no_address_of_our_own_network_is_asked() -> None:
    for url in ("http://127.0.0.1:1/context", "http://169.254.169.254/latest", "http://[::1]/"):
        made = Shop(ShopSettings(secret=SECRET, context_url=url), Client(), CONTEXT)
        with pytest.raises(ChannelError, match="private network"):
            made.inform("1", PEOPLE)


def test_where_no_address_is_given_nobody_is_asked() -> None:
    made = Shop(ShopSettings(secret=SECRET), HTTP, CONTEXT)
    assert isinstance(made, Informing)
    assert not made.informs()
    assert made.inform("1", PEOPLE) == []
    assert made.check().startswith("This channel only receives.")
    assert answering([]).check() == "The shop's system answered."
    with pytest.raises(ChannelError) as told:
        made.send(Outbound("k", PEOPLE[0], "こんにちは"))
    assert told.value.permanent
