"""Pushing with a retry key, replying free of charge, and what each refusal means."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
import time_machine

from channels import guard
from channels.base import ChannelError, Context, Outbound, Sent
from channels.calling import BEGUN
from channels.line.connector import Line
from channels.line.messages import retry_key
from channels.line.settings import LineSettings
from tests.channels.line.account import (
    CONTEXT,
    HANA,
    MONTHLY,
    TOO_FAST,
    USED_TOKEN,
    line,
    no,
    ok,
    say,
)
from tests.channels.script import Script
from tests.channels.servers import Answer, serving

PUSH, REPLY = "/v2/bot/message/push", "/v2/bot/message/reply"
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def sent(*ids: str) -> dict[str, Any]:
    return {"sentMessages": [{"id": id, "quoteToken": "q"} for id in ids]}


def refused(script: Script, outbound: Outbound | None = None) -> ChannelError:
    with pytest.raises(ChannelError) as told:
        line(script).send(outbound or say())
    return told.value


def bot(**more: Any) -> Outbound:
    """What the bot says at once."""
    last = {"reply_token": "r-1"}
    return say("営業時間は10時からです", **{"automatic": True, "last": last, "last_inbound_at": NOW, **more})


def test_a_person_s_answer_is_pushed_with_a_retry_key() -> None:
    script = Script().on(PUSH, ok(sent("461230966842064897")))
    assert line(script).send(say()) == Sent(("461230966842064897",))
    (call,) = script.seen
    assert call.url.host == "api.line.me"
    assert call.headers["authorization"] == "Bearer t0ken"
    assert call.headers["x-line-retry-key"] == retry_key(CONTEXT.seal_key, say(), 0)
    assert json.loads(call.content) == {
        "to": HANA.address,
        "messages": [{"type": "text", "text": "お待たせしました"}],
    }


def test_each_attempt_is_the_same_to_the_byte() -> None:
    script = Script().on(PUSH, no(500), ok(sent("1")))
    assert not refused(script).permanent
    line(script).send(say())
    first, second = script.seen
    assert (first.content, first.headers["x-line-retry-key"]) == (
        second.content,
        second.headers["x-line-retry-key"],
    )


def test_trap_3_what_was_accepted_before_is_a_success() -> None:
    told = {"message": "The retry key is already accepted", **sent("461230966842064897")}
    script = Script().on(PUSH, no(409, told, x_line_accepted_request_id="123e4567"))
    assert line(script).send(say()) == Sent(("461230966842064897",))


def test_trap_3_a_conflict_that_names_no_accepted_request_is_for_a_person_to_judge() -> None:
    error = refused(Script().on(PUSH, no(409, {"message": "The retry key is already accepted"})))
    assert (error.ambiguous, error.permanent) == (True, True)


def test_trap_4_too_fast_is_passing_and_makes_the_channel_wait() -> None:
    error = refused(Script().on(PUSH, no(429, TOO_FAST, retry_after="3")))
    assert (error.permanent, error.retry_after, error.everybody) == (False, 3.0, True)


def test_trap_4_the_month_used_up_is_lasting_and_leaves_free_replies_alone() -> None:
    error = refused(Script().on(PUSH, no(429, MONTHLY)))
    assert (error.permanent, error.everybody) == (True, False)
    assert "used up" in error.sentence


@pytest.mark.parametrize(
    ("status", "document", "permanent", "everybody", "unreachable"),
    [
        (400, {"message": "The request body has 1 error(s)"}, True, False, False),
        (400, {"message": "Failed to send messages"}, True, False, True),
        (401, {"message": "Authentication failed."}, True, True, False),
        (403, {"message": "Access to this API is not available for your account"}, True, False, False),
        (413, {"message": "Request Entity Too Large"}, True, False, False),
        (415, {}, True, False, False),
        (418, {}, True, False, False),
        (500, {"message": "Internal Server Error"}, False, False, False),
        (503, {}, False, False, False),
    ],
)  # fmt: skip
def test_each_refusal_says_what_to_do(
    status: int, document: dict[str, Any], permanent: bool, everybody: bool, unreachable: bool
) -> None:
    error = refused(Script().on(PUSH, no(status, document, x_line_request_id="b-17")))
    assert (error.permanent, error.everybody, error.unreachable) == (permanent, everybody, unreachable)
    assert document.get("message", "") in str(error)
    assert error.sentence.endswith(".")


def test_the_places_of_what_is_wrong_and_the_number_for_lines_support_are_told() -> None:
    details = [{"message": "May not be empty", "property": "messages[0].text"}]
    error = refused(
        Script().on(PUSH, no(400, {"message": "1 error", "details": details}, x_line_request_id="b-17"))
    )
    assert error.detail == "400 1 error; messages[0].text: May not be empty b-17"


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b'{"message": 3, "details": "x"}', b"[" * 50_000])
def test_an_answer_that_makes_no_sense_stops_nothing(body: bytes) -> None:
    assert refused(Script().on(PUSH, httpx2.Response(400, content=body))).permanent
    assert line(Script().on(PUSH, httpx2.Response(200, content=body))).send(say()) == Sent(())


def test_a_later_call_that_fails_is_tried_again_from_the_first_and_doubles_nothing() -> None:
    long = say("長" * 30_000)
    accepted = no(409, sent("1", "2", "3", "4", "5"), x_line_accepted_request_id="a")
    script = Script().on(PUSH, ok(sent("1", "2", "3", "4", "5")), no(500), accepted, ok(sent("6")))
    assert not refused(script, long).permanent
    assert line(script).send(long) == Sent(("1", "2", "3", "4", "5", "6"))
    keys = [call.headers["x-line-retry-key"] for call in script.seen]
    assert keys == [keys[0], keys[1], keys[0], keys[1]]


def test_where_a_later_call_is_refused_for_good_a_part_has_arrived() -> None:
    script = Script().on(PUSH, ok(sent("1", "2", "3", "4", "5")), no(400))
    error = refused(script, say("長" * 30_000))
    assert (error.permanent, error.ambiguous) == (True, True)
    assert error.sentence == BEGUN


@time_machine.travel(NOW + timedelta(seconds=5), tick=False)
def test_what_the_bot_says_at_once_is_a_reply_without_a_retry_key() -> None:
    script = Script().on(REPLY, ok(sent("1")))
    assert line(script).send(bot()) == Sent(("1",))
    (call,) = script.seen
    assert json.loads(call.content)["replyToken"] == "r-1"
    assert "x-line-retry-key" not in call.headers


@pytest.mark.parametrize(
    "outbound",
    [
        bot(automatic=False),
        bot(last={}),
        bot(last={"reply_token": ["?"]}),
        bot(last_inbound_at=None),
        bot(last_inbound_at=NOW - timedelta(seconds=60)),
        bot(last_inbound_at=NOW + timedelta(seconds=60)),
        bot(automatic=False, interrupted=True),
    ],
)
@time_machine.travel(NOW + timedelta(seconds=5), tick=False)
def test_everything_else_is_pushed(outbound: Outbound) -> None:
    script = Script().on(PUSH, ok(sent("1")))
    line(script).send(outbound)
    assert script.paths == [PUSH]


@time_machine.travel(NOW + timedelta(seconds=5), tick=False)
def test_a_reply_token_that_is_used_or_too_old_is_no_reason_to_be_silent() -> None:
    script = Script().on(REPLY, no(400, USED_TOKEN)).on(PUSH, ok(sent("1")))
    assert line(script).send(bot()) == Sent(("1",))
    assert script.paths == [REPLY, PUSH]


@pytest.mark.parametrize("lost", [httpx2.ReadTimeout, httpx2.RemoteProtocolError, no(500), no(503)])
@time_machine.travel(NOW + timedelta(seconds=5), tick=False)
def test_a_reply_whose_answer_was_lost_and_did_not_arrive_arrives_now(lost: Any) -> None:
    script = Script().on(REPLY, lost, ok(sent("1")))
    assert line(script).send(bot()) == Sent(("1",))


@pytest.mark.parametrize("lost", [httpx2.ReadTimeout, no(500)])
@time_machine.travel(NOW + timedelta(seconds=5), tick=False)
def test_a_reply_that_may_have_arrived_is_never_pushed_as_well(lost: Any) -> None:
    error = refused(Script().on(REPLY, lost, no(400, USED_TOKEN)), bot())
    assert (error.ambiguous, error.permanent) == (True, True)
    assert error.sentence == "We do not know whether LINE took this message. Look before you send it again."


@time_machine.travel(NOW + timedelta(seconds=5), tick=False)
def test_a_reply_that_stays_lost_is_for_a_person_to_judge() -> None:
    error = refused(Script().on(REPLY, httpx2.ReadTimeout), bot())
    assert (error.ambiguous, error.permanent) == (True, True)


@time_machine.travel(NOW + timedelta(seconds=5), tick=False)
def test_a_reply_that_never_left_is_tried_again_later() -> None:
    error = refused(Script().on(REPLY, httpx2.ConnectError), bot())
    assert (error.ambiguous, error.permanent) == (False, False)


@time_machine.travel(NOW + timedelta(minutes=3), tick=False)
def test_a_bot_s_answer_that_was_cut_off_is_not_sent_again_by_itself() -> None:
    script = Script()
    error = refused(script, bot(interrupted=True))
    assert (error.ambiguous, error.permanent) == (True, True)
    assert script.seen == []


def real(url: str, http: httpx2.Client) -> Line:
    """The account at a LINE of our own, by real sockets."""
    base = url.removesuffix("/in")
    own = LineSettings(channel_id="1657000000", channel_secret="s" * 32, access_token="t0ken")
    return Line(own, http, Context("sandbox-line", "http://127.0.0.1:8000", bytes(32), base))


def test_the_sandbox_is_called_under_the_name_of_the_host_it_plays() -> None:
    with serving(Answer(body=json.dumps(sent("1")).encode())) as server:
        assert real(server.url, guard.Client(allow_private=True)).send(say()) == Sent(("1",))
    assert server.seen[0].url == "/api.line.me/v2/bot/message/push"


@pytest.mark.parametrize("answer", [Answer(wait=1.5), Answer(hang_up=True)], ids=["too late", "no answer"])
def test_a_lost_answer_is_ambiguous_and_the_next_attempt_carries_the_same_key(answer: Answer) -> None:
    http = guard.Client(allow_private=True, timeout=httpx2.Timeout(2.0, read=0.3))
    with serving(answer, Answer(body=json.dumps(sent("1")).encode())) as server:
        with pytest.raises(ChannelError) as told:
            real(server.url, http).send(say())
        assert (told.value.ambiguous, told.value.permanent) == (True, False)
        assert real(server.url, http).send(say()) == Sent(("1",))
    assert len({one.header("x-line-retry-key") for one in server.seen}) == 1


def test_nobody_there_is_passing() -> None:
    with serving() as server:
        url = server.url
    with pytest.raises(ChannelError) as told:
        real(url, guard.Client(allow_private=True)).send(say())
    assert (told.value.ambiguous, told.value.permanent) == (False, False)


def test_a_redirect_is_not_followed() -> None:
    with serving(Answer(302, {"Location": "http://169.254.169.254/latest/meta-data"})) as server:
        with pytest.raises(ChannelError, match="redirects") as told:
            real(server.url, guard.Client(allow_private=True)).send(say())
        assert told.value.permanent
        assert len(server.seen) == 1
