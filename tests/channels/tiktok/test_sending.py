"""What we say, at a TikTok that behaves and at one that does not."""

from typing import Any

import httpx2
import pytest

from channels.base import Attachment, ChannelError, Outbound, Person, Sent
from channels.calling import BEGUN
from channels.tiktok import sending, trouble
from channels.tiktok.calling import Caller
from channels.tiktok.connector import TikTok
from tests.channels.kept import Kept
from tests.channels.tiktok import (
    API,
    BUSINESS,
    CONVERSATION,
    HANAKO,
    STORED,
    Scripted,
    account,
    bad,
    good,
    hello,
    taken,
)

SEND, UPLOAD = "business/message/send/", "business/message/media/upload/"
TO = {"business_id": BUSINESS, "recipient_type": "CONVERSATION", "recipient": CONVERSATION}
PNG = Attachment("coat.png", "image/png", url="https://desk.example.jp/shared/1", data=b"\x89PNG", size=4)


def refusal(*answers: httpx2.Response | Exception, message: Outbound | None = None) -> ChannelError:
    with pytest.raises(ChannelError) as told:
        account(Scripted(send=list(answers))).send(message or hello())
    return told.value


def test_a_text_goes_to_the_conversation_and_its_id_comes_back() -> None:
    tiktok = Scripted(send=[taken("42")])
    assert account(tiktok).send(hello()) == Sent(("42",))
    body = {**TO, "message_type": "TEXT", "text": {"body": "お待たせしました"}}
    assert tiktok.seen == [(SEND, body)]
    (request,) = tiktok.requests
    assert request.headers["access-token"] == "act.first"
    assert "お待たせしました".encode() in request.content
    assert str(request.url).endswith("/")


def test_a_picture_is_uploaded_first_and_goes_after_the_words() -> None:
    tiktok = Scripted(upload=[good(media_id="m9")], send=[taken("1"), taken("2")])
    assert account(tiktok).send(hello("こちらです", attachments=(PNG,))) == Sent(("1", "2"))
    (_, said), (path, form), (_, shown) = tiktok.seen
    assert said["text"] == {"body": "こちらです"}
    assert path == UPLOAD
    assert b'name="media_type"\r\n\r\nIMAGE' in form
    assert b'filename="coat.png"' in form
    assert BUSINESS.encode() in form
    assert shown == {**TO, "message_type": "IMAGE", "image": {"media_id": "m9"}}


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "image/webp"])
def test_three_sorts_of_pictures_are_carried(kind: str) -> None:
    assert TikTok.features.carry(Attachment("a", kind, size=sending.MAX_PICTURE))


@pytest.mark.parametrize(
    "file",
    [
        Attachment("size.pdf", "application/pdf", size=4),
        Attachment("a.gif", "image/gif", size=3),
        Attachment("large.png", "image/png", size=sending.MAX_PICTURE + 1),
    ],
)
def test_any_other_file_is_left_to_go_as_a_link(file: Attachment) -> None:
    assert not TikTok.features.carry(file)


def test_the_first_text_quotes_and_a_picture_does_not() -> None:
    tiktok = Scripted(upload=[good(media_id="m9")])
    account(tiktok).send(hello("あ" * 6001, attachments=(PNG,), quoted_id="77"))
    told = [document for path, document in tiktok.seen if path == SEND]
    quoted = [one.get("referenced_message_info") for one in told]
    assert quoted == [{"referenced_message_id": "77"}, None, None]


def test_a_long_text_is_split_at_six_thousand_characters() -> None:
    made = sending.calls(hello("あ" * 6001 + "😀" * 10))
    assert [len(one.text) for one in made] == [6000, 11]
    assert sum(len(one.text) for one in sending.calls(hello("😀" * 12_000))) == 12_000


def test_nothing_is_sent_to_who_never_wrote_or_without_words() -> None:
    tiktok = Scripted()
    for message in (Outbound("m1", Person(HANAKO), "はい"), hello("")):
        with pytest.raises(ChannelError) as told:
            account(tiktok).send(message)
        assert told.value.permanent
    assert tiktok.seen == []


def test_trap_25_a_code_other_than_0_is_a_refusal_though_the_status_is_200() -> None:
    error = refusal(bad(40002, "Invalid parameter"))
    assert (error.sentence, error.detail) == (
        "TikTok did not understand the message.",
        "40002 Invalid parameter r1",
    )
    assert error.permanent
    assert not error.ambiguous


