"""What we say, as WeChat takes it, and what its return codes mean."""

import json

import httpx2
import pytest

from channels import text
from channels.base import Attachment, ChannelError, Outbound, Sent
from channels.calling import BEGUN
from channels.wechat import codes, sending, trouble
from tests.channels.wechat.account import HANA, SEND, UPLOAD, Script, answer, no, ok, wechat

URL = "https://desk.example.jp/shared/a"
PICTURE = Attachment("写真.jpg", "image/jpeg", url=URL, data=b"\xff\xd8jpeg", size=6)
PAPER = Attachment("料金表.pdf", "application/pdf", url=f"{URL}.pdf", data=b"%PDF", size=4)


def sent(*answers: object, outbound: Outbound | None = None) -> Script:
    script = Script().on(SEND, *(answers or (ok(),)))
    assert wechat(script).send(outbound or answer("はい")) == Sent()
    return script


def failed(*answers: object, outbound: Outbound | None = None) -> ChannelError:
    script = Script().on(SEND, *answers)
    with pytest.raises(ChannelError) as told:
        wechat(script).send(outbound or answer("はい"))
    return told.value


def test_a_text_goes_to_whom_it_is_for() -> None:
    (body,) = sent().bodies(SEND)
    assert body == {"touser": HANA, "msgtype": "text", "text": {"content": "はい"}}


def test_trap_26_json_is_sent_with_every_character_as_itself() -> None:
    words = "在庫がございます😀\n「はい」"
    script = sent(outbound=answer(words))
    raw = script.seen[-1].content
    assert b"\\u" not in raw
    assert words.split("\n")[0].encode() in raw
    assert script.seen[-1].headers["content-type"] == "application/json; charset=utf-8"
    assert json.loads(raw)["text"]["content"] == words


def test_a_long_text_is_split_by_its_bytes() -> None:
    script = sent(outbound=answer("窓口です。" * 300))
    pieces = [one["text"]["content"] for one in script.bodies(SEND)]
    assert "".join(pieces) == "窓口です。" * 300
    assert all(text.length(one, "bytes") <= sending.MAX_TEXT for one in pieces)
    assert all(one.endswith("。") for one in pieces)


def test_five_thousand_emoji_are_split_between_them() -> None:
    script = sent(outbound=answer("👩‍🌾" * 5000))
    pieces = [one["text"]["content"] for one in script.bodies(SEND)]
    assert "".join(pieces) == "👩‍🌾" * 5000
    assert all(set(text.graphemes(one)) == {"👩‍🌾"} for one in pieces)


def test_a_picture_is_uploaded_first_and_another_file_is_a_link() -> None:
    script = Script().on(UPLOAD, httpx2.Response(200, json={"type": "image", "media_id": "M-1"}))
    wechat(script).send(answer("どうぞ", attachments=(PICTURE, PAPER)))
    assert script.paths[1:] == [UPLOAD, SEND, SEND]
    upload = script.seen[1]
    assert dict(upload.url.params) == {"access_token": "t1", "type": "image"}
    assert b'name="media"' in upload.content
    assert b"\xff\xd8jpeg" in upload.content
    words, picture = script.bodies(SEND)
    assert words["text"]["content"] == f"どうぞ\n\n料金表.pdf\n{URL}.pdf"
    assert picture == {"touser": HANA, "msgtype": "image", "image": {"media_id": "M-1"}}


@pytest.mark.parametrize(
    ("content_type", "size", "sort"),
    [
        ("image/png", 10 * 2**20, "image"),
        ("image/png", 10 * 2**20 + 1, ""),
        ("image/webp", 10, ""),
        ("audio/amr", 2 * 2**20, "voice"),
        ("audio/mpeg", 2 * 2**20 + 1, ""),
        ("video/mp4", 10 * 2**20, "video"),
        ("video/mp4", 10 * 2**20 + 1, ""),
        ("application/pdf", 10, ""),
    ],
)
def test_what_is_shown_and_what_becomes_a_link(content_type: str, size: int, sort: str) -> None:
    assert sending.sort_of(Attachment("a", content_type, url=URL, data=bytes(size), size=size)) == sort


def test_a_film_has_its_name() -> None:
    script = Script().on(UPLOAD, httpx2.Response(200, json={"type": "video", "media_id": "M-2"}))
    film = Attachment("採寸.mp4", "video/mp4", url=URL, data=b"mp4", size=3)
    wechat(script).send(answer(attachments=(film,)))
    assert script.bodies(SEND)[0]["video"] == {"media_id": "M-2", "title": "採寸.mp4"}


def test_choices_stand_in_a_menu_below_the_last_words() -> None:
    script = sent(outbound=answer("どうなさいますか", quick_replies=("返品したい", "交換したい")))
    (body,) = script.bodies(SEND)
    assert body["msgtype"] == "msgmenu"
    assert body["msgmenu"] == {
        "head_content": "どうなさいますか",
        "list": [{"id": "1", "content": "返品したい"}, {"id": "2", "content": "交換したい"}],
        "tail_content": "",
    }


