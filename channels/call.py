"""Any telephone system that can post JSON: signed tellings of its calls, one entry of the thread a call.

The format is documented in the product's help ("Telephone calls"), and the example there is run by a test.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels import batches, signing, telephony, values
from channels.base import (
    Attachment,
    BadSignature,
    Call,
    ChannelError,
    Connector,
    Event,
    Features,
    Ignored,
    Outbound,
    Person,
    Request,
    Sent,
    setting,
)
from channels.calling import asked
from channels.events import CallResult, CallState
from channels.outcome import refusal
from channels.values import Malformed, flag, number, when, words

MAX_MEMO = 20_000
MAX_RECORDING = 50_000_000  # bytes
SECONDS = ("ring_seconds", "talk_seconds", "hold_seconds", "wrap_seconds")

# What was noted, or recorded, is told of a call that is over.
STATES: Mapping[str, CallState] = {
    "ringing": "ringing",
    "answered": "answered",
    "ended": "ended",
    "recording": "ended",
    "note": "ended",
}
RESULTS: Mapping[str, CallResult] = {
    "answered": "answered",
    "completed": "answered",
    "missed": "missed",
    "no-answer": "missed",
    "abandoned": "abandoned",
    "canceled": "abandoned",
    "busy": "busy",
    "failed": "failed",
    "voicemail": "voicemail",
    "after-hours": "after_hours",
    "transferred": "transferred",
}
DIRECTIONS = ("in", "out")
POP = (
    "phone",
    "call_id",
    "agent",
    "dir",
)  # of the address that opens a caller's thread; signed in this order


@dataclass(frozen=True)
class CallSettings:
    secret: str = signing.secret("Your telephone system signs what it tells with it. At least 16 characters.")
    old_secret: str = signing.old_secret()
    recording_token: str = setting(
        "Key for recordings",
        help="Shown to whoever keeps your recordings when they are fetched, as a Bearer token. Empty: none is needed.",
        secret=True,
        maximum=2000,
    )


class CallLine(Connector[CallSettings]):
    """Tellings come by webhook; recordings are fetched from where they lie."""

    kind = "call"
    label = "Telephone"
    help_page = "calls"
    guide = (
        "Let a signing secret be made up here, and copy it to your telephone system before you save: it is not shown "
        "again.",
        "Have the telephone system post each call to the webhook address, signed with that secret.",
        "Enter everybody's extension under People, so that a call shows on the screen of whoever it rings for.",
    )
    features = Features(
        inbound_only=True,
        telephone=True,
        needs_public_url=True,
        identity_kind="phone",
        icon="phone",
        tint="vermilion",
    )
    Settings = CallSettings

    def verify(self, request: Request) -> None:
        signing.verify(request, self.settings.secret, self.settings.old_secret)

    def parse(self, request: Request) -> list[Event]:
        return batches.read(request, _one)

    def popped(self, query: Mapping[str, str]) -> Call:
        given = query.get("sig", "").lower()
        stamp = query.get("ts", "")
        told = "\n".join(query.get(name, "") for name in POP)
        if (
            not stamp.isascii()
            or not stamp.isdecimal()
            or len(stamp) > 12
            or not re.fullmatch("[0-9a-f]{64}", given)
        ):
            raise BadSignature("ts and sig are missing, or are none")
        header = {signing.HEADER.lower(): f"t={int(stamp)},v1={given}"}
        self.verify(Request("GET", "", header, body=told.encode("utf-8", "surrogatepass")))
        who, withheld = telephony.party(query.get("phone", ""))
        return Call(
            query.get("call_id", "")[: values.MAX_ID],
            who,
            "ringing",
            direction="out" if query.get("dir") == "out" else "in",
            withheld=withheld,
            agent=query.get("agent", "")[: values.MAX_NAME],
        )

    def send(self, outbound: Outbound) -> Sent:
        raise telephony.only_calls()

    def fetch(self, attachment: Attachment) -> bytes:
        token = self.settings.recording_token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = asked(self.http, "GET", attachment.url, limit=MAX_RECORDING, headers=headers)
        if not answer.ok:
            raise refusal(answer.status, None)
        if not answer.body:
            raise ChannelError("This file is empty.", permanent=True)
        return answer.body


def _one(data: Mapping[str, Any], place: str) -> Event:
    what = words(data, "event", required=True)
    if what not in STATES:
        return Ignored(f"{place}: event {what!r} is unknown")
    return _call(data, what)


def _call(data: Mapping[str, Any], what: str) -> Call:
    direction = words(data, "direction") or "in"
    if direction not in DIRECTIONS:
        raise Malformed("direction: in or out is expected")
    theirs, ours = ("from", "to") if direction == "in" else ("to", "from")
    who, withheld = _party(data, theirs)
    seconds: dict[str, Any] = {name: number(data, name, 0, telephony.LONGEST) for name in SECONDS}
    times: dict[str, Any] = {name: when(data, name) for name in ("started_at", "answered_at", "ended_at")}
    return Call(
        external_id=words(data, "call_id", values.MAX_ID, required=True),
        sender=who,
        state=STATES[what],
        at=when(data, "at")
        or times.get(f"{what}_at")
        or (times["started_at"] if what == "ringing" else None),
        direction=direction,  # type: ignore[arg-type]  # checked above
        withheld=withheld,
        line=words(data, "line") or words(data, ours),
        agent=words(data, "agent"),
        queue=words(data, "queue"),
        leg=words(data, "leg", values.MAX_ID),
        result=_result(words(data, "result")),
        transferred_to=words(data, "transferred_to"),
        disposition=words(data, "disposition"),
        category=words(data, "category"),
        text=words(data, "memo", MAX_MEMO),
        summary=words(data, "summary", MAX_MEMO),
        transcript=words(data, "transcript", telephony.MAX_TRANSCRIPT),
        recording=_recording(words(data, "recording_url", values.MAX_URL)),
        callback_due=when(data, "callback_at"),
        history=flag(data, "history"),
        **seconds,
        **times,
    )


def _party(data: Mapping[str, Any], theirs: str) -> tuple[Person, str]:
    """The customer, and why there is no number. Not told at all says nothing: others of the same call do."""
    if theirs not in data:
        return telephony.untold(), words(data, "withheld")
    who, withheld = telephony.party(words(data, theirs), words(data, "name"))
    return who, words(data, "withheld") or withheld


def _result(told: str) -> CallResult:
    """Theirs in our words; one that nobody knows says nothing."""
    return RESULTS.get(told.strip().lower().replace("_", "-").replace(" ", "-"), "")


def _recording(url: str) -> Attachment | None:
    """Named by the end of its address."""
    name = url.partition("?")[0].rstrip("/").rpartition("/")[2]
    return Attachment(name or "recording", content_type="audio/mpeg", url=url) if url else None
