"""What a machine made of what was said in a call: told afterwards, shown in its entry, given by the API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from app.api import shapes
from app.db import reading, transaction
from app.models import Call, Message
from channels.base import Request
from channels.call import CallLine, CallSettings
from channels.twilio_voice.events import House, read
from tests import factories as make
from tests.calls.told import answered_call
from tests.channels.cases import CONTEXT, HTTP
from tests.web.visiting import Browser

SUMMARY, TRANSCRIPT = (
    "サイズ交換のご相談",
    "担当: お電話ありがとうございます。\nお客様: サイズを替えたいのですが。",
)


def of_webhook(**fields: str) -> list[Any]:
    body = json.dumps(
        {"call_id": "c-1", "event": "note", "at": "2026-11-20T10:10:00+09:00", **fields}
    ).encode()
    line = CallLine(CallSettings(secret="a-shared-secret-of-the-telephone"), HTTP, CONTEXT)
    return [*line.parse(Request("POST", "/hooks/k1", {"content-type": "application/json"}, body=body))]


@pytest.mark.usefixtures("committed")
def test_a_summary_and_a_transcript_told_afterwards_stand_in_the_entry_of_the_call() -> None:
    with transaction() as db:
        agent = make.agent(db, "佐藤", extension="201")
        line = make.channel(db, "call", name="代表電話")
        make.accept(db, line, *answered_call()[:3])
        told = of_webhook(summary=SUMMARY, transcript=TRANSCRIPT)
        (outcome,) = make.accept(db, line, *told)
        assert outcome["excluded"] == "more about a call"
        (again,) = make.accept(db, line, *told)
        assert again["excluded"] == "seen before"
    with reading() as db:
        call = db.scalars(select(Call)).one()
        message = db.get_one(Message, call.message_id)
        shape = shapes.call(call, message, message.conversation_id)
        assert (shape.text, shape.summary, shape.transcript) == ("返品の相談", SUMMARY, TRANSCRIPT)
        assert (call.result, call.talked) == ("answered", True)
    page = Browser().come_in(agent).see(f"/inbox/{message.conversation_id}")
    assert SUMMARY in page
    assert '<details class="transcript">' in page
    assert "サイズを替えたいのですが" in page


def test_a_transcript_of_a_voicemail_is_one_of_its_call_and_one_that_failed_is_nothing() -> None:
    fields = {
        "CallSid": "CA1",
        "TranscriptionSid": "TR1",
        "CallStatus": "completed",
        "TranscriptionText": "Hi.",
    }
    (told,) = read({**fields, "TranscriptionStatus": "completed"}, House())
    assert (told.external_id, told.transcript, told.state) == ("CA1", "Hi.", "ended")  # type: ignore[union-attr]
    (failed,) = read({**fields, "TranscriptionStatus": "failed", "TranscriptionText": ""}, House())
    assert "did not come about" in failed.reason  # type: ignore[union-attr]
