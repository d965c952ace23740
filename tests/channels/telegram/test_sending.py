"""What we say, at a bot that behaves and at one that does not."""

import pytest

from channels import text
from channels.base import Attachment, ChannelError, Outbound, Person, Sent
from channels.calling import BEGUN
from tests.channels.servers import Answer
from tests.channels.telegram import bad, bot, called, method, sent

TARO = Person("5123456789")
PNG = Attachment("傷.png", "image/png", data=b"\x89PNG" + bytes(20))
PDF = Attachment("領収書.pdf", "application/pdf", data=b"%PDF-1.7 " + bytes(20))


def hello(words: str = "お待たせしました", **more: object) -> Outbound:
    return Outbound("m1", TARO, words, **more)  # type: ignore[arg-type]


def refusal(*answers: Answer, message: Outbound | None = None) -> ChannelError:
    with bot(*answers) as (telegram, _), pytest.raises(ChannelError) as told:
        telegram.send(message or hello())
    return told.value


def test_a_text_goes_out_plain_and_its_id_comes_back() -> None:
    with bot(sent(31)) as (telegram, server):
        assert telegram.send(hello("<b>*5*</b>")) == Sent(("5123456789:31",))
    ((name, parameters),) = called(server)
    assert name == "sendMessage"
    assert parameters["text"] == "<b>*5*</b>"
    assert parameters["chat_id"] == "5123456789"
    assert "parse_mode" not in parameters


def test_a_long_text_is_split_at_4096_utf16_units_with_emoji_at_the_border() -> None:
    words = "あ" * 4095 + "😀" + "い" * 10
    with bot(sent(1), sent(2)) as (telegram, server):
        assert telegram.send(hello(words)).external_ids == ("5123456789:1", "5123456789:2")
    pieces = [parameters["text"] for _, parameters in called(server)]
    assert "".join(pieces) == words
    assert all(text.length(piece, "utf16") <= 4096 for piece in pieces)
    assert pieces[1].startswith("😀")


def test_a_picture_is_uploaded_with_the_words_as_its_caption() -> None:
    with bot(sent()) as (telegram, server):
        telegram.send(hello("この色です", attachments=(PNG,)))
    (request,) = server.seen
    assert method(request) == "sendPhoto"
    assert request.header("content-type").startswith("multipart/form-data")
    assert PNG.data is not None
    assert PNG.data in request.body
    assert "この色です".encode() in request.body
    assert b'name="caption"' in request.body


def test_words_too_long_for_a_caption_and_several_files_go_one_by_one() -> None:
    with bot(sent(1), sent(2), sent(3)) as (telegram, server):
        ids = telegram.send(hello("長い" * 600, attachments=(PNG, PDF))).external_ids
    assert [method(one) for one in server.seen] == ["sendMessage", "sendPhoto", "sendDocument"]
    assert ids == ("5123456789:1", "5123456789:2", "5123456789:3")


