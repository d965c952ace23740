"""What Meta's send API takes and refuses in the sandbox, on Instagram and Messenger, and what the phone shows."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.events import Attachment, Person
from channels.instagram import Instagram
from channels.outbound import ChannelError, Outbound
from tests.sandbox.meta import FILE, PLATFORMS, Meta, refusal

TALKING = ("instagram", "messenger")
DAY = 86_400
LATE = {"instagram": (403, 10, 2534022), "messenger": (400, 10, 2018278)}
TAG = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}


def answer(to: str, text: str = "", **more: Any) -> Outbound:
    return Outbound("1", Person(to), text, **more)


def shown(meta: Meta, platform: str) -> list[dict[str, Any]]:
    """What the shop's side of the phone shows."""
    bubbles = meta.sandbox.phone(meta.somebody(platform), platform)
    return [one for one in bubbles if one["by"] == "shop"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_now_says_that_the_account_works_and_that_it_does_not(meta: Meta, platform: str) -> None:
    assert meta.connector(platform).check().startswith("Meta accepts the access token")
    meta.sandbox.set(platform, revoked=True)
    with pytest.raises(ChannelError) as refused:
        meta.connector(platform).check()
    assert refused.value.reauthorise


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_answer_stands_on_the_phone_and_on_the_record(meta: Meta, platform: str) -> None:
    meta.does(platform, "text", text="在庫は")
    sent = meta.connector(platform).send(answer(meta.somebody(platform), "ございます😀"))
    assert [(one["id"], one["text"]) for one in shown(meta, platform)] == [
        (sent.external_ids[0], "ございます😀")
    ]
    assert meta.sandbox.accepted(meta.somebody(platform)) == ["ございます😀"]


@pytest.mark.parametrize("platform", TALKING)
def test_the_longest_text_is_taken_and_one_more_is_not(meta: Meta, platform: str) -> None:
    meta.does(platform, "text", text="x")
    longest = "あ" * 333 + "x" if platform == "instagram" else "あ" * 2000
    assert meta.sends(platform, {"text": longest}).status_code == 200
    assert refusal(meta.sends(platform, {"text": longest + "x"})) == (400, 100, 0)
    assert refusal(meta.sends(platform, {})) == (400, 100, 0)
    many = [{"content_type": "text", "title": "x", "payload": "x"}] * 14
    assert refusal(meta.sends(platform, {"text": "x", "quick_replies": many}))[1] == 100


@pytest.mark.parametrize("platform", TALKING)
def test_after_a_day_only_a_person_may_answer_and_after_a_week_nobody(meta: Meta, platform: str) -> None:
    meta.does(platform, "text", text="x")
    assert meta.sends(platform, {"text": "x"}, messaging_type="RESPONSE").status_code == 200
    meta.sandbox.post("/clock", {"forward": DAY + 60})
    assert refusal(meta.sends(platform, {"text": "x"})) == LATE[platform]
    assert meta.sends(platform, {"text": "x"}, **TAG).status_code == 200
    assert refusal(meta.sends(platform, {"text": "x"}, **{**TAG, "tag": "ACCOUNT_UPDATE"}))[1] == 100
    meta.sandbox.set(platform, human_agent=False)
    assert refusal(meta.sends(platform, {"text": "x"}, **TAG))[1] == 10
    meta.sandbox.set(platform, human_agent=True)
    meta.sandbox.post("/clock", {"forward": 6 * DAY})
    assert refusal(meta.sends(platform, {"text": "x"}, **TAG)) == LATE[platform]


@pytest.mark.parametrize("platform", TALKING)
def test_nobody_is_written_to_who_has_not_written_or_has_blocked(meta: Meta, platform: str) -> None:
    assert refusal(meta.sends(platform, {"text": "x"})) == (400, 100, 2018001)
    meta.does(platform, "text", text="x")
    meta.does(platform, "unfollow")
    assert refusal(meta.sends(platform, {"text": "x"})) == (400, 551, 1545041)
    meta.does(platform, "follow")
    assert meta.sends(platform, {"text": "x"}).status_code == 200


@pytest.mark.parametrize(
    ("platform", "fault", "expected"),
    [
        ("instagram", "rate_limit", (403, 4, 0)),
        ("messenger", "rate_limit", (400, 613, 0)),
        ("whatsapp", "rate_limit", (429, 130429, 0)),
        ("messenger", "expired_token", (401, 190, 463)),
        ("messenger", "error", (503, 2, 0)),
    ],
)
def test_misbehaviour_is_told_in_metas_own_way(
    meta: Meta, platform: str, fault: str, expected: tuple[int, int, int]
) -> None:
    meta.does(platform, "text", text="x")
    meta.sandbox.misbehaves({"fault": fault, "platform": platform, "call": "messages", "count": 1})
    told = {
        "messaging_product": "whatsapp",
        "to": meta.somebody(platform),
        "type": "text",
        "text": {"body": "x"},
    }
    path = f"{meta.sandbox.state('whatsapp')['settings']['account_id']}/messages"
    refused = (
        meta.call(platform, path, told) if platform == "whatsapp" else meta.sends(platform, {"text": "x"})
    )
    assert refusal(refused) == expected
    assert shown(meta, platform) == []


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("fault", "arrives"), [("drop_before", 0), ("drop_after", 1), ("error_after", 1)])
def test_an_answer_that_is_lost_is_ambiguous(meta: Meta, platform: str, fault: str, arrives: int) -> None:
    meta.does(platform, "text", text="x")
    meta.sandbox.misbehaves({"fault": fault, "call": "messages", "count": 1})
    with pytest.raises(ChannelError) as refused:
        meta.connector(platform).send(answer(meta.somebody(platform), "はい"))
    assert refused.value.ambiguous
    assert len(shown(meta, platform)) == arrives


