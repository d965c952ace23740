"""What a machine made of what was said in a call: told afterwards, shown in its entry, given by the API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import select

from app import calls, remote
from app.api import shapes
from app.config import settings
from app.db import now, reading, transaction
from app.models import Call, Message, RemoteFile
from channels import base
from channels.amazon_connect.connector import AmazonConnect
from channels.base import Attachment, Person, Request
from channels.call import CallLine, CallSettings
from channels.twilio_voice.events import House, read
from channels.zoom_phone.connector import ZoomPhone
from tests import factories as make
from tests.calls.told import answered_call
from tests.channels.cases import CONTEXT, HTTP, payloads
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


@dataclass
class Played:
    """What a connector's `fetch` gives in this test; `asked` are the places."""

    answers: dict[str, bytes]
    asked: list[str] = field(default_factory=list)

    def __call__(self, attachment: Attachment) -> bytes:
        self.asked.append(attachment.ref)
        return self.answers[attachment.ref]


@pytest.mark.usefixtures("committed")
def test_a_recording_that_is_too_large_says_so_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CallLine, "fetch", lambda line, attachment: bytes(settings().max_upload_bytes + 1))
    with transaction() as db:
        agent = make.agent(db, "佐藤", extension="201")
        make.accept(db, make.channel(db, "call"), *answered_call())
        row = db.scalars(select(RemoteFile.id)).one()
        thread = db.scalars(select(Message.conversation_id)).first()
    assert not remote.fetch(row)
    assert "「c.mp3」は20 MBを超えています。" in Browser().come_in(agent).see(f"/inbox/{thread}")


@pytest.mark.usefixtures("committed")
def test_a_transcript_that_lies_with_zoom_is_brought_into_the_entry_of_its_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns = [
        {"text": "お電話ありがとうございます。", "username": "田中"},
        {"text": "4111 1111 1111 1111 です。", "username": "+819012345678"},
    ]
    place = "https://zoom.us/v2/phone/recording_transcript/download/abc"
    played = Played({place: json.dumps({"timeline": turns}).encode()})
    monkeypatch.setattr(ZoomPhone, "fetch", played.__call__)
    told = [
        event
        for one in payloads("zoom_phone")
        if one.name in ("callee_answered", "callee_ended", "recording_transcript_completed")
        for event in one.connector().parse(one.request)
    ]
    with transaction() as db:
        line = make.channel(db, "zoom_phone", secrets={"secret_token": "a-token"})
        make.accept(db, line, *told)
        make.accept(db, line, told[-1])
        file = db.scalars(select(RemoteFile.id)).one()
        assert [one["state"] for one in db.scalars(select(Message)).one().context["files"]] == ["coming"]
    assert remote.fetch(file)
    with transaction() as db:
        call, message = db.scalars(select(Call)).one(), db.scalars(select(Message)).one()
        assert (call.direction, call.result, message.context.get("files")) == ("in", "answered", None)
        heard = calls.facts(call.known).transcript
        assert heard.startswith("田中: お電話ありがとうございます。\n+819012345678: ")
        assert "4111 1111" not in heard
        make.accept(db, line, told[-1])  # we have it since it was told
        assert db.scalars(select(RemoteFile.id)).all() == []
    assert played.asked == [place]


@pytest.mark.usefixtures("committed")
def test_a_transcript_in_s3_begins_no_call_and_says_nothing_of_its_direction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    id, place = "11111111-2222-3333-4444-555555555501", "bucket/a.json"
    file = Attachment("a.json", "application/json", ref=place)
    known = {"external_id": id, "sender": Person("", kind="phone"), "state": "ringing"}
    spoken = base.Call(**known, at=now(), transcribed=file, known_only=True)  # type: ignore[arg-type]
    told = {
        "Participants": [],
        "Transcript": [{"ParticipantId": "CUSTOMER", "Content": "在庫はありますか。"}],
    }
    monkeypatch.setattr(AmazonConnect, "fetch", Played({place: json.dumps(told).encode()}).__call__)
    with transaction() as db:
        line = make.channel(db, "amazon_connect", secrets={"secret": "a-key-for-the-contact-centre"})
        (outcome,) = make.accept(db, line, spoken)
        assert "nothing else is known" in outcome["excluded"]
        assert db.scalars(select(Call)).all() == []
        (record,) = [one for one in payloads("amazon_connect") if one.name == "call_of_ours"]
        parsed = record.connector().parse(record.request)
        began = [replace(one, external_id=id) for one in parsed if isinstance(one, base.Call)]
        make.accept(db, line, *began, spoken)
        row = db.scalars(select(RemoteFile.id)).one()
    assert remote.fetch(row)
    with reading() as db:
        call = db.scalars(select(Call)).one()
        assert (call.direction, calls.facts(call.known).transcript) == ("out", "お客様: 在庫はありますか。")
