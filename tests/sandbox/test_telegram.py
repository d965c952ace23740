"""Telegram as the sandbox plays it: python-telegram-bot reads what it answers and tells; our connector talks to it."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any, TypeVar

import httpx2
import pytest
from PIL import Image
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto, Update
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter
from telegram.request import HTTPXRequest

from channels.base import Attachment, ChannelError, Context, Outbound, Person, Request
from channels.events import Block, Edit, Follow, Inbound, Reaction
from channels.guard import Client
from channels.telegram import polling
from channels.telegram.connector import Telegram
from channels.telegram.settings import POLLING, TelegramSettings
from tests.hooked import Said, listening
from tests.sandbox import Sandbox
from tests.serving import until

GROUP = "-4001234567"
LONG_BUTTON = {"inline_keyboard": [[{"text": "a", "callback_data": "b" * 65}]]}
T = TypeVar("T")


@dataclass
class Hearer:
    """A program behind the webhook address: it keeps what python-telegram-bot makes of an update. `answers`: the
    statuses it gives, in turn; then 200 with the body `says`."""

    url: str = ""
    says: bytes = b""
    answers: list[int] = field(default_factory=list)
    heard: list[tuple[str, bytes]] = field(default_factory=list)

    def hear(self, request: Request) -> Said:
        self.heard.append((request.headers.get("x-telegram-bot-api-secret-token", ""), request.body))
        status, said = (self.answers.pop(0), b"") if self.answers else (200, self.says)
        return status, "application/json", said

    def updates(self, count: int) -> list[Any]:
        until(lambda: len(self.heard) >= count, f"{count} updates")
        return [Update.de_json(json.loads(body), None) for _, body in self.heard]


@dataclass
class World:
    """The sandbox, what hears it, and Telegram's side of our product."""

    sandbox: Sandbox
    hearer: Hearer
    http: Client

    @property
    def token(self) -> str:
        return str(self.sandbox.state("telegram")["settings"]["token"])

    def bot(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """What python-telegram-bot gets."""

        async def done() -> T:
            at = f"{self.sandbox.base}/api.telegram.org"
            plain = [HTTPXRequest(httpx_kwargs={"verify": False}) for _ in range(2)]
            where: Any = {"base_url": f"{at}/bot", "base_file_url": f"{at}/file/bot"}
            async with Bot(self.token, request=plain[0], get_updates_request=plain[1], **where) as bot:
                return await work(bot)

        return asyncio.run(done())

    def connector(self, **settings: str) -> Telegram:
        context = Context("sandbox-telegram", "http://127.0.0.1:1", sandbox=self.sandbox.base)
        return Telegram(TelegramSettings(self.token, **settings), self.http, context)

    def call(self, method: str, **told: Any) -> httpx2.Response:
        return self.sandbox.http.post(f"/api.telegram.org/bot{self.token}/{method}", json=told)

    def act(self, user: str, action: str, **about: Any) -> dict[str, str]:
        return self.sandbox.act(user, action, on="telegram", **about)

    def sends(self, user: str, text: str, **more: Any) -> tuple[str, ...]:
        """Our connector's message; its ids. Raises `ChannelError`."""
        return self.connector().send(Outbound("1", Person(user), text, **more)).external_ids

    def hears(self) -> list[Any]:
        """What our connector makes of the updates that it fetches."""
        found, connector = list[Any](), self.connector(delivery=POLLING, groups="accept")
        for collected in connector.collect({}, lambda: False):
            if collected.request is None:
                return found
            found += connector.parse(collected.request)
        return found

    def phone(self, user: str) -> list[tuple[str, str, str]]:
        return [(one["by"], one["kind"], one["text"]) for one in self.sandbox.phone(user, "telegram")]


@pytest.fixture
def world(begun: Sandbox, http: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """As at the start: no webhook. Questions of our connector wait for nothing."""
    monkeypatch.setattr(polling, "WAIT", 0)
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    hearer = Hearer()
    with listening(hearer.hear) as base:
        hearer.url = f"{base}/hooks/sandbox-telegram"
        yield World(begun, hearer, http)


@pytest.fixture
def who(world: World) -> str:
    """A customer who has written to the bot."""
    id = str(world.sandbox.state("telegram")["customers"][0]["id"])
    world.act(id, "start")
    world.call("getUpdates", offset=-1)
    world.call("getUpdates", offset=2**31)
    return id


def test_text_goes_both_ways(world: World, who: str) -> None:
    told = world.act(who, "text", text="在庫はありますか😀")
    (event,) = world.hears()
    assert isinstance(event, Inbound)
    assert (event.external_id, event.text, event.sender.name) == (
        told["message"],
        "在庫はありますか😀",
        "佐藤 美咲",
    )
    assert event.sender.attributes == {"Telegram": "@misaki_sato"}
    (sent,) = world.sends(who, "ございます")
    assert world.phone(who)[1:] == [
        ("customer", "text", "在庫はありますか😀"),
        ("shop", "text", "ございます"),
    ]
    (accepted,) = world.sandbox.record(what="accepted")
    assert (accepted["call"], accepted["to"], accepted["messages"][0]["id"]) == ("sendMessage", who, sent)


def picture(width: int = 40, height: int = 30) -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height), "#28518f").save(file, "PNG")
    return file.getvalue()


