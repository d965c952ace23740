"""What we say, judged by the models of LINE's own SDK."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linebot.v3.messaging import PushMessageRequest, ReplyMessageRequest
from linebot.v3.messaging.models import AudioMessage, ImageMessage, TextMessage, VideoMessage

from channels import text
from channels.base import Attachment, ChannelError, Outbound
from channels.line.durations import milliseconds
from channels.line.messages import MAX_TEXT, calls, retry_key
from tests.channels.line.account import HANA, say
from tests.examples import some

HERE = "https://desk.example.jp/f/"
KEY = bytes(32)


def judged(outbound: Outbound) -> list[Any]:
    """The messages of all calls, after the SDK has read each as a push and given back the very same."""
    found = []
    for call in calls(outbound):
        document = {"to": HANA.address, "messages": call}
        read = PushMessageRequest.from_json(json.dumps(document))
        assert read is not None
        assert without_nothing(json.loads(read.to_json())) == {**document, "notificationDisabled": False}
        assert ReplyMessageRequest.from_json(json.dumps({"replyToken": "r", "messages": call})) is not None
        found += read.messages
    return found


def without_nothing(value: Any) -> Any:
    """The SDK writes null for what is not set."""
    if isinstance(value, dict):
        return {name: without_nothing(one) for name, one in value.items() if one is not None}
    return [without_nothing(one) for one in value] if isinstance(value, list) else value


def file(name: str, kind: str, size: int = 1000, **more: Any) -> Attachment:
    return Attachment(name, kind, url=HERE + name, size=size, **more)


def test_a_text_is_one_message() -> None:
    (message,) = judged(say("在庫ございます😀"))
    assert isinstance(message, TextMessage)
    assert message.text == "在庫ございます😀"


def test_trap_7_a_text_is_split_at_5000_utf16_units_and_never_inside_an_emoji() -> None:
    words = "あ" * 4999 + "😀" + "👨‍👩‍👧‍👦" * 600
    pieces = [message.text for message in judged(say(words))]
    assert "".join(pieces) == words
    assert pieces[0] == "あ" * 4999
    assert all(len(one.encode("utf-16-le")) // 2 <= MAX_TEXT for one in pieces)
    assert all(set(text.graphemes(one)) == {"👨‍👩‍👧‍👦"} for one in pieces[2:])


def test_more_than_five_messages_take_further_calls_with_keys_of_their_own() -> None:
    outbound = say("長" * 5000 * 12)
    assert [len(call) for call in calls(outbound)] == [5, 5, 2]
    keys = [retry_key(KEY, outbound, number) for number in range(3)]
    assert len(set(keys)) == 3
    assert keys == [retry_key(KEY, outbound, number) for number in range(3)]


@given(words=st.text(min_size=1, max_size=40), times=st.integers(1, 600))
@settings(max_examples=some(40), deadline=None)
def test_any_text_is_said_whole(words: str, times: int) -> None:
    if not (words * times).strip():
        return
    said = [message["text"] for call in calls(say(words * times)) for message in call]
    assert all(0 < text.length(one, "utf16") <= MAX_TEXT for one in said)
    assert "".join("".join(said).split()) == "".join((words * times).split())


def test_a_retry_key_is_a_uuid_that_tells_messages_people_and_installations_apart() -> None:
    key = retry_key(KEY, say(), 0)
    assert [len(part) for part in key.split("-")] == [8, 4, 4, 4, 12]
    others = [
        retry_key(KEY, Outbound("m2", HANA, "お待たせしました"), 0),
        retry_key(bytes([1] * 32), say(), 0),
        retry_key(KEY, say("別の言葉"), 0),
        retry_key(KEY, say(), 1),
    ]
    assert len({key, *others}) == 5


def test_quick_replies_stand_on_the_last_message_with_labels_of_twenty_seen_characters() -> None:
    labels = (
        "はい",
        "👨‍👩‍👧‍👦" * 20,
        "とても長い選択肢なので二十文字には収まりません",
        *("x" * 3 for _ in range(14)),
    )
    first, last = judged(say("長" * 6000, quick_replies=labels))
    assert first.quick_reply is None
    items = last.quick_reply.items
    assert len(items) == 13
    assert items[0].action.to_dict() == {"type": "message", "label": "はい", "text": "はい"}
    assert items[1].action.label == "👨‍👩‍👧‍👦" * 20
    assert items[2].action.label == "とても長い選択肢なので二十文字には収ま…"
    assert items[2].action.text == labels[2]


def test_pictures_are_shown_with_a_small_one() -> None:
    small, large = judged(
        say(
            "",
            attachments=(
                file("a.jpg", "image/jpeg"),
                file("b.png", "image/png", 9_000_000, preview=HERE + "p"),
            ),
        )
    )
    assert isinstance(small, ImageMessage)
    assert (small.original_content_url, small.preview_image_url) == (HERE + "a.jpg", HERE + "a.jpg")
    assert (large.original_content_url, large.preview_image_url) == (HERE + "b.png", HERE + "p")


def test_a_film_and_a_sound_are_shown() -> None:
    film, sound = judged(
        say(
            "",
            attachments=(
                file("a.mp4", "video/mp4", preview=HERE + "p"),
                file("b.m4a", "audio/mp4", data=mp4(6500)),
            ),
        )
    )
    assert isinstance(film, VideoMessage)
    assert isinstance(sound, AudioMessage)
    assert sound.duration == 6500


@pytest.mark.parametrize(
    "attached",
    [
        file("見積.pdf", "application/pdf"),
        file("a.webp", "image/webp"),
        file("a.jpg", "image/jpeg", 11_000_000, preview=HERE + "p"),
        file("a.jpg", "image/jpeg", 2_000_000),
        file("a.mp4", "video/mp4"),
        file("a.m4a", "audio/mp4", data=b"no mp4"),
        file("a.mp3", "audio/mpeg"),
    ],
    ids=lambda one: f"{one.content_type} {one.size}",
)
def test_what_line_does_not_show_goes_along_as_a_link(attached: Attachment) -> None:
    (message,) = judged(say("こちらです", attachments=(attached,)))
    words, name, link = message.text.replace("\n\n", "\n").split("\n")
    assert (words, name) == ("こちらです", attached.name)
    assert link.isascii()


def test_words_come_before_files_and_the_quick_replies_after_them() -> None:
    first, second = judged(
        say("写真です", attachments=(file("a.jpg", "image/jpeg"),), quick_replies=("はい",))
    )
    assert (first.text, first.quick_reply) == ("写真です", None)
    assert second.quick_reply is not None


@pytest.mark.parametrize(
    "url", ["", "http://127.0.0.1:8000/f/a.jpg", "ftp://x/a.jpg", "https://x/" + "髙" * 700]
)
def test_a_file_that_line_cannot_fetch_is_said_to_be_so(url: str) -> None:
    with pytest.raises(ChannelError, match="public address") as told:
        calls(say(attachments=(Attachment("a.jpg", "image/jpeg", url=url, size=9),)))
    assert told.value.permanent


def test_the_sandbox_fetches_files_without_tls() -> None:
    attached = Attachment("a.jpg", "image/jpeg", url="http://127.0.0.1:8000/f/a.jpg", size=9)
    ((message,),) = calls(say("", attachments=(attached,)), plain_http=True)
    assert message["type"] == "image"


def test_nothing_is_not_sent() -> None:
    with pytest.raises(ChannelError, match="nothing to send"):
        calls(say(" \n "))


def mp4(milliseconds: int, *, long: bool = False, scale: int = 1000) -> bytes:
    """The boxes of a sound that lasts so long."""
    duration = milliseconds * scale // 1000
    told = struct.pack(">IQ", scale, duration) if long else struct.pack(">II", scale, duration)
    times = bytes(16 if long else 8)
    header = bytes([1 if long else 0, 0, 0, 0]) + times + told + bytes(80)
    movie = box(b"moov", box(b"udta", b"") + box(b"mvhd", header))
    return box(b"ftyp", b"M4A ") + struct.pack(">I4sQ", 1, b"free", 20) + bytes(4) + movie


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, name) + body


@pytest.mark.parametrize("long", [False, True])
def test_a_sound_tells_how_long_it_lasts(long: bool) -> None:
    assert milliseconds(mp4(6500, long=long, scale=48000)) == 6500


@given(data=st.binary(max_size=200))
def test_any_bytes_have_a_duration_or_none(data: bytes) -> None:
    whole = mp4(1000)
    cut = whole[: len(data)] + data
    assert milliseconds(cut) is None or isinstance(milliseconds(cut), int)
    assert milliseconds(data) is None or isinstance(milliseconds(data), int)
