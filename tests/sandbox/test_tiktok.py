"""TikTok as the sandbox plays it: openssl and the documented shapes judge what it tells; our connector talks to it."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from typing import Any, Literal

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from channels.base import Attachment, ChannelError, Outbound, Person
from channels.events import Ignored, Inbound, Reaction, Receipt
from channels.guard import Client
from channels.tiktok import health
from tests.sandbox import Hearer, Sandbox
from tests.sandbox import world as world_of
from tests.sandbox.test_phone import SIZES, Phone
from tests.sandbox.world import base64_of, heard, picture
from tests.serving import until

API = "/business-api.tiktok.com/open_api/v1.3"
ENVELOPE = {"client_key": str, "event": str, "create_time": int, "user_openid": str, "content": str}
CONTENT = {
    "conversation_id": str,
    "timestamp": int,
    "from": str,
    "to": str,
    "from_user": dict,
    "to_user": dict,
}


class World(world_of.World):
    """TikTok's."""

    platform = "tiktok"

    def last(self, user: str) -> dict[str, Any]:
        """The context of what somebody wrote last."""
        said = [one for one in self.events(1) if isinstance(one, Inbound) and one.sender.address == user]
        return dict(said[-1].context)

    def message(self, user: str, text: str, **more: Any) -> Outbound:
        return super().message(user, text, last=self.last(user), **more)


@pytest.fixture
def world(begun: Sandbox, http: Client) -> Iterator[World]:
    """As at the start, its webhooks going to the hearer."""
    with heard(begun, "tiktok", Hearer()) as hearer:
        yield World(begun, hearer, http)


@pytest.fixture
def who(world: World) -> str:
    """A customer who has written."""
    return world.writer()


def test_text_goes_both_ways_and_its_echo_comes_back(world: World, who: str) -> None:
    (asked,) = world.events(1)
    assert (asked.kind, asked.text, asked.sender.address) == ("inbound", "こんにちは", who)
    assert (asked.sender.name, asked.sender.attributes) == ("misaki.sato", {"TikTok": "@misaki.sato"})
    (sent,) = world.sends(who, "いらっしゃいませ😀")
    (_, echo) = world.events(2)
    assert (echo.kind, echo.external_id, echo.text, echo.sender.address) == (
        "outbound",
        sent,
        "いらっしゃいませ😀",
        who,
    )
    assert echo.context["source"] == "API"
    assert world.phone(who) == [("customer", "text", "こんにちは"), ("shop", "text", "いらっしゃいませ😀")]
    (accepted,) = world.sandbox.record(what="accepted", platform="tiktok")
    assert (accepted["to"], accepted["messages"][0]["id"]) == (who, sent)


def test_trap_25_what_is_told_has_the_documented_shape_and_a_signature_that_openssl_gives(
    world: World, who: str
) -> None:
    world.act(who, "image", content=base64_of(picture()), type="image/png")
    world.act(who, "staff", text="アプリから")
    for request in world.hearer.requests(3):
        at, _, given = request.header("tiktok-signature").partition(",")
        signed = f"{at[2:]}.".encode() + request.body
        command = ["openssl", "dgst", "-sha256", "-hmac", "sandbox-tiktok-secret"]
        made = subprocess.run(command, input=signed, capture_output=True, check=True).stdout.decode()
        assert given == f"s={made.split()[-1]}"
        told = json.loads(request.body)
        assert {name: type(value) for name, value in told.items()} == ENVELOPE
        content = json.loads(told["content"])
        assert {name: type(content[name]) for name in CONTENT} == CONTENT
        assert told["user_openid"] in (content["from_user"]["id"], content["to_user"]["id"])
        assert isinstance(content[content["type"]], dict)