def test_whatever_a_customer_does_is_an_update_that_telegram_s_own_kind_of_library_reads(
    world: World, who: str
) -> None:
    content = base64.b64encode(picture()).decode()
    world.call("setWebhook", url=world.hearer.url, secret_token="a-secret", allowed_updates=list(WANTED))
    first = world.act(who, "text", text="一", quote=f"{who}:1")["message"]
    for kind in ("image", "video", "audio", "voice", "file", "animation", "video_note"):
        world.act(who, kind, content=content, caption="これ", set={"id": "77"})
    world.act(who, "sticker", stickerId="1988", moving=True)
    world.act(who, "location", latitude=34.6877, longitude=135.1902, title="神戸店", address="栄町通")
    world.act(who, "contact", contact={"phone_number": "819012345678", "first_name": "美咲"})
    world.act(who, "text", text="転送", forwarded="鈴木")
    world.act(who, "edit", message=first, text="二")
    world.act(who, "reaction", message=first, emoji="👍")
    world.act(who, "unfollow")
    world.act(who, "join", talk=GROUP)
    updates = world.hearer.updates(16)
    assert {secret for secret, _ in world.hearer.heard} == {"a-secret"}
    messages = {one.update_id: one.message for one in updates if one.message}
    read = sorted(messages.items())
    text, photo, video, audio, voice, document, animation, note, sticker, venue, contact, moved = [
        message for _, message in read
    ]
    assert (text.text, text.reply_to_message.text, text.chat.type) == ("一", "/start", "private")
    assert (photo.photo[-1].width, photo.caption, photo.media_group_id) == (40, "これ", "77")
    assert (video.video.mime_type, audio.audio.duration.seconds, voice.voice.file_size) == (
        "video/mp4",
        5,
        len(picture()),
    )
    assert (document.document.file_name, animation.animation.width, note.video_note.length) == (
        "file",
        640,
        240,
    )
    assert sticker.sticker.is_animated
    assert sticker.sticker.thumbnail.file_id
    assert (venue.venue.title, contact.contact.phone_number) == ("神戸店", "819012345678")
    assert moved.forward_origin.sender_user_name == "鈴木"
    others = {next(iter(set(one.to_dict()) - {"update_id"})): one for one in updates if not one.message}
    assert others["edited_message"].edited_message.text == "二"
    assert others["message_reaction"].message_reaction.new_reaction[0].emoji == "👍"
    changed = [one.my_chat_member for one in updates if one.my_chat_member]
    assert {one.chat.type: one.new_chat_member.status for one in changed} == {
        "private": "kicked",
        "group": "member",
    }