@pytest.mark.parametrize("token", ["another", "sandbox-messenger-tokem"])
def test_a_token_of_nobody_opens_nothing(meta: Meta, token: str) -> None:
    url = "/graph.facebook.com/v26.0/me"
    refused = meta.sandbox.http.get(url, headers={"Authorization": f"Bearer {token}"})
    assert refusal(refused)[:2] == (401, 190)


def test_a_proof_by_another_secret_is_refused(meta: Meta) -> None:
    refused = meta.call("messenger", "me?appsecret_proof=" + "0" * 64)
    assert refusal(refused)[:2] == (400, 100)


def test_instagram_fetches_a_file_by_its_address(meta: Meta) -> None:
    who = meta.somebody("instagram")
    meta.does("instagram", "text", text="x")
    file = Attachment("file.pdf", "application/pdf", url=f"{meta.hearer.url}/file.pdf")
    meta.connector("instagram").send(answer(who, "", attachments=(file,)))
    bubble = shown(meta, "instagram")[0]
    assert (bubble["kind"], bubble["text"]) == ("file", "file.pdf")
    query = {"user": who, "message": bubble["id"]}
    assert meta.sandbox.http.get("/phone/instagram/media", params=query).content == FILE
    large = {"attachment": {"type": "file", "payload": {"url": f"{meta.hearer.url}/large.pdf"}}}
    assert refusal(meta.sends("instagram", large)) == (400, 100, 2018109)
    gone = {"attachment": {"type": "file", "payload": {"url": "http://127.0.0.1:9/file.pdf"}}}
    assert refusal(meta.sends("instagram", gone)) == (400, 100, 2018008)
    elsewhere = {"attachment": {"type": "file", "payload": {"url": "http://169.254.169.254/file.pdf"}}}
    assert refusal(meta.sends("instagram", elsewhere)) == (400, 100, 2018008)


def test_messenger_takes_a_file_with_the_message_or_uploaded_before(meta: Meta) -> None:
    who = meta.somebody("messenger")
    meta.does("messenger", "text", text="x")
    file = Attachment("料金表.pdf", "application/pdf", data=FILE)
    meta.connector("messenger").send(answer(who, "こちらです", attachments=(file,)))
    assert [(one["kind"], one["text"]) for one in shown(meta, "messenger")] == [
        ("text", "こちらです"),
        ("file", "料金表.pdf"),
    ]
    by_address = {"type": "file", "payload": {"url": f"{meta.hearer.url}/file.pdf", "is_reusable": True}}
    kept = meta.call("messenger", "me/message_attachments", {"message": {"attachment": by_address}}).json()
    for _ in range(2):
        again = {"attachment": {"type": "file", "payload": kept}}
        assert meta.sends("messenger", again).status_code == 200
    assert len(shown(meta, "messenger")) == 4


