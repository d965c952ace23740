"""What comes in, and pictures fetched with the account's secret."""

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import Attachment, ChannelError, Receipt, Request
from channels.sms import codes, events, media
from channels.sms.connector import Sms
from channels.sms.settings import SmsSettings
from tests.channels.cases import CONTEXT, HTTP, payloads, shown
from tests.channels.servers import Answer
from tests.channels.sms import ACCOUNT, BELOW, account
from tests.examples import some

NAMES = ("MessageSid", "SmsSid", "From", "To", "Body", "NumMedia", "MediaUrl0", "MediaContentType0", "OptOutType",
         "MessageStatus", "SmsStatus", "ErrorCode", "NumSegments", "CallSid")  # fmt: skip
FORM = {"content-type": "application/x-www-form-urlencoded"}
PICTURE = Attachment(
    "1.jpg", "image/jpeg", ref=f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME1"
)


@given(
    fields=st.dictionaries(st.sampled_from(NAMES), st.text(max_size=30), max_size=10),
    junk=st.binary(max_size=40),
)
@settings(max_examples=some(300), deadline=None)
def test_no_form_raises_or_is_called_malformed(fields: dict[str, str], junk: bytes) -> None:
    sms = Sms(SmsSettings(), HTTP, CONTEXT)
    body = urlencode(fields, errors="replace").encode() + b"&" + junk
    found = sms.parse(Request("POST", "", FORM, {}, body))
    assert found
    for event in found:
        assert not getattr(event, "malformed", False)
        assert "\\u0000" not in repr(shown(event))


def test_too_many_fields_are_no_message() -> None:
    sms = Sms(SmsSettings(), HTTP, CONTEXT)
    body = "&".join(f"f{n}=1" for n in range(2000)).encode() + b"&MessageSid=SM1&From=%2B1415"
    assert [type(one).__name__ for one in sms.parse(Request("POST", "", FORM, {}, body))] == ["Ignored"]


def test_twilio_is_answered_with_twiml_that_says_nothing() -> None:
    sms = Sms(SmsSettings(), HTTP, CONTEXT)
    assert sms.acknowledge(payloads("sms")[0].request) == (200, {"content-type": "text/xml"}, b"<Response/>")


def test_a_receipt_says_why_and_whether_anything_will_ever_arrive() -> None:
    assert events.reason(30003) == "The telephone could not be reached; it may be switched off. (30003)"
    assert events.reason(None) == events.UNDELIVERED
    assert codes.number_of("٣٠٠٠٣") is None
    assert {number for number, one in codes.CODES.items() if one.unreachable} == {
        *(21211, 21265, 21421, 21604, 21610, 21614, 30005, 30006)
    }


def test_a_picture_is_fetched_with_the_secret_which_goes_to_twilio_alone() -> None:
    with account(Answer(307, {"Location": "/media.twiliocdn.com/x.jpg?sig=1"}), Answer(body=b"\xff\xd8")) as (
        sms,
        server,
    ):
        server.answers[0].headers["Location"] = f"{server.base}/media.twiliocdn.com/x.jpg?sig=1"
        assert sms.fetch(PICTURE) == b"\xff\xd8"
    first, second = server.seen
    assert first.url == f"{BELOW}/Messages/MM1/Media/ME1"
    assert first.header("authorization").startswith("Basic ")
    assert second.url == "/media.twiliocdn.com/x.jpg?sig=1"
    assert second.header("authorization") == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "http://api.twilio.com/x",
        "https://api.twilio.com.evil.example/",
        "https://[",
        "",
    ],
)
def test_no_secret_goes_to_any_other_host(url: str) -> None:
    with account(Answer(body=b"x")) as (sms, server), pytest.raises(ChannelError) as told:
        sms.fetch(Attachment("1.jpg", ref=url))
    assert told.value.sentence == "This file does not lie at Twilio."
    assert server.seen == []


def test_a_redirect_into_our_own_network_is_not_followed() -> None:
    away = Answer(307, {"Location": "http://169.254.169.254/latest/meta-data/"})
    with account(away, Answer(body=b"x")) as (sms, server), pytest.raises(ChannelError) as told:
        sms.fetch(PICTURE)
    assert told.value.sentence == "This address leads into a private network."
    assert len(server.seen) == 1


def test_a_redirect_without_end_a_picture_that_is_gone_or_too_large_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for answer in (Answer(404), Answer(body=b"")):
        with account(answer) as (sms, _), pytest.raises(ChannelError) as told:
            sms.fetch(PICTURE)
        assert told.value.permanent
    with account(Answer(302)) as (sms, server):
        server.answers[0].headers["Location"] = f"{server.base}/again"
        with pytest.raises(ChannelError):
            sms.fetch(PICTURE)
    assert len(server.seen) == 4
    monkeypatch.setattr(media, "LIMIT", 3)
    with account(Answer(body=b"1234")) as (sms, _), pytest.raises(ChannelError) as told:
        sms.fetch(PICTURE)
    assert told.value.sentence == "This file is too large to be fetched."


@pytest.mark.parametrize(("query", "key"), [("", ""), ("?message=m12", "m12"), ("?message=%6d1&x", "m1")])
def test_a_state_says_our_own_key_back(query: str, key: str) -> None:
    sms = Sms(SmsSettings(), HTTP, CONTEXT)
    body = urlencode({"MessageSid": "SM1", "MessageStatus": "failed", "To": "+1415"}).encode()
    (event,) = sms.parse(Request("POST", f"https://desk.example.jp/hooks/k1{query}", FORM, {}, body))
    assert isinstance(event, Receipt)
    assert (event.external_id, event.key) == ("SM1", key)