def test_our_connector_reads_every_one_of_them(world: World, who: str) -> None:
    message = world.act(who, "text", text="一")["message"]
    world.act(who, "start", payload="code-1")
    world.act(who, "edit", message=message, text="二")
    world.act(who, "unfollow")
    world.act(who, "follow")
    world.act(who, "join", talk=GROUP)
    world.act(who, "text", talk=GROUP, text="みなさん")
    world.call("getUpdates", allowed_updates=list(WANTED))
    world.act(who, "reaction", message=message, emoji="👍")
    world.act(who, "reaction", message=message, emoji="")
    said = [one for one in world.hears() if type(one).__name__ != "Ignored"]
    assert [type(one) for one in said] == [
        Inbound, Follow, Inbound, Edit, Block, Follow, Inbound, Reaction, Reaction,
    ]  # fmt: skip
    assert said[2].context["start"] == "code-1"
    assert (said[6].sender.address, said[6].text) == (GROUP, "佐藤 美咲: みなさん")
    assert [one.on for one in said if isinstance(one, Reaction)] == [True, False]


WANTED = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")


def test_a_bot_s_library_sends_everything_that_is_played(world: World, who: str) -> None:
    photo = picture()

    async def work(bot: Any) -> list[Any]:
        rows = InlineKeyboardMarkup([[InlineKeyboardButton("交換", callback_data="swap")]])
        asked = await bot.send_message(who, "どちらですか", reply_markup=rows)
        edited = await bot.edit_message_text("どうしますか", who, asked.message_id, reply_markup=rows)
        sent = [
            await bot.send_photo(who, photo, caption="写真"),
            await bot.send_document(who, b"%PDF-1.4", filename="領収書.pdf"),
            await bot.send_video(who, b"video"),
            await bot.send_audio(who, b"audio"),
            await bot.send_voice(who, b"voice"),
            await bot.send_animation(who, b"gif"),
            await bot.send_sticker(who, photo),
            await bot.send_location(who, 34.6877, 135.1902),
            await bot.send_venue(who, 34.6877, 135.1902, "神戸店", "栄町通"),
            *await bot.send_media_group(who, [InputMediaPhoto(photo), InputMediaPhoto(photo)]),
        ]
        again = await bot.send_photo(who, sent[0].photo[-1].file_id)
        await bot.set_message_reaction(who, 1, "❤")
        await bot.delete_message(who, again.message_id)
        return [edited, *sent]

    sent = world.bot(work)
    kinds = [kind for by, kind, _ in world.phone(who) if by == "shop"]
    assert kinds == [
        "text", "image", "file", "video", "audio", "audio", "video", "image", "location", "location",
        "image", "image", "image",
    ]  # fmt: skip
    assert sent[0].reply_markup.inline_keyboard[0][0].callback_data == "swap"
    assert len({one.message_id for one in sent}) == len(sent)
    bubbles = world.sandbox.phone(who, "telegram")
    assert bubbles[0]["data"]["reaction"] == "❤"
    assert (bubbles[1]["text"], bubbles[1]["data"]["rows"][0][0]["label"]) == ("どうしますか", "交換")
    assert bubbles[-1]["unsent"]
    shown = world.sandbox.http.get("/phone/telegram/media", params={"user": who, "message": bubbles[2]["id"]})
    assert shown.content == photo


def test_a_pressed_button_is_answered_once(world: World, who: str) -> None:
    rows = {"inline_keyboard": [[{"text": "交換", "callback_data": "swap"}]]}
    sent = world.call("sendMessage", chat_id=who, text="?", reply_markup=rows).json()["result"]
    world.hearer.says = b""
    world.act(who, "postback", message=f"{who}:{sent['message_id']}", data="swap")

    async def work(bot: Any) -> tuple[str, bool]:
        (update,) = await bot.get_updates()
        query = update.callback_query
        return str(query.data), await bot.answer_callback_query(query.id, "はい")

    assert world.bot(work) == ("swap", True)
    with pytest.raises(BadRequest, match="Query is too old"):
        world.bot(lambda bot: bot.answer_callback_query("1"))


def test_the_answer_to_a_webhook_may_be_a_call(world: World, who: str) -> None:
    world.call("setWebhook", url=world.hearer.url)
    said = {"method": "sendMessage", "chat_id": who, "text": "自動"}
    world.hearer.says = json.dumps(said).encode()
    world.act(who, "text", text="?")
    until(lambda: ("shop", "text", "自動") in world.phone(who), "the call was made")
    world.hearer.says = b'{"method": "sendMessage", "chat_id": 1, "text": "x"}'
    world.act(who, "text", text="?")
    until(lambda: world.sandbox.record(what="refused", call="sendMessage"), "it was refused")


