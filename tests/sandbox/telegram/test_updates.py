"""What the sandbox's Telegram tells: by webhook or to who asks for it, as a library of others reads it."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from telegram.error import Conflict

from channels.events import Block, Edit, Follow, Inbound, Reaction
from channels.telegram.settings import POLLING
from tests.sandbox.telegram import GROUP, WANTED, World, picture
from tests.serving import until


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
