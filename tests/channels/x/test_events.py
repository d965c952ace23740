"""What X tells, in both of its forms."""

import json
from dataclasses import replace
from typing import Any

import pytest

from channels.base import BadSignature, Event, Ignored, Inbound, Receipt, Typing
from channels.x.contents import ENCRYPTED, MAX_TEXT, readable
from tests.channels.cases import Payload, payloads
from tests.channels.script import Script
from tests.channels.x import HANA, US, x

NAMED = {one.name: one for one in payloads("x")}
DEEP = "[" * 100_000 + "]" * 100_000


def said(name: str) -> list[Event]:
    sample = NAMED[name]
    return sample.connector().parse(sample.request)


def told(document: Any, **settings: Any) -> list[Event]:
    sample: Payload = NAMED["text"]
    return x(Script(), **settings).parse(replace(sample.request, body=json.dumps(document).encode()))


@pytest.mark.parametrize("name", ["text", "echo", "read", "typing"])
def test_trap_22_both_apis_give_the_same_internal_event(name: str) -> None:
    assert said(name) == said(f"{name}_of_the_older_api")


def test_trap_22_an_encrypted_message_shows_a_notice() -> None:
    (event,) = said("encrypted")
    assert isinstance(event, Inbound)
    assert (event.text, event.context, event.sender.address) == ("", {"notice": ENCRYPTED}, HANA.address)


def test_trap_22_two_encrypted_messages_that_begin_alike_are_two() -> None:
    document = json.loads(NAMED["encrypted"].request.body)
    payload = document["data"]["payload"]
    document["data"].pop("event_uuid", None)
    payload.pop("id", None)
    ids = set()
    for end in "ab":
        payload["encoded_event"] = "A" * 500 + end
        (event,) = told(document)
        assert isinstance(event, Inbound)
        ids.add(event.external_id)
    assert len(ids) == 2


def test_links_are_put_in_their_place_once_and_no_text_grows_without_end() -> None:
    urls = [{"url": "a", "expanded_url": "b" * 1999}, {"url": "b", "expanded_url": "a" * 2000}]
    assert readable("ab", {"urls": urls}) == "b" * 1999 + "a" * 2000
    assert len(readable("ab" * 10_000, {"urls": urls})) == MAX_TEXT
    two = [
        {"url": "https://t.co/1", "expanded_url": "https://shop.example/1"},
        {"url": "https://t.co/12", "expanded_url": "https://shop.example/2"},
    ]
    text = "https://t.co/1 https://t.co/12 https://t.co/1 https://t.co/own"
    assert readable(text, {"urls": two}, "https://t.co/own") == (
        "https://shop.example/1 https://shop.example/2 https://shop.example/1"
    )


def test_links_beyond_what_is_expected_cost_no_message() -> None:
    urls = [{"url": "https://t.co/1", "expanded_url": "https://shop.example/1"}]
    endless = {"url": "https://t.co/2", "expanded_url": "https://shop.example/" + "2" * 2000}
    told = readable("https://t.co/1 https://t.co/2", {"urls": [endless, *urls * 101]})
    assert told == "https://shop.example/1 https://t.co/2"


def test_the_same_message_told_twice_has_one_id() -> None:
    ids = {
        one.external_id
        for name in ("text", "signed_with_both")
        for one in said(name)
        if isinstance(one, Inbound)
    }
    assert ids == {"1861000000000000001"}


def test_before_the_account_is_known_nothing_is_taken() -> None:
    """One app may speak for several accounts, and signs for all of them alike."""
    sample = NAMED["text"]
    with pytest.raises(BadSignature, match="not known yet"):
        x(Script(), user_id="").verify(sample.request)
    x(Script()).verify(sample.request)


@pytest.mark.parametrize("settings", [{}, {"user_id": ""}])
def test_our_own_words_are_told_from_the_customers(settings: dict[str, str]) -> None:
    document = json.loads(NAMED["echo"].request.body)
    (event,) = told(document, **settings)
    assert isinstance(event, Inbound)
    assert (event.kind, event.sender.address) == ("outbound", HANA.address)


def test_what_is_meant_for_another_account_is_not_taken() -> None:
    document = json.loads(NAMED["text"].request.body)
    document["data"]["filter"]["user_id"] = "998877665544"
    assert told(document) == [Ignored("meant for another account: 998877665544")]
    assert [type(one) for one in told(document, user_id="")] == [Ignored]  # it is to neither of the two


def test_one_webhook_may_tell_of_several_things() -> None:
    document = {"for_user_id": US}
    for name in ("text_of_the_older_api", "read_of_the_older_api", "typing_of_the_older_api"):
        document |= json.loads(NAMED[name].request.body)
    assert [type(one) for one in told(document)] == [Inbound, Typing, Receipt]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"data":[]}',
        b'{"data":{"payload":7}}',
        b'{"for_user_id":{}}',
        DEEP.encode(),
    ],
)
def test_whatever_comes_is_ignored_in_words(body: bytes) -> None:
    events = x(Script()).parse(replace(NAMED["text"].request, body=body))
    assert [(type(one), bool(getattr(one, "reason", ""))) for one in events] == [(Ignored, True)]


def test_three_megabytes_are_read_and_no_more_than_a_thousand_events() -> None:
    document = json.loads(NAMED["text"].request.body)
    (one,) = document["data"]["payload"]["direct_message_events"]
    one["message_create"]["message_data"]["entities"]["hashtags"] = ["x" * 1000] * 3000
    assert [type(event) for event in told(document)] == [Inbound]
    document["data"]["payload"]["direct_message_events"] = [{}] * 1001
    assert told(document) == [Ignored("not as X documents it: direct_message_events: more than 1000")]


@pytest.mark.parametrize(
    ("conversation", "other"),
    [
        (f"{HANA.address}-{US}", HANA.address),
        (f"{US}:{HANA.address}", HANA.address),
        ("1861", ""),
        ("a-b-c", ""),
        ("", ""),
    ],
)
def test_who_is_written_to_stands_in_the_conversation(conversation: str, other: str) -> None:
    document = json.loads(NAMED["encrypted_of_ours"].request.body)
    document["data"]["payload"]["conversation_id"] = conversation
    (event,) = told(document)
    assert (event.sender.address if isinstance(event, Inbound) else "") == other
