"""Calls of Zoom Phone: openssl judges the signatures, a script plays Zoom's API."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from dataclasses import replace
from typing import Any

import httpx2
import pytest
import time_machine

from channels import registry
from channels.base import Attachment, BadSignature, Call, ChannelError, Ignored, Request, Turn
from channels.forms import read_settings
from channels.zoom_phone import signature
from channels.zoom_phone.connector import ZoomPhone
from tests.channels.cases import CONTEXT, Payload, payloads
from tests.channels.script import Script

SECRET = "d8Kc1yQfRkmT0secret"
KEYS = {"account_id": "acc", "client_id": "cli", "client_secret": "sec"}


def zoom(script: Script | None = None, **settings: Any) -> ZoomPhone:
    made = registry.build("zoom_phone", {"secret_token": SECRET, **settings}, None, CONTEXT)  # type: ignore[arg-type]
    assert isinstance(made, ZoomPhone)
    made.http = httpx2.Client(transport=httpx2.MockTransport(script or Script()))
    return made


def openssl(signed: bytes, secret: str = SECRET) -> str:
    assert shutil.which("openssl"), "openssl judges the signatures: install it."
    command = ["openssl", "dgst", "-sha256", "-hmac", secret, "-hex"]
    return subprocess.run(command, input=signed, capture_output=True, check=True).stdout.split()[-1].decode()


def request(document: Any, secret: str = SECRET, age: int = 0) -> Request:
    body, stamp = json.dumps(document).encode(), str(int(time.time()) - age)
    given = "v0=" + openssl(b"v0:" + stamp.encode() + b":" + body, secret)
    return Request("POST", "", {"x-zm-request-timestamp": stamp, "x-zm-signature": given}, {}, body)


def validation(token: str) -> dict[str, Any]:
    return {"event": "endpoint.url_validation", "event_ts": 1, "payload": {"plainToken": token}}


@pytest.mark.parametrize("payload", payloads("zoom_phone")[:5], ids=lambda one: one.name)
def test_openssl_agrees_on_captured_requests(payload: Payload) -> None:
    request = payload.request
    stamp = request.header("x-zm-request-timestamp")
    good = openssl(b"v0:" + stamp.encode() + b":" + request.body)
    assert request.header("x-zm-signature") == f"v0={good}" == signature.sign(SECRET, stamp, request.body)


def test_forged_changed_and_old_requests_are_refused() -> None:
    good = request({"event": "phone.callee_ringing"})
    zoom().verify(good)
    zoom().verify(request({"event": "phone.callee_ringing"}, age=3600))  # tried again by Zoom
    for bad in (
        request({"event": "phone.callee_ringing"}, secret="another-secret"),
        request({"event": "phone.callee_ringing"}, age=3 * 3600),
        replace(good, body=good.body + b" "),
        replace(good, headers={}),
        replace(good, headers={**good.headers, "x-zm-request-timestamp": "٣"}),
    ):
        with pytest.raises(BadSignature):
            zoom().verify(bad)


def test_the_address_proves_that_it_knows_the_secret() -> None:
    token = "qgg8vlvZRS6UYooatFL8Aw"
    answered = zoom().answer(request(validation(token)))
    assert answered is not None
    status, headers, body = answered
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body) == {"plainToken": token, "encryptedToken": openssl(token.encode())}


def test_a_stranger_gets_no_proof_and_nobody_one_over_words_of_their_choice() -> None:
    """A proof is an HMAC by the very secret that signs events: over "v0:…" it would be a forged signature."""
    unsigned = Request("POST", "", {}, {}, json.dumps(validation("abc")).encode())
    assert zoom().answer(unsigned) is None
    assert zoom().answer(request(validation("abc"), secret="another-secret")) is None
    forged = f'v0:{int(time.time())}:{{"event":"phone.callee_ringing"}}'
    assert zoom().answer(request(validation(forged))) is None
    for token in ("", "x" * 500, "a b", None, ["x"]):
        assert zoom().answer(request(validation(token))) is None  # type: ignore[arg-type]
    assert zoom().answer(request({"event": "phone.callee_ringing"})) is None
    assert zoom().answer(request([1])) is None
    assert zoom().answer(replace(request(validation("abc")), method="GET")) is None
    assert zoom(secret_token="").answer(request(validation("abc"), secret="x")) is None


def test_everything_told_of_a_call_names_the_same_call() -> None:
    told = [event for one in payloads("zoom_phone") for event in one.connector().parse(one.request)]
    calls = [one for one in told if isinstance(one, Call)]
    assert len(calls) > 20
    assert {one.external_id for one in calls} == {"7438821910285934512"}


def test_elements_of_several_calls_are_several_calls() -> None:
    (sample,) = [one for one in payloads("zoom_phone") if one.name == "call_element_completed"]
    document = json.loads(sample.request.body)
    (element,) = document["payload"]["object"]["call_elements"]
    many = [{**element, "call_id": f"c{at}"} for at in range(3)]
    document["payload"]["object"]["call_elements"] = [*many, 5, None, {**element, "call_id": ""}]
    told = zoom().parse(Request("POST", "", body=json.dumps(document).encode()))
    assert [one.external_id for one in told if isinstance(one, Call)] == ["c0", "c1", "c2"]
    assert [one.reason for one in told if isinstance(one, Ignored)] == ["a call without its id"]


@pytest.mark.parametrize(
    "document",
    [
        {"event": "phone.callee_ringing"},
        {"event": "phone.callee_ringing", "payload": {"object": {"call_id": 5}}},
        {"event": "phone.callee_call_element_completed", "payload": {"object": {"call_elements": "x"}}},
        {"event": "phone.recording_completed", "payload": {"object": {"recordings": [{"id": "r"}]}}},
        {"event": "phone.voicemail_received", "payload": []},
        {"event": ["phone.callee_ringing"]},
        {},
        [],
        "x",
    ],
)
def test_what_is_incomplete_becomes_nothing_in_words(document: Any) -> None:
    told = zoom().parse(Request("POST", "", body=json.dumps(document).encode()))
    assert told
    assert all(isinstance(one, Ignored) and one.reason for one in told)


def played() -> Script:
    script = Script().on(
        "/oauth/token", httpx2.Response(200, json={"access_token": "t0ken", "expires_in": 3600})
    )
    return script.on(
        "/v2/phone/recording/download/abc",
        httpx2.Response(302, headers={"location": "https://file-paa.zoom.us/x"}),
    ).on("/x", httpx2.Response(200, content=b"ID3"))


def test_a_recording_is_fetched_in_the_name_of_the_app() -> None:
    script = played()
    file = Attachment("rec-1.mp3", ref="https://zoom.us/v2/phone/recording/download/abc")
    assert zoom(script, **KEYS).fetch(file) == b"ID3"
    asked = script.seen[0]
    assert asked.content == b"grant_type=account_credentials&account_id=acc"
    assert asked.headers["authorization"].startswith("Basic ")
    assert script.seen[1].headers["authorization"] == "Bearer t0ken"
    assert "authorization" not in script.seen[2].headers
    with pytest.raises(ChannelError, match="does not lie at the platform"):
        zoom(played(), **KEYS).fetch(Attachment("x.mp3", ref="https://zoom.us.evil.example/x"))


def test_a_transcript_tells_who_said_what() -> None:
    """Its shape: https://developers.zoom.us/docs/api/phone/, /phone/recording_transcript/download/{recordingId}."""
    told = {
        "type": "zoom_transcript",
        "ver": 1,
        "recording_id": "rec-1",
        "timeline": [
            {"ts": "00:00:01.020", "text": "お電話ありがとうございます。", "users": [{"username": "田中"}]},
            {"ts": "00:00:04.120", "text": "返品したいのですが。", "username": "+81 90-1234-5678"},
            {"ts": "00:00:09.000", "text": " ", "users": []},
        ],
    }
    assert zoom().turns(json.dumps(told).encode()) == [
        Turn("お電話ありがとうございます。", name="田中"),
        Turn("返品したいのですが。", name="+81 90-1234-5678"),
    ]
    for broken in (b"", b"\xff", b"[]", b'{"timeline": 5}', b'{"timeline": [5, {"text": 5, "users": [5]}]}'):
        assert zoom().turns(broken) == []


