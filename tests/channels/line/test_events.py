"""Webhook events: the SDK and we read the same, and nothing LINE may send stops us."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from linebot.v3.webhook import WebhookParser
from linebot.v3.webhooks.models import Event as SdkEvent
from linebot.v3.webhooks.models import MessageEvent

from channels.base import Event, Ignored, Inbound, Request, Unsend
from channels.line.events import NOT_FOR_US, Place, read
from channels.text import clean
from tests.channels.cases import Payload, payloads
from tests.channels.line.account import BOT, HANA, SECRET, line
from tests.channels.script import Script
from tests.examples import some

OURS_ALONE = {
    "one_bad_event_among_good_ones",
    "unknown_event_and_message",
    "things",
}  # the SDK knows them not
LINES = payloads("line")
PLACE = Place("k1", BOT)


def parsed(*events: Any, place: Place = PLACE) -> list[Event]:
    return read({"destination": BOT, "events": list(events)}, place)


def said(message: dict[str, Any], **more: Any) -> dict[str, Any]:
    source = {"type": "user", "userId": HANA.address}
    event = {"type": "message", "mode": "active", "timestamp": 1795255170123, "source": source}
    return {**event, "webhookEventId": "01K", "message": {"id": "1", **message}, **more}


@pytest.mark.parametrize("payload", [p for p in LINES if p.name not in OURS_ALONE], ids=lambda p: p.name)
def test_the_sdk_accepts_and_reads_the_same_payload(payload: Payload) -> None:
    body, signature = payload.request.body.decode(), payload.request.header("x-line-signature")
    told = WebhookParser(SECRET).parse(body, signature, as_payload=True)
    assert told.destination == json.loads(body)["destination"]
    ours = payload.connector().parse(payload.request)
    theirs = {one.message.id: clean(one.message.text) for one in told.events if has_text(one)}
    texts = [one for one in ours if isinstance(one, Inbound) and one.context["type"] == "text"]
    assert {one.external_id: one.text for one in texts}.items() <= theirs.items()
    assert len(told.events) == len(json.loads(body)["events"])
    assert len(ours) in (len(told.events), 1)


def has_text(event: Any) -> bool:
    return isinstance(event, MessageEvent) and event.message is not None and event.message.type == "text"


def test_every_event_the_sdk_knows_has_a_captured_payload() -> None:
    known = set(SdkEvent._Event__discriminator_value_class_map)
    captured = {one["type"] for p in LINES for one in p.request.json()["events"] if isinstance(one, dict)}
    assert known <= captured
    assert set(NOT_FOR_US) <= captured


def test_trap_1_the_empty_probe_is_good_and_brings_nothing() -> None:
    (probe,) = [one for one in LINES if one.name == "probe"]
    probe.connector().verify(probe.request)
    assert probe.connector().parse(probe.request) == []
    assert read({"destination": "of-somebody-else", "events": []}, PLACE) == []


def test_trap_2_a_redelivery_has_the_same_id_and_time_in_any_order() -> None:
    (payload,) = [one for one in LINES if one.name == "redelivered_after_the_next"]
    later, again = payload.connector().parse(payload.request)
    assert isinstance(later, Inbound)
    assert isinstance(again, Inbound)
    first = json.loads(payload.request.body)["events"][1]
    (once,) = parsed({**first, "deliveryContext": {"isRedelivery": False}})
    assert isinstance(once, Inbound)
    assert (again.external_id, again.sent_at) == (once.external_id, once.sent_at)
    assert again.sent_at is not None
    assert later.sent_at is not None
    assert again.sent_at < later.sent_at


def test_trap_5_what_is_taken_back_is_named_even_in_a_group() -> None:
    group = {"type": "group", "groupId": "C" + "0" * 32}
    event = {"type": "unsend", "timestamp": 1795255170123, "source": group, "unsend": {"messageId": "325708"}}
    assert parsed(event) == [Unsend("325708", datetime(2026, 11, 21, 9, 59, 30, 123000, UTC))]


def test_trap_6_in_standby_it_is_shown_and_nothing_may_answer_it_by_itself() -> None:
    (event,) = parsed(said({"type": "text", "text": "担当の方"}, mode="standby", replyToken="r"))
    assert isinstance(event, Inbound)
    assert event.auto
    assert "reply_token" not in event.context


def test_trap_8_emoji_and_mentions_are_counted_in_utf16_units() -> None:
    text = "👨‍👩‍👧‍👦\r\n𠮷野家(moon)です"
    units = len(text[: text.index("(")].encode("utf-16-le")) // 2
    emoji = {"index": units, "length": 6, "productId": "5ac1", "emojiId": "002"}
    (event,) = parsed(said({"type": "text", "text": text, "emojis": [emoji]}))
    assert isinstance(event, Inbound)
    (span,) = event.context["emojis"]
    assert span["words"] == "(moon)"
    assert event.text[span["at"] :].startswith("(moon)")


@pytest.mark.parametrize("index", [-1, 0, 3, 10**6, 10**9, "2", None])
def test_trap_8_a_span_outside_of_the_text_stops_nothing(index: Any) -> None:
    emoji = {"index": index, "length": 4, "productId": "5ac1", "emojiId": "002"}
    assert len(parsed(said({"type": "text", "text": "😀", "emojis": [emoji]}))) == 1


def test_trap_9_pictures_of_a_set_come_without_a_total() -> None:
    pictures = [said({"type": "image", "id": str(n), "imageSet": {"id": "S"}}) for n in range(3)]
    events = parsed(*pictures)
    assert [one.external_id for one in events if isinstance(one, Inbound)] == ["0", "1", "2"]
    assert all(isinstance(one, Inbound) and one.context["image_set"] == {"id": "S"} for one in events)


def test_what_is_meant_for_another_account_is_not_taken() -> None:
    elsewhere = Place("k1", "U" + "1" * 32)
    (event,) = parsed(said({"type": "text", "text": "x"}), place=elsewhere)
    assert event == Ignored(f"meant for another account: {BOT}")
    (event,) = parsed(said({"type": "text", "text": "x"}), place=Place("k1"))
    assert isinstance(event, Inbound)


def test_people_of_one_provider_can_be_shared_by_its_accounts() -> None:
    body = json.dumps({"destination": BOT, "events": [said({"type": "text", "text": "x"})]}).encode()
    (event,) = line(Script(), identity_scope="shop").parse(Request("POST", "", body=body))
    assert isinstance(event, Inbound)
    assert (event.sender.address, event.sender.scope) == (HANA.address, "shop")


def test_a_sticker_without_keywords_is_its_picture_alone() -> None:
    (event,) = parsed(said({"type": "sticker", "packageId": "1", "stickerId": "2"}))
    assert isinstance(event, Inbound)
    assert event.text == ""
    assert event.attachments[0].url.endswith("/stickershop/v1/sticker/2/android/sticker.png")


@pytest.mark.parametrize("sticker", ["../../x", "1/2", "", "١٢", None])
def test_a_sticker_whose_id_is_no_number_leads_nowhere(sticker: Any) -> None:
    (event,) = parsed(said({"type": "sticker", "packageId": "1", "stickerId": sticker}))
    assert isinstance(event, Ignored)


def test_a_body_that_is_not_lines_is_said_to_be_so() -> None:
    said_so = Ignored("the body is not LINE's: it has no list of events", malformed=True)
    junks: list[Any] = [None, 3, "x", [], {"events": {}}]
    for junk in junks:
        assert read(junk, PLACE) == [said_so]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
EVENTS = [one for p in LINES for one in p.request.json()["events"] if isinstance(one, dict)]


@given(data=st.data())
@settings(max_examples=some(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_spoiled_event_costs_no_neighbour(data: st.DataObject) -> None:
    broken = dict(data.draw(st.sampled_from(EVENTS)))
    for name in data.draw(st.lists(st.sampled_from(sorted(broken)), min_size=1, max_size=3)):
        inner = broken[name]
        if isinstance(inner, dict) and inner and data.draw(st.booleans()):
            broken[name] = {**inner, data.draw(st.sampled_from(sorted(inner))): data.draw(json_values)}
        else:
            broken[name] = data.draw(json_values)
    events = parsed(
        said({"type": "text", "text": "前"}), broken, said({"type": "text", "text": "後", "id": "2"})
    )
    good = [one.text for one in events if isinstance(one, Inbound)]
    assert len(events) == 3
    assert {"前", "後"} <= set(good)


@given(value=json_values)
@settings(max_examples=some(200), deadline=None)
def test_anything_at_all_is_read_the_same_twice(value: Any) -> None:
    sample = LINES[0].connector()
    body = json.dumps({"destination": BOT, "events": [value]}).encode("utf-8", "surrogatepass")
    request = replace(LINES[0].request, body=body)
    assert sample.parse(request) == sample.parse(request)


def test_five_thousand_emoji_are_one_message() -> None:
    (event,) = parsed(said({"type": "text", "text": "😀" * 2500}))
    assert isinstance(event, Inbound)
    assert event.text == "😀" * 2500


@pytest.mark.parametrize(
    ("message", "beside"),
    [
        ({"emojis": [{"index": 0, "length": 1, "productId": "p", "emojiId": "1"}] * 51}, {}),
        ({"mention": {"mentionees": [{"index": 0, "length": 1, "type": "all"}] * 51}}, {}),
        ({"quoteToken": "q" * 501, "markAsReadToken": "r" * 501}, {"replyToken": "t" * 501}),
    ],
)
def test_ornaments_beyond_what_is_expected_cost_no_message(
    message: dict[str, Any], beside: dict[str, Any]
) -> None:
    (event,) = parsed(said({"type": "text", "text": "届きません", **message}, **beside))
    assert isinstance(event, Inbound)
    assert event.text == "届きません"
    assert [len(event.context.get(name, ())) for name in ("emojis", "mentions")] in ([50, 0], [0, 50], [0, 0])
    assert not {"quote_token", "read_token", "reply_token"} & event.context.keys()


def test_deep_json_is_refused_in_words() -> None:
    body = b'{"events":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    (event,) = LINES[0].connector().parse(Request("POST", "", body=body))
    assert isinstance(event, Ignored)