def test_who_polls_gets_each_update_until_it_is_confirmed(world: World, who: str) -> None:
    for text in "一二三":
        world.act(who, "text", text=text)

    async def work(bot: Any) -> list[list[str]]:
        first = await bot.get_updates(limit=2)
        again = await bot.get_updates(limit=2)
        rest = await bot.get_updates(offset=first[-1].update_id + 1)
        none = await bot.get_updates(offset=rest[-1].update_id + 1, timeout=0)
        return [[one.message.text for one in got] for got in (first, again, rest, none)]

    assert world.bot(work) == [["一", "二"], ["一", "二"], ["三"], []]


def test_a_question_waits_for_the_first_update_and_another_poller_ends_it(world: World, who: str) -> None:
    async def work(bot: Any) -> tuple[str, str]:
        waiting = asyncio.create_task(bot.get_updates(timeout=20))
        await asyncio.sleep(0.1)
        world.act(who, "text", text="今")
        (update,) = await waiting
        await bot.get_updates(offset=update.update_id + 1, timeout=0)
        first = asyncio.create_task(bot.get_updates(timeout=20))
        await asyncio.sleep(0.1)
        await bot.get_updates(timeout=0)
        with pytest.raises(Conflict) as ended:
            await first
        return update.message.text, str(ended.value)

    text, ended = world.bot(work)
    assert text == "今"
    assert "other getUpdates request" in ended
    world.call("setWebhook", url=world.hearer.url)
    with pytest.raises(Conflict, match="webhook is active"):
        world.bot(lambda bot: bot.get_updates())


def test_what_waited_goes_to_the_webhook_that_is_set_and_what_fails_is_told(world: World, who: str) -> None:
    world.act(who, "text", text="待っていた")
    world.hearer.answers = [500]
    assert world.call("setWebhook", url=world.hearer.url, max_connections=3).json()["result"] is True
    assert world.hearer.updates(2)[1].message.text == "待っていた"
    info = world.bot(lambda bot: bot.get_webhook_info())
    assert (info.url, info.max_connections) == (world.hearer.url, 3)
    assert info.last_error_message == "Wrong response from the webhook: 500"
    world.call("deleteWebhook")
    assert world.bot(lambda bot: bot.get_webhook_info()).url == ""
    world.act(who, "text", text="捨てる")
    world.call("deleteWebhook", drop_pending_updates=True)
    assert world.hears() == []


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"url": "http://desk.example/hooks"}, "An HTTPS URL must be provided"),
        ({"url": "https://desk.example:8000/"}, "only on ports"),
        ({"url": "https://desk.example/", "secret_token": "あ"}, "unallowed characters"),
    ],
)
def test_an_address_for_webhooks_is_looked_at(world: World, told: dict[str, str], why: str) -> None:
    answer = world.call("setWebhook", **told)
    assert (answer.status_code, answer.json()["ok"]) == (400, False)
    assert why in answer.json()["description"]


def test_test_now_sets_the_webhook_and_fetching_takes_it_away(world: World) -> None:
    assert "@kitakaze_bot" in world.connector().check()
    settings = world.sandbox.state("telegram")["settings"]
    assert settings["webhook"] == "http://127.0.0.1:1/hooks/sandbox-telegram"
    assert len(settings["secret"]) == 64
    assert "message_reaction" in settings["allowed_updates"]
    assert "fetched" in world.connector(delivery=POLLING).check()
    assert world.sandbox.state("telegram")["settings"]["webhook"] == ""


def test_only_who_has_begun_and_not_blocked_can_be_written_to(world: World, who: str) -> None:
    shy = world.sandbox.state("telegram")["customers"][1]["id"]
    with pytest.raises(Forbidden, match="can't initiate conversation"):
        world.bot(lambda bot: bot.send_message(shy, "x"))
    with pytest.raises(BadRequest, match=r"[Cc]hat not found"):
        world.bot(lambda bot: bot.send_message(999999, "x"))
    world.act(who, "unfollow")
    with pytest.raises(ChannelError) as error:
        world.sends(who, "x")
    assert error.value.unreachable
    assert str(error.value).startswith("The customer has blocked the bot.")
    world.act(who, "follow")
    assert world.sends(who, "x")


