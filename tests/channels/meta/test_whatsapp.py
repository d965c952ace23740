"""What is sent by WhatsApp, judged by a library of its users, and what else its connector does."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from pywa.client import WhatsApp as Pywa
from pywa.types.callback import Button, CallbackButton, CallbackSelection
from pywa.types.message import Message
from pywa.types.message_status import MessageStatus

from channels.base import (
    Attachment,
    ChannelError,
    Inbound,
    MarksRead,
    Person,
    Receipt,
    Sent,
)
from channels.whatsapp import sending
from channels.whatsapp.contents import content
from tests.channels.cases import Payload, payloads
from tests.channels.meta.accounts import (
    DATA,
    NUMBER,
    PHONE,
    USER,
    bodies,
    error,
    message,
    paths,
    said,
    taken,
    whatsapp,
)
from tests.channels.servers import Answer, serving

PDF = Attachment("領収書.pdf", "application/pdf", data=DATA)
PNG = Attachment("棚.png", "image/png", data=DATA)
VOICE = Attachment("声.ogg", "audio/ogg", data=DATA)
ALWAYS = {"messaging_product": "whatsapp", "recipient_type": "individual"}


def payload(name: str) -> Payload:
    return next(one for one in payloads("whatsapp") if one.name == name)


def body_of(*answers: Answer, to: str = PHONE, text: str = "お待たせしました", **more: Any) -> dict[str, Any]:
    """The JSON of the last call."""
    with serving(*(answers or (taken(),))) as server:
        whatsapp(server).send(message(text, to, **more))
    return (
        dict(bodies(server)[-1])
        if server.seen[-1].header("content-type").startswith("application/json")
        else {}
    )


def pywa_client(seen: list[httpx.Request]) -> Pywa:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=taken().body)

    return Pywa(
        NUMBER, "token", session=httpx.Client(transport=httpx.MockTransport(answer)), filter_updates=False
    )


def test_a_text_goes_to_a_number_with_our_mark() -> None:
    with serving(taken("wamid.1")) as server:
        assert whatsapp(server).send(message(to=PHONE)) == Sent(("wamid.1",))
    assert paths(server) == [f"/graph.facebook.com/v26.0/{NUMBER}/messages"]
    assert bodies(server) == [
        {
            **ALWAYS,
            "to": PHONE,
            "type": "text",
            "text": {"body": "お待たせしました", "preview_url": False},
            "biz_opaque_callback_data": "madoguchi:k1:m42:1/1",
        }
    ]


def test_who_hides_their_number_is_written_to_by_their_id() -> None:
    body = body_of(to=USER)
    assert body["recipient"] == USER
    assert "to" not in body


def test_trap_17_a_message_without_a_number_has_its_sender_all_the_same() -> None:
    sample = payload("without_a_number")
    (event,) = sample.connector().parse(sample.request)
    assert isinstance(event, Inbound)
    assert (event.sender.address, event.sender.phone, event.sender.name) == (USER, "", "Hanako")
    assert event.text == "hi"


def test_trap_18_statuses_come_in_any_order_and_each_says_its_own() -> None:
    sample = payload("statuses_out_of_order")
    events = sample.connector().parse(sample.request)
    assert [event.state for event in events if isinstance(event, Receipt)] == [
        "read",
        "delivered",
        "sent",
        "read",
    ]


def test_trap_19_a_reaction_is_taken_off_with_an_empty_emoji_and_with_none() -> None:
    sample = payload("reactions")
    on = [getattr(event, "on", None) for event in sample.connector().parse(sample.request)]
    assert on == [False, True, False, False]  # what they had is off before another is on


@pytest.mark.parametrize(
    "message",
    [
        {"type": "order", "order": {"product_items": [{"product_retailer_id": "COAT-1"}] * 60}},
        {"type": "contacts", "contacts": [{"name": {"formatted_name": "COAT-1"}}] * 60},
    ],
)
def test_a_long_order_and_many_contacts_are_a_message_with_all_of_them(message: dict[str, Any]) -> None:
    assert content(message).text.count("COAT-1") == 60


def test_pywa_reads_the_same_words_and_ids_from_our_captured_messages() -> None:
    client = pywa_client([])
    for name in ("text", "media_of_every_sort", "place_and_contact_cards", "answer_to_a_message"):
        document = json.loads(payload(name).request.body)
        value = document["entry"][0]["changes"][0]["value"]
        ours = payload(name).connector().parse(payload(name).request)
        for number, one in enumerate(value["messages"]):
            value["messages"] = [one]
            theirs = Message.from_update(client, document)
            mine = ours[number]
            assert isinstance(mine, Inbound)
            assert (theirs.id, theirs.timestamp) == (mine.external_id, mine.sent_at)
            assert theirs.from_user.name == mine.sender.name
            assert theirs.from_user.bsuid == mine.sender.address
            assert (theirs.text or theirs.caption or mine.text) == mine.text
            if theirs.media:
                assert mine.attachments[0].ref == theirs.media.id


def test_pywa_reads_the_same_choices_and_states() -> None:
    client = pywa_client([])
    sample = payload("what_was_chosen")
    document = json.loads(sample.request.body)
    value = document["entry"][0]["changes"][0]["value"]
    first, second = value["messages"][:2]
    value["messages"] = [first]
    assert CallbackButton.from_update(client, document).title == "はい"
    value["messages"] = [second]
    assert CallbackSelection.from_update(client, document).title.startswith("返品・交換")
    statuses = payload("statuses_out_of_order")
    document = json.loads(statuses.request.body)
    value = document["entry"][0]["changes"][0]["value"]
    value["statuses"] = value["statuses"][:1]
    status = MessageStatus.from_update(client, document)
    (mine, *_) = statuses.connector().parse(statuses.request)
    assert isinstance(mine, Receipt)
    assert (status.id, status.status.value, status.timestamp) == (mine.external_id, mine.state, mine.at)


def test_pywa_would_send_the_same_text_buttons_and_list() -> None:
    """Their client's JSON against ours, for what both express."""
    seen: list[httpx.Request] = []
    buttons = [Button(title="はい", callback_data="はい"), Button(title="いいえ", callback_data="いいえ")]
    pywa_client(seen).send_message(PHONE, "どちらですか", buttons=buttons)
    theirs = json.loads(seen[-1].content)
    ours = body_of(text="どちらですか", quick_replies=("はい", "いいえ"))
    assert ours["type"] == theirs["type"]
    assert ours["interactive"] == theirs["interactive"]
    assert ours["to"] == theirs["to"]


