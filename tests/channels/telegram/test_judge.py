"""python-telegram-bot as the judge: our fixtures are Telegram's, and our calls are what it would call itself."""

import asyncio
import json
import re
from typing import Any

import pytest
import telegram
from telegram.request import BaseRequest, RequestData

from channels.base import Attachment, Inbound, Outbound, Person
from channels.telegram import events
from channels.telegram.signature import secret_of
from tests.channels.cases import Payload, payloads
from tests.channels.telegram import TOKEN, bot, called, good, sent

KNOWN = [one for one in payloads("telegram") if not one.name.startswith("unknown_")]
RESULT = {"message_id": 7, "date": 1795255200, "chat": {"id": 5123456789, "type": "private"}}


class Listening(BaseRequest):
    """Keeps what would have been sent."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, RequestData | None]] = []

    read_timeout = 5.0

    async def initialize(self) -> None: ...

    async def shutdown(self) -> None: ...

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: Any, **__: Any
    ) -> tuple[int, bytes]:
        self.seen.append((url.rpartition("/")[2], request_data))
        return 200, json.dumps({"ok": True, "result": RESULT}).encode()


def theirs(call: Any) -> tuple[str, dict[str, Any]]:
    """What their library calls, with its parameters as Telegram reads them."""
    heard = Listening()
    asyncio.run(call(telegram.Bot(TOKEN, request=heard, get_updates_request=heard)))
    name, data = heard.seen[-1]
    return name, {} if data is None else dict(data.json_parameters)


def as_they_write(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: one if isinstance(one, str) else json.dumps(one) for name, one in parameters.items()}


def same(ours: dict[str, Any], judged: dict[str, Any]) -> None:
    ours = as_they_write(ours)
    assert {name: _read(ours[name]) for name in ours} == {name: _read(judged[name]) for name in judged}


def _read(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


@pytest.mark.parametrize("payload", KNOWN, ids=lambda one: one.name)
def test_their_library_understands_a_captured_update_and_finds_the_same_in_it(payload: Payload) -> None:
    update = telegram.Update.de_json(json.loads(payload.request.body), bot=None)
    known = [name for name in telegram.Update.ALL_TYPES if getattr(update, name, None) is not None]
    assert len(known) == 1
    message = update.message
    for event in payload.connector().parse(payload.request):
        if isinstance(event, Inbound) and message is not None:
            assert event.external_id == f"{message.chat_id}:{message.message_id}"
            assert event.sent_at == message.date
            ids = re.findall(r'"file_id":"([^"]+)"', payload.request.body.decode())
            assert {one.ref for one in event.attachments} <= set(ids)


def test_the_largest_picture_is_the_one_they_name_last() -> None:
    payload = next(one for one in KNOWN if one.name == "photo_with_caption")
    message = telegram.Update.de_json(json.loads(payload.request.body), bot=None).message
    (event,) = payload.connector().parse(payload.request)
    assert message is not None
    assert isinstance(event, Inbound)
    assert event.attachments[0].ref == max(message.photo, key=lambda one: one.file_size or 0).file_id


def test_a_text_with_buttons_is_what_they_would_send() -> None:
    with bot(sent()) as (ours, server):
        ours.send(Outbound("m1", Person("5123456789"), "どうしますか", quick_replies=("返品", "交換")))
    ((name, parameters),) = called(server)
    keyboard = telegram.ReplyKeyboardMarkup(
        [["返品"], ["交換"]], one_time_keyboard=True, resize_keyboard=True
    )
    judged = theirs(lambda them: them.send_message("5123456789", "どうしますか", reply_markup=keyboard))
    assert name == judged[0]
    same(parameters, judged[1])


def test_an_answer_in_a_group_is_what_they_would_send() -> None:
    with bot(sent()) as (ours, server):
        ours.send(Outbound("m1", Person("-40123"), "はい", in_reply_to="-40123:5"))
    ((name, parameters),) = called(server)
    answered = telegram.ReplyParameters(5, allow_sending_without_reply=True)
    judged = theirs(lambda them: them.send_message("-40123", "はい", reply_parameters=answered))
    assert name == judged[0]
    same(parameters, judged[1])


def test_a_file_is_uploaded_as_they_would_upload_it() -> None:
    with bot(sent()) as (ours, server):
        data = b"%PDF-1.7 x"
        ours.send(
            Outbound(
                "m1",
                Person("5"),
                "領収書です",
                attachments=(Attachment("a.pdf", "application/pdf", data=data),),
            )
        )
    body = server.seen[0].body.decode("latin-1")
    fields = dict(re.findall(r'name="(\w+)"\r\n\r\n([^\r]*)', body))
    keep = telegram.ReplyKeyboardRemove()
    judged = theirs(
        lambda them: them.send_document("5", data, caption="領収書です", filename="a.pdf", reply_markup=keep)
    )
    wanted = {name: one for name, one in judged[1].items() if name != "document"}
    got = {name: one.encode("latin-1").decode() for name, one in fields.items()}
    assert _read(got.pop("reply_markup"))["remove_keyboard"] is True
    assert _read(wanted.pop("reply_markup"))["remove_keyboard"] is True
    assert got == wanted
    assert re.search(r'name="document"; filename="a.pdf"', body)


def test_the_webhook_is_registered_as_they_would_register_it() -> None:
    with bot(good({}), good({}), good()) as (ours, server):
        ours.check()
    name, parameters = called(server)[-1]
    judged = theirs(
        lambda them: them.set_webhook(
            "https://desk.example.jp/hooks/k1",
            secret_token=secret_of(bytes(32), TOKEN),
            allowed_updates=list(events.ASKED_FOR),
            max_connections=20,
        )
    )
    assert name == judged[0]
    same(parameters, judged[1])


def test_the_kinds_of_updates_we_know_are_theirs() -> None:
    assert {*events.ASKED_FOR, *events.NOT_FOR_US} <= set(telegram.Update.ALL_TYPES)