def test_a_group_that_became_a_supergroup_is_found_again(world: World, who: str) -> None:
    world.act(who, "text", talk=GROUP, text="はい")
    new = world.act(who, "migrate", talk=GROUP)["message"]
    with pytest.raises(ChatMigrated) as moved:
        world.bot(lambda bot: bot.send_message(GROUP, "x"))
    assert str(moved.value.new_chat_id) == new
    assert world.sends(GROUP, "こちら") == (f"{new}:2",)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"text": " "}, "message text is empty"),
        ({"text": "😀" * 2049}, "message is too long"),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "b" * 65}]]}},
            "BUTTON_DATA",
        ),
        ({"text": "x", "reply_markup": {"keyboard": [["a"] * 101]}}, "too many buttons"),
        ({"text": "x", "reply_markup": "{"}, "object expected"),
        ({"text": "x", "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
        ({"text": ["x"]}, "message text is empty"),
    ],
)
def test_what_telegram_would_not_take_is_refused(
    world: World, who: str, told: dict[str, Any], why: str
) -> None:
    answer = world.call("sendMessage", chat_id=who, **told)
    assert answer.status_code == 400
    assert why in answer.json()["description"]
    assert world.sandbox.record(what="accepted") == []


def test_a_photo_that_is_none_goes_as_a_file(world: World, who: str) -> None:
    long = Attachment("long.png", "image/png", data=picture(3000, 20))
    broken = Attachment("broken.jpg", "image/jpeg", data=b"no picture")
    world.sends(who, "", attachments=(long, broken))
    assert [kind for _, kind, _ in world.phone(who)[1:]] == ["file", "file"]
    refused = {entry["message"] for entry in world.sandbox.record(what="refused")}
    assert refused == {"Bad Request: PHOTO_INVALID_DIMENSIONS", "Bad Request: IMAGE_PROCESS_FAILED"}


def test_what_a_customer_sent_is_fetched(world: World, who: str) -> None:
    world.act(
        who, "file", name="領収書.pdf", type="application/pdf", content=base64.b64encode(b"%PDF").decode()
    )
    (event,) = world.hears()
    (file,) = event.attachments
    assert (file.name, file.content_type, world.connector().fetch(file)) == (
        "領収書.pdf",
        "application/pdf",
        b"%PDF",
    )
    assert world.bot(lambda bot: bot.get_file(file.ref)).file_size == 4
    world.sandbox.misbehaves({"fault": "redirect_media", "count": 1})
    with pytest.raises(ChannelError):
        world.connector().fetch(file)
    world.sandbox.misbehaves({"fault": "media_gone", "count": 1})
    with pytest.raises(ChannelError):
        world.connector().fetch(file)
    world.sandbox.misbehaves({"fault": "slow_media", "count": 1, "seconds": 0.5})
    began = time.monotonic()
    assert world.connector().fetch(file) == b"%PDF"
    assert time.monotonic() - began > 0.2


def test_a_file_beyond_what_bots_may_have_is_not_handed_out(world: World, who: str) -> None:
    content = base64.b64encode(bytes(20 * 1024 * 1024 + 1)).decode()
    world.act(who, "file", content=content)
    (event,) = world.hears()
    with pytest.raises(BadRequest, match="File is too big"):
        world.bot(lambda bot: bot.get_file(event.attachments[0].ref))


def test_a_person_is_looked_up(world: World, who: str) -> None:
    person = world.connector().lookup(who)
    assert person is not None
    assert (person.name, person.attributes) == ("佐藤 美咲", {"Telegram": "@misaki_sato"})
    face = world.http.get(person.avatar_url)
    assert (face.status_code, face.content[:4]) == (200, b"\x89PNG")
    photos = world.bot(lambda bot: bot.get_user_profile_photos(int(who)))
    assert photos.total_count == 1
    world.sandbox.set("telegram", faceless=[who])
    hidden = world.connector().lookup(who)
    assert hidden is not None
    assert hidden.avatar_url == ""
    assert world.bot(lambda bot: bot.get_user_profile_photos(int(who))).total_count == 0


