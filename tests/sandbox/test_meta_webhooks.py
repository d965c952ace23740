"""What customers do on Instagram, Messenger and WhatsApp as webhooks: signed as Meta signs (pywa is the judge), read by
the product's own connectors without a rest, and coming badly on demand."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from channels.events import Edit, Ignored, Inbound, Reaction, Receipt, Unsend
from tests.sandbox.meta import FILE, PLATFORMS, VERIFY, Meta, refusal
from tests.serving import until

PDF = {"content": base64.b64encode(FILE).decode(), "type": "application/pdf", "name": "注文書.pdf"}
PHOTO = {"content": base64.b64encode(b"\x89PNG a photo").decode(), "type": "image/png", "name": "photo.png"}
TALKING = ("instagram", "messenger")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_words_come_signed_over_escaped_bytes(meta: Meta, platform: str) -> None:
    mid = meta.does(platform, "text", text="在庫は？ https://shop.example/a")
    said = meta.heard(platform, 1)[0]
    assert isinstance(said, Inbound)
    assert (said.external_id, said.text) == (mid, "在庫は？ https://shop.example/a")
    assert said.sent_at is not None
    assert b"\\u5728" in meta.hearer.bodies[0]
    assert b"https:\\/\\/shop" in meta.hearer.bodies[0]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_address_is_asked_whether_it_is_ours_before_it_is_told(meta: Meta, platform: str) -> None:
    own = meta.sandbox.state(platform)["settings"]
    objects = {"instagram": "instagram", "messenger": "page", "whatsapp": "whatsapp_business_account"}
    asked = {
        "object": objects[platform],
        "callback_url": f"{meta.hearer.url}/elsewhere",
        "verify_token": VERIFY,
        "access_token": f"{own['app_id']}|{own['app_secret']}",
    }
    path = f"/graph.facebook.com/v26.0/{own['app_id']}/subscriptions"
    refused = meta.sandbox.http.post(path, json={**asked, "verify_token": "another"})
    assert refusal(refused)[:2] == (400, 2200)
    assert meta.sandbox.http.post(path, json=asked).json() == {"success": True}
    assert meta.sandbox.state(platform)["settings"]["webhook"] == f"{meta.hearer.url}/elsewhere"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_file_is_fetched_where_the_message_says(meta: Meta, platform: str) -> None:
    kind, about = ("image", PHOTO) if platform == "instagram" else ("file", PDF)
    meta.does(platform, kind, **about)
    said = meta.heard(platform, 1)[0]
    assert isinstance(said, Inbound)
    file = said.attachments[0]
    assert meta.connector(platform).fetch(file) == base64.b64decode(about["content"])
    if platform != "instagram":
        assert file.name == "注文書.pdf"


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("fault", ["redirect_media", "media_gone"])
def test_a_file_that_leads_inside_or_is_gone_is_not_fetched(meta: Meta, platform: str, fault: str) -> None:
    meta.does(platform, "image", **PHOTO)
    said = meta.heard(platform, 1)[0]
    assert isinstance(said, Inbound)
    meta.sandbox.misbehaves({"fault": fault})
    with pytest.raises(Exception, match=r"does not lie at the platform|not at Meta any more"):
        meta.connector(platform).fetch(said.attachments[0])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_reactions_replies_and_what_is_taken_back_are_told(meta: Meta, platform: str) -> None:
    first = meta.does(platform, "text", text="これ")
    second = meta.does(platform, "text", text="それ", quote=first)
    meta.does(platform, "reaction", message=first, emoji="❤️")
    meta.does(platform, "reaction", message=first, emoji="")
    meta.does(platform, "unsend", message=second)
    expected = 6 if platform == "messenger" else 7
    events = meta.heard(platform, expected - 1)
    assert not [one for one in events if isinstance(one, Ignored)]
    quoting = events[1]
    assert isinstance(quoting, Inbound)
    assert quoting.in_reply_to == first
    assert [one.on for one in events if isinstance(one, Reaction)] == [False, True, False]
    told = [one.external_id for one in events if isinstance(one, Unsend)]
    assert told == ([] if platform == "messenger" else [second])
    assert [one["unsent"] for one in meta.sandbox.phone(meta.somebody(platform), platform)] == [
        False,
        True,
    ]


def test_messenger_tells_edits_stickers_and_places(meta: Meta) -> None:
    mid = meta.does("messenger", "text", text="まちがい")
    meta.does("messenger", "edit", message=mid, text="ただしい")
    meta.does("messenger", "sticker", stickerId="1988")
    meta.does("messenger", "location", title="神戸店", latitude=34.6, longitude=135.1)
    _, edit, sticker, place = meta.heard("messenger", 4)
    assert isinstance(edit, Edit)
    assert edit.text == "ただしい"
    assert isinstance(sticker, Inbound)
    assert sticker.attachments[0].url.endswith("1988.png")
    assert isinstance(place, Inbound)
    assert place.text.startswith("神戸店")


def test_instagram_tells_of_stories(meta: Meta) -> None:
    meta.does("instagram", "story_mention", **PHOTO)
    meta.does("instagram", "story_reply", text="すてき")
    mention, reply = meta.heard("instagram", 2)
    assert isinstance(mention, Inbound)
    assert mention.context["notice"] == "They mentioned the account in their story."
    assert len(mention.attachments) == 1
    assert isinstance(reply, Inbound)
    assert (reply.text, reply.context["notice"]) == ("すてき", "They answered a story of the account.")


@pytest.mark.parametrize("platform", TALKING)
def test_a_tapped_button_comes_back_with_its_payload(meta: Meta, platform: str) -> None:
    meta.does(platform, "text", text="M", payload="サイズ M")
    meta.does(platform, "postback", title="返品する", payload="RETURN")
    quick, button = meta.heard(platform, 2)
    assert isinstance(quick, Inbound)
    assert isinstance(button, Inbound)
    assert (quick.text, quick.context["payload"]) == ("M", "サイズ M")
    assert (button.text, button.context["payload"]) == ("返品する", "RETURN")


@pytest.mark.parametrize("platform", TALKING)
def test_what_we_send_is_echoed_and_how_far_it_came_is_told(meta: Meta, platform: str) -> None:
    meta.does(platform, "text", text="x")
    mid = meta.sends(platform, {"text": "はい"}).json()["message_id"]
    meta.does(platform, "read")
    states = {"instagram": ["sent", "read"], "messenger": ["sent", "delivered", "delivered", "read"]}[
        platform
    ]
    events = meta.heard(platform, 1 + len(states))[1:]
    receipts = [one for one in events if isinstance(one, Receipt)]
    assert [one.state for one in receipts] == states
    assert {one.external_id for one in receipts} <= {mid, ""}
    assert receipts[0].external_id == mid


def test_only_what_is_subscribed_to_is_told(meta: Meta) -> None:
    path = "me/subscribed_apps?subscribed_fields=messages"
    assert meta.call("messenger", path, {}).json() == {"success": True}
    assert refusal(meta.call("messenger", "me/subscribed_apps?subscribed_fields=gossip", {}))[1] == 100
    meta.does("messenger", "text", text="x")
    meta.sends("messenger", {"text": "はい"})
    meta.does("messenger", "text", text="y")
    texts = [one.text for one in meta.heard("messenger", 2) if isinstance(one, Inbound)]
    assert texts == ["x", "y"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_not_answered_is_told_again_unchanged(meta: Meta, platform: str) -> None:
    meta.hearer.answers[:] = [500]
    mid = meta.does(platform, "text", text="x")
    first, second = meta.heard(platform, 2)
    assert first == second
    assert isinstance(first, Inbound)
    assert first.external_id == mid
    meta.sandbox.settle(platform)
    entries = meta.sandbox.record(what="webhook", platform=platform)
    assert [(one["status"], one["attempt"]) for one in entries] == [(500, 1), (200, 2)]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_it_comes_twice_late_overtaken_and_together_on_demand(meta: Meta, platform: str) -> None:
    meta.sandbox.misbehaves({"fault": "duplicate", "count": 1})
    meta.does(platform, "text", text="one")
    texts = _texts(meta, platform, 2)
    assert texts == ["one", "one"]
    meta.sandbox.settle(platform)
    meta.hearer.bodies.clear()
    meta.sandbox.misbehaves({"fault": "reorder", "count": 1, "seconds": 2})
    for text in ("two", "three"):
        meta.does(platform, "text", text=text)
    assert _texts(meta, platform, 2) == ["three", "two"]
    meta.sandbox.settle(platform)
    meta.hearer.bodies.clear()
    meta.sandbox.misbehaves({"fault": "batch", "count": 1, "times": 3, "seconds": 2})
    for text in ("four", "five", "six"):
        meta.does(platform, "text", text=text)
    assert _texts(meta, platform, 3) == ["four", "five", "six"]
    assert len(meta.hearer.bodies) == 1
    told = json.loads(meta.hearer.bodies[0])["entry"]
    assert [len(one.get("messaging", one.get("changes"))) for one in told] == (
        [3] if platform == "whatsapp" else [1, 1, 1]
    )


def _texts(meta: Meta, platform: str, count: int) -> list[Any]:
    until(lambda: len(meta.heard(platform, 0)) >= count, f"{count} messages")
    return [one.text for one in meta.heard(platform, count) if isinstance(one, Inbound)]
