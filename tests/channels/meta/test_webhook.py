"""Meta's webhooks: the handshake, the signature, and what one body may hold."""

import hashlib
import hmac
import json
import subprocess
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pywa.utils import webhook_updates_validator

from channels.base import BadSignature, Challenge, Connector, Event, Ignored, Inbound, Request
from channels.meta import webhook
from tests.channels.cases import Payload, payloads, shown
from tests.channels.meta.accounts import SECRET
from tests.examples import some

KINDS = ("messenger", "instagram", "whatsapp")
EVERY = pytest.mark.parametrize("kind", KINDS)
# The body of Meta's guide to webhooks, with its escapes, and a signature made by the openssl command.
GUIDE = rb'{"object":"page","entry":[{"id":"0","time":1,"messaging":[{"message":{"text":"\u3053\/"}}]}]}'


def one_of(kind: str) -> Payload:
    return next(one for one in payloads(kind) if one.name == "text")


def asked(**query: str) -> Request:
    return Request("GET", "", query={f"hub.{name}": value for name, value in query.items()})


@EVERY
def test_trap_11_the_challenge_is_returned_word_for_word_as_text(kind: str) -> None:
    connector: Connector[Any] = one_of(kind).connector()
    assert isinstance(connector, Challenge)
    answer = connector.answer(asked(mode="subscribe", verify_token="a-verify-token", challenge="01158201444"))
    assert answer == (200, {"Content-Type": "text/plain"}, b"01158201444")


@EVERY
@pytest.mark.parametrize(
    "query",
    [
        {"mode": "subscribe", "verify_token": "another", "challenge": "1"},
        {"mode": "subscribe", "challenge": "1"},
        {"mode": "unsubscribe", "verify_token": "a-verify-token", "challenge": "1"},
        {"mode": "subscribe", "verify_token": "\udc80", "challenge": "1"},
    ],
)
def test_a_handshake_without_the_token_is_refused(kind: str, query: dict[str, str]) -> None:
    connector: Connector[Any] = one_of(kind).connector()
    assert isinstance(connector, Challenge)
    answer = connector.answer(asked(**query))
    assert answer is not None
    assert answer[0] == 403
    assert b"1" not in answer[2]


@EVERY
def test_a_channel_without_a_verify_token_answers_no_handshake(kind: str) -> None:
    connector = replace(one_of(kind), settings={}).connector()
    assert isinstance(connector, Challenge)
    answer = connector.answer(asked(mode="subscribe", verify_token="", challenge="1"))
    assert answer is not None
    assert answer[0] == 403


@EVERY
def test_an_event_is_no_handshake(kind: str) -> None:
    sample = one_of(kind)
    connector: Connector[Any] = sample.connector()
    assert isinstance(connector, Challenge)
    assert connector.answer(sample.request) is None


def test_trap_10_the_signature_is_over_the_bytes_as_they_came_escapes_and_all() -> None:
    command = ["openssl", "dgst", "-sha256", "-hmac", SECRET, "-r"]
    told = subprocess.run(command, input=GUIDE, capture_output=True, check=True, timeout=30).stdout
    signature = f"sha256={told.split()[0].decode()}"
    request = Request("POST", "", {"x-hub-signature-256": signature}, body=GUIDE)
    webhook.verify(request, [SECRET])
    assert signature == "sha256=" + hmac.new(SECRET.encode(), GUIDE, hashlib.sha256).hexdigest()
    written_anew = json.dumps(json.loads(GUIDE), ensure_ascii=False, separators=(",", ":")).encode()
    with pytest.raises(BadSignature):
        webhook.verify(replace(request, body=written_anew), [SECRET])


@pytest.mark.parametrize("payload", [one for kind in KINDS for one in payloads(kind)], ids=lambda p: p.name)
def test_pywas_validator_says_the_same_of_our_signatures(payload: Payload) -> None:
    ours = webhook.sign(SECRET, payload.request.body)
    assert webhook_updates_validator(SECRET, payload.request.body, ours)
    assert not webhook_updates_validator(SECRET, payload.request.body + b" ", ours)


@pytest.mark.parametrize("header", ["", "sha256=", "sha256=" + "0" * 64, "sha1=abc", "漢字", "\udc80"])
def test_a_forged_signature_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        webhook.verify(Request("POST", "", {"x-hub-signature-256": header}, body=GUIDE), [SECRET])


