"""What customers do comes as webhooks that LINE's own library verifies and understands; some come badly."""

from __future__ import annotations

import base64
import re
from typing import Any

import httpx2
import pytest
from linebot.v3.webhooks import models

from app import i18n
from app.sandbox.clock import Clock
from app.sandbox.faults import CALLS, MEDIA, WEBHOOKS
from app.sandbox.record import Record
from tests.sandbox import GROUP, MISAKI, TAKASHI, Sandbox
from tests.sandbox.conftest import Bot
from tests.serving import until

CONTENT = base64.b64encode(b"bytes of a file").decode()
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")

DONE: list[tuple[str, dict[str, Any], type, type | None]] = [
    ("text", {"text": "在庫は?"}, models.MessageEvent, models.TextMessageContent),
    ("sticker", {"stickerId": "1990"}, models.MessageEvent, models.StickerMessageContent),
    ("image", {"content": CONTENT}, models.MessageEvent, models.ImageMessageContent),
    ("image", {"external": "https://x.example/a.jpg"}, models.MessageEvent, models.ImageMessageContent),
    ("video", {"content": CONTENT, "duration": 9}, models.MessageEvent, models.VideoMessageContent),
    ("audio", {"content": CONTENT}, models.MessageEvent, models.AudioMessageContent),
    ("file", {"content": CONTENT, "name": "見積.pdf"}, models.MessageEvent, models.FileMessageContent),
    ("location", {"latitude": 35, "longitude": 139.7}, models.MessageEvent, models.LocationMessageContent),
    ("postback", {"data": "a=1", "displayText": "買う"}, models.PostbackEvent, None),
    ("unfollow", {}, models.UnfollowEvent, None),
    ("follow", {}, models.FollowEvent, None),
    ("videoPlayComplete", {"videoPlayComplete": {"trackingId": "t"}}, models.VideoPlayCompleteEvent, None),
]


@pytest.mark.parametrize(("action", "about", "event", "content"), DONE, ids=[one[0] for one in DONE])
def test_what_a_customer_does_is_an_event_of_its_type(
    sandbox: Sandbox, bot: Bot, action: str, about: dict[str, Any], event: type, content: type | None
) -> None:
    done = sandbox.act(TAKASHI, action, **about)
    (heard,) = bot.events(1)
    assert type(heard).__name__ == event.__name__
    assert heard.webhook_event_id == done["event"]
    assert ULID.fullmatch(heard.webhook_event_id)
    assert heard.source.user_id == TAKASHI
    assert heard.mode == "active"
    assert heard.delivery_context.is_redelivery is False
    assert (getattr(heard, "reply_token", None) is None) == (action == "unfollow")
    if content:
        assert type(heard.message).__name__ == content.__name__
        assert heard.message.id == done["message"]
        assert heard.message.mark_as_read_token


def test_details_of_messages_come_through(sandbox: Sandbox, bot: Bot) -> None:
    first = sandbox.says(
        TAKASHI, "(hello) 👋", emojis=[{"index": 0, "length": 7, "productId": "p", "emojiId": "1"}]
    )
    sandbox.says(TAKASHI, "これのこと", quote=first["message"])
    sandbox.act(TAKASHI, "image", content=CONTENT, set={"id": "s1", "index": 1, "total": 2})
    sandbox.act(TAKASHI, "file", content=CONTENT, name="見積.pdf")
    hello, quote, image, file = (event.message for event in bot.events(4))
    assert hello.emojis[0].product_id == "p"
    assert quote.quoted_message_id == first["message"]
    assert quote.quote_token != hello.quote_token
    assert (image.image_set.index, image.image_set.total) == (1, 2)
    assert (file.file_name, file.file_size) == ("見積.pdf", 15)


def test_what_is_taken_back_is_gone_from_the_phone(sandbox: Sandbox, bot: Bot) -> None:
    id = sandbox.says(TAKASHI, "間違えました")["message"]
    sandbox.act(TAKASHI, "unsend", message=id)
    event = bot.events(2)[1]
    assert (type(event), event.unsend.message_id) == (models.UnsendEvent, id)
    (bubble,) = sandbox.phone(TAKASHI)
    assert (bubble["unsent"], bubble["text"], bubble["data"]) == (True, "", {})


def test_following_for_the_first_time_and_again_are_told_apart(sandbox: Sandbox, bot: Bot) -> None:
    for action in ("follow", "unfollow", "follow"):
        sandbox.act(TAKASHI, action)
    events = bot.events(3)
    assert [event.follow.is_unblocked for event in events if isinstance(event, models.FollowEvent)] == [
        False,
        True,
    ]


def test_who_has_blocked_the_account_can_only_unblock_it(sandbox: Sandbox) -> None:
    sandbox.act(TAKASHI, "unfollow")
    with pytest.raises(httpx2.HTTPStatusError):
        sandbox.says(TAKASHI, "まだいます")
    assert sandbox.phone(TAKASHI) == []


