"""What comes in: by webhook, fetched, and files fetched by their id."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import Attachment, BadSignature, ChannelError, Collected, Inbound, Request
from channels.telegram import events
from channels.telegram.contents import content
from channels.telegram.signature import HEADER, secret_of
from tests.channels.cases import CONTEXT, payloads
from tests.channels.servers import Answer
from tests.channels.telegram import TOKEN, bad, bot, called, good, method
from tests.examples import some

UPDATES = [json.loads(one.request.body) for one in payloads("telegram")]
TEXT = next(one for one in payloads("telegram") if one.name == "text")


def test_trap_21_a_wrong_or_missing_secret_is_refused_and_says_which() -> None:
    connector = TEXT.connector()
    with pytest.raises(BadSignature, match="missing"):
        connector.verify(Request("POST", "", {}, {}, TEXT.request.body))
    for wrong in ("ü", secret_of(bytes(32), "1:other"), TEXT.request.header(HEADER)[:-1]):
        with pytest.raises(BadSignature, match="another one"):
            connector.verify(Request("POST", "", {HEADER.lower(): wrong}, {}, TEXT.request.body))


def test_the_secret_is_fit_for_telegram_and_another_one_for_each_channel_and_bot() -> None:
    made = {secret_of(bytes(32), TOKEN), secret_of(b"k" * 32, TOKEN), secret_of(bytes(32), "1:other")}
    assert len(made) == 3
    assert all(len(one) == 64 and one.isascii() and one.isalnum() for one in made)


@pytest.mark.parametrize(
    ("told", "shown"),
    [("819012345678", "+819012345678"), ("+819012345678", "+819012345678"), ("09012345678", "09012345678")],
)
def test_a_number_of_an_address_book_is_shown_as_it_is_dialled(told: str, shown: str) -> None:
    found = content({"contact": {"first_name": "山田", "phone_number": told}})
    assert found is not None
    assert (found.text, found.context["contact"]["phone"]) == (f"山田\n{shown}", shown)


def test_a_channel_that_fetches_takes_no_webhook() -> None:
    with bot(delivery="polling") as (telegram, _), pytest.raises(BadSignature, match="fetches"):
        telegram.verify(TEXT.request)


def test_trap_21_the_same_number_in_two_chats_is_two_messages() -> None:
    """Trap 21: message ids are counted by chat, and groups have ids of their own."""
    told = [{"update_id": 1, "message": {"message_id": 5, "date": 1, "chat": {"id": chat, "type": kind},
             "from": {"id": 9, "first_name": "a"}, "text": "x"}}
            for chat, kind in ((9, "private"), (-40, "group"), (-10040, "supergroup"))]  # fmt: skip
    found = [event for one in told for event in events.read(one, True)]
    assert [one.external_id for one in found if isinstance(one, Inbound)] == ["9:5", "-40:5", "-10040:5"]
    assert [one.sender.address for one in found if isinstance(one, Inbound)] == ["9", "-40", "-10040"]


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


FIELDS = (
    *(
        "message_id",
        "from",
        "chat",
        "date",
        "text",
        "caption",
        "photo",
        "document",
        "sticker",
        "contact",
        "venue",
    ),
    *(
        "location",
        "poll",
        "quote",
        "message",
        "data",
        "id",
        "user",
        "reply_markup",
        "old_reaction",
        "new_reaction",
    ),
    *("new_chat_member", "old_chat_member", "forward_origin", "reply_to_message", "migrate_to_chat_id"),
)


@given(
    kind=st.sampled_from([*events.ASKED_FOR, *events.NOT_FOR_US]),
    value=st.dictionaries(st.sampled_from(FIELDS), anything | st.sampled_from(UPDATES), max_size=8),
    groups=st.booleans(),
)
@settings(max_examples=some(300), deadline=None)
def test_no_update_raises_or_is_called_malformed(kind: str, value: Any, groups: bool) -> None:
    found = events.read({"update_id": 1, kind: value}, groups)
    assert found
    assert not any(getattr(one, "malformed", False) for one in found)


def test_a_button_stops_waiting_in_the_answer_to_the_webhook() -> None:
    pressed = next(one for one in payloads("telegram") if one.name == "button_pressed")
    with bot() as (telegram, server):
        answer = telegram.acknowledge(pressed.request)
        assert answer is not None
        assert json.loads(answer[2]) == {
            "method": "answerCallbackQuery",
            "callback_query_id": "2200458101234567890",
        }
        assert telegram.acknowledge(TEXT.request) is None
        assert telegram.acknowledge(Request("POST", "", body=b"\xff")) is None
    assert server.seen == []


def test_a_group_hears_once_that_only_private_chats_are_answered() -> None:
    added = next(one for one in payloads("telegram") if one.name == "added_to_a_group").request
    said = next(one for one in payloads("telegram") if one.name == "group_message_is_not_for_us").request
    with bot(refusal="個別にどうぞ") as (telegram, _):
        answer = telegram.acknowledge(added)
        assert answer is not None
        assert json.loads(answer[2]) == {
            "method": "sendMessage",
            "chat_id": -4012345678,
            "text": "個別にどうぞ",
        }
        assert telegram.acknowledge(said) is None
    for quiet in ({"refusal": ""}, {"groups": "accept"}):
        with bot(**quiet) as (telegram, _):
            assert telegram.acknowledge(added) is None


def collected(telegram: Any, cursor: dict[str, Any], most: int) -> list[Collected]:
    return list(itertools.islice(telegram.collect(cursor, lambda: False), most))


def update(id: int, words: str = "x") -> dict[str, Any]:
    message = {
        "message_id": id,
        "date": 1795255170,
        "chat": {"id": 9, "type": "private"},
        "from": {"id": 9},
        "text": words,
    }
    return {"update_id": id, "message": message}


def test_fetching_takes_the_webhook_away_first_and_asks_on_from_the_last() -> None:
    with bot(
        good(), good([update(7), update(8)]), good([update(9)]), good([]), good([]), delivery="polling"
    ) as (telegram, server):
        found = collected(telegram, {}, 5)
        come = [event for one in found if one.request for event in telegram.parse(one.request)]
    assert [one.external_id for one in come if isinstance(one, Inbound)] == ["9:7", "9:8", "9:9"]
    assert [one.cursor for one in found] == [{"offset": 8}, {"offset": 9}, {"offset": 10}, {}, {}]
    assert [one.left for one in found] == [1, 0, 0, 0, 0]
    names = [method(one) for one in server.seen]
    assert names == ["deleteWebhook", "getUpdates", "getUpdates", "getUpdates", "getUpdates"]
    asked = [parameters for name, parameters in called(server) if name == "getUpdates"]
    assert [one.get("offset") for one in asked] == [None, 9, 10, None]
    assert asked[0]["allowed_updates"] == list(events.ASKED_FOR)


def test_fetching_goes_on_where_it_was_left() -> None:
    """What was given and not stored is asked for again, because only storing it moves the place."""
    with bot(good(), good([update(8)]), good(), good([update(8)]), delivery="polling") as (telegram, server):
        first = collected(telegram, {"offset": 8}, 1)
        again = collected(telegram, {"offset": 8}, 1)
    assert first == again
    assert [parameters["offset"] for name, parameters in called(server) if name == "getUpdates"] == [8, 8]


def test_after_a_quiet_week_lower_numbers_are_not_lost() -> None:
    """Telegram then counts on from anywhere: a place that is confirmed is not named again."""
    with bot(good(), good([]), good([update(5)]), delivery="polling") as (telegram, server):
        found = collected(telegram, {"offset": 883201500}, 2)
    assert found[0].cursor == {}
    assert found[1].cursor == {"offset": 6}
    assert "offset" not in called(server)[2][1]


def test_trap_21_two_who_fetch_for_one_bot_are_told_in_words() -> None:
    conflict = bad(
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )
    with bot(good(), conflict, delivery="polling") as (telegram, _), pytest.raises(ChannelError) as told:
        collected(telegram, {}, 1)
    assert told.value.sentence.startswith("Another program fetches this bot's messages.")


def test_a_webhook_that_another_program_set_meanwhile_is_told_in_words() -> None:
    conflict = bad(
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    )
    with bot(good(), conflict, delivery="polling") as (telegram, _), pytest.raises(ChannelError) as told:
        collected(telegram, {}, 1)
    assert told.value.sentence == "A webhook is set for this bot, so its messages cannot be fetched."


def test_a_line_that_breaks_says_so_and_a_stop_is_heard() -> None:
    with bot(good(), Answer(hang_up=True), delivery="polling") as (telegram, _), pytest.raises(ChannelError):
        collected(telegram, {}, 1)
    with bot(good(), delivery="polling") as (telegram, server):
        assert list(telegram.collect({}, lambda: True)) == []
    assert [method(one) for one in server.seen] == ["deleteWebhook"]


def test_a_channel_with_a_webhook_fetches_nothing() -> None:
    with bot(good()) as (telegram, server):
        assert list(telegram.collect({}, lambda: False)) == []
    assert server.seen == []


def test_a_button_stops_waiting_where_updates_are_fetched_and_losing_that_loses_nothing() -> None:
    pressed = {"update_id": 4, "callback_query": {"id": "77", "from": {"id": 9}, "data": "はい"}}
    for answered in (good(), bad(400, "Bad Request: query is too old"), Answer(hang_up=True)):
        with bot(good(), good([pressed]), answered, delivery="polling") as (telegram, server):
            (one,) = collected(telegram, {}, 1)
        assert one.request is not None
        assert called(server)[2] == ("answerCallbackQuery", {"callback_query_id": "77"})


FILE = Attachment("photo.jpg", "image/jpeg", size=5, ref="AgACx")


def test_a_file_is_fetched_by_its_id() -> None:
    there = good({"file_id": "AgACx", "file_size": 5, "file_path": "photos/file 0.jpg"})
    with bot(there, Answer(body=b"\xff\xd8abc")) as (telegram, server):
        assert telegram.fetch(FILE) == b"\xff\xd8abc"
    asked, got = server.seen
    assert json.loads(asked.body) == {"file_id": "AgACx"}
    assert got.url == f"/api.telegram.org/file/bot{TOKEN}/photos/file%200.jpg"
    assert got.method == "GET"


def test_a_file_beyond_20_mb_stays_at_telegram_and_that_is_said() -> None:
    told = Attachment("a.mkv", size=3_000_000_000, ref="B")
    with bot(bad(400, "Bad Request: file is too big")) as (telegram, server):
        for file in (told, FILE):
            with pytest.raises(ChannelError) as error:
                telegram.fetch(file)
            assert error.value.sentence.startswith("Telegram hands files of up to 20 MB to programs.")
            assert error.value.permanent
    assert len(server.seen) == 1


def test_a_file_that_is_gone_or_slow_is_told() -> None:
    there = good({"file_path": "photos/1.jpg"})
    with bot(there, Answer(404)) as (telegram, _), pytest.raises(ChannelError) as gone:
        telegram.fetch(FILE)
    assert gone.value.permanent
    with bot(there, Answer(wait=1.5)) as (telegram, _), pytest.raises(ChannelError) as slow:
        telegram.fetch(FILE)
    assert not slow.value.permanent


def test_a_person_is_looked_up_as_far_as_telegram_tells() -> None:
    known = good({"id": 9, "type": "private", "first_name": "太郎", "last_name": "山田", "username": "taro"})
    with bot(known) as (telegram, _):
        person = telegram.lookup("9")
    assert person is not None
    assert (person.address, person.name, dict(person.attributes)) == ("9", "太郎 山田", {"Telegram": "@taro"})
    with bot(bad(400, "Bad Request: chat not found")) as (telegram, _):
        assert telegram.lookup("9") is None
    with bot(bad(401, "Unauthorized")) as (telegram, _), pytest.raises(ChannelError):
        telegram.lookup("9")


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        (
            good({"file_path": "photos/9.jpg", "file_size": 6000}),
            f"/api.telegram.org/file/bot{TOKEN}/photos/9.jpg",
        ),
        (bad(400, "Bad Request: wrong file_id"), ""),
    ],
)
def test_their_picture_lies_where_files_do(answer: Answer, path: str) -> None:
    known = good({"id": 9, "type": "private", "first_name": "太郎", "photo": {"small_file_id": "small"}})
    with bot(known, answer) as (telegram, server):
        person = telegram.lookup("9")
    assert person is not None
    assert person.avatar_url == (server.base + path if path else "")
    assert server.seen[1].json() == {"file_id": "small"}
    assert TOKEN not in repr(person)


def test_a_picture_that_may_be_had_later_is_asked_for_again() -> None:
    known = good({"id": 9, "type": "private", "photo": {"small_file_id": "small"}})
    with bot(known, bad(500, "Internal")) as (telegram, _), pytest.raises(ChannelError) as later:
        telegram.lookup("9")
    assert not later.value.permanent


def test_the_context_of_the_tests_signs_as_the_fixtures_are_signed() -> None:
    assert secret_of(CONTEXT.seal_key, TOKEN) == TEXT.request.header(HEADER)
