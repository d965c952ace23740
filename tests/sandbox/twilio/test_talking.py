"""SMS both ways: signed, counted, stopped on a word, and what one country takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator, get_signature_algorithm

from channels.base import ChannelError, Person
from channels.events import Inbound, Permission, Receipt
from tests.sandbox.twilio import EMILY, JAPAN, OTHER, World


def test_text_goes_both_ways_and_is_told_to_have_arrived(world: World) -> None:
    told = world.act(EMILY, "text", text="Is it in stock? 在庫😀")
    (event,) = world.hears(1)
    assert isinstance(event, Inbound)
    assert (event.external_id, event.sender.address, event.text) == (
        told["message"],
        EMILY,
        "Is it in stock? 在庫😀",
    )
    (sent,) = world.sends(EMILY, "It is.")
    states = [one.state for one in world.hears(3) if isinstance(one, Receipt) and one.external_id == sent]
    assert states == ["sent", "delivered"]
    assert world.phone(EMILY) == [
        ("customer", "text", "Is it in stock? 在庫😀"),
        ("shop", "text", "It is."),
    ]
    (accepted,) = world.sandbox.record(what="accepted")
    assert (accepted["call"], accepted["to"], accepted["messages"][0]["id"]) == ("Messages.json", EMILY, sent)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_twilio_s_own_library_takes_the_signature(world: World, algorithm: str) -> None:
    world.sandbox.set("twilio", algorithm=algorithm)
    world.act(EMILY, "text", text="ü & = あ")
    (fields,) = world.hearer.fields(1)
    ((path, headers, _),) = world.hearer.heard
    own = world.own
    validator = RequestValidator(own["auth_token" if algorithm == "sha1" else "shared_key"])
    named = get_signature_algorithm(headers.get("x-twilio-webhooks-signature-settings"))
    assert named == f"HMAC_{algorithm.upper()}"
    url, signature = world.hearer.base + path, headers["x-twilio-signature"]
    assert validator.validate(url, fields, signature, algorithm=named)
    assert len(world.hears(1)) == 1
    assert not RequestValidator("another").validate(url, fields, signature, algorithm=named)


def test_twilio_s_own_library_sends_lists_and_looks(world: World) -> None:
    client, own = world.library(), world.own
    callback = f"{world.hearer.base}/states#rc=2"
    first = client.messages.create(to=EMILY, from_=own["number"], body="一", status_callback=callback)
    assert (first.status, first.direction, first.num_segments) == ("queued", "outbound-api", "1")
    second = client.messages.create(to=OTHER, messaging_service_sid=own["service"], body="x" * 161)
    assert (second.status, second.num_segments, second.from_) == ("accepted", "2", None)
    assert client.messages(first.sid).fetch().status == "delivered"
    now = datetime.now(UTC)
    assert [one.sid for one in client.messages.list()] == [second.sid, first.sid]
    assert [one.sid for one in client.messages.list(to=EMILY, date_sent=now.date())] == [first.sid]
    assert [one.sid for one in client.messages.list(date_sent_after=now - timedelta(minutes=1), limit=1)] == [
        second.sid
    ]
    assert client.messages.list(date_sent_before=now - timedelta(days=1)) == []
    assert client.api.accounts(own["account_sid"]).fetch().status == "active"
    assert [one.phone_number for one in client.incoming_phone_numbers.list(phone_number=own["number"])] == [
        own["number"]
    ]
    assert [one["MessageStatus"] for one in world.hearer.fields(2)] == ["sent", "delivered"]
    assert [path for path, _, _ in world.hearer.heard] == ["/states", "/states"]
    with pytest.raises(TwilioRestException) as missing:
        client.messages("SM" + "0" * 32).fetch()
    assert (missing.value.status, missing.value.code) == (404, 20404)


def test_test_now_finds_out_where_messages_come_in(world: World) -> None:
    assert world.connector().check().startswith("The account and the sender work.")
    assert world.connector(sender=world.own["service"]).check().startswith("The account and the sender work.")
    with pytest.raises(ChannelError, match="does not belong to the account"):
        world.connector(sender="+12025550199").check()
    number = world.library().incoming_phone_numbers.list()[0]
    number.update(sms_url="https://elsewhere.example/sms")
    with pytest.raises(ChannelError, match="do not come here"):
        world.connector().check()
    world.sandbox.set("twilio", trial=True, webhook=f"{world.hearer.base}/hooks/sandbox-twilio")
    assert "trial" in world.connector().check()
    world.sandbox.set("twilio", status="suspended")
    with pytest.raises(ChannelError, match="suspended"):
        world.connector().check()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("あ" * 70, 1),
        ("あ" * 71, 2),
        ("😀" * 68, 3),
    ],
)
def test_the_parts_of_a_text_are_counted_as_our_composer_counts_them(
    world: World, text: str, parts: int
) -> None:
    world.sends(EMILY, text)
    (entry,) = world.sandbox.record(what="accepted")
    assert int(entry["messages"][0]["segments"]) == parts
    assert world.connector().measure(text, Person(EMILY)).parts == parts


def test_who_says_stop_gets_no_more_until_they_say_start(world: World) -> None:
    world.act(EMILY, "text", text="Stop")
    events = world.hears(1)
    assert [type(one) for one in events] == [Inbound, Permission]
    assert events[0].auto
    assert world.phone(EMILY)[1][2].startswith("You have successfully been unsubscribed.")
    with pytest.raises(ChannelError) as error:
        world.sends(EMILY, "x")
    assert error.value.unreachable
    assert "21610" in error.value.detail
    world.act(EMILY, "text", text="START")
    started = world.hears(2)[-1]
    assert isinstance(started, Permission)
    assert started.given
    assert world.sends(EMILY, "x")
    world.act(EMILY, "text", text="help")
    assert world.phone(EMILY)[-1][2].startswith("Reply STOP")


def test_without_advanced_opt_out_the_word_alone_is_told(world: World) -> None:
    world.sandbox.set("twilio", opt_out=False)
    world.act(EMILY, "text", text="STOP")
    assert "OptOutType" not in world.hearer.fields(1)[0]
    assert isinstance(world.hears(1)[-1], Permission)


def test_to_japan_it_goes_one_way(world: World) -> None:
    assert world.sends(JAPAN, "ご注文の品を発送しました https://example.jp/chat")
    assert world.phone(JAPAN) == [("shop", "text", "ご注文の品を発送しました https://example.jp/chat")]
    answer = world.sandbox.http.post("/act/twilio", json={"user": JAPAN, "action": "text", "text": "はい"})
    assert (answer.status_code, "Japan" in answer.json()["error"]) == (422, True)
    page = world.sandbox.http.get("/phone/twilio", params={"user": JAPAN, "lang": "ja"}).text
    assert "返信はできません" in page


def test_a_name_sends_where_names_are_taken(world: World) -> None:
    assert world.sends("+447700900123", "x", sender="Kitakaze")
