"""WeChat in the sandbox: our own connector on one side of the wire, wechatpy as the judge of what is on it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature

from channels import guard, registry
from channels.base import (
    Attachment,
    Block,
    ChannelError,
    Context,
    Event,
    Follow,
    Inbound,
    Outbound,
    Person,
    Request,
)
from channels.wechat import tokens
from channels.wechat.connector import WeChat
from tests.hooked import Said, listening
from tests.sandbox import Sandbox
from tests.serving import until
from tests.test_files import picture

DAY = 86_400
ABOUT = ("app_id", "app_secret", "token", "aes_key")


@dataclass
class Hearer:
    """The shop's side of the webhooks: it answers as the connector does, and lets wechatpy read the same."""

    http: guard.Client
    settings: dict[str, str] = field(default_factory=dict)
    url: str = ""
    heard: list[Event] = field(default_factory=list)
    judged: list[Any] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def hear(self, request: Request) -> tuple[int, bytes]:
        own = made(self.settings, self.http)
        if (answer := own.answer(request)) is not None:
            return answer[0], answer[2]
        if self.statuses and (status := self.statuses.pop(0)) != 200:
            return status, b""
        own.verify(request)
        self.judged.append(self.judge(request))
        self.heard += own.parse(request)
        status, _, said = own.acknowledge(request) or (200, {}, b"")
        return status, said

    def judge(self, request: Request) -> Any:
        query, xml = request.query, request.body.decode()
        check_signature(self.settings["token"], query["signature"], query["timestamp"], query["nonce"])
        if query.get("encrypt_type") == "aes":
            crypto = WeChatCrypto(self.settings["token"], self.settings["aes_key"], self.settings["app_id"])
            xml = crypto.decrypt_message(xml, query["msg_signature"], query["timestamp"], query["nonce"])
        return parse_message(xml)

    def events(self, count: int) -> list[Event]:
        until(lambda: len(self.heard) >= count, f"{count} events")
        return self.heard


@dataclass
class Played:
    """A sandbox, and the shop that hears its webhooks."""

    sandbox: Sandbox
    hearer: Hearer

    @property
    def somebody(self) -> str:
        return str(self.sandbox.state("wechat")["customers"][0]["id"])

    @property
    def connector(self) -> WeChat:
        return made(self.hearer.settings, self.hearer.http, self.sandbox.base)

    def does(self, action: str, **about: Any) -> dict[str, str]:
        return self.sandbox.act(self.somebody, action, "wechat", **about)

    def said(self, text: str = "在庫はありますか") -> None:
        """The customer writes, and it has come."""
        before = len(self.hearer.heard)
        self.does("text", text=text)
        self.hearer.events(before + 1)

    def answer(self, text: str = "", **more: Any) -> Outbound:
        return Outbound("m1", Person(self.somebody, "k1"), text, **more)

    def shown(self) -> list[dict[str, Any]]:
        return [one for one in self.sandbox.phone(self.somebody, "wechat") if one["by"] == "shop"]

    def refused(self, outbound: Outbound | None = None) -> ChannelError:
        with pytest.raises(ChannelError) as told:
            self.connector.send(outbound or self.answer("はい"))
        return told.value


def made(settings: dict[str, str], http: guard.Client, sandbox: str = "") -> WeChat:
    context = Context("k1", "https://desk.example.jp", sandbox=sandbox)
    built = registry.build("wechat", settings, http, context)
    assert isinstance(built, WeChat)
    return built