def test_whatever_a_customer_does_is_read(world: World, who: str) -> None:
    first = world.act(who, "text", text="一")["message"]
    world.act(who, "text", text="二", quote=first)
    world.act(who, "image", content=base64_of(picture()), type="image/png")
    world.act(who, "video", content=base64.b64encode(b"film").decode(), type="video/mp4")
    world.act(who, "sticker", stickerId="1988")
    world.act(who, "share_post")
    world.act(who, "other", type="hologram")
    world.act(who, "reaction", message=first, emoji="❤️")
    world.act(who, "reaction", message=first, emoji="👍")
    world.act(who, "referral")
    world.act(who, "from_europe")
    world.act(who, "staff", text="アプリから")
    events = world.events(13)
    said = [one for one in events if isinstance(one, Inbound)]
    assert [one.text for one in said[1:3]] == ["一", "二"]
    assert said[2].in_reply_to == first
    assert [one.attachments[0].content_type for one in said[3:6]] == ["image/jpeg", "video/mp4", "image/webp"]
    assert said[6].text.startswith("https://www.tiktok.com/")
    assert said[7].context["unknown"] == "hologram"
    assert (said[8].kind, said[8].text, said[8].context["source"]) == ("outbound", "アプリから", "APP")
    reactions = [(one.emoji, one.on) for one in events if isinstance(one, Reaction)]
    assert reactions == [("❤️", True), ("❤️", False), ("👍", True)]
    assert sum(isinstance(one, Ignored) for one in events) == 2


def test_files_are_fetched_with_the_token(world: World, who: str) -> None:
    world.act(who, "image", content=base64_of(picture()), type="image/png")
    world.act(who, "sticker", stickerId="1988")
    files = [file for one in world.events(3) for file in one.attachments]
    assert world.connector.fetch(files[0]) == picture()
    assert world.connector.fetch(files[1]).startswith(b"\x89PNG")
    where = f"/p16-sandbox.tiktokcdn.com/media/{files[0].ref.split(' ')[2]}"
    assert world.sandbox.http.get(where).status_code == 403


@pytest.mark.parametrize(
    ("fault", "permanent"), [("media_gone", True), ("redirect_media", True), ("slow_media", None)]
)
def test_a_file_that_misbehaves(world: World, who: str, fault: str, permanent: bool | None) -> None:
    world.act(who, "image", content=base64_of(picture()), type="image/png")
    (file,) = [file for one in world.events(2) for file in one.attachments]
    world.sandbox.misbehaves({"fault": fault, "platform": "tiktok", "seconds": 0.1})
    if permanent is None:
        assert world.connector.fetch(file) == picture()
    else:
        with pytest.raises(ChannelError) as told:
            world.connector.fetch(file)
        assert told.value.permanent is permanent


def test_a_picture_stands_on_the_phone(world: World, who: str) -> None:
    file = Attachment("coat.png", "image/png", url="https://desk.example.jp/1", data=picture())
    words, shown = world.sends(who, "こちらです", attachments=(file,))
    assert world.phone(who)[1:] == [("shop", "text", "こちらです"), ("shop", "image", "")]
    got = world.sandbox.http.get("/phone/tiktok/media", params={"user": who, "message": shown})
    assert (got.status_code, got.content) == (200, picture())
    echoes = [one.external_id for one in world.events(3) if isinstance(one, Inbound)]
    assert echoes[1:] == [words, shown]


def test_an_answer_quotes_what_it_is_about(world: World, who: str) -> None:
    asked = world.events(1)[0].external_id
    world.sends(who, "はい", quoted_id=asked)
    assert [one["quoted"] for one in world.sandbox.phone(who, "tiktok")] == ["", asked]
    assert world.refused(who, quoted_id="nobody's").detail[:5] == "40002"


def test_writing_and_reading_are_shown_both_ways(world: World, who: str) -> None:
    world.connector.typing(Person(who), world.last(who))
    (customer, *_) = world.sandbox.state("tiktok")["customers"]
    assert customer["typing_until"] > 0
    world.connector.mark_read(world.last(who))
    assert [one["read"] for one in world.sandbox.phone(who, "tiktok")] == [True]
    (sent,) = world.sends(who, "はい")
    world.act(who, "read")
    events = world.events(3)
    (read,) = [one for one in events if isinstance(one, Receipt)]
    (echo,) = [one for one in events if isinstance(one, Inbound) and one.kind == "outbound"]
    assert (read.state, read.through, read.person and read.person.address) == ("read", True, who)
    assert (echo.external_id, echo.sent_at) == (sent, read.at)


