"""What an agent is asked before a mail goes to the wrong person, to a crowd, or without its file."""

from __future__ import annotations

import pytest

from app.web.guards import Letter, doubts, near_miss
from channels.base import Participant

TARO = "taro@example.jp"


def asked(**told: object) -> list[str]:
    letter = Letter(**{"text": "かしこまりました", "to": TARO, **told})  # type: ignore[arg-type]  # as told
    return [one.sentence.partition(" ")[0] + " " + str(one.values) for one in doubts(letter)]


def copy(*addresses: str) -> list[Participant]:
    return [Participant(one) for one in addresses]


def test_an_ordinary_answer_is_not_asked_about() -> None:
    assert asked(expected=TARO, others=copy("a@example.jp"), sizes=[5], limit=10) == []


def test_an_answer_that_misses_who_wrote_last_is_asked_about() -> None:
    assert len(asked(expected="jiro@example.jp")) == 1
    assert asked(expected="jiro@example.jp", others=copy("JIRO@example.jp")) == []
    assert asked(expected="Taro@Example.jp") == []


@pytest.mark.parametrize(
    ("domain", "like"),
    [
        ("gmial.com", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("docomo.ne.jo", "docomo.ne.jp"),
        ("exmaple.jp", "example.jp"),
        ("example.jp", ""),
        ("example.com", ""),
        ("au.com", ""),
        ("", ""),
    ],
)
def test_a_domain_that_is_nearly_a_known_one_is_a_slip(domain: str, like: str) -> None:
    known = {"gmail.com", "docomo.ne.jp", "example.jp", "au.com"}
    assert near_miss(domain, known) == like


def test_a_new_address_with_such_a_domain_is_asked_about_and_a_known_one_is_not() -> None:
    assert len(asked(others=copy("boss@exmaple.jp"))) == 1
    assert asked(others=copy("boss@exmaple.jp"), known=["boss@exmaple.jp"]) == []


def test_a_colleague_whose_domain_is_nearly_our_own_is_asked_about() -> None:
    (doubt,) = asked(others=copy("log@kitakzae.jp"), ours="shop@kitakaze.jp")
    assert "'like': 'kitakaze.jp'" in doubt
    assert asked(others=copy("log@kitakaze.jp"), ours="shop@kitakaze.jp") == []


def test_more_than_ten_people_are_asked_about() -> None:
    assert asked(others=copy(*(f"a{n}@example.jp" for n in range(9)))) == []
    assert len(asked(others=copy(*(f"a{n}@example.jp" for n in range(10))))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "請求書を添付いたします。",
        "カタログを同封します",
        "Please see the attached file.",
        "I enclose the form.",
    ],
)
def test_a_promised_file_that_is_not_there_is_asked_about(text: str) -> None:
    assert len(asked(text=text)) == 1
    assert asked(text=text, sizes=[1]) == []


@pytest.mark.parametrize(
    "text", ["> 請求書を添付します\n承知しました", "I am reattaching nothing", "detached house"]
)
def test_a_file_that_somebody_else_promised_is_not(text: str) -> None:
    assert asked(text=text) == []


def test_files_that_are_too_large_together_are_asked_about() -> None:
    assert len(asked(sizes=[9_000_000, 9_500_000], limit=18_000_000)) == 1
