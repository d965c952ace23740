"""Recordings and transcripts of Amazon Connect: signed as AWS's own example is, fetched from S3 alone.

The example: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html. The file of Contact Lens has
the shape of https://docs.aws.amazon.com/connect/latest/adminguide/contact-lens-example-output-files.html.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest

from channels import registry, telephony
from channels.amazon_connect import storage
from channels.amazon_connect.connector import AmazonConnect
from channels.base import Attachment, Call, ChannelError, Ignored, Request, Turn
from channels.forms import read_settings
from tests.channels.amazon_connect.test_calls import FIRST, KEY, captured
from tests.channels.cases import CONTEXT
from tests.channels.script import Script

KEYS = {"region": "ap-northeast-1", "access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "s3cret"}
PLACE = "bucket/connect/2026/11/21/x y.wav"
HOST, PATH = "bucket.s3.ap-northeast-1.amazonaws.com", "/connect/2026/11/21/x y.wav"


def connect(script: Script | None = None, **settings: str) -> AmazonConnect:
    made = registry.build("amazon_connect", {"secret": KEY, **settings}, None, CONTEXT)  # type: ignore[arg-type]
    assert isinstance(made, AmazonConnect)
    made.http = httpx2.Client(transport=httpx2.MockTransport(script or Script()))
    return made


def written(key: str) -> dict[str, Any]:
    detail = {"version": "0", "bucket": {"name": "b.of-ours"}, "object": {"key": key, "size": 5}}
    at = "2026-11-21T10:20:00Z"
    return {"source": "aws.s3", "detail-type": "Object Created", "time": at, "detail": detail}


def parse(document: Any, **settings: str) -> Any:
    (event,) = connect(None, **settings).parse(Request("POST", "", body=json.dumps(document).encode()))
    return event


def test_the_signature_is_that_of_the_example_in_amazon_s_manual() -> None:
    address = storage.signed(
        "examplebucket.s3.amazonaws.com",
        "/test.txt",
        "us-east-1",
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        datetime(2013, 5, 24, tzinfo=UTC),
        86400,
    )
    good = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    assert address.startswith(
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&"
    )
    assert address.endswith(f"&X-Amz-Signature={good}")


def test_a_recording_is_told_where_it_can_be_fetched() -> None:
    with_keys = connect(None, **KEYS).parse(captured("record"))
    (call,) = with_keys
    assert isinstance(call, Call)
    assert call.recording == Attachment(f"{FIRST}.wav", "audio/wav", ref="bucket/connect/2026/11/21/x.wav")
    (without,) = connect().parse(captured("record"))
    assert isinstance(without, Call)
    assert without.recording is None


def test_it_is_fetched_by_an_address_that_is_good_for_minutes() -> None:
    script = Script().on(PATH, httpx2.Response(200, content=b"RIFF"))
    assert connect(script, **KEYS).fetch(Attachment("x.wav", ref=PLACE)) == b"RIFF"
    asked = script.seen[0]
    told = parse_qs(asked.url.query.decode())
    assert (asked.url.scheme, asked.url.host, told["X-Amz-Expires"]) == ("https", HOST, ["300"])
    assert "s3cret" not in str(asked.url)
    assert "authorization" not in asked.headers


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx2.Response(403), "does not accept the access key"),
        (httpx2.Response(404), "does not have this file"),
        (
            httpx2.Response(307, headers={"location": "https://169.254.169.254/x"}),
            "does not lie at the platform",
        ),
    ],
)
def test_what_cannot_be_had_says_why(answer: httpx2.Response, words: str) -> None:
    with pytest.raises(ChannelError, match=words) as told:
        connect(Script().on(PATH, answer), **KEYS).fetch(Attachment("x.wav", ref=PLACE))
    assert told.value.permanent


def test_a_place_that_is_none_and_keys_that_are_missing_are_told() -> None:
    for place in ("", "bucket", "/x", "bucket/"):
        with pytest.raises(ChannelError, match="does not have this file"):
            connect(None, **KEYS).fetch(Attachment("x.wav", ref=place))
    with pytest.raises(ChannelError, match="enter the region and the access key"):
        connect().fetch(Attachment("x.wav", ref=PLACE))
    with pytest.raises(ChannelError, match="enter the region and the access key"):
        connect(
            None, **{**KEYS, "secret_key": ""}
        ).check()  # else calls would come without, and nobody be told
    assert connect(None, **KEYS).check() == connect().check() == telephony.ONLY_RECEIVES
    given = {"secret": KEY}
    assert list(read_settings("amazon_connect", {**given, "region": "evil.example/"}).errors) == ["region"]
    assert list(read_settings("amazon_connect", {**given, "region": "ap-northeast-1"}).errors) == [
        "access_key"
    ]


@pytest.mark.parametrize(
    "key",
    [
        f"Analysis/Voice/2026/11/21/{FIRST}_analysis_2026-11-21T10:19:16Z.json",
        f"connect/shop/Analysis/Voice/Redacted/2026/11/21/{FIRST}_analysis_redacted_2026-11-21T10:19:16Z.json",
    ],
)
def test_a_transcript_in_s3_is_told_of_the_call_it_is_of(key: str) -> None:
    told = parse(written(key), **KEYS)
    assert (told.external_id, told.transcribed.ref, told.known_only) == (FIRST, f"b.of-ours/{key}", True)
    assert told.recording is None
    assert isinstance(parse(written(key)), Ignored)


@pytest.mark.parametrize(
    "key", ["", f"Analysis/Chat/2026/11/21/{FIRST}_analysis_x.json", "x.json", "CallRecordings/a.wav"]
)
def test_another_file_in_s3_is_left_alone(key: str) -> None:
    assert isinstance(parse(written(key), **KEYS), Ignored)


def test_a_file_of_contact_lens_tells_who_said_what() -> None:
    told = {
        "Version": "1.1.0",
        "Channel": "VOICE",
        "JobStatus": "COMPLETED",
        "Participants": [
            {"ParticipantId": "9b61", "ParticipantRole": "CUSTOMER"},
            {"ParticipantId": "AGENT", "ParticipantRole": "AGENT"},
        ],
        "Transcript": [
            {
                "Id": "1",
                "ParticipantId": "AGENT",
                "Content": "お電話ありがとうございます。",
                "BeginOffsetMillis": 0,
            },
            {"Id": "2", "ParticipantId": "9b61", "Content": "返品したいのですが。", "Sentiment": "NEUTRAL"},
            {"Id": "3", "ParticipantId": "x", "Content": ""},
        ],
    }
    assert connect().turns(json.dumps(told).encode()) == [
        Turn("お電話ありがとうございます。", who="agent"),
        Turn("返品したいのですが。", who="customer"),
    ]
    for broken in (
        b"",
        b"\xff",
        b"[]",
        b'{"Transcript": 5}',
        b'{"Transcript": [5, {"Content": 5}]}',
        b"[" * 100_000,
    ):
        assert connect().turns(broken) == []