def test_ten_messages_are_taken_until_the_customer_writes_again(world: World, who: str) -> None:
    for number in range(10):
        world.sends(who, f"{number}")
    error = world.refused(who)
    assert (error.permanent, error.detail[:5]) == (True, "40064")
    world.act(who, "text", text="はい")
    world.sends(who, "また送れます")


def test_two_days_after_the_last_words_nothing_is_taken(world: World, who: str) -> None:
    world.sandbox.post("/clock", {"forward": 49 * 3600})
    world.sandbox.set("tiktok", webhook=world.hearer.url)
    assert world.refused(who).sentence.startswith("TikTok's rules hold this message back")


def test_a_token_that_has_ended_is_renewed_and_the_old_refresh_token_with_it(world: World, who: str) -> None:
    world.sandbox.set("tiktok", expire_tokens=True)
    (sent,) = world.sends(who, "はい")
    first = dict(world.kept.secrets)
    assert first["refresh_token"] == world.account["refresh_token"] != "sandbox-tiktok-refresh"
    assert sent
    world.sandbox.set("tiktok", expire_tokens=True)
    world.sends(who, "もう一度")
    assert world.kept.secrets["refresh_token"] != first["refresh_token"]
    old = {"client_id": world.account["app_id"], "client_secret": world.account["app_secret"]}
    asked = {**old, "grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    answer = world.sandbox.http.post(f"{API}/tt_user/oauth2/refresh_token/", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (200, 40103)


def test_a_permission_that_was_taken_back_asks_somebody_to_sign_in(world: World, who: str) -> None:
    world.sandbox.set("tiktok", revoke_tokens=True)
    error = world.refused(who)
    assert (error.reauthorise, error.everybody) == (True, True)


def test_signing_in_gives_tokens_and_the_account_s_id(world: World) -> None:
    told = world.connector.consented("code", "http://127.0.0.1:1/back", "v")
    assert (told["business_id"], told["refresh_token"]) == (
        world.account["business_id"],
        world.account["refresh_token"],
    )


def test_test_now_names_the_account_and_sets_the_webhook(world: World) -> None:
    assert world.connector.check() == f"{health.WORKS} (北風洋品店 @kitakaze_shop)"
    assert world.account["webhook"] == world.hearer.url


@pytest.mark.parametrize(
    ("fault", "ambiguous", "permanent", "shown"),
    [
        ("drop_before", True, False, 0),
        ("drop_after", True, False, 1),
        ("error_after", True, False, 1),
        ("error", False, False, 0),
        ("rate_limit", False, False, 0),
    ],
)
def test_a_sending_that_goes_wrong(
    world: World, who: str, fault: str, ambiguous: bool, permanent: bool, shown: int
) -> None:
    world.sandbox.misbehaves({"fault": fault, "platform": "tiktok", "call": "message/send/", "count": 1})
    error = world.refused(who)
    assert (error.ambiguous, error.permanent) == (ambiguous, permanent)
    assert [text for by, _, text in world.phone(who) if by == "shop"] == ["はい"] * shown
    assert len(world.sandbox.record(what="fault", platform="tiktok")) == 1


def test_a_token_that_is_refused_once_is_renewed_and_the_message_sent_once(world: World, who: str) -> None:
    world.sandbox.misbehaves({"fault": "expired_token", "platform": "tiktok", "call": "send/", "count": 1})
    world.sends(who, "はい")
    assert [text for by, _, text in world.phone(who) if by == "shop"] == ["はい"]


def test_a_webhook_comes_twice_late_overtaken_and_again(world: World, who: str) -> None:
    world.sandbox.misbehaves({"fault": "duplicate", "platform": "tiktok", "count": 1})
    world.act(who, "text", text="一")
    ids = [one.external_id for one in world.events(3)[1:]]
    assert ids[0] == ids[1]
    world.sandbox.misbehaves({"fault": "reorder", "platform": "tiktok", "count": 1, "seconds": 1})
    for text in ("二", "三"):
        world.act(who, "text", text=text)
    assert [one.text for one in world.events(5)[3:]] == ["三", "二"]
    world.sandbox.misbehaves({"fault": "delay", "platform": "tiktok", "count": 1, "seconds": 0.1})
    world.hearer.answers[:] = [500]
    world.act(who, "text", text="四")
    assert [one.text for one in world.events(7)[5:]] == ["四", "四"]


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"message_type": "TEXT", "text": {"body": ""}}, 40002),
        ({"message_type": "TEXT", "text": {"body": "あ" * 6001}}, 40002),
        ({"message_type": "TEXT", "text": "はい"}, 40002),
        ({"message_type": "VIDEO", "video": {"media_id": "1"}}, 40002),
        ({"message_type": "IMAGE", "image": {"media_id": "nobody's"}}, 40007),
        ({"message_type": "IMAGE", "image": {"media_id": "1"}, "text": {"body": "1"}}, 40002),
        ({"message_type": "SENDER_ACTION", "sender_action": "DANCE"}, 40002),
        ({"message_type": "TEXT", "text": {"body": "1"}, "recipient": "nobody"}, 40007),
        ({"message_type": "TEXT", "text": {"body": "1"}, "recipient_type": "USER"}, 40002),
        ({"message_type": "TEXT", "text": {"body": "1"}, "business_id": "another"}, 40001),
    ],
)
def test_what_is_not_as_documented_is_refused_with_status_200(
    world: World, who: str, told: dict[str, Any], code: int
) -> None:
    to = {"recipient_type": "CONVERSATION", "recipient": world.last(who)["conversation"]}
    body = {"business_id": world.account["business_id"], **to, **told}
    answer = world.sandbox.http.post(
        f"{API}/business/message/send/", json=body, headers={"Access-Token": "sandbox-tiktok-token"}
    )
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (200, code, {})
    assert world.phone(who) == [("customer", "text", "こんにちは")]