@pytest.mark.parametrize("platform", TALKING)
def test_dots_read_marks_chips_and_cards_stand_on_the_phone(meta: Meta, platform: str) -> None:
    who = meta.somebody(platform)
    mid = meta.does(platform, "text", text="間違い")
    connector = meta.talking(platform)
    connector.typing(Person(who), {})
    assert meta.sandbox.state(platform)["customers"][0]["typing_until"] > 0
    connector.mark_read({"mid": mid, "person": who})
    assert meta.sandbox.phone(who, platform)[0]["read"]
    connector.send(answer(who, "どのサイズでしょう", quick_replies=("M", "L")))
    labels = [one["action"]["label"] for one in shown(meta, platform)[0]["data"]["quickReply"]["items"]]
    assert labels == ["M", "L"]
    button = {"type": "postback", "title": "返品する", "payload": "RETURN"}
    card = {"template_type": "button", "text": "ご用件は", "buttons": [button]}
    assert meta.sends(platform, {"attachment": {"type": "template", "payload": card}}).status_code == 200
    drawn = shown(meta, platform)[1]
    assert (drawn["kind"], drawn["data"]["template"]["actions"][0]["label"]) == ("template", "返品する")
    assert meta.sandbox.state(platform)["customers"][0]["typing_until"] == 0


def test_instagrams_account_reacts_and_takes_it_off_again(meta: Meta) -> None:
    mid = meta.does("instagram", "text", text="ありがとう")
    to = {
        "recipient": {"id": meta.somebody("instagram")},
        "payload": {"message_id": mid, "reaction": "love"},
    }
    for action, shown_then in (("react", "love"), ("unreact", None)):
        done = meta.call("instagram", "me/messages", {**to, "sender_action": action})
        assert done.status_code == 200
        bubble = meta.sandbox.phone(meta.somebody("instagram"), "instagram")[0]
        assert bubble["data"]["reaction"] == shown_then
    assert refusal(meta.call("instagram", "me/messages", {**to, "sender_action": "dance"}))[1] == 100


def test_instagram_is_had_by_a_page_as_well_and_its_token_is_renewed(meta: Meta) -> None:
    own = meta.talking("instagram")
    assert isinstance(own, Instagram)
    by_page = dataclasses.replace(own.settings, login="facebook")
    assert Instagram(by_page, meta.http, own.context).check().startswith("Meta accepts the access token")
    query = {"grant_type": "ig_refresh_token", "access_token": own.settings.access_token}
    renewed = meta.sandbox.http.get("/graph.instagram.com/refresh_access_token", params=query).json()
    assert renewed["access_token"] == own.settings.access_token
    assert renewed["expires_in"] == 60 * DAY


def test_our_own_instagram_renews_its_token_while_there_is_time(meta: Meta) -> None:
    own = meta.talking("instagram")
    assert isinstance(own, Instagram)
    ends = own.look_after()
    assert ends is not None
    assert round((ends - datetime.now(UTC)).total_seconds() / DAY) == 60
    meta.sandbox.misbehaves({"fault": "expired_token", "platform": "instagram", "probability": 1})
    with pytest.raises(ChannelError) as refused:
        own.look_after()
    assert refused.value.reauthorise
    meta.sandbox.misbehaves()


def test_a_token_that_ends_soon_is_told_of(meta: Meta) -> None:
    meta.sandbox.set("messenger", expires_at=int(time.time()) + 3 * DAY)
    assert (
        meta.connector("messenger").check().startswith("Everything works, but the access token expires soon.")
    )


@pytest.mark.parametrize(
    "told",
    [
        {"recipient": "me", "message": {"text": "x"}},
        {"recipient": {"id": ["x"]}, "message": {"text": "x"}},
        {"message": {"attachment": "x"}},
        {"message": {"text": "x", "quick_replies": {"a": 1}}},
        {
            "message": {
                "attachment": {
                    "type": "template",
                    "payload": {"template_type": "button", "text": "x", "buttons": [1]},
                }
            }
        },
        {"message": ["x"]},
        {"message": {"text": 5}},
    ],
)
def test_a_body_of_another_shape_is_refused_and_nothing_is_sent(meta: Meta, told: dict[str, Any]) -> None:
    meta.does("messenger", "text", text="x")
    whole = {"recipient": {"id": meta.somebody("messenger")}, **told}
    assert refusal(meta.call("messenger", "me/messages", whole))[:2] == (400, 100)
    assert shown(meta, "messenger") == []


def test_people_are_looked_up_once_they_have_written(meta: Meta) -> None:
    assert meta.talking("instagram").lookup(meta.somebody("instagram")) is None
    for platform in TALKING:
        meta.does(platform, "text", text="x")
        found = meta.talking(platform).lookup(meta.somebody(platform))
        assert found is not None
        assert found.name == "佐藤 美咲"
        face = meta.http.get(found.avatar_url)
        assert (face.status_code, face.headers["content-type"]) == (200, "image/png")
    assert refusal(meta.call("messenger", "5" * 16))[1:] == (100, 33)
    strange = meta.call("messenger", f"{meta.somebody('messenger')}?fields=birthday")
    assert refusal(strange)[1] == 100