@pytest.mark.parametrize(
    ("code", "words", "permanent", "everybody", "reauthorise", "wait"),
    [
        (40001, "No permission", True, True, False, None),
        (40007, "Does not exist", True, False, False, None),
        (40064, "Blocked by direct message rules", True, False, False, None),
        (40064, "You are sending messages too fast", False, False, False, 60.0),
        (40100, "Requests made too frequently", False, True, False, 60.0),
        (40016, "QPS limit", False, True, False, 60.0),
        (40101, "Invalid app_id or secret", True, True, False, None),
        (40103, "Refresh token expired", True, True, True, None),
        (40908, "Unsupported file type", True, False, False, None),
        (51065, "System error", False, False, False, None),
        (50002, "Something internal", False, False, False, None),
        (49999, "Something new", True, False, False, None),
    ],
)
def test_what_a_code_means(
    code: int, words: str, permanent: bool, everybody: bool, reauthorise: bool, wait: float | None
) -> None:
    error = refusal(bad(code, words))
    assert (error.permanent, error.everybody, error.reauthorise) == (permanent, everybody, reauthorise)
    assert error.retry_after == wait
    assert not error.ambiguous
    assert not error.unreachable


def test_a_time_that_is_told_is_kept_to() -> None:
    limited = httpx2.Response(200, json={"code": 40100}, headers={"Retry-After": "7"})
    assert refusal(limited).retry_after == 7.0
    assert refusal(httpx2.Response(429)).retry_after == 60.0


@pytest.mark.parametrize(
    "answer", [httpx2.Response(502), httpx2.Response(504), httpx2.Response(200, content=b"<html>")]
)
def test_an_answer_that_says_nothing_leaves_it_open(answer: httpx2.Response) -> None:
    error = refusal(answer)
    assert error.ambiguous
    assert error.sentence == trouble.LOST


def test_a_redirect_is_not_followed() -> None:
    error = refusal(httpx2.Response(302, headers={"Location": "http://169.254.169.254/"}))
    assert (error.permanent, "redirect" in error.sentence) == (True, True)


def test_an_upload_whose_answer_was_lost_has_sent_nothing() -> None:
    tiktok = Scripted(upload=[httpx2.ReadTimeout("no")])
    with pytest.raises(ChannelError) as told:
        account(tiktok).send(hello("", attachments=(PNG,)))
    assert (told.value.ambiguous, told.value.permanent) == (False, False)
    assert [path for path, _ in tiktok.seen] == [UPLOAD]


def test_what_was_sent_in_part_is_not_sent_again() -> None:
    tiktok = Scripted(send=[taken(), bad(40002)])
    with pytest.raises(ChannelError) as told:
        account(tiktok).send(hello("あ" * 7000))
    assert (told.value.ambiguous, told.value.permanent) == (True, True)
    assert told.value.sentence == BEGUN
    assert len(tiktok.seen) == 2


def test_a_part_that_comes_too_fast_is_sent_in_a_moment() -> None:
    tiktok = Scripted(send=[taken("1"), bad(40064, "sending too fast"), bad(40100), taken("2")])
    waited: list[float] = []
    connector = account(tiktok)
    caller = Caller(connector.settings, connector.http, connector.context)
    assert sending.send(caller, hello("あ" * 7000), waited.append) == ("1", "2")
    assert waited == [1.0, 2.0]


def test_the_first_part_that_comes_too_fast_is_left_to_the_product() -> None:
    waited: list[float] = []
    connector = account(tiktok := Scripted(send=[bad(40100)]))
    caller = Caller(connector.settings, connector.http, connector.context)
    with pytest.raises(ChannelError) as told:
        sending.send(caller, hello(), waited.append)
    assert (told.value.retry_after, waited, len(tiktok.seen)) == (60.0, [], 1)


def test_writing_and_reading_are_shown() -> None:
    tiktok = Scripted(send=[good()])
    connector = account(tiktok)
    connector.typing(Person(HANAKO), {"conversation": CONVERSATION})
    connector.mark_read({"conversation": CONVERSATION})
    kinds: list[Any] = [document for _, document in tiktok.seen]
    assert kinds == [
        {**TO, "message_type": "SENDER_ACTION", "sender_action": "TYPING"},
        {**TO, "message_type": "SENDER_ACTION", "sender_action": "MARK_READ"},
    ]


def test_writing_that_cannot_be_shown_costs_nothing() -> None:
    connector = account(tiktok := Scripted(send=[bad(40064)]))
    connector.typing(Person(HANAKO), {"conversation": CONVERSATION})
    connector.typing(Person(HANAKO), {})
    assert len(tiktok.seen) == 1


def test_the_account_is_that_of_who_signed_in() -> None:
    tiktok = Scripted()
    account(
        tiktok, Kept(**{name: STORED[name] for name in ("access_token",)}), business_id="_000Signed"
    ).send(hello())
    ((_, document),) = tiktok.seen
    assert document["business_id"] == "_000Signed"
    assert str(tiktok.requests[0].url) == API + SEND
