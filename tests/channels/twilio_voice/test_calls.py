"""Calls at Twilio: Twilio's own validator judges the signatures, a script plays its API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from twilio.request_validator import RequestValidator

from channels import registry
from channels.base import Attachment, BadSignature, Call, ChannelError, Request
from channels.forms import read_settings
from channels.sms import form
from channels.twilio_voice.connector import TwilioVoice
from tests.channels.cases import CONTEXT, Payload, payloads
from tests.channels.script import Script

ACCOUNT, TOKEN = "AC0a1b2c3d4e5f60718293a4b5c6d7e8f9", "5f0c2d8b7a914e63b1d2c3f4a5968770"
LINE, TARO = "+815030001234", "+819012345678"
PARENT, LEG = "CA" + "1" * 32, "CA" + "2" * 32
OURS = "https://desk.example.jp/hooks/k1"
BELOW = f"/2010-04-01/Accounts/{ACCOUNT}"
ACTIVE = httpx2.Response(200, json={"status": "active", "friendly_name": "ひなた商店"})


def voice(script: Script | None = None, **settings: Any) -> TwilioVoice:
    stored = {"account_sid": ACCOUNT, "auth_token": TOKEN, "lines": [LINE], **settings}
    made = registry.build("twilio_voice", stored, None, CONTEXT)  # type: ignore[arg-type]
    assert isinstance(made, TwilioVoice)
    made.http = httpx2.Client(transport=httpx2.MockTransport(script or Script()))
    return made


def signed(token: str = TOKEN, **fields: str) -> Request:
    headers = {"content-type": form.FORM}
    headers["x-twilio-signature"] = RequestValidator(token).compute_signature(OURS, fields)
    return Request("POST", OURS, headers, {}, urlencode(fields).encode())


def told(**fields: str) -> list[Any]:
    return voice().parse(signed(CallSid=PARENT, From=TARO, To=LINE, Direction="inbound", **fields))


@pytest.mark.parametrize("payload", payloads("twilio_voice"), ids=lambda one: one.name)
def test_the_validator_agrees_on_every_captured_request(payload: Payload) -> None:
    request = payload.request
    fields = dict(form.pairs(request))
    given = request.header("x-twilio-signature")
    assert RequestValidator(TOKEN).validate(request.url, fields, given)
    assert not RequestValidator("f" * 32).validate(request.url, fields, given)


def test_a_forged_or_changed_request_is_refused() -> None:
    good = signed(CallSid=PARENT, From=TARO, To=LINE, CallStatus="ringing")
    voice().verify(good)
    for bad in (
        signed("f" * 32, CallSid=PARENT, From=TARO, To=LINE, CallStatus="ringing"),
        replace(good, body=good.body.replace(b"ringing", b"completed")),
        replace(good, headers={"content-type": form.FORM}),
    ):
        with pytest.raises(BadSignature):
            voice().verify(bad)


def test_legs_are_one_call_and_the_later_of_one_second_is_the_later() -> None:
    names = ("call_rings", "leg_rings", "leg_answered", "leg_completed", "call_completed", "recording")
    events = [
        event
        for one in payloads("twilio_voice")
        if one.name in names
        for event in one.connector().parse(one.request)
    ]
    assert {one.external_id for one in events if isinstance(one, Call)} == {PARENT}
    same = "Sat, 21 Nov 2026 09:59:30 +0000"
    times = [
        told(CallStatus="ringing", Timestamp=same, SequenceNumber=str(number))[0].at for number in (0, 1, 2)
    ]
    assert times == sorted(times)
    assert len(set(times)) == 3


def test_a_menu_that_answers_is_no_answer_and_a_dial_that_found_nobody_is_missed() -> None:
    (menu,) = told(CallStatus="in-progress")
    assert (menu.state, menu.answered_at) == ("ringing", None)
    (nobody,) = told(CallStatus="in-progress", DialCallStatus="busy", DialCallSid=LEG)
    assert (nobody.state, nobody.result) == ("ended", "missed")
    (gave_up,) = told(CallStatus="completed", DialCallStatus="canceled", DialCallSid=LEG)
    assert (gave_up.state, gave_up.result) == ("ended", "abandoned")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"CallSid": "../../etc/passwd", "CallStatus": "ringing"},
        {"CallSid": PARENT},
        {"CallSid": PARENT, "CallStatus": "ringing", "ParentCallSid": "x y"},
        {"CallSid": PARENT, "DialCallStatus": "<script>"},
        {"CallSid": PARENT, "RecordingSid": "RE1", "RecordingUrl": "http://169.254.169.254/x"},
        {"MessageSid": "SM1", "Body": "hi"},
    ],
)
def test_what_tells_of_no_call_becomes_nothing_in_words(fields: dict[str, str]) -> None:
    (event,) = voice().parse(signed(**fields))
    assert not isinstance(event, Call)
    assert event.reason  # type: ignore[union-attr]


def test_numbers_of_any_sort_and_times_that_are_none_are_taken() -> None:
    for number in ("sip:+819012345678@pbx.example.jp", "0120-SHOP-24", "x" * 1000, "1"):
        (event,) = voice().parse(
            signed(CallSid=PARENT, From=number, To=LINE, CallStatus="ringing", Timestamp="soon")
        )
        assert isinstance(event, Call)
        assert event.at is None


def test_a_recording_is_fetched_with_the_keys_of_the_account_alone() -> None:
    url = f"https://api.twilio.com{BELOW}/Recordings/RE1.mp3"
    script = Script().on(
        f"{BELOW}/Recordings/RE1.mp3",
        httpx2.Response(302, headers={"location": "https://cdn.twilio.example/a"}),
    )
    script.on("/a", httpx2.Response(200, content=b"ID3 sound"))
    assert voice(script).fetch(Attachment("RE1.mp3", ref=url)) == b"ID3 sound"
    assert script.seen[0].headers["authorization"].startswith("Basic ")
    assert "authorization" not in script.seen[1].headers
    with pytest.raises(ChannelError, match="does not lie at Twilio"):
        voice(script).fetch(Attachment("x.mp3", ref="https://api.twilio.com.evil.example/x.mp3"))


def number(**fields: str) -> httpx2.Response:
    return httpx2.Response(200, json={"incoming_phone_numbers": [{"phone_number": LINE, **fields}]})


def checked(**fields: str) -> str:
    script = Script().on(f"{BELOW}.json", ACTIVE).on(f"{BELOW}/IncomingPhoneNumbers.json", number(**fields))
    app = {"status_callback": OURS, "voice_url": "https://shop.example/voice"}
    script.on(f"{BELOW}/Applications/AP1.json", httpx2.Response(200, json=app))
    return voice(script).check()


def test_test_now_looks_at_the_account_and_where_the_number_tells_its_calls() -> None:
    good = "The account works, and our numbers tell their calls here. (ひなた商店)"
    assert checked(status_callback=f"{OURS}#rc=2", voice_url="https://shop.example/voice") == good
    assert checked(status_callback="", voice_application_sid="AP1") == good
    with pytest.raises(ChannelError, match="does not tell its calls here"):
        checked(status_callback="https://elsewhere.example/")
    with pytest.raises(ChannelError, match="would end every call"):
        checked(status_callback=OURS, voice_url=OURS)


def test_an_account_that_is_not_ours_is_told() -> None:
    script = Script().on(f"{BELOW}.json", httpx2.Response(401, json={"code": 20003}))
    with pytest.raises(ChannelError, match="does not accept the Account SID"):
        voice(script).check()


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [({"account_sid": "0a1b"}, "account_sid"), ({"lines": ""}, "lines"), ({"api_key": "AC1"}, "api_key")],
)
def test_what_cannot_be_right_is_told_at_its_field(answers: dict[str, str], wrong: str) -> None:
    good = {"account_sid": ACCOUNT, "auth_token": TOKEN, "lines": LINE}
    assert read_settings("twilio_voice", good).errors == {}
    assert list(read_settings("twilio_voice", {**good, **answers}).errors) == [wrong]
