"""Messages, files and people of Telegram, both ways."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto
from telegram.error import BadRequest, ChatMigrated, Forbidden

from channels.base import Attachment, ChannelError, Person
from channels.events import Inbound
from tests.sandbox.telegram import GROUP, World, picture


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