def test_writing_is_shown_until_a_message_comes(world: World, who: str) -> None:
    def writing() -> bool:
        return bool(world.sandbox.state("telegram")["customers"][0]["typing_until"])

    world.connector().typing(Person(who), {})
    assert writing()
    world.sends(who, "はい")
    assert not writing()


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ("rate_limit", {"retry_after": 3.0, "ambiguous": False, "permanent": False}),
        ("error", {"ambiguous": False, "permanent": False}),
        ("expired_token", {"everybody": True, "permanent": True}),
        ("drop_before", {"ambiguous": True}),
        ("drop_after", {"ambiguous": True}),
        ("error_after", {"ambiguous": True}),
    ],
)
def test_what_goes_wrong_is_told_as_it_is(world: World, who: str, fault: str, wanted: dict[str, Any]) -> None:
    world.sandbox.misbehaves({"fault": fault, "call": "sendMessage", "to": who, "seconds": 3, "count": 1})
    with pytest.raises(ChannelError) as error:
        world.sends(who, "x")
    assert {name: getattr(error.value, name) for name in wanted} == wanted
    assert len(world.sandbox.accepted(who)) == (fault.endswith("_after"))
    assert [entry["fault"] for entry in world.sandbox.record(what="fault")] == [fault]


def test_how_long_to_wait_is_told_to_a_bot_s_library_too(world: World, who: str) -> None:
    world.sandbox.misbehaves({"fault": "rate_limit", "seconds": 7, "call": "sendMessage"})
    with pytest.raises(RetryAfter) as error:
        world.bot(lambda bot: bot.send_message(who, "x"))
    assert error.value.retry_after == timedelta(seconds=7)


def test_a_late_answer_is_an_answer(world: World, who: str) -> None:
    world.sandbox.misbehaves({"fault": "slow", "call": "sendMessage", "seconds": 0.4, "count": 1})
    began = time.monotonic()
    assert world.sends(who, "x")
    assert time.monotonic() - began > 0.35


def test_a_token_that_was_taken_back_opens_nothing(world: World, who: str) -> None:
    world.sandbox.set("telegram", revoked=True)
    with pytest.raises(ChannelError) as error:
        world.connector().check()
    assert error.value.everybody
    assert world.sandbox.http.get("/api.telegram.org/bot1/getMe").status_code == 404
    assert world.sandbox.http.get(f"/api.telegram.org/file/bot{world.token}/photos/x.png").status_code == 401
    with pytest.raises(InvalidToken, match="was rejected by the server"):
        world.bot(lambda bot: bot.get_me())


def test_webhooks_come_twice_and_out_of_order_on_demand_and_one_at_a_time(world: World, who: str) -> None:
    world.call("setWebhook", url=world.hearer.url)
    world.sandbox.misbehaves(
        {"fault": "batch", "count": 1, "times": 3},
        {"fault": "reorder", "count": 1, "seconds": 5},
        {"fault": "duplicate", "count": 1},
    )
    world.act(who, "text", text="一")
    world.act(who, "text", text="二")
    world.act(who, "text", text="三")
    world.hearer.updates(4)
    world.sandbox.settle("telegram")
    texts = [one.message.text for one in world.hearer.updates(4)]
    assert sorted(texts) == sorted(["一", "二", "三", texts[0]])
    assert texts.index("二") < texts.index("一") < texts.index("三")


@pytest.mark.parametrize(
    ("user", "action", "about"),
    [
        ("x", "text", {"text": "x"}),
        ("512345678", "dance", {}),
        ("512345678", "text", {"text": " "}),
        ("512345678", "edit", {"message": "1", "text": "x"}),
        ("512345678", "image", {"content": "?"}),
        ("512345678", "location", {"latitude": "north"}),
        ("512345678", "contact", {}),
        ("512345678", "migrate", {}),
        (GROUP, "text", {"text": "who says it"}),
    ],
)
def test_what_nobody_can_do_is_refused_in_words(
    world: World, user: str, action: str, about: dict[str, Any]
) -> None:
    answer = world.sandbox.http.post("/act/telegram", json={"user": user, "action": action, **about})
    assert answer.status_code == 422
    assert answer.json()["error"]
