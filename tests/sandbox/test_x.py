"""X as the sandbox plays it: openssl judges what it signs, the official SDK what it says; our connector talks to it."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
import xdk
from playwright.sync_api import Browser, expect
from xdk.activity.models import CreateSubscriptionRequest
from xdk.direct_messages.models import CreateByParticipantIdRequest
from xdk.media.models import AppendUploadRequest, InitializeUploadRequest

from channels import oauth
from channels.base import Attachment, ChannelError, Request
from channels.events import Ignored, Inbound, Receipt, Typing
from channels.guard import Client
from channels.x import health, uploading
from channels.x.contents import ENCRYPTED
from channels.x.signature import BY_CLIENT
from tests.hooked import Said
from tests.sandbox import Hearer, Sandbox
from tests.sandbox import world as world_of
from tests.sandbox.test_phone import SIZES, Phone
from tests.sandbox.world import base64_of, heard, picture

API = "/api.x.com/2"
SECRET = "sandbox-x-client-secret"


@dataclass
class Challenged(Hearer):
    """One that answers challenges with `secret`."""

    secret: str = SECRET

    def hear(self, request: Request) -> Said:
        if request.method != "GET":
            return super().hear(request)
        token = dict(parse_qsl(urlsplit(request.url).query))["crc_token"]
        answer = {"response_token": openssl(self.secret, token.encode())}
        return 200, "application/json", json.dumps(answer).encode()


def openssl(secret: str, message: bytes) -> str:
    asked = ["openssl", "dgst", "-sha256", "-hmac", secret, "-binary"]
    made = subprocess.run(asked, input=message, capture_output=True, check=True).stdout
    return f"sha256={base64.b64encode(made).decode()}"


@dataclass
class World(world_of.World):
    """X's."""

    platform = "x"
    hearer: Challenged

    def call(self, method: str, path: str, by: str = "", **how: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {by or self.account['access_token']}"}
        return self.sandbox.http.request(method, f"{API}{path}", headers=headers, **how)


@pytest.fixture
def world(begun: Sandbox, http: Client) -> Iterator[World]:
    """As at the start, its webhooks going to the hearer."""
    with heard(begun, "x", Challenged()) as hearer:
        yield World(begun, hearer, http)


@pytest.fixture
def who(world: World) -> str:
    """A customer who has written."""
    return world.writer()


def test_openssl_finds_the_signature_over_the_bytes_good(world: World, who: str) -> None:
    (request,) = world.hearer.requests(1)
    assert request.header(BY_CLIENT) == openssl(SECRET, request.body)


@pytest.mark.parametrize("product", ["activity", "account activity"])
def test_what_customers_write_is_understood_from_either_product(world: World, who: str, product: str) -> None:
    world.sandbox.set("x", product=product)
    text = "髙橋です😀 <3点> A&B https://shop.example.jp/a?b=1&c=2 は？"
    id = world.act(who, "text", text=text)["message"]
    world.act(who, "typing")
    world.act(who, "location", latitude=34.5, longitude=135.25)
    said, typing, place = world.events(4)[1:]
    assert ("data" in json.loads(world.hearer.heard[1].body)) is (product == "activity")
    assert isinstance(said, Inbound)
    assert (said.external_id, said.text, said.sender.address) == (id, text, who)
    assert said.sender.name == "佐藤 美咲"
    assert said.sender.attributes == {"X": "@misaki_sato"}
    assert isinstance(typing, Typing)
    assert place.text == "https://www.google.com/maps?q=34.5,135.25"


def test_files_are_handed_to_the_account_alone(world: World, who: str) -> None:
    world.act(who, "image", content=base64_of(picture()), type="image/png", name="色.png")
    world.act(who, "video", content=base64_of(b"\0\0\0\x18ftypmp42"), type="video/mp4")
    photo, film = (one.attachments[0] for one in world.events(3)[1:])
    assert world.connector.fetch(photo) == picture()
    assert world.connector.fetch(film) == b"\0\0\0\x18ftypmp42"
    closed = world.sandbox.http.get(f"/{photo.url.removeprefix('https://')}")
    assert closed.status_code == 401


def test_encrypted_messages_are_told_without_what_they_say(world: World, who: str) -> None:
    world.act(who, "encrypted", text="ひみつ")
    world.act(who, "elsewhere", text="ひみつの返事", encrypted=True)
    theirs, ours = world.events(3)[1:]
    assert [(one.kind, one.text, one.context["notice"]) for one in (theirs, ours)] == [
        ("inbound", "", ENCRYPTED),
        ("outbound", "", ENCRYPTED),
    ]
    assert {one.sender.address for one in (theirs, ours)} == {who}
    assert all("ひみつ".encode() not in one.body for one in world.hearer.heard)


def test_an_answer_stands_on_the_phone_once_and_comes_back_as_its_echo(world: World, who: str) -> None:
    (id,) = world.sends(who, "ございます <https://shop.example.jp/1>")
    assert world.phone(who)[-1] == ("shop", "text", "ございます <https://shop.example.jp/1>")
    echo = world.events(2)[1]
    assert (echo.kind, echo.external_id, echo.sender.address) == ("outbound", id, who)
    assert echo.text == "ございます <https://shop.example.jp/1>"
    world.act(who, "read")
    receipt = world.events(3)[2]
    assert isinstance(receipt, Receipt)
    assert (receipt.external_id, receipt.state, receipt.through) == (id, "read", True)
    assert world.sandbox.accepted(who) == ["ございます <https://shop.example.jp/1>"]


def test_a_picture_and_a_film_go_up_and_arrive(world: World, who: str) -> None:
    photo = Attachment("a.png", "image/png", data=picture())
    film = Attachment("f.mp4", "video/mp4", data=bytes(4_100_000))
    assert len(world.sends(who, "どうぞ", attachments=(photo, film))) == 2
    assert world.phone(who)[1:] == [("shop", "image", "どうぞ"), ("shop", "video", "")]
    shown = world.sandbox.phone(who, "x")[1]
    asked = {"user": who, "message": shown["id"], "part": "original"}
    assert world.sandbox.http.get("/phone/x/media", params=asked).content == picture()


def test_now_proves_the_address_and_subscribes(world: World) -> None:
    for door in ("webhooks", "subscriptions"):
        path = "/webhooks" if door == "webhooks" else "/activity/subscriptions"
        for one in world.call("GET", path, "sandbox-x-bearer").json()["data"]:
            id = one.get("subscription_id") or one["id"]
            assert world.call("DELETE", f"{path}/{id}", "sandbox-x-bearer").status_code == 200
    assert world.connector.check().startswith("X accepts the sign-in, and tells")
    kinds = world.call("GET", "/activity/subscriptions", "sandbox-x-bearer").json()["data"]
    assert len(kinds) == 6
    assert world.connector.check().startswith("X accepts")
    world.hearer.secret = "of another app"
    world.sandbox.set("x", webhook=world.hearer.url)
    world.sandbox.set("x", webhook_valid=False)
    with pytest.raises(ChannelError) as told:
        world.connector.check()
    assert "CrcValidationFailed" in told.value.detail


def test_what_nobody_subscribed_to_is_not_told(world: World, who: str) -> None:
    world.call("DELETE", "/activity/subscriptions/dm.indicate_typing", "sandbox-x-bearer")
    world.act(who, "typing")
    world.act(who, "text", text="二")
    assert [type(one) for one in world.events(2)] == [Inbound, Inbound]


def test_who_blocked_the_account_or_never_wrote_is_not_reached(world: World, who: str) -> None:
    world.act(who, "unfollow")
    for user in (who, "77001122334"):
        told = world.refused(user)
        assert (told.permanent, told.unreachable) == (True, True)
    world.act(who, "follow")
    assert world.sends(who, "またどうぞ")


def test_after_fifteen_messages_the_channel_rests_until_the_quarter_is_over(world: World, who: str) -> None:
    for number in range(15):
        assert world.sends(who, f"{number}")
    told = world.refused(who)
    assert (told.everybody, told.permanent) == (True, False)
    assert 880 <= (told.retry_after or 0) <= 902
    world.sandbox.post("/clock", {"forward": 902})
    assert world.sends(who, "また")


def test_a_token_is_renewed_and_each_refresh_token_is_good_once(world: World, who: str) -> None:
    world.sandbox.set("x", expire_tokens=True)
    assert world.sends(who, "一")
    first = dict(world.kept.secrets)
    world.sandbox.post("/clock", {"forward": 7201})
    assert world.sends(who, "二")
    assert world.kept.secrets["refresh_token"] not in ("sandbox-x-refresh", first["refresh_token"])
    world.kept.secrets = first
    world.sandbox.set("x", expire_tokens=True)
    assert isinstance(world.refused(who), oauth.Reauthorise)
    assert world.phone(who)[1:] == [("shop", "text", "一"), ("shop", "text", "二")]


def test_a_permission_that_was_taken_back_asks_to_sign_in_again(world: World, who: str) -> None:
    world.sandbox.set("x", revoke_tokens=True)
    told = world.refused(who)
    assert (told.reauthorise, told.everybody) == (True, True)


@pytest.mark.parametrize(
    ("fault", "arrived"),
    [("drop_after", True), ("error_after", True), ("drop_before", False), ("error", False)],
)
def test_where_an_answer_is_lost_what_arrived_is_found_and_nothing_is_doubled(
    world: World, who: str, fault: str, arrived: bool
) -> None:
    world.sandbox.misbehaves({"fault": fault, "platform": "x", "call": "messages", "count": 1})
    if arrived:
        (id,) = world.sends(who, "届いた")
        assert world.sandbox.record(what="accepted")[0]["messages"][0]["id"] == id
    else:
        told = world.refused(who, "届かない")
        assert (told.permanent, told.ambiguous) == (False, fault == "drop_before")
    assert world.sandbox.accepted(who) == (["届いた"] if arrived else [])


@pytest.mark.parametrize(
    ("fault", "words", "everybody"),
    [("rate_limit", "more slowly", True), ("monthly_limit", "paid for is used up", True)],
)
def test_limits_are_told_as_x_tells_them(
    world: World, who: str, fault: str, words: str, everybody: bool
) -> None:
    world.sandbox.misbehaves({"fault": fault, "platform": "x", "call": "messages", "count": 1})
    told = world.refused(who)
    assert words in told.sentence
    assert told.everybody is everybody


def test_a_token_that_is_refused_once_costs_nothing(world: World, who: str) -> None:
    world.sandbox.misbehaves({"fault": "expired_token", "platform": "x", "call": "messages", "count": 1})
    assert world.sends(who, "一")
    assert world.sandbox.accepted(who) == ["一"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [("media_gone", "not at X any more"), ("redirect_media", "does not lie at the platform")],
)
def test_files_misbehave(world: World, who: str, fault: str, words: str) -> None:
    world.act(who, "image", content=base64_of(picture()), type="image/png")
    (file,) = world.events(2)[1].attachments
    world.sandbox.misbehaves({"fault": fault, "platform": "x", "count": 1})
    with pytest.raises(ChannelError, match=words):
        world.connector.fetch(file)
    world.sandbox.misbehaves({"fault": "slow_media", "platform": "x", "seconds": 0.1})
    assert world.connector.fetch(file) == picture()


def test_a_webhook_that_failed_is_told_again_and_a_double_has_the_same_id(world: World, who: str) -> None:
    world.hearer.answers.append(500)
    world.sandbox.misbehaves({"fault": "duplicate", "platform": "x", "count": 1})
    world.act(who, "text", text="二度")
    said = world.events(3)[1:]
    assert len({one.external_id for one in said}) == 1


@pytest.mark.parametrize(
    ("method", "path", "told", "status"),
    [
        ("POST", "/dm_conversations/with/1/messages", {}, 400),
        ("POST", "/dm_conversations/with/1/messages", {"text": "x" * 10_001}, 400),
        ("POST", "/dm_conversations/with/me/messages", {"text": "x"}, 400),
        ("POST", "/dm_conversations/with/1/messages", {"text": "x", "attachments": [{"media_id": "1"}]}, 400),
        ("POST", "/dm_conversations/with/1/messages", {"text": "x", "attachments": "1"}, 400),
        ("POST", "/media/upload/initialize", {"media_type": "application/pdf", "total_bytes": 1}, 400),
        ("POST", "/media/upload/1/finalize", {}, 404),
        ("GET", "/media/upload", None, 404),
        ("GET", "/webhooks", None, 403),
        ("POST", "/activity/subscriptions", {"event_type": "dm.received"}, 400),
    ],
)
def test_calls_of_another_shape_are_refused_as_problems(
    world: World, method: str, path: str, told: Any, status: int
) -> None:
    answer = world.call(method, path, json=told)
    assert answer.status_code == status
    assert answer.json()["type"]
    assert world.call(method, path, "nobodys", json=told).status_code == 401


def test_somebody_is_looked_up_and_somebody_gone_is_nobody(world: World, who: str) -> None:
    found = world.connector.lookup(who)
    assert found is not None
    assert (found.name, found.attributes) == ("佐藤 美咲", {"X": "@misaki_sato"})
    assert world.sandbox.http.get(found.avatar_url).content.startswith(b"\x89PNG")
    assert world.connector.lookup("12345678901") is None


def test_what_customers_cannot_do_is_refused(world: World, who: str) -> None:
    for action in (
        {"action": "sticker"},
        {"action": "text", "text": " "},
        {"action": "unsend", "message": "1"},
    ):
        with pytest.raises(httpx2.HTTPStatusError):
            world.act(who, **action)
    assert [type(one) for one in world.events(1)] == [Inbound]
    assert not any(isinstance(one, Ignored) for one in world.events(1))


def test_the_official_sdk_sends_looks_up_and_is_known(world: World, who: str) -> None:
    api = f"{world.sandbox.base}/api.x.com"
    account = xdk.Client(base_url=api, access_token=str(world.account["access_token"]))
    asked = CreateByParticipantIdRequest(text="SDKから")
    sent = account.direct_messages.create_by_participant_id(who, body=asked)
    assert world.phone(who)[-1] == ("shop", "text", "SDKから")
    wanted = ["id", "text", "sender_id", "created_at"]
    (page,) = account.direct_messages.get_events_by_participant_id(who, dm_event_fields=wanted, max_results=5)
    assert page.data is not None
    newest = page.data[0]
    assert (newest.id, newest.text, newest.sender_id) == (sent.data.dm_event_id, "SDKから", "2244994945")
    assert account.users.get_me().data.username == "kitakaze"


def test_the_official_sdk_brings_a_picture_and_reads_webhooks_and_subscriptions(
    world: World, who: str
) -> None:
    api = f"{world.sandbox.base}/api.x.com"
    account = xdk.Client(base_url=api, access_token=str(world.account["access_token"]))
    file = picture()
    about = InitializeUploadRequest(media_type="image/png", media_category="dm_image", total_bytes=len(file))
    id = account.media.initialize_upload(body=about).data.id
    account.media.append_upload(id, body=AppendUploadRequest(media=base64_of(file), segment_index=0))
    assert account.media.finalize_upload(id).data.id == id
    shown = CreateByParticipantIdRequest(attachments=[{"media_id": id}])
    account.direct_messages.create_by_participant_id(who, body=shown)
    assert world.phone(who)[-1] == ("shop", "image", "")
    app = xdk.Client(base_url=api, bearer_token="sandbox-x-bearer")
    (hook,) = app.webhooks.get().data
    assert (hook.url, hook.valid) == (world.hearer.url, True)
    kinds = [one.event_type for page in app.activity.get_subscriptions() for one in page.data]
    assert kinds == list(health.EVENTS)


def test_our_calls_have_the_shape_that_the_official_sdk_knows(world: World, who: str) -> None:
    """Their models take what we say, with no field of ours left over."""
    said = CreateByParticipantIdRequest.model_validate({"text": "x", "attachments": [{"media_id": "1"}]})
    assert not said.model_extra
    wanted = {"event_type": "dm.received", "filter": {"user_id": "1"}, "webhook_id": "2", "tag": "madoguchi"}
    for kind in health.EVENTS:
        assert not CreateSubscriptionRequest.model_validate({**wanted, "event_type": kind}).model_extra
    for media_type, category in uploading.CATEGORIES.items():
        told = {"media_type": media_type, "media_category": category, "total_bytes": 1}
        assert not InitializeUploadRequest.model_validate(told).model_extra


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_phone_shows_a_talk_and_axe_finds_nothing(
    world: World, who: str, chromium: Browser, scheme: str
) -> None:
    size = SIZES["phone" if scheme == "light" else "desk"]
    context = chromium.new_context(viewport=size, locale="ja-JP", color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    phone = Phone(context.new_page(), world.sandbox, "x", who)
    phone.field.fill("在庫はありますか")
    phone.field.press("Enter")
    expect(phone.said("customer")).to_have_count(2)
    world.sends(who, "ございます")
    expect(phone.said("shop")).to_have_text(["お店ございます"])
    world.sandbox.settle("x")
    assert [type(one) for one in world.events(4)] == [Inbound, Inbound, Inbound, Receipt]
    assert phone.violations() == []
    assert (phone.strange, phone.errors) == ([], [])
    context.close()
