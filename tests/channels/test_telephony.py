"""Whose number it is, in every form telephone systems tell it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import registry, telephony
from channels.base import ChannelError, Outbound, Person
from tests.channels.cases import CONTEXT, HTTP
from tests.examples import some

KINDS = [kind for kind, made in registry.kinds().items() if made.features.telephone]


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ("", "withheld"),
        ("  ", "withheld"),
        ("anonymous", "anonymous"),
        ("Anonymous", "Anonymous"),
        ("sip:anonymous@anonymous.invalid", "anonymous"),
        ("<unknown>", "unknown"),
        ("非通知", "非通知"),
        ("公衆電話", "公衆電話"),
        ("+266696687", "anonymous"),
        ("266696687", "anonymous"),
        ("+7378742833", "restricted"),
        ("+2562533", "blocked"),
        ("+8656696", "unknown"),
        ("+86282452253", "unavailable"),
    ],
)
def test_no_number_is_nobody_and_says_why(told: str, word: str) -> None:
    assert telephony.party(told, "Anonymous") == (Person("", kind="phone"), word)


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ("+819012345678", "+819012345678"),
        ("090-1234-5678", "090-1234-5678"),
        ("０９０１２３４５６７８", "０９０１２３４５６７８"),
        ("0120-SHOP-24", "0120-SHOP-24"),
        ("tel:+81-3-1234-5678;ext=5", "+81-3-1234-5678"),
        ("sip:+819012345678@203.0.113.5;user=phone", "+819012345678"),
        ("<09012345678>", "09012345678"),
    ],
)
def test_a_number_is_told_as_it_is(told: str, number: str) -> None:
    assert telephony.party(told, "山田 太郎") == (Person(number, kind="phone", name="山田 太郎"), "")


def test_a_name_that_says_nothing_is_none() -> None:
    for name in ("", "+819012345678", "Unknown", '"anonymous"', "非通知"):
        person, _ = telephony.party("+819012345678", name)
        assert person.name == ""


@given(told=st.text(max_size=400), name=st.text(max_size=400))
@settings(max_examples=some(150), deadline=None)
def test_whatever_is_told_is_a_number_or_a_reason(told: str, name: str) -> None:
    person, withheld = telephony.party(told, name)
    assert bool(person.address) != bool(withheld)
    assert len(person.address) <= telephony.MAX_NUMBER
    assert len(person.name) <= telephony.MAX_NAME


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        *[(0, 0), ("125", 125), (" 8 ", 8), (12.9, 12), ("", None), ("x", None), (-1, None), (True, None)],
        *[(None, None), (10**12, None), ("9" * 30, None), ("１２", None), (float("nan"), None), ([], None)],
    ],
)
def test_seconds_are_whole_or_none(value: Any, whole: int | None) -> None:
    assert telephony.seconds(value) == whole


def test_a_time_without_a_zone_is_of_the_zone_of_the_system() -> None:
    at = datetime(2026, 11, 21, 9, 59, 30, tzinfo=UTC)
    assert telephony.when("2026-11-21 18:59:30", ZoneInfo("Asia/Tokyo")) == at
    assert telephony.when("2026-11-21T09:59:30Z", ZoneInfo("Asia/Tokyo")) == at
    assert telephony.when("2026-11-21T18:59:30+09:00") == at
    for junk in ("", "yesterday", 5, None, "0001-01-01 00:00:00", "9999-12-31T23:59:59-12:00", "x" * 50):
        assert telephony.when(junk, ZoneInfo("Asia/Tokyo")) is None


def test_seconds_between_two_times_the_wrong_way_round_are_none() -> None:
    first, second = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 2, tzinfo=UTC)
    assert telephony.between(first, second) == 120
    assert telephony.between(second, first) is None
    assert telephony.between(None, second) is None


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_sent_by_a_telephone_system(kind: str) -> None:
    connector = registry.build(kind, {}, HTTP, CONTEXT)
    assert connector.features.inbound_only
    assert connector.features.identity_kind == "phone"
    with pytest.raises(ChannelError) as told:
        connector.send(Outbound("k", Person("+819012345678"), "はい"))
    assert told.value.permanent
