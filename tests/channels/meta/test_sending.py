"""What is sent by Messenger and Instagram, to a real server that answers as Meta does."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest

from channels import guard
from channels.base import Attachment, ChannelError, Person, Sent
from channels.meta import choices
from tests.channels.meta.accounts import (
    DATA,
    IGSID,
    PSID,
    SECRET,
    bodies,
    error,
    instagram,
    message,
    messenger,
    paths,
    said,
    sent,
    since,
)
from tests.channels.servers import Answer, Scripted, serving

PICTURE = Attachment("棚.png", "image/png", data=DATA, size=len(DATA))
LINKED = Attachment("棚.png", "image/png", data=DATA, url="https://desk.example.jp/signed/1")


def test_a_text_goes_as_an_answer_with_the_token_in_the_header_and_a_proof_of_the_app() -> None:
    with serving(sent("m_1")) as server:
        assert messenger(server).send(message(**since(hours=1))) == Sent(("m_1",))
    (call,) = server.seen
    assert paths(server) == ["/graph.facebook.com/v26.0/me/messages"]
    assert call.header("authorization") == "Bearer page-token"
    proof = hmac.new(SECRET.encode(), b"page-token", hashlib.sha256).hexdigest()
    assert call.query == {"appsecret_proof": proof}
    assert bodies(server) == [
        {
            "recipient": {"id": PSID},
            "messaging_type": "RESPONSE",
            "message": {"text": "お待たせしました", "metadata": "madoguchi:k1:m42:1/1"},
        }
    ]


def test_instagram_login_has_its_own_host_and_neither_proof_nor_mark() -> None:
    with serving(sent()) as server:
        instagram(server).send(message(to=IGSID))
    assert paths(server) == ["/graph.instagram.com/v26.0/me/messages"]
    assert server.seen[0].query == {}
    assert bodies(server) == [{"recipient": {"id": IGSID}, "message": {"text": "お待たせしました"}}]


def test_instagram_by_a_page_speaks_with_facebook() -> None:
    with serving(sent()) as server:
        instagram(server, "facebook").send(message(to=IGSID))
    assert paths(server) == ["/graph.facebook.com/v26.0/me/messages"]
    assert "appsecret_proof" in server.seen[0].query


def test_a_long_text_becomes_several_messages_in_order_each_with_its_mark() -> None:
    with serving(sent("m_1"), sent("m_2"), sent("m_3")) as server:
        assert messenger(server).send(message("あ" * 4500)) == Sent(("m_1", "m_2", "m_3"))
    told = [one["message"] for one in bodies(server)]
    assert [len(one["text"]) for one in told] == [2000, 2000, 500]
    assert [one["metadata"] for one in told] == [f"madoguchi:k1:m42:{n}/3" for n in (1, 2, 3)]


@pytest.mark.parametrize("text", ["あ" * 1000, "👨‍👩‍👧‍👦" * 200, "漢字とkana。" * 150])
def test_trap_14_instagrams_1000_bytes_hold_for_japanese(text: str) -> None:
    with serving(sent()) as server:
        instagram(server).send(message(text))
    pieces = [one["message"]["text"] for one in bodies(server)]
    assert len(pieces) > 1
    assert all(len(piece.encode()) <= 1000 for piece in pieces)
    assert "".join(pieces) == text


BY_A_PERSON = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}  # all other tags are retired


@pytest.mark.parametrize(
    ("ago", "automatic", "expected"),
    [
        ({"hours": 23.9}, False, {"messaging_type": "RESPONSE"}),
        ({"hours": 24.1}, False, BY_A_PERSON),
        ({"hours": 24.1}, True, {"messaging_type": "RESPONSE"}),
        ({"days": 6.9}, False, BY_A_PERSON),
        ({"days": 7.1}, False, {"messaging_type": "RESPONSE"}),
        (None, False, {"messaging_type": "RESPONSE"}),
    ],
)
def test_trap_15_the_human_agent_tag_is_for_a_persons_words_between_a_day_and_seven(
    ago: dict[str, float] | None, automatic: bool, expected: dict[str, str]
) -> None:
    with serving(sent()) as server:
        messenger(server).send(message(automatic=automatic, **(since(**ago) if ago else {})))
    (body,) = bodies(server)
    assert {name: body[name] for name in ("messaging_type", "tag") if name in body} == expected


def test_instagram_takes_the_same_tag() -> None:
    with serving(sent()) as server:
        instagram(server).send(message(**since(days=2)))
    assert bodies(server)[0]["tag"] == "HUMAN_AGENT"


@pytest.mark.parametrize("refusal", [error(10), error(100), error(200)])
def test_an_app_that_may_not_use_the_tag_is_told_so_and_its_channel_goes_on(refusal: Answer) -> None:
    with serving(refusal) as server, pytest.raises(ChannelError) as told:
        messenger(server).send(message(**since(days=2)))
    assert told.value.permanent
    assert not told.value.everybody
    assert told.value.sentence.startswith("More than 24 hours have passed since they last wrote, and Meta")


def test_quick_replies_stand_on_the_last_message_at_most_thirteen_and_short() -> None:
    long = "返品・交換について問い合わせたいのですが、どうすればよいですか"
    with serving(sent()) as server:
        messenger(server).send(message("あ" * 2500, quick_replies=("はい", long, *map(str, range(20)))))
    first, last = (one["message"] for one in bodies(server))
    assert "quick_replies" not in first
    buttons = last["quick_replies"]
    assert len(buttons) == 13
    assert buttons[0] == {"content_type": "text", "title": "はい", "payload": "はい"}
    assert len(buttons[1]["title"]) == 20
    assert choices.pressed(buttons[1]["title"], buttons[1]["payload"]) == long


def test_a_label_is_cut_between_the_characters_a_reader_sees() -> None:
    assert choices.label("👨‍👩‍👧‍👦" * 5, 20) == "👨‍👩‍👧‍👦👨‍👩‍👧‍👦…"
    assert choices.pressed("はい", "SOMETHING_ELSE") == "はい"
    assert choices.pressed("それ…", "別のもの") == "それ…"


def test_a_file_goes_along_as_a_form_after_the_text() -> None:
    with serving(sent("m_1"), sent("m_2")) as server:
        assert messenger(server).send(message(attachments=(PICTURE,))) == Sent(("m_1", "m_2"))
    form = server.seen[1]
    assert form.header("content-type").startswith("multipart/form-data")
    assert DATA in form.body
    assert b'name="filedata"' in form.body
    assert json.dumps({"id": PSID}).encode() in form.body
    assert b'"type": "image"' in form.body
    assert b"madoguchi:k1:m42:2/2" in form.body


def test_instagram_fetches_files_from_a_signed_address() -> None:
    with serving(sent()) as server:
        instagram(server).send(message("", attachments=(LINKED,)))
    (body,) = bodies(server)
    assert body["message"] == {"attachment": {"type": "image", "payload": {"url": LINKED.url}}}


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (PICTURE, "Meta fetches files from here: that needs a public address that begins with https://."),
        (
            Attachment("a.zip", "application/zip", url="https://x.example/a.zip"),
            "Files of this type cannot be sent here.",
        ),
    ],
)
def test_a_file_instagram_cannot_take_is_refused_before_anything_is_sent(
    file: Attachment, sentence: str
) -> None:
    with serving(sent()) as server, pytest.raises(ChannelError) as told:
        instagram(server).send(message(attachments=(file,)))
    assert (told.value.sentence, told.value.permanent, server.seen) == (sentence, True, [])


def test_nothing_at_all_is_not_sent() -> None:
    with serving(sent()) as server, pytest.raises(ChannelError) as told:
        messenger(server).send(message("  "))
    assert told.value.permanent
    assert server.seen == []


@pytest.mark.parametrize(
    "second", [error(2, status=500), error(613), Answer(hang_up=True), error(551, 1545041)]
)
def test_once_a_part_was_sent_nothing_is_sent_again_by_itself(second: Answer) -> None:
    with serving(sent("m_1"), second) as server, pytest.raises(ChannelError) as told:
        messenger(server).send(message("あ" * 2500))
    assert told.value.ambiguous
    assert told.value.permanent
    assert len(server.seen) == 2


def test_an_answer_lost_after_the_message_was_taken_is_ambiguous() -> None:
    with serving(Answer(hang_up=True)) as server, pytest.raises(ChannelError) as told:
        messenger(server).send(message())
    assert (told.value.ambiguous, told.value.permanent) == (True, False)


def test_an_answer_that_takes_too_long_is_ambiguous() -> None:
    with serving(Answer(wait=1.5)) as server:
        connector = messenger(server)
        connector.http = guard.Client(
            allow_private=True, timeout=httpx2.Timeout(connect=5.0, read=0.2, write=5.0, pool=5.0)
        )
        with pytest.raises(ChannelError) as told:
            connector.send(message())
    assert told.value.ambiguous


@pytest.mark.parametrize("status", [502, 504])
def test_a_gateway_that_had_no_answer_itself_leaves_it_open_whether_it_arrived(status: int) -> None:
    with serving(Answer(status)) as server, pytest.raises(ChannelError) as told:
        messenger(server).send(message())
    assert told.value.ambiguous


def test_nobody_there_is_not_ambiguous() -> None:
    with serving() as server:
        pass
    with pytest.raises(ChannelError) as told:
        messenger(server).send(message())
    assert (told.value.ambiguous, told.value.permanent) == (False, False)


@pytest.mark.parametrize(
    "answer", [Answer(200, body=b"<html>"), Answer(200, body=b"[1]"), said({"message_id": 5})]
)
def test_a_success_in_other_words_is_a_success(answer: Answer) -> None:
    with serving(answer) as server:
        assert messenger(server).send(message()) == Sent(())


def test_typing_and_reading_are_shown_and_losing_the_dots_costs_nothing() -> None:
    with serving(said({"recipient_id": PSID}), said({}), error(551)) as server:
        connector = messenger(server)
        connector.typing(Person(PSID), {})
        connector.mark_read({"mid": "m_1", "person": PSID})
        connector.typing(Person(PSID), {})
        connector.mark_read({})
    assert [one["sender_action"] for one in bodies(server)] == ["typing_on", "mark_seen", "typing_on"]


def profile(server: Scripted) -> Any:
    return messenger(server).lookup("555/../me")


def test_a_person_is_looked_up_by_their_id_alone() -> None:
    told = {
        "first_name": "花子",
        "last_name": "山田",
        "profile_pic": "https://x.fbcdn.net/p.jpg",
        "locale": "ja_JP",
    }
    with serving(said(told)) as server:
        person = profile(server)
    assert person == Person(
        "555/../me", name="花子 山田", avatar_url="https://x.fbcdn.net/p.jpg", locale="ja_JP"
    )
    assert server.seen[0].url.startswith("/graph.facebook.com/v26.0/555%2F..%2Fme?")
    assert set(parse_qs(server.seen[0].url.partition("?")[2])) == {"fields", "appsecret_proof"}


@pytest.mark.parametrize("refusal", [error(100, 33), error(230), error(803, status=404)])
def test_who_has_not_agreed_to_be_looked_up_keeps_their_id(refusal: Answer) -> None:
    with serving(refusal) as server:
        assert profile(server) is None


def test_a_token_that_is_not_good_is_no_unknown_person() -> None:
    with serving(error(190)) as server, pytest.raises(ChannelError):
        profile(server)


def test_messenger_quotes_with_the_first_of_its_messages_and_instagram_not_at_all() -> None:
    with serving(sent("m_1"), sent("m_2")) as server:
        messenger(server).send(message("あ" * 2500, quoted_id="m_in"))
    assert [one.get("reply_to") for one in bodies(server)] == [{"mid": "m_in"}, None]
    with serving(sent("m_1")) as server:
        instagram(server).send(message(quoted_id="m_in"))
    assert "reply_to" not in bodies(server)[0]