def test_few_short_choices_are_buttons_more_or_longer_ones_a_list() -> None:
    assert body_of(quick_replies=("はい", "いいえ"))["interactive"]["type"] == "button"
    assert body_of(quick_replies=("1", "2", "3", "4"))["interactive"]["type"] == "list"
    long = "返品・交換について問い合わせたいのですが、どうすればよいですか"
    told = body_of(quick_replies=(long,), locale="ja")["interactive"]
    (row,) = told["action"]["sections"][0]["rows"]
    assert told["action"]["button"] == "選択する"
    assert (len(row["title"]), row["id"], row["description"]) == (24, long, long)
    assert (
        len(body_of(quick_replies=tuple(map(str, range(30))))["interactive"]["action"]["sections"][0]["rows"])
        == 10
    )


def test_whether_it_helped_is_asked_by_buttons_and_beside_choices_in_the_list() -> None:
    judged = ("役に立った", "役に立たなかった")
    (asked,) = sending.calls(message("550円です", PHONE, judged=judged))
    assert [one["reply"] for one in asked.place["action"]["buttons"]] == [
        {"id": "madoguchi-helped:yes:m42", "title": "役に立った"},
        {"id": "madoguchi-helped:no:m42", "title": "役に立たなかった"},
    ]
    first, shown = sending.calls(message("550円です", PHONE, attachments=(PNG,), judged=judged))
    assert (first.body["type"], shown.body["type"]) == ("interactive", "image")
    (both,) = sending.calls(message("550円です", PHONE, quick_replies=tuple("abcdefghijk"), judged=judged))
    rows = both.place["action"]["sections"][0]["rows"]
    assert [one["title"] for one in rows] == [*"abcdefgh", *judged]


def test_what_stands_above_choices_is_short_and_what_is_longer_goes_before() -> None:
    with serving(taken()) as server:
        whatsapp(server).send(message("あ" * 5000, PHONE, quick_replies=("はい",)))
    told = bodies(server)
    assert [one["type"] for one in told] == ["text", "interactive"] or told[-1]["type"] == "interactive"
    assert len(told[-1]["interactive"]["body"]["text"]) <= 1024
    words = [one["text"]["body"] for one in told[:-1]] + [told[-1]["interactive"]["body"]["text"]]
    assert "".join(words) == "あ" * 5000
    assert all(len(one) <= 4096 for one in words)