@pytest.mark.parametrize("code", sorted(codes.NO_MENU))
def test_where_an_account_may_have_no_menu_the_choices_are_numbered(code: int) -> None:
    script = sent(no(code), ok(), outbound=answer("どれですか", quick_replies=("返品", "交換")))
    menu, words = script.bodies(SEND)
    assert menu["msgtype"] == "msgmenu"
    assert words["text"]["content"] == "どれですか\n\n1. 返品\n2. 交換"


def test_a_menu_and_the_words_above_it_stay_within_the_limit() -> None:
    outbound = answer("あ" * 680, quick_replies=tuple("選" * 60 for _ in range(10)))
    bodies = sent(outbound=outbound).bodies(SEND)
    menu = bodies[-1]["msgmenu"]
    whole = menu["head_content"] + "".join(one["content"] for one in menu["list"])
    assert text.length(whole, "bytes") <= sending.MAX_TEXT + sending.LEAST_ROOM
    said = "".join(one["text"]["content"] for one in bodies[:-1])
    assert said + menu["head_content"] == "あ" * 680


def test_what_will_be_read_is_shown_before() -> None:
    outbound = answer("どうぞ", attachments=(PICTURE, PAPER), quick_replies=("はい", "いいえ"))
    first, last = wechat().preview(outbound).bubbles
    assert (first.file, first.text) == ("写真.jpg", "")
    assert (last.text, last.choices) == (f"どうぞ\n\n料金表.pdf\n{URL}.pdf", ("はい", "いいえ"))


def test_nothing_to_say_and_a_file_without_an_address_are_refused_before_any_call() -> None:
    script = Script()
    bare = Attachment("a.pdf", "application/pdf", data=b"%PDF", size=4)
    for outbound in (answer("  "), answer("はい", attachments=(bare,))):
        with pytest.raises(ChannelError) as told:
            wechat(script).send(outbound)
        assert told.value.permanent
    assert script.seen == []


@pytest.mark.parametrize("code", sorted(codes.CODES))
def test_every_code_has_its_words_and_its_consequence(code: int) -> None:
    known = codes.CODES[code]
    error = failed(no(code, "words of WeChat rid: 1"))
    assert (error.sentence, error.permanent) == (known.sentence, known.permanent)
    assert (error.unreachable, error.everybody) == (known.unreachable, known.everybody)
    assert error.retry_after == known.rest
    assert error.detail == f"{code} words of WeChat rid: 1"
    assert not error.ambiguous


def test_an_unknown_code_is_about_the_message() -> None:
    error = failed(no(99999, "something of next year"))
    assert (error.sentence, error.permanent, error.everybody) == ("WeChat refused this.", True, False)
    assert error.detail == "99999 something of next year"


def test_the_window_the_count_and_a_quota_are_told_apart() -> None:
    assert "48 hours" in failed(no(45015)).sentence
    assert "until the customer writes again" in failed(no(45047)).sentence
    quota = failed(no(45009))
    assert (quota.everybody, quota.permanent, quota.retry_after) == (True, False, 3600.0)


def test_an_address_that_is_not_in_the_ip_list_is_said_in_words() -> None:
    error = failed(no(40164, "invalid ip 203.0.113.9, not in whitelist"))
    assert "IP list" in error.sentence
    assert "203.0.113.9" in error.detail


@pytest.mark.parametrize(
    "lost",
    [httpx2.ReadTimeout, httpx2.Response(504), httpx2.Response(502), httpx2.Response(200, content=b"<html>")],
)
def test_where_nobody_knows_whether_it_was_taken_nothing_is_sent_again(lost: object) -> None:
    error = failed(lost)
    assert (error.ambiguous, error.permanent) == (True, False)


def test_a_beginning_that_was_taken_is_not_sent_again() -> None:
    error = failed(ok(), no(-1), outbound=answer("窓口です。" * 200))
    assert (error.sentence, error.permanent, error.ambiguous) == (BEGUN, True, True)
    assert "-1" in error.detail


def test_an_upload_that_fails_leaves_nothing_half_said() -> None:
    script = Script().on(UPLOAD, httpx2.ReadTimeout)
    with pytest.raises(ChannelError) as told:
        wechat(script).send(answer("どうぞ", attachments=(PICTURE,)))
    assert not told.value.ambiguous
    assert not told.value.permanent
    assert SEND not in script.paths


def test_redirects_are_not_followed() -> None:
    error = failed(httpx2.Response(302, headers={"Location": "http://169.254.169.254/"}))
    assert (error.permanent, error.sentence) == (
        True,
        "WeChat's address redirects; redirects are not followed.",
    )


def test_typing_is_shown_and_its_failure_costs_nothing() -> None:
    path = "/cgi-bin/message/custom/typing"
    script = Script().on(path, no(45081))
    wechat(script).typing(answer().to, {})
    assert script.bodies(path) == [{"touser": HANA, "command": "Typing"}]


def test_no_sentence_shows_a_token() -> None:
    for error in (failed(httpx2.ReadTimeout), failed(no(45015)), failed(httpx2.ConnectError)):
        assert "t1" not in str(error)
    assert trouble.LOST
