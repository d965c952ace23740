"""What the sandbox's Telegram refuses, and how it goes wrong on demand."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from telegram.error import InvalidToken, RetryAfter

from channels.base import ChannelError
from tests.sandbox.telegram import GROUP, World


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"text": " "}, "message text is empty"),
        ({"text": "😀" * 2049}, "message is too long"),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "b" * 65}]]}},
            "BUTTON_DATA",
        ),
        ({"text": "x", "reply_markup": {"keyboard": [["a"] * 101]}}, "too many buttons"),
        ({"text": "x", "reply_markup": "{"}, "object expected"),
        ({"text": "x", "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
        ({"text": ["x"]}, "message text is empty"),
    ],
)
def test_what_telegram_would_not_take_is_refused(
    world: World, who: str, told: dict[str, Any], why: str
) -> None:
    answer = world.call("sendMessage", chat_id=who, **told)
    assert answer.status_code == 400
    assert why in answer.json()["description"]
    assert world.sandbox.record(what="accepted") == []


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ("rate_limit", {"retry_after": 3.0, "ambiguous": False, "permanent": False}),
        ("error", {"ambiguous": False, "permanent": False}),
        ("expired_token", {"everybody": True, "permanent": True}),
        ("drop_before", {"ambiguous": True}),
        ("drop_after", {"ambiguous": True}),
        ("error_after", {"ambiguous": True}),
    ],
)
def test_what_goes_wrong_is_told_as_it_is(world: World, who: str, fault: str, wanted: dict[str, Any]) -> None:
    world.sandbox.misbehaves({"fault": fault, "call": "sendMessage", "to": who, "seconds": 3, "count": 1})
    with pytest.raises(ChannelError) as error:
        world.sends(who, "x")
    assert {name: getattr(error.value, name) for name in wanted} == wanted
    assert len(world.sandbox.accepted(who)) == (fault.endswith("_after"))
    assert [entry["fault"] for entry in world.sandbox.record(what="fault")] == [fault]


def test_how_long_to_wait_is_told_to_a_bot_s_library_too(world: World, who: str) -> None:
    world.sandbox.misbehaves({"fault": "rate_limit", "seconds": 7, "call": "sendMessage"})
    with pytest.raises(RetryAfter) as error:
        world.bot(lambda bot: bot.send_message(who, "x"))
    assert error.value.retry_after == timedelta(seconds=7)


def test_a_late_answer_is_an_answer(world: World, who: str) -> None:
    world.sandbox.misbehaves({"fault": "slow", "call": "sendMessage", "seconds": 0.4, "count": 1})
    began = time.monotonic()
    assert world.sends(who, "x")
    assert time.monotonic() - began > 0.35


def test_a_token_that_was_taken_back_opens_nothing(world: World, who: str) -> None:
    world.sandbox.set("telegram", revoked=True)
    with pytest.raises(ChannelError) as error:
        world.connector().check()
    assert error.value.everybody
    assert world.sandbox.http.get("/api.telegram.org/bot1/getMe").status_code == 404
    assert world.sandbox.http.get(f"/api.telegram.org/file/bot{world.token}/photos/x.png").status_code == 401
    with pytest.raises(InvalidToken, match="was rejected by the server"):
        world.bot(lambda bot: bot.get_me())


@pytest.mark.parametrize(
    ("user", "action", "about"),
    [
        ("x", "text", {"text": "x"}),
        ("512345678", "dance", {}),
        ("512345678", "text", {"text": " "}),
        ("512345678", "edit", {"message": "1", "text": "x"}),
        ("512345678", "image", {"content": "?"}),
        ("512345678", "location", {"latitude": "north"}),
        ("512345678", "contact", {}),
        ("512345678", "migrate", {}),
        (GROUP, "text", {"text": "who says it"}),
    ],
)
def test_what_nobody_can_do_is_refused_in_words(
    world: World, user: str, action: str, about: dict[str, Any]
) -> None:
    answer = world.sandbox.http.post("/act/telegram", json={"user": user, "action": action, **about})
    assert answer.status_code == 422
    assert answer.json()["error"]