@pytest.mark.parametrize(("file", "kind"), [(PNG, "image"), (PDF, "document")])
def test_one_file_with_words_is_uploaded_and_goes_as_one_message(file: Attachment, kind: str) -> None:
    with serving(said({"id": "media-1"}), taken()) as server:
        assert whatsapp(server).send(message(to=PHONE, attachments=(file,))) == Sent(("wamid.out",))
    upload, sent = server.seen
    assert paths(server)[0].endswith(f"/{NUMBER}/media")
    assert DATA in upload.body
    assert file.content_type.encode() in upload.body
    body = json.loads(sent.body)
    name = {"filename": "領収書.pdf"} if kind == "document" else {}
    assert (body["type"], body[kind]) == (kind, {"id": "media-1", "caption": "お待たせしました", **name})


def test_sound_has_no_caption_so_the_words_go_before() -> None:
    with serving(taken("wamid.1"), said({"id": "media-1"}), taken("wamid.2")) as server:
        assert whatsapp(server).send(message(to=PHONE, attachments=(VOICE,))).external_ids == (
            "wamid.1",
            "wamid.2",
        )


def test_an_upload_that_fails_is_tried_again_since_nothing_was_sent() -> None:
    with serving(Answer(hang_up=True)) as server, pytest.raises(ChannelError) as told:
        whatsapp(server).send(message(to=PHONE, attachments=(PDF,)))
    assert (told.value.ambiguous, told.value.permanent) == (False, False)


def test_a_message_that_is_lost_after_the_upload_is_ambiguous() -> None:
    with (
        serving(said({"id": "media-1"}), Answer(hang_up=True)) as server,
        pytest.raises(ChannelError) as told,
    ):
        whatsapp(server).send(message(to=PHONE, attachments=(PDF,)))
    assert told.value.ambiguous


def test_a_picture_larger_than_whatsapp_shows_goes_as_a_document() -> None:
    large = Attachment("大.png", "image/png", data=b"x" * (sending.MAX_IMAGE + 1))
    (call,) = sending.calls(message("", PHONE, attachments=(large,)))
    assert call.body["type"] == "document"
    with pytest.raises(ChannelError):
        sending.calls(message("", PHONE, attachments=(Attachment("a", "a/b", url="https://x", size=10**9),)))


@pytest.mark.parametrize("attachments", [(), (Attachment("a", "a/b"),)])
def test_nothing_at_all_is_not_sent(attachments: tuple[Attachment, ...]) -> None:
    with pytest.raises(ChannelError) as told:
        sending.calls(message(" ", PHONE, attachments=attachments))
    assert told.value.permanent


def test_reading_is_shown_by_the_id_of_the_last_message() -> None:
    with serving(said({"success": True})) as server:
        connector = whatsapp(server)
        assert isinstance(connector, MarksRead)
        connector.mark_read({"mid": "wamid.1"})
        connector.mark_read({})
    assert bodies(server) == [{"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1"}]


def test_that_somebody_writes_is_shown_at_the_last_message_and_losing_it_costs_nothing() -> None:
    with serving(said({"success": True}), error(131009)) as server:
        for last in ({"mid": "wamid.1"}, {"mid": "wamid.1"}, {}):
            whatsapp(server).typing(Person(PHONE), last)
    told = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1"}
    assert bodies(server) == [{**told, "typing_indicator": {"type": "text"}}] * 2


def test_that_somebody_writes_is_not_shown_where_it_would_tell_that_we_have_read() -> None:
    with serving(said({"success": True})) as server:
        by = whatsapp(server)
        by.settings = replace(by.settings, show_read=False)
        by.typing(Person(PHONE), {"mid": "wamid.1"})
        assert bodies(server) == []


def test_the_same_message_makes_the_same_calls() -> None:
    made = [json.dumps([one.body for one in sending.calls(message("あ" * 9000, PHONE))]) for _ in range(2)]
    assert hashlib.sha256(made[0].encode()).digest() == hashlib.sha256(made[1].encode()).digest()


def test_the_first_of_its_messages_quotes() -> None:
    with serving(taken("wamid.1"), taken("wamid.2")) as server:
        whatsapp(server).send(message("あ" * 5000, PHONE, quoted_id="wamid.in"))
    assert [one.get("context") for one in bodies(server)] == [{"message_id": "wamid.in"}, None]
