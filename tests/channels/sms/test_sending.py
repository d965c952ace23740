"""What we say, at a Twilio that behaves and at one that does not."""

import base64
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest
from twilio.rest import Client

from channels.base import Attachment, ChannelError, Outbound, Person, Request, Sent
from channels.calling import BEGUN
from tests.channels.servers import Answer, Scripted
from tests.channels.sms import ACCOUNT, BELOW, SENDER, TARO, TOKEN, account, bad, listed, taken

NOW = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
LATE = Answer(wait=1.5)


def hello(words: str = "お待たせしました", **more: object) -> Outbound:
    return Outbound("m1", Person(TARO), words, **more)  # type: ignore[arg-type]


def form(request: Request) -> dict[str, str]:
    return {
        name: values[0] for name, values in parse_qs(request.body.decode(), keep_blank_values=True).items()
    }


def refusal(*answers: Answer, message: Outbound | None = None) -> ChannelError:
    with account(*answers) as (sms, _), pytest.raises(ChannelError) as told:
        sms.send(message or hello())
    return told.value


def posts(server: Scripted) -> list[Request]:
    return [one for one in server.seen if one.method == "POST"]


def test_a_text_goes_out_and_its_id_comes_back() -> None:
    with account(taken("SM42")) as (sms, server):
        assert sms.send(hello()) == Sent(("SM42",))
    (request,) = server.seen
    assert (request.method, request.url) == ("POST", f"{BELOW}/Messages.json")
    assert (
        request.header("authorization") == "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    )
    assert form(request) == {
        "To": TARO,
        "From": SENDER,
        "Body": "お待たせしました",
        "StatusCallback": "https://desk.example.jp/hooks/k1?message=m1",
    }


def test_twilio_s_own_library_sends_the_same() -> None:
    """Judged by what their client posts, from the same words."""
    posted: dict[str, str] = {}

    class Listening:
        def request(self, method: str, uri: str, data: dict[str, Any], **_: Any) -> Any:
            posted.update({name: one for name, one in data.items() if isinstance(one, str)})
            return SimpleNamespace(status_code=201, text="{}", headers={})

    theirs = Client(ACCOUNT, TOKEN, http_client=Listening())
    theirs.messages.create(
        to=TARO,
        from_=SENDER,
        body="お待たせしました",
        status_callback="https://desk.example.jp/hooks/k1?message=m1",
    )
    with account(taken()) as (sms, server):
        sms.send(hello())
    assert form(server.seen[0]) == posted


def test_a_messaging_service_and_a_key_of_its_own_are_used() -> None:
    service = "MG" + "0" * 32
    with account(taken(), sender=service, api_key="SK" + "1" * 32, api_secret="geheim") as (sms, server):
        sms.send(hello())
    told = form(server.seen[0])
    assert told["MessagingServiceSid"] == service
    assert "From" not in told
    key = base64.b64decode(server.seen[0].header("authorization").removeprefix("Basic ")).decode()
    assert key == "SK" + "1" * 32 + ":geheim"


def test_a_long_text_is_split_at_1600_units() -> None:
    with account(taken("SM1"), taken("SM2")) as (sms, server):
        assert sms.send(hello("あ" * 1599 + "😀い")).external_ids == ("SM1", "SM2")
    assert [form(one)["Body"] for one in server.seen] == ["あ" * 1599, "😀い"]


def test_a_file_goes_along_as_its_link_and_one_without_an_address_is_refused() -> None:
    there = Attachment("領収書.pdf", "application/pdf", url="https://desk.example.jp/f/1")
    with account(taken()) as (sms, server):
        sms.send(hello("どうぞ", attachments=(there,)))
    assert form(server.seen[0])["Body"] == "どうぞ\n\n領収書.pdf\nhttps://desk.example.jp/f/1"
    assert refusal(taken(), message=hello(attachments=(Attachment("a", data=b"x"),))).permanent


@pytest.mark.parametrize("address", ["KURONEKO", "22395", "090-1234-5678", "+0123456789", ""])
def test_what_is_no_number_cannot_be_answered_and_that_is_said(address: str) -> None:
    with account(taken()) as (sms, server), pytest.raises(ChannelError) as told:
        sms.send(Outbound("m1", Person(address), "はい"))
    assert told.value.sentence == "This sender cannot be answered: it is no telephone number."
    assert server.seen == []


@pytest.mark.parametrize(
    ("status", "code", "sentence", "permanent", "unreachable", "everybody"),
    [
        (400, 21610, "The customer has opted out of messages from this number (STOP).", True, True, False),
        (400, 21211, "This is no telephone number that SMS can be sent to.", True, True, False),
        (400, 21614, "This number is a landline, which takes no SMS.", True, True, False),
        (403, 21408, "The account may not send to this country. An admin can allow it at Twilio (Geo Permissions).",
         True, False, False),
        (400, 21612, "Twilio cannot send from this sender to this number.", True, False, False),
        (400, 21606, "Messages cannot be sent from this sender. Check the channel's settings.", True, False, True),
        (400, 21617, "The message is too long for an SMS.", True, False, False),
        (401, 20003, "Twilio does not accept the Account SID and the Auth Token.", True, False, True),
        (429, 20429, "Twilio asks us to send more slowly.", False, False, True),
        (400, 30001, "Too many messages wait at this number.", False, False, False),
        (400, 99999, "Twilio did not understand the message.", True, False, False),
    ],
)  # fmt: skip
def test_a_refusal_is_told_in_words(
    status: int, code: int, sentence: str, permanent: bool, unreachable: bool, everybody: bool
) -> None:
    error = refusal(bad(status, code, "The words of Twilio"))
    assert error.sentence == sentence
    assert f"{code} The words of Twilio" in error.detail
    assert (error.permanent, error.unreachable, error.everybody) == (permanent, unreachable, everybody)
    assert not error.ambiguous


def test_a_message_that_was_taken_and_failed_at_once_is_told() -> None:
    error = refusal(taken(status="failed", error_code=30006))
    assert (error.sentence, error.unreachable) == ("This number is a landline, which takes no SMS.", True)


def test_a_server_that_breaks_is_tried_again_and_a_gateway_that_lost_the_answer_is_not() -> None:
    broken, lost = refusal(Answer(500)), refusal(Answer(502), Answer(500))
    assert (broken.permanent, broken.ambiguous) == (False, False)
    assert lost.ambiguous


def test_a_lost_answer_is_found_again_at_twilio() -> None:
    there = listed(("SM9", "お待たせしました", NOW - timedelta(seconds=1)), ("SM8", "前", NOW), now=NOW)
    for lost in (LATE, Answer(hang_up=True), Answer(504)):
        with account(lost, there) as (sms, server):
            assert sms.send(hello()) == Sent(("SM9",))
        assert len(posts(server)) == 1
        assert server.seen[-1].query == {"To": TARO, "PageSize": "20"}


@pytest.mark.parametrize(
    "told",
    [
        listed(now=NOW),
        listed(("SM9", "おまたせ", NOW), now=NOW),
        listed(("SM9", "お待たせしました", NOW - timedelta(minutes=2)), now=NOW),
        listed(("SM9", "お待たせしました", NOW), ("SM8", "お待たせしました", NOW), now=NOW),
        Answer(500),
        Answer(hang_up=True),
        Answer(body=b"[]"),
        Answer(body=b'{"messages": [3, {"body": "\xe3\x81\x8a"}]}'),
    ],
    ids=["none", "other words", "an earlier one", "two of them", "broken", "dropped", "a list", "junk"],
)
def test_an_answer_that_cannot_be_found_again_stays_unknown(told: Answer) -> None:
    with account(Answer(hang_up=True), told) as (sms, server), pytest.raises(ChannelError) as error:
        sms.send(hello())
    assert (error.value.ambiguous, error.value.permanent) == (True, False)
    assert error.value.sentence.startswith("We do not know whether Twilio took this message.")
    assert len(posts(server)) == 1


def test_what_stopped_in_the_middle_is_not_sent_again_from_the_beginning() -> None:
    error = refusal(taken("SM1"), Answer(500), message=hello("あ" * 1700))
    assert (error.sentence, error.ambiguous, error.permanent) == (
        BEGUN,
        True,
        True,
    )


def test_only_the_last_of_several_says_that_all_of_the_message_is_there() -> None:
    with account(taken("SM1"), taken("SM2")) as (sms, server):
        sms.send(hello("あ" * 1601))
    assert [form(one)["StatusCallback"] for one in posts(server)] == [
        "https://desk.example.jp/hooks/k1",
        "https://desk.example.jp/hooks/k1?message=m1",
    ]