def test_without_the_keys_of_an_app_a_recording_says_what_is_missing() -> None:
    with pytest.raises(ChannelError) as told:
        zoom().fetch(Attachment("rec-1.mp3", ref="https://zoom.us/v2/phone/recording/download/abc"))
    assert told.value.permanent
    assert told.value.sentence.startswith("To fetch recordings, enter the account ID")


def test_test_now_asks_for_a_token_where_there_are_keys() -> None:
    assert zoom(played(), **KEYS).check().startswith("Zoom lets us fetch recordings.")
    assert zoom().check().startswith("This channel only receives.")
    refused = Script().on("/oauth/token", httpx2.Response(400, json={"reason": "Bad Request"}))
    with pytest.raises(ChannelError) as told:
        zoom(refused, **KEYS).check()
    assert told.value.sentence.startswith("Zoom does not accept")
    away = Script().on("/oauth/token", httpx2.Response(503))
    with pytest.raises(ChannelError) as told:
        zoom(away, **KEYS).check()
    assert not told.value.permanent


def test_what_cannot_be_right_is_told_at_its_field() -> None:
    good = {"secret_token": SECRET}
    assert read_settings("zoom_phone", good).errors == {}
    assert list(read_settings("zoom_phone", {**good, "account_id": "a"}).errors) == ["client_id"]
    assert list(read_settings("zoom_phone", {**good, "client_id": "a"}).errors) == ["account_id"]


def test_a_captured_validation_is_answered_within_its_time() -> None:
    (sample,) = [one for one in payloads("zoom_phone") if one.name == "validation"]
    with time_machine.travel(sample.at, tick=False):
        assert zoom().answer(sample.request) is not None
