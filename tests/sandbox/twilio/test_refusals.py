"""What the sandbox's Twilio refuses, and how it goes wrong on demand."""

from __future__ import annotations

import time
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from channels.base import ChannelError, Outbound, Person
from tests.sandbox.twilio import EMILY, OTHER, World
from tests.serving import until


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("+15005550001", 21211),
        ("+15005550002", 21612),
        ("+15005550003", 21408),
        ("+15005550004", 21610),
        ("+15005550009", 21614),
        ("+33123456789", 21408),
        ("+441314960000", 21614),
    ],
)
def test_some_numbers_are_refused_at_once(world: World, to: str, code: int) -> None:
    world.sandbox.set("twilio", closed=["+33"], fates={"+441314960000": 21614})
    with pytest.raises(ChannelError) as error:
        world.sends(to, "x")
    assert (str(code) in error.value.detail, error.value.permanent) == (True, True)
    assert world.sandbox.record(what="accepted") == []


@pytest.mark.parametrize(
    ("to", "states", "code"),
    [
        ("+150055530003", ["sent", "undelivered"], "30003"),
        ("+150055530007", ["sent", "undelivered"], "30007"),
        ("+150055530001", ["failed"], "30001"),
        (OTHER, ["sent", "undelivered"], "30005"),
    ],
)
def test_some_numbers_end_in_failure(world: World, to: str, states: list[str], code: str) -> None:
    world.sandbox.set("twilio", fates={OTHER: 30005})
    (sid,) = world.sends(to, "x")
    fields = world.hearer.fields(len(states))
    assert [one["MessageStatus"] for one in fields] == states
    assert fields[-1]["ErrorCode"] == code
    receipt = world.hears(len(states))[-1]
    assert (receipt.external_id, receipt.state, f"({code})" in receipt.reason) == (sid, "failed", True)
    assert receipt.unreachable == (code == "30005")
    assert world.phone(to) == []
    assert world.library().messages(sid).fetch().error_code == int(code)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"to": ""}, 21604),
        ({"to": "12"}, 21211),
        ({"body": ""}, 21602),
        ({"body": "x" * 1601}, 21617),
        ({"from_": "+12025550199"}, 21606),
        ({"from_": "Kitakaze"}, 21612),
        ({"to": "+12025550143"}, 21266),
        ({"from_": None, "messaging_service_sid": "MG" + "0" * 32}, 21703),
        ({"from_": None}, 21603),
    ],
)
def test_what_twilio_would_not_take_is_refused(world: World, told: dict[str, Any], code: int) -> None:
    with pytest.raises(TwilioRestException) as error:
        world.library().messages.create(**{"to": EMILY, "from_": world.own["number"], "body": "x", **told})
    assert (error.value.status, error.value.code) == (400, code)


def test_an_answer_that_was_lost_is_looked_up(world: World) -> None:
    world.sandbox.misbehaves({"fault": "drop_after", "call": "Messages.json", "count": 1})
    (sid,) = world.sends(EMILY, "一回だけ")
    assert world.sandbox.accepted(EMILY) == ["一回だけ"]
    assert [one["id"] for one in world.sandbox.phone(EMILY, "twilio")] == [sid]
    world.sandbox.misbehaves({"fault": "error_after", "call": "Messages.json", "count": 1})
    assert world.sends(EMILY, "もう一度")
    world.sandbox.misbehaves({"fault": "drop_before", "call": "Messages.json", "count": 1})
    with pytest.raises(ChannelError) as error:
        world.sends(EMILY, "届かない")
    assert error.value.ambiguous
    assert world.sandbox.accepted(EMILY) == ["一回だけ", "もう一度"]


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ("rate_limit", {"permanent": False, "ambiguous": False}),
        ("error", {"permanent": False, "ambiguous": False}),
        ("expired_token", {"permanent": True, "everybody": True}),
    ],
)
def test_what_goes_wrong_is_told_as_it_is(world: World, fault: str, wanted: dict[str, bool]) -> None:
    world.sandbox.misbehaves({"fault": fault, "call": "Messages.json", "to": EMILY, "count": 1})
    with pytest.raises(ChannelError) as error:
        world.sends(EMILY, "x")
    assert {name: getattr(error.value, name) for name in wanted} == wanted
    assert world.sends(EMILY, "x")


def test_a_late_answer_is_an_answer(world: World) -> None:
    world.sandbox.misbehaves({"fault": "slow", "seconds": 0.4, "count": 1})
    began = time.monotonic()
    assert world.sends(EMILY, "x")
    assert time.monotonic() - began > 0.35


def test_an_account_that_was_closed_lets_nobody_in(world: World) -> None:
    world.sandbox.set("twilio", revoked=True)
    with pytest.raises(ChannelError) as error:
        world.sends(EMILY, "x")
    assert error.value.everybody
    connector = world.connector(api_key=world.own["api_key"], api_secret="wrong")
    world.sandbox.set("twilio", revoked=False)
    with pytest.raises(ChannelError):
        connector.send(Outbound("1", Person(EMILY), "x"))
    right = {"api_key": world.own["api_key"], "api_secret": world.own["api_secret"]}
    assert world.sends(EMILY, "x", **right)


def test_states_come_out_of_order_on_demand(world: World) -> None:
    world.sandbox.misbehaves({"fault": "reorder", "count": 1, "seconds": 5})
    world.sends(EMILY, "x")
    assert [one["MessageStatus"] for one in world.hearer.fields(2)] == ["delivered", "sent"]


def test_a_webhook_is_told_again_only_where_nobody_was_there(world: World) -> None:
    world.hearer.answers = [500]
    world.act(EMILY, "text", text="一")
    world.hearer.fields(1)
    world.sandbox.settle("twilio")
    assert len(world.hearer.heard) == 1
    world.sandbox.misbehaves({"fault": "duplicate", "count": 1})
    world.act(EMILY, "text", text="二")
    first, second = world.hearer.heard[1:] if world.hearer.fields(3) else []
    assert first[1]["i-twilio-idempotency-token"] == second[1]["i-twilio-idempotency-token"]
    world.sandbox.set("twilio", webhook="http://127.0.0.1:9/hooks/sandbox-twilio")
    world.act(EMILY, "text", text="三")
    until(lambda: len(world.sandbox.record(what="webhook", reason="could_not_connect")) >= 2, "two attempts")


def test_a_phone_that_blocks_the_number_gets_it_and_shows_nothing(world: World) -> None:
    world.act(EMILY, "unfollow")
    (sid,) = world.sends(EMILY, "x")
    until(lambda: world.library().messages(sid).fetch().status == "delivered", "it is delivered")
    assert world.phone(EMILY) == []
    world.act(EMILY, "follow")
    world.sends(EMILY, "y")
    assert world.phone(EMILY) == [("shop", "text", "y")]


@pytest.mark.parametrize(
    ("user", "about"),
    [
        ("0120", {"action": "text", "text": "x"}),
        (EMILY, {"action": "dance"}),
        (EMILY, {"action": "text", "text": " "}),
        (EMILY, {"action": "image", "content": "?"}),
        (EMILY, {"action": "unsend", "message": "?"}),
    ],
)
def test_what_nobody_can_do_is_refused_in_words(world: World, user: str, about: dict[str, Any]) -> None:
    answer = world.sandbox.http.post("/act/twilio", json={"user": user, **about})
    assert answer.status_code == 422
    assert answer.json()["error"]
