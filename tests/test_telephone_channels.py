"""Telephone systems in the product: from their webhooks, or a line to them, into one entry of the caller's thread."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient
from twilio.request_validator import RequestValidator

from app import connect, main, remote, verify
from app.collecting import Lines
from app.config import settings
from app.db import reading, transaction
from app.models import Attachment, Call, Channel, Conversation, Identity, Message, RemoteFile
from app.models.conversation import OPEN, RESOLVED
from channels import guard, signing
from channels.zoom_phone import signature as zoom
from tests import factories as make
from tests.channels.asterisk import SECRET, USER, Ami, answered_call, channel, desk, listening
from tests.channels.twilio_voice.test_calls import ACCOUNT, LEG, LINE, PARENT, TARO, TOKEN
from tests.serving import until

pytestmark = pytest.mark.usefixtures("committed")

LOCAL = "+819012345678"
SIGNING = "a-secret-of-the-shop-0001"
BEGAN = "2026-11-21T09:59:30Z"


@pytest.fixture
def web() -> TestClient:
    return TestClient(main.make())


def line(kind: str, secrets: dict[str, str], **plain: Any) -> Channel:
    with transaction() as db:
        make.agent(db, "田中", extension="201")
        return make.channel(db, kind, key=kind, settings=plain, secrets=secrets)


def stands(external_id: str) -> tuple[Call, Message, Conversation]:
    """The call, which is one entry, and its thread."""
    with reading() as db:
        call = db.scalars(select(Call).filter_by(external_id=external_id)).one()
        message = db.get_one(Message, call.message_id)
        assert len(db.scalars(select(Message).filter_by(kind="call")).all()) == len(
            db.scalars(select(Call)).all()
        )
        report = verify.report(db)
        assert report.clean, str(report)
        return call, message, make.thread_of(db, message)


def caller(message: Message) -> str:
    with reading() as db:
        return db.get_one(Identity, message.identity_id or 0).address


def assert_talked(external_id: str, seconds: int) -> None:
    call, message, thread = stands(external_id)
    assert (call.state, call.result, call.talk_seconds) == ("ended", "answered", seconds)
    assert call.agent_id is not None
    assert caller(message) == LOCAL
    assert (thread.status, thread.waiting_since) == (RESOLVED, None)


def assert_waits(external_id: str) -> None:
    call, message, thread = stands(external_id)
    assert call.state == "ended"
    assert call.result in ("missed", "abandoned")
    assert (thread.status, message.case_id is not None) == (OPEN, True)
    assert thread.waiting_since is not None


class Twilio:
    """An account that tells of its calls."""

    def __init__(self, web: TestClient) -> None:
        self.web = web
        line("twilio_voice", {"auth_token": TOKEN}, account_sid=ACCOUNT, lines=[LINE])

    def tell(self, token: str = TOKEN, **fields: str) -> int:
        fields = {"AccountSid": ACCOUNT, "CallSid": PARENT, "From": TARO, "To": LINE, **fields}
        url = f"{settings().public_url}/hooks/twilio_voice"
        given = RequestValidator(token).compute_signature(url, fields)
        headers = {"X-Twilio-Signature": given, "Content-Type": "application/x-www-form-urlencoded"}
        answered = self.web.post("/hooks/twilio_voice", content=urlencode(fields), headers=headers)
        if answered.status_code == 200:
            assert answered.content == b"<Response/>"
        return int(answered.status_code)


def leg(status: str, number: int, at: str, **more: str) -> dict[str, str]:
    ours = {"CallSid": LEG, "ParentCallSid": PARENT, "To": "client:201", "Direction": "outbound-dial"}
    return {**ours, "CallStatus": status, "SequenceNumber": str(number), "Timestamp": stamp(at), **more}


def whole(status: str, number: int, at: str, **more: str) -> dict[str, str]:
    told = {"CallStatus": status, "SequenceNumber": str(number), "Timestamp": stamp(at)}
    return {**told, "Direction": "inbound", **more}


def stamp(at: str) -> str:
    return f"Sat, 21 Nov 2026 {at} +0000"


RECORDING = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE1"
TALK = [
    leg("initiated", 0, "09:59:29"),
    leg("ringing", 1, "09:59:30"),
    leg("in-progress", 2, "09:59:38"),
    leg("completed", 3, "10:01:43", CallDuration="125"),
    whole("completed", 2, "10:01:43", CallDuration="135"),
    {
        **{"RecordingSid": "RE1", "RecordingUrl": RECORDING, "RecordingStatus": "completed"},
        **{
            "RecordingSource": "DialVerb",
            "RecordingDuration": "125",
            "RecordingStartTime": stamp("09:59:38"),
        },
    },
]


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_a_call_at_twilio_is_one_entry_in_whatever_order_and_twice(
    web: TestClient, monkeypatch: pytest.MonkeyPatch, seed: int | None
) -> None:
    shop, told = Twilio(web), [*TALK, *TALK]
    if seed is not None:
        random.Random(seed).shuffle(told)
    assert [shop.tell(**fields) for fields in told] == [200] * len(told)
    assert_talked(PARENT, 125)
    call, _, _ = stands(PARENT)
    assert call.direction == "in"
    sound = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" * 200
    played = httpx2.MockTransport(lambda request: httpx2.Response(200, content=sound))
    monkeypatch.setattr(connect, "http", lambda: httpx2.Client(transport=played))
    with reading() as db:
        waiting = db.scalars(select(RemoteFile.id)).all()
    assert [remote.fetch(id) for id in waiting] == [True]
    with reading() as db:
        assert db.scalars(select(Attachment.name)).all() == ["RE1.mp3"]


def test_a_call_that_nobody_takes_at_twilio_waits_for_somebody(web: TestClient) -> None:
    shop = Twilio(web)
    shop.tell(**leg("ringing", 1, "09:59:30"))
    shop.tell(**leg("no-answer", 2, "09:59:50"))
    assert stands(PARENT)[0].state == "ringing"
    shop.tell(CallStatus="in-progress", Direction="inbound", DialCallSid=LEG, DialCallStatus="no-answer")
    shop.tell(**whole("completed", 2, "09:59:51", CallDuration="22"))
    assert_waits(PARENT)


def test_a_forged_telling_of_twilio_is_refused(web: TestClient) -> None:
    assert Twilio(web).tell("f" * 32, **leg("ringing", 1, "09:59:30")) == 401
    with reading() as db:
        assert db.scalars(select(Call)).all() == []


def test_trap_38_hidden_numbers_of_a_telephone_system_are_not_one_customer(web: TestClient) -> None:
    shop = Twilio(web)
    for at, number in enumerate(("+266696687", "anonymous", "", "+7378742833")):
        shop.tell(**{**whole("completed", 2, "10:01:43"), "From": number, "CallSid": f"CA{at}"})
    threads = {stands(f"CA{at}")[2].id for at in range(4)}
    assert len(threads) == 4


class Connect:
    """A contact centre of Amazon Connect."""

    def __init__(self, web: TestClient) -> None:
        self.web = web
        line(
            "amazon_connect", {"secret": SIGNING}, caller_tag="caller", disposition="disposition", memo="memo"
        )

    def tell(self, document: Any) -> None:
        answered = self.web.post("/hooks/amazon_connect", json=document, headers={"X-Madoguchi-Key": SIGNING})
        assert answered.status_code == 200, answered.text

    def happens(self, kind: str, time: str, contact: str = "c-1", tags: Any = None, **more: Any) -> None:
        detail = {
            **{"eventType": kind, "contactId": contact, "initialContactId": "c-1", "channel": "VOICE"},
            **{"initiationMethod": "INBOUND", "initiationTimestamp": BEGAN, "tags": tags or {}},
            **more,
        }
        self.tell({"detail-type": "Amazon Connect Contact Event", "time": time, "detail": detail})


TOOK: dict[str, Any] = {
    "agentInfo": {"agentArn": "arn:x/agent/201", "connectedToAgentTimestamp": "2026-11-21T09:59:38Z"}
}
OVER: dict[str, Any] = {
    "disconnectTimestamp": "2026-11-21T10:01:43Z",
    "disconnectReason": "CUSTOMER_DISCONNECT",
}
RECORD = {
    **{"ContactId": "c-1", "InitialContactId": None, "Channel": "VOICE", "InitiationMethod": "INBOUND"},
    **{"InitiationTimestamp": BEGAN, "DisconnectTimestamp": "2026-11-21T10:01:43Z"},
    "CustomerEndpoint": {"Address": LOCAL, "Type": "TELEPHONE_NUMBER"},
    "Agent": {
        "Username": "201",
        "ConnectedToAgentTimestamp": "2026-11-21T09:59:38Z",
        "AgentInteractionDuration": 125,
    },
    "Attributes": {"disposition": "返品", "memo": "サイズ違い"},
    "LastUpdateTimestamp": "2026-11-21T10:05:00Z",
}


def test_a_call_of_amazon_connect_is_one_entry_and_the_newest_record_holds(web: TestClient) -> None:
    centre = Connect(web)
    for _ in range(2):
        centre.happens("INITIATED", BEGAN)
        centre.happens("CONNECTED_TO_AGENT", "2026-11-21T09:59:38Z", **TOOK)
        centre.happens(
            "CONNECTED_TO_AGENT", "2026-11-21T10:00:38Z", "c-2", initiationMethod="TRANSFER", **TOOK
        )
        centre.tell(
            {**RECORD, "LastUpdateTimestamp": "2026-11-21T10:09:00Z", "Attributes": {"disposition": "交換"}}
        )
        centre.tell(RECORD)
        centre.happens("DISCONNECTED", "2026-11-21T10:01:43Z", **TOOK, **OVER)
    assert_talked("c-1", 125)
    call, message, _ = stands("c-1")
    assert (call.disposition, message.text) == ("交換", "サイズ違い")


def test_a_call_given_up_in_the_queue_of_amazon_connect_waits_for_somebody(web: TestClient) -> None:
    centre = Connect(web)
    centre.happens("INITIATED", BEGAN, tags={"caller": LOCAL})
    centre.happens("QUEUED", BEGAN, tags={"caller": LOCAL}, queueInfo={"queueArn": "q"})
    centre.happens("DISCONNECTED", "2026-11-21T10:01:43Z", queueInfo={"queueArn": "q"}, **OVER)
    assert_waits("c-1")
    assert caller(stands("c-1")[1]) == LOCAL


class Zoom:
    """Zoom Phone."""

    def __init__(self, web: TestClient) -> None:
        self.web = web
        line("zoom_phone", {"secret_token": SIGNING})

    def post(self, document: Any) -> httpx2.Response:
        body, stamp = json.dumps(document).encode(), str(int(time.time()))
        headers = {zoom.STAMP: stamp, zoom.HEADER: zoom.sign(SIGNING, stamp, body)}
        answered: Any = self.web.post("/hooks/zoom_phone", content=body, headers=headers)
        return answered  # type: ignore[no-any-return]

    def tell(self, event: str, second: int, **about: Any) -> None:
        told = {
            **{"call_id": "z-1", "ringing_start_time": BEGAN, "caller": {"phone_number": LOCAL}},
            "callee": {"extension_number": 201, "user_id": "u", "phone_number": LINE, "device_id": "d"},
            **about,
        }
        at = (1_795_255_170 + second) * 1000
        assert self.post({"event": event, "event_ts": at, "payload": {"object": told}}).status_code == 200


def test_a_call_of_zoom_phone_is_one_entry_and_its_address_can_be_validated(web: TestClient) -> None:
    shop = Zoom(web)
    asked = shop.post({"event": "endpoint.url_validation", "payload": {"plainToken": "abc"}})
    assert asked.json()["plainToken"] == "abc"
    answered = {"answer_start_time": "2026-11-21T09:59:38Z"}
    for _ in range(2):
        shop.tell("phone.callee_ended", 133, call_end_time="2026-11-21T10:01:43Z", **answered)
        shop.tell("phone.callee_ringing", 0)
        shop.tell("phone.callee_answered", 8, **answered)
    assert_talked("z-1", 125)


def test_a_call_that_nobody_takes_at_zoom_phone_waits_for_somebody(web: TestClient) -> None:
    shop = Zoom(web)
    shop.tell("phone.callee_ringing", 0)
    shop.tell("phone.callee_missed", 20, call_end_time="2026-11-21T09:59:50Z", handup_result="No Answer")
    assert_waits("z-1")


class Pbx:
    """An Asterisk in the house; its events are heard over a line to it."""

    def __init__(self, web: TestClient, ami: Ami, monkeypatch: pytest.MonkeyPatch) -> None:
        self.web, self.ami, self.lines = web, ami, Lines()
        monkeypatch.setattr(connect, "http", lambda: guard.Client(allow_private=True))
        there = {"ami_host": "127.0.0.1", "ami_port": ami.port, "ami_user": USER}
        self.channel = line("asterisk", {"secret": SIGNING, "ami_secret": SECRET}, **there)

    def post(self, *rows: dict[str, Any]) -> None:
        body, stamp = json.dumps(rows).encode(), int(time.time())
        headers = {signing.HEADER: f"t={stamp},v1={signing.sign(SIGNING, stamp, body)}"}
        assert self.web.post("/hooks/asterisk", content=body, headers=headers).status_code == 200

    def open(self) -> dict[str, str]:
        """Calls that go on, as far as the place to go on from tells."""
        with reading() as db:
            return dict(db.get_one(Channel, self.channel.id).cursor.get("open", {}))


@pytest.fixture
def pbx(web: TestClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pbx]:
    with listening() as ami:
        made = Pbx(web, ami, monkeypatch)
        assert made.lines.look() == 1
        try:
            yield made
        finally:
            made.lines.hang_up()


CALL = "1795222770.11"
ROW = {
    **{"src": "09012345678", "dst": "201", "channel": "PJSIP/trunk-0000000a", "did": "0312345678"},
    **{"dstchannel": "PJSIP/201-0000000b", "lastapp": "Dial", "calldate": "2026-11-21 09:59:30"},
    **{"duration": 133, "billsec": 125, "disposition": "ANSWERED", "uniqueid": CALL, "linkedid": CALL},
}


def test_a_call_of_asterisk_is_heard_live_and_completed_by_its_records(pbx: Pbx) -> None:
    pbx.ami.tell(*answered_call()[:2])
    until(lambda: state() == "ringing", "the call rings")
    assert pbx.open() == {CALL: "in"}
    pbx.ami.tell(*answered_call()[2:])
    until(lambda: state() == "ended", "the call is over")
    assert_talked(CALL, 125)
    silent = {**ROW, "dstchannel": "PJSIP/202-1", "disposition": "NO ANSWER", "billsec": 0, "uniqueid": "x"}
    pbx.post(silent)
    pbx.post(ROW, silent)
    assert_talked(CALL, 125)


def test_a_call_that_nobody_takes_at_asterisk_waits_for_somebody(pbx: Pbx) -> None:
    pbx.ami.tell(
        {"Event": "Newchannel", **channel()},
        {"Event": "DialBegin", **channel(), **desk()},
        {"Event": "DialEnd", **channel(), **desk(), "DialStatus": "NOANSWER"},
        {"Event": "Hangup", **channel(), "Cause": "16"},
    )
    until(lambda: state() == "ended", "the call is over")
    assert_waits(CALL)


def test_a_call_that_ended_while_the_line_was_down_is_over_once_it_is_up_again(pbx: Pbx) -> None:
    pbx.ami.tell(*answered_call()[:1])
    until(lambda: state() == "ringing", "the call rings")
    pbx.ami.hang_up()
    until(lambda: pbx.lines.look() == 1 and state() == "ended", "the line is up, and the call over", 30)
    assert_waits(CALL)


def state() -> str:
    with reading() as db:
        return db.scalar(select(Call.state).filter_by(external_id=CALL)) or ""
