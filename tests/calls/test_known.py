"""What is known of a call is the same in whatever order it was told, and however often."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calls.known import Known, facts, join, say, told_by
from channels import base
from channels.events import CallResult, CallState
from tests.calls.told import answered_call, at, call

some = st.builds(
    call,
    st.sampled_from(get_args(CallState)),
    st.integers(0, 5),
    result=st.sampled_from(get_args(CallResult)),
    direction=st.sampled_from(["in", "out"]),
    number=st.sampled_from(["", "09012345678", "+81312345678"]),
    leg=st.sampled_from(["", "a", "b"]),
    agent=st.sampled_from(["", "201", "佐藤"]),
    text=st.sampled_from(["", "一度目", "二度目"]),
    talk_seconds=st.sampled_from([None, 0, 12]),
    answered_at=st.sampled_from([None, at(3)]),
    history=st.booleans(),
)


@pytest.mark.parametrize("name", ["text", "note", "disposition", "category"])
def test_of_a_payment_card_s_number_only_the_end_is_known(name: str) -> None:
    told = say({name: "カード 4111 1111 1111 1111 で", "number": "4111111111111111"}, "", state="ended")
    assert told["words"][name][2] == "カード •••• 1111 で"
    assert told["words"]["number"][2] == "4111111111111111"  # who called is no card


def all_of(events: list[base.Call]) -> Known:
    known: Known = {}
    for event in events:
        known = join(known, told_by(event))
    return known


@given(
    st.lists(some, min_size=1, max_size=6).flatmap(lambda all: st.tuples(st.just(all), st.permutations(all)))
)
def test_order_and_repetition_change_nothing(told: tuple[list[base.Call], list[base.Call]]) -> None:
    once, shuffled = told
    assert all_of(once) == all_of(shuffled + once)
    assert json.loads(json.dumps(all_of(once))) == all_of(once)


@given(st.lists(some, min_size=1, max_size=6))
def test_the_state_only_climbs(events: list[base.Call]) -> None:
    states = [all_of(events[: n + 1])["state"] for n in range(len(events))]
    assert states == sorted(states)


def test_from_ring_to_hang_up() -> None:
    told = facts(all_of(answered_call()))
    assert (told.state, told.result, told.agent, told.rung) == ("ended", "answered", "201", ("201",))
    assert (told.ring_seconds, told.talk_seconds) == (8, 372)
    assert (told.text, told.disposition, told.queue) == ("返品の相談", "返品", "受付")
    assert not told.asks


def test_what_nobody_took_asks_for_somebody_unless_it_was_ours_or_is_long_past() -> None:
    assert facts(all_of([call("ringing", 0), call("ended", 9)])).asks
    assert facts(all_of([call("ended", 9, result="voicemail")])).asks
    assert not facts(all_of([call("ringing", 0)])).asks
    assert not facts(all_of([call("ended", 9, direction="out", result="busy")])).asks
    assert not facts(all_of([call("ended", 9, history=True)])).asks


def test_of_two_tellings_that_contradict_the_later_one_holds() -> None:
    told = facts(all_of([call("ended", 9, result="answered"), call("ended", 12, result="missed")]))
    assert told.result == "missed"


def test_a_call_that_one_leg_took_was_answered() -> None:
    legs = [call("ended", 9, leg="a", result="missed"), call("ended", 5, leg="b", result="answered")]
    assert facts(all_of(legs)).result == facts(all_of(legs[::-1])).result == "answered"