@pytest.fixture
def played(begun: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    monkeypatch.setattr(tokens, "_kept", {})
    http_client = guard.Client(allow_private=True, timeout=httpx2.Timeout(2.0))
    told = begun.state("wechat")["settings"]
    hearer = Hearer(http_client, {name: told[name] for name in ABOUT})

    def hear(request: Request) -> Said:
        query = dict(parse_qsl(urlsplit(request.url).query))
        status, said = hearer.hear(replace(request, query=query))
        return status, "text/plain", said

    with listening(hear) as base, http_client:
        hearer.url = f"{base}/hooks/sandbox-wechat"
        begun.set("wechat", webhook=hearer.url)
        yield Played(begun, hearer)


def test_the_address_is_submitted_and_asked_for_its_word(played: Played) -> None:
    door = "/mp.weixin.qq.com/submit"
    assert played.sandbox.post(door, {"url": played.hearer.url}) == {"ok": True}
    played.hearer.settings["token"] = "AnotherToken"
    refused = played.sandbox.http.post(door, json={"url": played.hearer.url})
    assert (refused.status_code, refused.json()["status"]) == (400, 403)


@pytest.mark.parametrize("safe", [True, False])
def test_what_they_write_comes_signed_and_the_answer_stands_on_the_phone(played: Played, safe: bool) -> None:
    played.sandbox.set("wechat", safe=safe)
    played.hearer.settings["mode"] = "safe" if safe else "plain"
    played.said("在庫は？👩‍🌾")
    (event,), (judged,) = played.hearer.heard, played.hearer.judged
    assert isinstance(event, Inbound)
    assert (event.text, event.sender.address) == ("在庫は？👩‍🌾", played.somebody)
    assert (judged.content, judged.source, str(judged.id)) == (event.text, played.somebody, event.external_id)
    played.connector.send(played.answer("ございます😀"))
    assert [one["text"] for one in played.shown()] == ["ございます😀"]
    assert played.sandbox.accepted(played.somebody) == ["ございます😀"]


def test_messages_of_every_sort_come_in_and_their_files_are_had(played: Played) -> None:
    photo = picture()
    played.sandbox.act(played.somebody, "image", "wechat", content=_base64(photo), type="image/png")
    played.does("audio", content=_base64(b"#!AMR\n"), recognition="明日は開いていますか")
    played.does("video", content=_base64(b"mp4-bytes"))
    played.does("location", latitude=34.6877, longitude=135.1902, address="神戸市中央区")
    played.does("link", title="この商品", url="https://example.jp/coat")
    image, voice, film, place, page = (one for one in played.hearer.events(5) if isinstance(one, Inbound))
    fetch = played.connector.fetch
    assert fetch(image.attachments[0]) == photo
    assert (voice.text, fetch(voice.attachments[0])) == ("明日は開いていますか", b"#!AMR\n")
    assert fetch(film.attachments[0]) == b"mp4-bytes"
    assert "34.6877,135.1902" in place.text
    assert page.text == "この商品\nhttps://example.jp/coat"
    kinds = [one.type for one in played.hearer.judged]
    assert kinds == ["image", "voice", "video", "location", "link"]


def test_who_follows_is_greeted_in_the_answer_and_who_follows_no_more_is_not_reached(played: Played) -> None:
    played.hearer.settings["greeting"] = "ようこそ、北風洋品店へ"
    played.does("unfollow")
    played.does("follow", scene="shop12")
    block, follow = played.hearer.events(2)
    assert isinstance(block, Block)
    assert isinstance(follow, Follow)
    until(lambda: bool(played.shown()), "the greeting is on the phone")
    assert [one["text"] for one in played.shown()] == ["ようこそ、北風洋品店へ"]
    (entry,) = played.sandbox.record(what="accepted", call="answer")
    assert entry["to"] == played.somebody
    played.does("unfollow")
    played.hearer.events(3)
    assert played.refused().detail.startswith("45015")


def test_a_choice_from_a_menu_comes_back_as_its_words(played: Played) -> None:
    played.said()
    played.connector.send(played.answer("どちらですか", quick_replies=("返品", "交換")))
    (bubble,) = played.shown()
    assert [one["label"] for one in bubble["data"]["template"]["actions"]] == ["返品", "交換"]
    played.does("choice", title="交換", id="2")
    choice = played.hearer.events(2)[1]
    assert isinstance(choice, Inbound)
    assert (choice.text, choice.context["choice"]) == ("交換", "2")
    played.sandbox.set("wechat", menus=False)
    played.connector.send(played.answer("どちらですか", quick_replies=("返品", "交換")))
    assert played.shown()[-1]["text"] == "どちらですか\n\n1. 返品\n2. 交換"


def test_a_picture_of_ours_is_uploaded_and_shown(played: Played) -> None:
    played.said()
    file = Attachment("写真.png", "image/png", url="https://desk.example.jp/s/1", data=picture(), size=1)
    played.connector.send(played.answer("こちらです", attachments=(file,)))
    words, shown = played.shown()
    assert (words["text"], shown["kind"]) == ("こちらです", "image")
    query = {"user": played.somebody, "message": shown["id"]}
    assert played.sandbox.http.get("/phone/wechat/media", params=query).content == picture()


def test_five_answers_to_each_message_and_none_after_two_days(played: Played) -> None:
    played.said()
    for number in range(5):
        played.connector.send(played.answer(f"{number}"))
    assert "until the customer writes again" in played.refused().sentence
    played.said("もしもし")
    played.connector.send(played.answer("はい"))
    played.sandbox.post("/clock", {"forward": 2 * DAY + 60})
    assert "48 hours" in played.refused().sentence
    played.said("まだですか")
    played.connector.send(played.answer("お待たせしました"))


def test_what_is_pressed_gives_three_answers_within_a_minute(played: Played) -> None:
    played.does("click", key="営業時間")
    pressed = played.hearer.events(1)[0]
    assert isinstance(pressed, Inbound)
    assert pressed.text == "営業時間"
    for _ in range(3):
        played.connector.send(played.answer("10時からです"))
    assert played.refused().detail.startswith("45047")
    played.sandbox.post("/clock", {"forward": 61})
    assert played.refused().detail.startswith("45015")


@pytest.mark.parametrize(
    ("fault", "code", "everybody"),
    [("rate_limit", "45011", True), ("monthly_limit", "45009", True), ("error", "-1", False)],
)
def test_what_wechat_refuses_for_now_may_be_sent_again(
    played: Played, fault: str, code: str, everybody: bool
) -> None:
    played.said()
    played.sandbox.misbehaves({"fault": fault, "platform": "wechat", "call": "custom/send", "count": 1})
    error = played.refused()
    assert error.detail.startswith(code)
    assert (error.permanent, error.ambiguous, error.everybody) == (False, False, everybody)
    played.connector.send(played.answer("はい"))
    assert len(played.shown()) == 1


@pytest.mark.parametrize(("fault", "arrived"), [("drop_before", 0), ("drop_after", 1), ("error_after", 1)])
def test_a_lost_answer_is_a_doubt_and_nothing_is_sent_twice(played: Played, fault: str, arrived: int) -> None:
    played.said()
    played.connector.send(played.answer("一つ目"))
    played.sandbox.misbehaves({"fault": fault, "platform": "wechat", "call": "custom/send", "count": 1})
    error = played.refused(played.answer("二つ目"))
    assert (error.ambiguous, error.permanent) == (True, False)
    assert [one["text"] for one in played.shown()] == ["一つ目", "二つ目"][: 1 + arrived]


def test_a_token_that_expired_or_that_another_program_replaced_is_had_anew(played: Played) -> None:
    played.said()
    played.connector.send(played.answer("一"))
    played.sandbox.misbehaves({"fault": "expired_token", "call": "custom/send", "count": 1})
    played.connector.send(played.answer("二"))
    played.sandbox.set("wechat", revoke_token=True)
    played.connector.send(played.answer("三"))
    assert [one["text"] for one in played.shown()] == ["一", "二", "三"]


def test_two_processes_use_one_token(played: Played) -> None:
    played.said()
    memories: list[dict[str, tuple[str, str, float]]] = [{}, {}]
    for turn in range(4):
        tokens._kept = memories[turn % 2]
        played.connector.send(played.answer(str(turn)))
    assert played.sandbox.state("wechat")["settings"]["tokens_made"] == 1
    played.sandbox.post("/clock", {"forward": 7200 - 200})
    played.connector.send(played.answer("後で"))  # the old one is good beside the next
    assert len(played.shown()) == 5


def test_a_server_that_is_not_listed_is_told_so(played: Played) -> None:
    played.sandbox.set("wechat", ip_listed=False)
    with pytest.raises(ChannelError, match=r"IP list.*203\.0\.113\.9"):
        played.connector.check()
    played.sandbox.set("wechat", ip_listed=True)
    assert "(✉ 0/500,000)" in played.connector.check()
    played.sandbox.set("wechat", may_send=False)
    with pytest.raises(ChannelError, match="verified accounts"):
        played.connector.check()


def test_escaped_json_is_refused_as_wechat_refuses_it(played: Played) -> None:
    played.said()
    played.connector.send(played.answer("はい"))
    ((_, token, _),) = tokens._kept.values()
    body = b'{"touser":"%s","msgtype":"text","text":{"content":"\\u306f"}}' % played.somebody.encode()
    url = f"/api.weixin.qq.com/cgi-bin/message/custom/send?access_token={token}"
    assert played.sandbox.http.post(url, content=body).json()["errcode"] == 40033


def test_typing_is_seen_until_the_answer_comes(played: Played) -> None:
    played.said()
    played.connector.typing(Person(played.somebody), {})
    assert played.sandbox.state("wechat")["customers"][0]["typing_until"] > 0
    played.connector.send(played.answer("はい"))
    assert played.sandbox.state("wechat")["customers"][0]["typing_until"] == 0


def test_a_webhook_that_comes_twice_or_again_is_one_message(played: Played) -> None:
    played.sandbox.misbehaves({"fault": "duplicate", "platform": "wechat", "times": 3})
    played.does("text", text="もしもし")
    events = played.hearer.events(3)
    assert len({one.external_id for one in events if isinstance(one, Inbound)}) == 1
    played.sandbox.misbehaves()
    played.hearer.statuses[:] = [500]
    played.does("text", text="二度目で届く")
    last = played.hearer.events(4)[3]
    assert isinstance(last, Inbound)
    assert last.text == "二度目で届く"


def test_webhooks_overtake_each_other_but_never_come_together(played: Played) -> None:
    played.sandbox.misbehaves(
        {"fault": "reorder", "platform": "wechat", "count": 1}, {"fault": "batch", "platform": "wechat"}
    )
    for text in ("一", "二", "三"):
        played.does("text", text=text)
    texts = [one.text for one in played.hearer.events(3) if isinstance(one, Inbound)]
    assert texts == ["二", "一", "三"]


@pytest.mark.parametrize(
    ("fault", "words"), [("media_gone", "three days"), ("redirect_media", "redirects are not followed")]
)
def test_files_that_are_gone_or_lead_elsewhere_are_said(played: Played, fault: str, words: str) -> None:
    played.does("image", content=_base64(picture()), type="image/png")
    event = played.hearer.events(1)[0]
    assert isinstance(event, Inbound)
    played.sandbox.misbehaves({"fault": fault, "platform": "wechat"})
    with pytest.raises(ChannelError, match=words):
        played.connector.fetch(event.attachments[0])
    played.sandbox.misbehaves({"fault": "slow_media", "platform": "wechat", "seconds": 0.2})
    assert played.connector.fetch(event.attachments[0]) == picture()


def test_what_a_customer_cannot_do_is_said(played: Played) -> None:
    for action, about in (
        ("file", {}),
        ("text", {"text": " "}),
        ("location", {"latitude": "north"}),
        ("fly", {}),
    ):
        refused = played.sandbox.http.post(
            "/act/wechat", json={"user": played.somebody, "action": action, **about}
        )
        assert refused.status_code == 422
    assert played.sandbox.http.post("/act/wechat", json={"user": "x", "action": "text"}).status_code == 422
    assert played.hearer.heard == []


def _base64(body: bytes) -> str:
    return base64.b64encode(body).decode()