def test_a_picture_that_is_none_for_telegram_goes_as_a_file() -> None:
    with bot(bad(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"), sent()) as (telegram, server):
        telegram.send(hello("", attachments=(PNG,)))
    assert [method(one) for one in server.seen] == ["sendPhoto", "sendDocument"]


def test_a_file_beyond_50_mb_is_refused_before_anything_is_sent() -> None:
    large = Attachment("x.zip", "application/zip", url="https://desk.example.jp/f/1", size=50_000_001)
    with bot(sent()) as (telegram, server), pytest.raises(ChannelError) as told:
        telegram.send(hello("", attachments=(large,)))
    assert told.value.permanent
    assert server.seen == []


def test_a_file_with_an_address_is_fetched_by_telegram_itself() -> None:
    there = Attachment("a.pdf", "application/pdf", url="https://desk.example.jp/f/1", size=10)
    with bot(sent()) as (telegram, server):
        telegram.send(hello("", attachments=(there,)))
    assert called(server)[0][1]["document"] == "https://desk.example.jp/f/1"


def test_quick_replies_are_buttons_that_say_what_stands_on_them_and_go_away_again() -> None:
    with bot(sent()) as (telegram, server):
        telegram.send(hello(quick_replies=("返品", "交換")))
        telegram.send(hello())
    first, second = (parameters["reply_markup"] for _, parameters in called(server))
    assert first["keyboard"] == [[{"text": "返品"}], [{"text": "交換"}]]
    assert first["one_time_keyboard"] is True
    assert second == {"remove_keyboard": True}


def test_trap_21_in_a_group_the_message_that_is_answered_is_named_and_nobody_gets_buttons() -> None:
    group = Outbound(
        "m1", Person("-4012345678"), "はい", in_reply_to="-4012345678:5", quick_replies=("はい", "いいえ")
    )
    with bot(sent(6, -4012345678)) as (telegram, server):
        assert telegram.send(group).external_ids == ("-4012345678:6",)
    ((_, parameters),) = called(server)
    assert parameters["reply_parameters"] == {"message_id": 5, "allow_sending_without_reply": True}
    assert "reply_markup" not in parameters


def test_trap_21_a_group_that_moved_is_followed_at_once() -> None:
    moved = bad(
        400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1002233445566
    )
    with bot(moved, sent(1, -1002233445566), sent(2, -1002233445566)) as (telegram, server):
        ids = telegram.send(Outbound("m1", Person("-4012345678"), "あ" * 5000)).external_ids
    assert ids == ("-1002233445566:1", "-1002233445566:2")
    chats = [parameters["chat_id"] for _, parameters in called(server)]
    assert chats == ["-4012345678", -1002233445566, -1002233445566]


@pytest.mark.parametrize(
    ("code", "description", "sentence"),
    [
        (403, "Forbidden: bot was blocked by the user", "The customer has blocked the bot."),
        (403, "Forbidden: user is deactivated", "The customer's Telegram account does not exist any more."),
        (
            403,
            "Forbidden: bot can't initiate conversation with a user",
            "The customer has to write to the bot first.",
        ),
        (403, "Forbidden: bot was kicked from the group chat", "The bot was removed from the group."),
        (400, "Bad Request: chat not found", "Telegram does not know this customer."),
    ],
)
def test_who_cannot_be_reached_any_more_is_known(code: int, description: str, sentence: str) -> None:
    error = refusal(bad(code, description))
    assert (error.sentence, error.unreachable, error.permanent) == (sentence, True, True)
    assert not error.everybody


TOKEN_REFUSED = "Telegram does not accept the bot's token. Check the channel's settings."
NO_RIGHTS = "The bot may not write in this group."


@pytest.mark.parametrize(
    ("code", "description", "sentence"),
    [
        (403, "Forbidden: something new", "Telegram does not allow this."),
        (400, "Bad Request: message is too long", "The message is too long for Telegram."),
        (400, "Bad Request: not enough rights to send text messages to the chat", NO_RIGHTS),
        (400, "Bad Request: strange", "Telegram did not understand the message."),
        (401, "Unauthorized", TOKEN_REFUSED),
        (404, "Not Found", TOKEN_REFUSED),
        (413, "Request Entity Too Large", "The message is too large for Telegram."),
        (418, "I'm a teapot", "Telegram refused this."),
    ],
)
def test_a_refusal_is_told_in_words(code: int, description: str, sentence: str) -> None:
    error = refusal(bad(code, description))
    assert error.sentence == sentence
    assert description in error.detail
    assert (error.permanent, error.unreachable, error.ambiguous) == (True, False, False)
    assert error.everybody is (code in (401, 404))


def test_trap_21_being_asked_to_wait_says_how_long() -> None:
    """The retry_after stands in the parameters, not in a header."""
    error = refusal(bad(429, "Too Many Requests: retry after 35", retry_after=35))
    assert (error.retry_after, error.permanent, error.ambiguous) == (35.0, False, False)


def test_a_server_that_breaks_is_tried_again_and_a_gateway_that_lost_the_answer_is_not() -> None:
    assert (refusal(bad(500, "Internal")).ambiguous, refusal(bad(500, "Internal")).permanent) == (
        False,
        False,
    )
    assert refusal(Answer(502, body=b"<html>Bad Gateway</html>")).ambiguous
    assert refusal(Answer(504)).ambiguous


def test_an_answer_that_never_comes_may_have_been_a_success() -> None:
    late = refusal(Answer(wait=1.5))
    dropped = refusal(Answer(hang_up=True))
    assert (late.ambiguous, late.permanent) == (dropped.ambiguous, dropped.permanent) == (True, False)


def test_what_stopped_in_the_middle_is_not_sent_again_from_the_beginning() -> None:
    for stop in (bad(500, "Internal"), bad(429, "Too Many", retry_after=90), Answer(hang_up=True)):
        error = refusal(sent(1), stop, message=hello("あ" * 5000))
        assert (error.sentence, error.ambiguous) == (
            BEGUN,
            True,
        )
        assert error.permanent


def test_between_two_parts_a_short_wait_is_waited_out() -> None:
    with bot(sent(1), bad(429, "Too Many Requests", retry_after=0), sent(2)) as (telegram, server):
        assert len(telegram.send(hello("あ" * 5000)).external_ids) == 2
    assert len(server.seen) == 3


def test_nothing_to_say_is_not_said() -> None:
    with bot(sent()) as (telegram, server), pytest.raises(ChannelError) as told:
        telegram.send(hello(" \n"))
    assert told.value.permanent
    assert server.seen == []


def test_typing_is_shown_and_losing_it_costs_nothing() -> None:
    with bot(Answer(), bad(403, "Forbidden: bot was blocked by the user"), Answer(hang_up=True)) as (
        telegram,
        server,
    ):
        for _ in range(3):
            telegram.typing(TARO, {})
    assert called(server)[0] == ("sendChatAction", {"chat_id": "5123456789", "action": "typing"})


def test_the_token_stands_in_no_error() -> None:
    for answer in (bad(400, "Bad Request: chat not found"), Answer(hang_up=True), Answer(500)):
        assert "AAHk3" not in str(refusal(answer))
