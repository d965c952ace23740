"""`madoguchi channel parse` prints what we understand of a provider's request, for every kind and captured payload."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import cli
from channels import registry
from channels.base import Attachment, Edit, Features, Inbound, Participant, Person, Receipt, Unsend
from channels.describing import describe
from tests.channels.cases import Payload, payloads

KINDS = sorted(registry.KINDS)
ALWAYS = [
    *("type", "external_id", "sender", "thread", "text", "attachments", "in_reply_to", "sent_at", "state"),
]
UNKNOWN = {
    "line": {"events": [{"type": "of next year", "mode": "active"}]},
    "telegram": {"update_id": 1, "of_next_year": {}},
    "messenger": {"object": "page", "entry": [{"messaging": [{"of_next_year": {}}]}]},
    "instagram": {"object": "instagram", "entry": [{"messaging": [{"of_next_year": {}}]}]},
    "whatsapp": {
        "object": "whatsapp_business_account",
        "entry": [{"changes": [{"field": "of_next_year", "value": {}}]}],
    },
    "api": {"type": "of next year"},
}


def run(kind: str, body: bytes, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["channel", "parse", kind, *arguments], input=body)


def parse(kind: str, body: bytes, *arguments: str) -> list[dict[str, Any]]:
    result = run(kind, body, *arguments)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout_bytes)
    assert isinstance(told, list)
    return told


def as_called(payload: Payload) -> list[str]:
    """The request of a payload, and its settings, as options."""
    request = payload.request
    headers = [f"--header={name}: {value}" for name, value in request.headers.items()]
    queries = [f"--query={name}={value}" for name, value in request.query.items()]
    given = [
        f"--set={name}={one}"
        for name, value in payload.settings.items()
        for one in (value if isinstance(value, list) else [value])
        if not isinstance(value, dict)
    ]
    return [*headers, *queries, *given, f"--url={request.url}", f"--method={request.method}"]


@pytest.mark.parametrize("payload", payloads(), ids=lambda p: f"{p.kind}/{p.name}")
def test_each_event_of_a_captured_request_is_told(payload: Payload) -> None:
    told = parse(payload.kind, payload.request.body, *as_called(payload))
    features = registry.connector(payload.kind).features
    events = payload.connector().parse(payload.request)
    assert told == json.loads(json.dumps([describe(event, features) for event in events]))
    for one in told:
        assert list(one)[: len(ALWAYS)] == ALWAYS
        assert "raw" not in one


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b"\xff\x00{", b"<xml", b"a=1&b=%ff", b"[" * 99_999]
)
def test_junk_is_ignored_with_a_reason(kind: str, body: bytes) -> None:
    told = parse(kind, body)
    if kind == "email":
        return  # every sequence of bytes is some mail
    assert all(one["type"] == "ignored" and one["reason"] for one in told)
    assert told or body == b"[]"  # a list of no events


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in UNKNOWN])
def test_a_type_of_event_that_nobody_knows_is_ignored_with_a_reason(kind: str) -> None:
    (told,) = parse(kind, json.dumps(UNKNOWN[kind]).encode())
    assert told["type"] == "ignored"
    assert told["reason"]


def test_a_payload_needs_neither_settings_nor_a_signature() -> None:
    event = {
        "type": "message",
        "timestamp": 1795255170123,
        "source": {"type": "user", "userId": "U4af4980629b1c2d3e4f5061728394a5b", "of_next_year": 1},
        "message": {"id": "9", "type": "image", "contentProvider": {"type": "line"}},
    }
    (told,) = parse("line", json.dumps({"destination": "x", "events": [event]}).encode())
    assert told["type"] == "message"
    assert told["sender"]["address"] == "U4af4980629b1c2d3e4f5061728394a5b"
    assert told["attachments"] == [{"name": "9.jpg", "media_type": "image/jpeg", "id": "9"}]
    assert told["sent_at"] == "2026-11-21T09:59:30.123000+00:00"


def test_a_signature_is_looked_at_where_that_is_asked_for() -> None:
    (good,) = [one for one in payloads("line") if one.name == "text"]
    called = [*as_called(good), "--verify"]
    assert len(parse("line", good.request.body, *called)) == 1
    refused = run("line", good.request.body + b" ", *called)
    assert refused.exit_code == 1
    assert "does not prove to come from LINE" in refused.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["telex"], "“telex” is no kind of channel; there are webchat, "),
        (["line", "--header", "no colon"], "“no colon” has no “:”"),
        (["line", "--query", "no sign"], "“no sign” has no “=”"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence_and_a_two(arguments: list[str], sentence: str) -> None:
    result = run(arguments[0], b"{}", *arguments[1:])
    assert result.exit_code == 2
    assert sentence in result.output


def test_a_setting_that_cannot_be_is_a_sentence() -> None:
    result = run("line", b"{}", "--set", "colour=red")
    assert result.exit_code == 1
    assert "“colour” is no setting of line" in result.output


def test_what_an_event_carries_is_plain() -> None:
    person = Person("+819012345678", claimed={"email": "a@example.jp"})
    message = Inbound(
        "m1",
        person,
        "写真です",
        attachments=(
            Attachment("a.jpg", "image/jpeg", url="https://x.example/a.jpg"),
            Attachment("b", data=b"123"),
        ),
        others=(Participant("b@example.jp", "B"),),
        raw={"everything": "again"},
    )
    told = json.loads(json.dumps(describe(message, Features(identity_kind="phone"))))
    assert told["sender"]["phone"] == "+819012345678"
    assert told["sender"]["claimed"] == {"email": "a@example.jp"}
    assert told["attachments"] == [
        {"name": "a.jpg", "media_type": "image/jpeg", "url": "https://x.example/a.jpg"},
        {"name": "b", "media_type": "application/octet-stream", "size": 3},
    ]
    assert told["others"] == [{"address": "b@example.jp", "name": "B", "role": "cc"}]
    assert "raw" not in told
    receipt = describe(Receipt("r1", "read", person=Person("u1"), through=True), Features())
    assert (receipt["state"], receipt["sender"]["address"], receipt["through"]) == ("read", "u1", True)
    assert describe(Edit("e1", "新しい"), Features())["text"] == "新しい"
    assert describe(Unsend("e1"), Features()) == dict.fromkeys(ALWAYS, "") | {
        "type": "unsend",
        "external_id": "e1",
        "sender": None,
        "attachments": [],
        "sent_at": None,
    }