def test_an_address_without_its_last_slash_is_none(world: World) -> None:
    assert world.sandbox.http.post(f"{API}/business/message/send", json={}).status_code == 404


@pytest.mark.parametrize("token", ["", "nobody's"])
def test_a_stranger_is_refused(world: World, token: str) -> None:
    answer = world.sandbox.http.post(
        f"{API}/business/message/send/", json={}, headers={"Access-Token": token}
    )
    assert answer.json()["code"] == 40105


def test_a_file_that_is_no_picture_cannot_be_uploaded(world: World, who: str) -> None:
    form = {"business_id": world.account["business_id"], "media_type": "IMAGE"}
    for name, kind, body in (("a.gif", "image/gif", b"GIF"), ("a.png", "image/png", b"1" * (3 * 2**20 + 1))):
        answer = world.sandbox.http.post(
            f"{API}/business/message/media/upload/",
            data=form,
            files={"file": (name, body, kind)},
            headers={"Access-Token": "sandbox-tiktok-token"},
        )
        assert answer.json()["code"] == 40908


def test_who_has_blocked_the_account_gets_nothing(world: World, who: str) -> None:
    world.act(who, "unfollow")
    assert world.refused(who).permanent
    with pytest.raises(httpx2.HTTPStatusError):
        world.act(who, "text", text="はい")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_customer_chats_and_reacts_on_the_phone(
    chromium: Browser, world: World, who: str, scheme: Literal["light", "dark"]
) -> None:
    context = chromium.new_context(
        viewport=SIZES["phone"], locale="ja-JP", bypass_csp=True, color_scheme=scheme
    )
    context.set_default_timeout(10_000)
    phone = Phone(context.new_page(), world.sandbox, "tiktok", who)
    phone.field.fill("在庫はありますか")
    phone.field.press("Enter")
    expect(phone.said("customer")).to_have_count(2)
    world.sends(who, "ございます")
    expect(phone.said("shop")).to_have_count(1)
    theirs = phone.log.locator(".said.shop").last
    theirs.hover()
    theirs.locator("summary").click()
    theirs.get_by_role("button", name="😂").click()
    until(lambda: any(isinstance(one, Reaction) for one in world.events(1)), "the reaction is told")
    assert phone.violations() == []
    assert (phone.strange, phone.errors) == ([], [])
    context.close()
