"""What we say, at an X that behaves and at one that does not."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
import time_machine

from channels import oauth
from channels.base import Bubble, ChannelError, Outbound, Person, Sent
from channels.x import sending, uploading
from tests.channels.kept import Kept
from tests.channels.line.account import no, ok
from tests.channels.script import Script
from tests.channels.x import (
    HANA,
    MESSAGES,
    MP4,
    PDF,
    PNG,
    SECRET,
    TALK,
    TOKEN,
    UPLOAD,
    US,
    bearers,
    say,
    sent,
    tokens,
    x,
)  # fmt: skip

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
MEDIA = "1861000000000000700"
UPLOADED = {
    f"{UPLOAD}/initialize": [ok({"data": {"id": MEDIA, "expires_after_secs": 86400}})],
    f"{UPLOAD}/{MEDIA}/append": [ok({"data": {"expires_at": 1}})],
    f"{UPLOAD}/{MEDIA}/finalize": [ok({"data": {"id": MEDIA, "size": 24}})],
}


def refusal(script: Script, message: Outbound | None = None, **settings: Any) -> ChannelError:
    with pytest.raises(ChannelError) as told:
        x(script, **settings).send(message or say())
    return told.value


def talk(*events: dict[str, Any]) -> httpx2.Response:
    return ok({"data": list(events), "meta": {"result_count": len(events)}})


def event(
    text: str, id: str = "1861000000000000901", ago: float = 0, by: str = US, **more: Any
) -> dict[str, Any]:
    at = (datetime.now(UTC) - timedelta(seconds=ago)).isoformat().replace("+00:00", "Z")
    return {"id": id, "event_type": "MessageCreate", "text": text, "sender_id": by, "created_at": at, **more}


def test_a_text_goes_out_and_its_id_comes_back() -> None:
    script = Script().on(MESSAGES, sent())
    assert x(script).send(say("<b>100円</b> & 😀")) == Sent(("1861000000000000900",))
    assert script.bodies(MESSAGES) == [{"text": "<b>100円</b> & 😀"}]
    assert bearers(script) == ["Bearer access 1"]


def test_a_long_text_becomes_several_messages_in_their_order() -> None:
    script = Script().on(MESSAGES, sent("1"), sent("2"))
    assert x(script).send(say("あ" * 12_000)).external_ids == ("1", "2")
    pieces = [one["text"] for one in script.bodies(MESSAGES)]
    assert "".join(pieces) == "あ" * 12_000
    assert max(map(len, pieces)) <= sending.MAX_TEXT


def test_a_picture_goes_up_first_and_then_with_the_words() -> None:
    script = Script(dict(UPLOADED)).on(MESSAGES, sent())
    x(script).send(say("この色です", PNG))
    assert script.paths == [*UPLOADED, MESSAGES]
    assert script.bodies(f"{UPLOAD}/initialize") == [
        {"media_type": "image/png", "total_bytes": 24, "media_category": "dm_image"}
    ]
    part = script.seen[1]
    assert part.headers["content-type"].startswith("multipart/form-data")
    assert b'name="segment_index"' in part.content
    assert PNG.data is not None
    assert PNG.data in part.content
    assert script.bodies(MESSAGES) == [{"text": "この色です", "attachments": [{"media_id": MEDIA}]}]


def test_it_is_shown_as_the_messages_it_becomes() -> None:
    outbound = say("この色です", PNG, PNG)
    assert x(Script()).preview(outbound).bubbles == (Bubble("この色です", PNG.name), Bubble(file=PNG.name))


def test_several_files_are_several_messages() -> None:
    script = Script(dict(UPLOADED)).on(MESSAGES, sent("1"), sent("2"))
    assert x(script).send(say("", PNG, PNG)).external_ids == ("1", "2")
    assert script.bodies(MESSAGES) == [{"attachments": [{"media_id": MEDIA}]}] * 2


def test_a_film_goes_up_in_parts_and_is_waited_for() -> None:
    waiting = {"id": MEDIA, "processing_info": {"state": "in_progress", "check_after_secs": 2}}
    ready = {"id": MEDIA, "processing_info": {"state": "succeeded", "progress_percent": 100}}
    script = Script(dict(UPLOADED)).on(f"{UPLOAD}/{MEDIA}/finalize", ok({"data": waiting}))
    script.on(UPLOAD, ok({"data": waiting}), ok({"data": ready}))
    pauses: list[float] = []
    caller = x(script)._x
    assert uploading.upload(caller, MP4, pauses.append) == MEDIA
    assert pauses == [2.0, 2.0]
    assert script.paths.count(f"{UPLOAD}/{MEDIA}/append") == 3
    asked = script.seen[-1].url.params
    assert dict(asked) == {"command": "STATUS", "media_id": MEDIA}


def test_a_film_that_is_not_ready_in_time_is_tried_again_and_one_that_failed_is_not() -> None:
    state = {"state": "pending", "check_after_secs": 10}
    script = Script(dict(UPLOADED)).on(f"{UPLOAD}/{MEDIA}/finalize", ok({"data": {"processing_info": state}}))
    script.on(UPLOAD, ok({"data": {"processing_info": state}}))
    with pytest.raises(ChannelError) as late:
        uploading.upload(x(script)._x, MP4, lambda seconds: None)
    assert (late.value.permanent, late.value.retry_after) == (False, 10.0)
    script.on(f"{UPLOAD}/{MEDIA}/finalize", ok({"data": {"processing_info": {"state": "failed"}}}))
    with pytest.raises(ChannelError, match="did not take this file"):
        uploading.upload(x(script)._x, MP4, lambda seconds: None)


def test_a_lost_answer_to_a_file_says_nothing_of_the_message() -> None:
    told = refusal(Script().on(f"{UPLOAD}/initialize", httpx2.ReadTimeout), say("x", PNG))
    assert (told.ambiguous, told.permanent) == (False, False)


def test_other_files_than_pictures_and_films_are_not_taken_nor_large_ones() -> None:
    assert "pictures and MP4" in refusal(Script(), say("x", PDF)).sentence
    assert "up to 5 MB" in refusal(Script(), say("x", replace(PNG, data=bytes(5_000_001)))).sentence
    assert "up to 5 MB" in refusal(Script(), say("x", replace(MP4, data=bytes(15_000_001)))).sentence


def test_nothing_and_nobody_are_not_sent_to() -> None:
    assert refusal(Script(), say(" \n")).permanent
    told = refusal(Script(), Outbound("m1", Person("../users/me"), "x"))
    assert (told.permanent, told.unreachable) == (True, True)


@pytest.mark.parametrize(
    "lost", [httpx2.ReadTimeout, httpx2.RemoteProtocolError, no(502), no(504), no(500), no(503)]
)
def test_where_the_answer_is_lost_the_conversation_is_looked_at(lost: Any) -> None:
    script = (
        Script().on(MESSAGES, lost).on(TALK, talk(event("前のです", "1"), event("お待たせしました", "2")))
    )
    assert x(script).send(say()).external_ids == ("2",)
    assert script.paths == [MESSAGES, TALK]


@pytest.mark.parametrize(
    "seen",
    [
        talk(),
        talk(event("お待たせしました", ago=60)),
        talk(event("お待たせしました", by=HANA.address)),
        talk(event("お待たせしましたか")),
        talk(event("お待たせしました", attachments={"media_keys": ["3_1"]})),
        talk({"id": "7", "text": "お待たせしました", "sender_id": US}),
        no(429),
        ok({"data": "?"}),
        httpx2.ConnectError,
    ],
)
def test_what_is_not_seen_there_may_still_have_arrived(seen: Any) -> None:
    told = refusal(Script().on(MESSAGES, httpx2.ReadTimeout).on(TALK, seen))
    assert (told.ambiguous, told.permanent) == (True, False)


def test_a_message_is_known_again_although_x_shortens_links_and_escapes() -> None:
    link = {"url": "https://t.co/a", "expanded_url": "https://shop.example.jp/1?a=1"}
    seen = event("見てください https://t.co/a &lt;1&gt;", entities={"urls": [link]})
    script = Script().on(MESSAGES, httpx2.ReadTimeout).on(TALK, talk(seen))
    message = say("見てください\nhttps://shop.example.jp/1?a=1 <1>")
    assert x(script).send(message).external_ids == (seen["id"],)


def test_a_file_is_known_again_with_the_link_that_x_adds() -> None:
    seen = event("この色です https://t.co/b", attachments={"media_keys": ["3_1"]})
    script = Script(dict(UPLOADED)).on(MESSAGES, httpx2.ReadTimeout).on(TALK, talk(seen))
    assert x(script).send(say("この色です", PNG)).external_ids == (seen["id"],)


def test_a_connection_that_never_was_is_not_looked_after() -> None:
    script = Script().on(MESSAGES, httpx2.ConnectError).on(TALK, talk())
    told = refusal(script)
    assert (told.ambiguous, told.permanent) == (False, False)


def test_after_the_first_part_nothing_is_repeated_by_itself() -> None:
    script = Script().on(MESSAGES, sent(), no(403, {"detail": "You are not allowed."}))
    told = refusal(script, say("あ" * 12_000))
    assert (told.permanent, told.ambiguous) == (True, True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x_rate_limit_remaining": "0", "x_rate_limit_reset": str(int(NOW.timestamp()) + 600)}, 600.0),
        ({"x_rate_limit_reset": str(int(NOW.timestamp()) + 600)}, 600.0),
        (
            {
                "x_rate_limit_remaining": "3",
                "x_rate_limit_reset": str(int(NOW.timestamp()) + 600),
                "x_user_limit_24hour_remaining": "0",
                "x_user_limit_24hour_reset": str(int(NOW.timestamp()) + 40_000),
            },
            40_000.0,
        ),
        ({"x_rate_limit_reset": str(int(NOW.timestamp()) - 30)}, 1.0),
        ({"x_rate_limit_reset": "999999999999"}, None),
        ({"x_rate_limit_reset": "9" * 11}, 86_400.0),
        ({"retry_after": "7"}, 7.0),
        ({"x_rate_limit_reset": "soon"}, None),
        ({}, None),
    ],
)
def test_a_limit_makes_the_channel_rest_until_x_counts_anew(
    headers: dict[str, str], seconds: float | None
) -> None:
    with time_machine.travel(NOW, tick=False):
        told = refusal(Script().on(MESSAGES, no(429, {"title": "Too Many Requests"}, **headers)))
    assert (told.everybody, told.permanent, told.ambiguous) == (True, False, False)
    assert told.retry_after == seconds


PROBLEM = "https://api.twitter.com/2/problems/"


@pytest.mark.parametrize(
    ("status", "document", "sentence", "unreachable", "everybody"),
    [
        (
            403,
            {"detail": "You do not have permission to DM one or more participants."},
            "does not let us",
            True,
            False,
        ),
        (
            403,
            {"errors": [{"code": 349, "message": "You cannot send messages to this user."}]},
            "does not let us",
            True,
            False,
        ),
        (403, {"detail": "User has blocked the sender"}, "does not let us", True, False),
        (400, {"detail": "Could not find user with id: [1]."}, "does not know this customer", True, False),
        (403, {"detail": "Something else."}, "X does not allow this", False, False),
        (
            403,
            {"type": f"{PROBLEM}client-forbidden", "detail": "blocked"},
            "may not use this part",
            False,
            True,
        ),
        (403, {"type": f"{PROBLEM}oauth2-permissions"}, "lacks a permission", False, True),
        (429, {"type": f"{PROBLEM}usage-capped"}, "paid for is used up", False, True),
        (402, {"type": f"{PROBLEM}credits-depleted"}, "credits", False, True),
        (402, {"title": "CreditsDepleted"}, "credits", False, True),
        (400, {"detail": "Your media IDs are invalid."}, "did not take this file", False, False),
        (400, {"errors": [{"message": "Invalid JSON"}]}, "did not understand", False, False),
        (404, {}, "does not know what", False, False),
        (413, {}, "too large", False, False),
        (302, {}, "redirects", False, False),
        (418, {"detail": 7, "errors": ["?"]}, "refused this", False, False),
    ],
)
def test_what_x_refuses_is_said_in_our_words(
    status: int, document: dict[str, Any], sentence: str, unreachable: bool, everybody: bool
) -> None:
    told = refusal(Script().on(MESSAGES, no(status, document or {"a": 1})))
    assert sentence in told.sentence
    assert told.permanent
    assert not told.ambiguous
    assert (told.unreachable, told.everybody) == (unreachable, everybody)


def test_a_token_that_is_over_is_renewed_once_and_kept() -> None:
    kept = Kept(access_token="access 1", refresh_token="refresh 1")
    script = Script().on(MESSAGES, no(401), sent()).on(TOKEN, tokens(2))
    assert x(script, kept).send(say()).external_ids
    assert kept.secrets == {"access_token": "access 2", "refresh_token": "refresh 2"}
    asked = script.seen[1]
    assert asked.headers["Authorization"] == f"Basic {base64.b64encode(f'c1:{SECRET}'.encode()).decode()}"
    assert parse_qs(asked.content.decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["c1"],
        "refresh_token": ["refresh 1"],
    }
    assert bearers(script)[2] == "Bearer access 2"


def test_what_another_process_renewed_is_used_and_the_refresh_token_left_alone() -> None:
    kept = Kept(access_token="access 1", refresh_token="refresh 1")
    script = Script().on(MESSAGES, no(401), sent())
    account = x(script, kept)
    kept.secrets = {"access_token": "access 2", "refresh_token": "refresh 2"}
    account.send(say())
    assert bearers(script) == ["Bearer access 1", "Bearer access 2"]


@pytest.mark.parametrize("error", ["invalid_request", "invalid_grant"])
def test_a_refresh_token_that_is_over_asks_to_sign_in_again(error: str) -> None:
    answer = no(400, {"error": error, "error_description": "Value passed for the token was invalid."})
    told = refusal(Script().on(MESSAGES, no(401)).on(TOKEN, answer))
    assert isinstance(told, oauth.Reauthorise)
    assert (told.permanent, told.everybody) == (True, True)


def test_nobody_has_signed_in_yet() -> None:
    with pytest.raises(oauth.Reauthorise) as told:
        x(Script(), Kept()).send(say())
    assert told.value.everybody


def test_a_fresh_token_that_is_refused_asks_to_sign_in_again() -> None:
    told = refusal(Script().on(MESSAGES, no(401)).on(TOKEN, tokens(2)))
    assert (told.reauthorise, told.everybody) == (True, True)


def test_while_x_gives_no_token_all_messages_wait() -> None:
    told = refusal(Script().on(MESSAGES, no(401)).on(TOKEN, no(503, retry_after="30")))
    assert (told.permanent, told.everybody, told.retry_after) == (False, True, 30.0)