def test_in_a_group_the_source_names_both(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.act(GROUP, "join")
    sandbox.post("/act/line", {"talk": GROUP, "user": TAKASHI, "action": "text", "text": "皆さん"})
    join, said = bot.events(2)
    assert type(join) is models.JoinEvent
    assert (said.source.type, said.source.group_id, said.source.user_id) == ("group", GROUP, TAKASHI)


def test_in_standby_nothing_can_be_answered(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.set(mode="standby")
    sandbox.says(TAKASHI, "x")
    (event,) = bot.events(1)
    assert (event.mode, event.reply_token) == ("standby", None)


def test_what_one_customer_writes_comes_in_order(sandbox: Sandbox, bot: Bot) -> None:
    said = [str(number) for number in range(30)]
    sandbox.post("/act/line", [{"user": TAKASHI, "action": "text", "text": text} for text in said])
    assert bot.texts(30) == said
    assert [len(events) for events in bot.requests] == [1] * 30


def test_what_is_not_answered_with_success_comes_again_marked_so(sandbox: Sandbox, bot: Bot) -> None:
    bot.answers = [500, 500]
    sandbox.says(TAKASHI, "x")
    first, second, third = bot.events(3)
    assert first.webhook_event_id == second.webhook_event_id == third.webhook_event_id
    assert first.timestamp == third.timestamp
    assert [e.delivery_context.is_redelivery for e in (first, second, third)] == [False, True, True]
    sandbox.settle()
    attempts = sandbox.record(what="webhook")
    assert [(entry["status"], entry["attempt"]) for entry in attempts] == [(500, 1), (500, 2), (200, 3)]


def test_without_redelivery_it_comes_once(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.set(redeliver=False)
    bot.answers = [500]
    sandbox.says(TAKASHI, "x")
    sandbox.settle()
    assert len(bot.events(1)) == 1


def test_duplicates_have_the_same_id(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.misbehaves({"fault": "duplicate", "times": 3, "to": TAKASHI})
    sandbox.says(TAKASHI, "x")
    sandbox.says(MISAKI, "y")
    sandbox.settle()
    ids = [event.webhook_event_id for event in bot.events(4)]
    assert len(ids) == 4
    assert len(set(ids)) == 2


def test_the_next_one_overtakes(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.misbehaves({"fault": "reorder", "count": 1, "seconds": 5})
    for text in ("一", "二", "三"):
        sandbox.says(TAKASHI, text)
    assert bot.texts(3) == ["二", "一", "三"]
    first, second, _ = bot.events(3)
    assert second.timestamp <= first.timestamp


def test_several_events_come_in_one_webhook(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.misbehaves({"fault": "batch", "count": 1, "times": 3, "seconds": 5})
    for text in ("一", "二", "三", "四"):
        sandbox.says(TAKASHI, text)
    assert bot.texts(4) == ["一", "二", "三", "四"]
    assert [len(events) for events in bot.requests] == [3, 1]


def test_an_answer_that_gets_lost_brings_the_event_again(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.misbehaves({"fault": "lost_answer", "count": 1})
    sandbox.says(TAKASHI, "x")
    first, second = bot.events(2)
    assert first.webhook_event_id == second.webhook_event_id
    assert second.delivery_context.is_redelivery is True


def test_reading_by_itself_where_chat_is_off(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.set(mark_as_read_mode="auto")
    sandbox.says(TAKASHI, "x")
    bot.events(1)
    until(lambda: sandbox.phone(TAKASHI)[0]["read"], "the message is read")


@pytest.mark.parametrize(
    "told",
    [
        {"user": "taro", "action": "text", "text": "x"},
        {"user": TAKASHI, "action": "shout"},
        {"user": TAKASHI, "action": "text", "text": " "},
        {"user": TAKASHI, "action": "image", "content": "?"},
        {"user": TAKASHI, "action": "location"},
        {"user": TAKASHI, "action": "unsend", "message": "1"},
        "x",
    ],
)
def test_what_nobody_can_do_is_a_sentence(sandbox: Sandbox, bot: Bot, told: Any) -> None:
    answer = sandbox.http.post("/act/line", json=told)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert sandbox.record() == []


@pytest.mark.parametrize(
    "rule", [{"fault": "rain"}, {"fault": "error", "probability": 2}, {"fault": "slow", "x": 1}]
)
def test_a_rule_that_cannot_be_is_refused(sandbox: Sandbox, rule: dict[str, Any]) -> None:
    assert sandbox.http.put("/faults", json=[rule]).status_code == 422
    assert sandbox.http.get("/faults").json() == {"faults": []}


def test_the_record_forgets_the_oldest_and_says_so() -> None:
    record = Record(Clock(), keep=2)
    for call in ("a", "b", "c"):
        record.add("line", "refused", call=call)
    assert [entry["call"] for entry in record.find()] == ["b", "c"]
    assert record.forgotten == 1
    assert [entry["n"] for entry in record.find(since=2, what="refused")] == [3]


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_every_fault_has_its_words(locale: str) -> None:
    known = i18n.catalogue(locale)
    said = {**WEBHOOKS, **CALLS, **MEDIA}.values()
    assert [words for words in said if not known.get(words, ("",))[0]] == []