def test_nothing_is_accepted_where_no_secret_is_known() -> None:
    signed_with_nothing = webhook.sign("", GUIDE)
    with pytest.raises(BadSignature):
        webhook.verify(Request("POST", "", {"x-hub-signature-256": signed_with_nothing}, body=GUIDE), [""])


@EVERY
def test_trap_12_one_body_with_two_entries_of_two_events_loses_only_the_poisonous_one(kind: str) -> None:
    (sample,) = (one for one in payloads(kind) if one.name.startswith("two_entries"))
    events = sample.connector().parse(sample.request)
    assert [type(event) for event in events].count(Inbound) >= 2
    assert isinstance(events[0], Ignored)
    assert "not as Meta documents it" in events[0].reason


@EVERY
def test_a_body_about_something_else_is_ignored_in_words(kind: str) -> None:
    other = one_of("whatsapp" if kind != "whatsapp" else "messenger")
    (event,) = one_of(kind).connector().parse(other.request)
    assert isinstance(event, Ignored)
    assert event.reason.startswith("about something else than")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (1763719200000, "2025-11-21T10:00:00+00:00"),
        (1763719200, "2025-11-21T10:00:00+00:00"),
        ("1763719200", "2025-11-21T10:00:00+00:00"),
        ("2025-11-21T19:00:00+0900", "2025-11-21T10:00:00+00:00"),
        ("2025-11-21T10:00:00", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("soon", None),
        ("9" * 40, None),
        (0, None),
        (-5, None),
        (10**30, None),
        (True, None),
        ([], None),
    ],
)
def test_a_time_is_read_however_meta_writes_it(told: Any, expected: str | None) -> None:
    at = webhook.moment(told)
    assert (at.isoformat() if at else None) == expected


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "mid",
                    "text",
                    "type",
                    "body",
                    "sender",
                    "recipient",
                    "attachments",
                    "payload",
                    "url",
                    "emoji",
                    "timestamp",
                    "from",
                    "context",
                    "referral",
                    "watermark",
                    "mids",
                    "status",
                    "errors",
                    "code",
                    "coordinates",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
NAMES = {
    "messenger": ("message", "postback", "delivery", "read", "reaction", "message_edit", "referral", "optin"),
    "whatsapp": (
        "messages",
        "statuses",
        "message_echoes",
        "user_preferences",
        "errors",
        "contacts",
        "metadata",
    ),
}


@EVERY
@given(data=st.data())
@settings(max_examples=some(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_an_event_holds_it_costs_nobody_else_anything(kind: str, data: st.DataObject) -> None:
    """The good message behind it is always read."""
    sample = one_of(kind)
    document = json.loads(sample.request.body)
    names = NAMES.get(kind, NAMES["messenger"])
    strange = data.draw(st.dictionaries(st.sampled_from(names), VALUES, min_size=1, max_size=3))
    key = "changes" if kind == "whatsapp" else "messaging"
    entry = document["entry"][0]
    bad = {"field": "messages", "value": strange} if kind == "whatsapp" else {**entry[key][0], **strange}
    entry[key] = [bad, *entry[key]]
    body = json.dumps(document).encode()
    events: list[Event] = sample.connector().parse(replace(sample.request, body=body))
    assert {**shown(events[-1])} == {**shown(sample.connector().parse(sample.request)[0])}


BESIDE = {
    "messenger": (
        "reply_to",
        "quick_reply",
        "referral",
        "attachments",
        "sticker_id",
        "nlp",
        "metadata",
        "commands",
    ),
    "instagram": ("reply_to", "quick_reply", "referral", "attachments", "is_unsupported", "metadata"),
    "whatsapp": ("context", "referral", "errors", "timestamp", "group_id", "username"),
}


@EVERY
@given(data=st.data())
@settings(max_examples=some(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_words_of_a_customer_are_read_whatever_stands_beside_them(kind: str, data: st.DataObject) -> None:
    sample = one_of(kind)
    document = json.loads(sample.request.body)
    entry = document["entry"][0]
    message = (
        entry["changes"][0]["value"]["messages"][0]
        if kind == "whatsapp"
        else entry["messaging"][0]["message"]
    )
    message |= data.draw(st.dictionaries(st.sampled_from(BESIDE[kind]), VALUES, max_size=4))
    if kind == "whatsapp":
        entry["changes"][0]["value"]["contacts"] = data.draw(VALUES)
    events = sample.connector().parse(replace(sample.request, body=json.dumps(document).encode()))
    words = sample.events[0]["text"]
    assert any(isinstance(event, Inbound) and words in event.text for event in events)
