"""What Twilio posts about a call, as our events: its states, those of its legs, what became of a Dial, recordings
(https://www.twilio.com/docs/voice/api/call-resource#statuscallback, https://www.twilio.com/docs/voice/twiml/dial).

A call that comes in is one call with a parent's sid; each colleague it is passed on to is a leg with a sid of its own,
which names the parent. Twilio itself "answers" the parent as soon as it plays something, so that it is the leg that
tells whether a person took the call.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from channels import telephony
from channels.events import Attachment, Call, CallResult, CallState, Event, Ignored, Person
from channels.text import clean

Fields = Mapping[str, str]

STATES: dict[str, CallState] = {
    "queued": "ringing",
    "initiated": "ringing",
    "ringing": "ringing",
    "in-progress": "answered",
    "answered": "answered",
    "completed": "ended",
    "busy": "ended",
    "failed": "ended",
    "no-answer": "ended",
    "canceled": "ended",
}
RESULTS: dict[str, CallResult] = {
    "busy": "busy",
    "failed": "failed",
    "no-answer": "missed",
    "canceled": "abandoned",
}
# Nobody of ours took a call that came in: to the customer it is all one why.
DIALLED: dict[str, CallResult] = {
    "completed": "answered",
    "answered": "answered",
    "busy": "missed",
    "no-answer": "missed",
    "failed": "missed",
    "canceled": "abandoned",
}
_INSIDE = ("client:", "sip:", "sips:")  # a colleague's browser, or telephone in the house
_VOICEMAIL = "RecordVerb"  # the source of a recording that a caller left
_KEPT = ("CallStatus", "SequenceNumber", "CallerCountry", "ForwardedFrom", "AnsweredBy", "SipResponseCode")
_SID = re.compile(r"[A-Za-z0-9]{1,64}")
RECORDING = ".mp3"


@dataclass(frozen=True)
class House:
    """What tells us from others: our numbers, those of colleagues, and whether Twilio's own answer is an answer."""

    lines: frozenset[str] = frozenset()
    colleagues: frozenset[str] = frozenset()
    answers_itself: bool = False


def read(fields: Fields, house: House) -> list[Event]:
    """The events of a form; `fields` are the first values by name. Total."""
    sid = fields.get("CallSid", "")
    if not _SID.fullmatch(sid):
        said = (
            "a message, no call" if fields.get("MessageSid") or fields.get("SmsSid") else "no call of Twilio"
        )
        return [Ignored(said)]
    if fields.get("TranscriptionSid"):
        return [_transcribed(sid, fields)]
    if fields.get("RecordingSid") and not fields.get("CallStatus") and not fields.get("DialCallStatus"):
        return [_recording(sid, fields)]
    if fields.get("DialCallStatus"):
        return [_dialled(sid, fields, house)]
    status = fields.get("CallStatus", "").lower()
    state = STATES.get(status)
    if state is None:
        return [Ignored(f"a state we do not know: {re.sub('[^a-z_-]', '', status)[:40]}")]
    if fields.get("ParentCallSid"):
        return [_leg(sid, status, fields, house)]
    return [_whole(sid, status, fields, house)]


def _whole(sid: str, status: str, fields: Fields, house: House) -> Event:
    """The call itself."""
    state, result = STATES[status], RESULTS.get(status, "")
    out = _is_ours(fields, house)
    talk = telephony.seconds(fields.get("CallDuration")) if status == "completed" else None
    if not house.answers_itself and not _is_api(fields):
        # What Twilio says is about itself; whether a person was there, the legs and the Dial tell.
        state, talk = ("ringing" if state == "answered" else state), None
    elif status == "completed":
        result = "answered"
    call = _call(sid, state, fields, *_customer(fields, out))
    return replace(
        call,
        direction="out" if out else "in",
        line=_line(fields, out),
        agent=_inside(fields.get("From", "")) if out else "",
        answered_at=call.at if state == "answered" else None,
        ended_at=call.at if state == "ended" else None,
        talk_seconds=talk,
        result=result,
        recording=_file(fields),
    )


def _leg(sid: str, status: str, fields: Fields, house: House) -> Event:
    """A part of a call: to a colleague, or, from one of our numbers, to a customer."""
    state = STATES[status]
    to, parent = fields.get("To", ""), fields["ParentCallSid"]
    if not _SID.fullmatch(parent):
        return Ignored("a leg without its call")
    out = fields.get("From", "") in house.lines and not (to.startswith(_INSIDE) or to in house.colleagues)
    if state == "ended" and (status != "completed" or not telephony.seconds(fields.get("CallDuration"))):
        return Ignored("a telephone that was not answered")
    # That one leg is over does not say that the call is: it may have been passed on.
    call = _call(parent, "answered" if state == "ended" else state, fields, *_beyond(fields, house, out))
    return replace(
        call,
        leg=sid,
        direction="out" if out else "in",
        line=clean(fields.get("From", ""))[: telephony.MAX_NUMBER] if out else "",
        agent="" if out else _inside(to) or clean(to)[: telephony.MAX_NAME],
        answered_at=call.at if state == "answered" else None,
        talk_seconds=telephony.seconds(fields.get("CallDuration")) if state == "ended" else None,
    )


def _dialled(sid: str, fields: Fields, house: House) -> Event:
    """What became of a Dial, as it tells its `action`: we answer that with nothing, so that the call is over."""
    status = fields["DialCallStatus"].lower()
    result = DIALLED.get(status)
    if result is None:
        return Ignored(f"a state we do not know: {re.sub('[^a-z_-]', '', status)[:40]}")
    out = _is_ours(fields, house)
    if out and result == "missed":
        result = RESULTS.get(status, "missed")
    call = _call(sid, "ended", fields, *_customer(fields, out))
    return replace(
        call,
        direction="out" if out else "in",
        line=_line(fields, out),
        ended_at=call.at,
        talk_seconds=telephony.seconds(fields.get("DialCallDuration")) if result == "answered" else None,
        result=result,
        recording=_file(fields),
    )


def _recording(sid: str, fields: Fields) -> Event:
    status = fields.get("RecordingStatus", "completed").lower()
    if status != "completed":
        return Ignored("a recording that is not ready, or not there")
    file = _file(fields)
    if file is None:
        return Ignored("a recording that does not lie at Twilio")
    left = fields.get("RecordingSource") == _VOICEMAIL
    return Call(
        external_id=sid,
        sender=telephony.untold(),
        state="ended" if left else "answered",
        at=None,  # it speaks of nothing but the recording: whatever else is told of the call holds
        result="voicemail" if left else "",
        recording=file,
        raw=telephony.plain(
            fields, "RecordingSid", "RecordingSource", "RecordingDuration", "RecordingChannels"
        ),
    )


def _transcribed(sid: str, fields: Fields) -> Event:
    """What a caller left, in writing (https://www.twilio.com/docs/voice/twiml/record#transcribecallback)."""
    text = clean(fields.get("TranscriptionText", "")).strip()[: telephony.MAX_TRANSCRIPT]
    if fields.get("TranscriptionStatus", "completed").lower() != "completed" or not text:
        return Ignored("a transcript that did not come about")
    return Call(
        external_id=sid,
        sender=telephony.untold(),
        state="ended",
        transcript=text,
        raw=telephony.plain(fields, "TranscriptionSid", "RecordingSid"),
    )


def _call(sid: str, state: CallState, fields: Fields, person: Person, withheld: str) -> Call:
    return Call(
        external_id=sid,
        sender=person,
        state=state,
        at=_at(fields),
        withheld=withheld,
        raw=telephony.plain(fields, *_KEPT),
    )


def _customer(fields: Fields, out: bool) -> tuple[Person, str]:
    """Who is at the other end of the call."""
    if not out:
        return telephony.party(fields.get("From", ""), fields.get("CallerName", ""))
    to = fields.get("To", "")
    return telephony.party(to) if telephony.is_number(to) else (telephony.untold(), "")


def _beyond(fields: Fields, house: House, out: bool) -> tuple[Person, str]:
    """The customer as far as a leg tells: who calls is shown to a colleague, unless one of our numbers is."""
    if out:
        return telephony.party(fields.get("To", ""))
    if _is_ours(fields, house):
        return telephony.untold(), ""
    return telephony.party(fields.get("From", ""), fields.get("CallerName", ""))


def _is_ours(fields: Fields, house: House) -> bool:
    """Whether one of us called: from a browser or a telephone in the house, from our number, or a program did."""
    sender = fields.get("From", "")
    return sender.startswith(_INSIDE) or sender in house.lines or _is_api(fields)


def _is_api(fields: Fields) -> bool:
    return fields.get("Direction", "").startswith("outbound-api")


def _line(fields: Fields, out: bool) -> str:
    told = fields.get("From" if out else "To", "")
    return "" if told.startswith(_INSIDE) else clean(told)[: telephony.MAX_NUMBER]


def _inside(address: str) -> str:
    """The colleague's name in "client:tanaka" or "sip:201@…"; "" for a number."""
    if not address.startswith(_INSIDE):
        return ""
    return clean(address.partition(":")[2].partition("@")[0])[: telephony.MAX_NAME]


def _file(fields: Fields) -> Attachment | None:
    """The recording: the address is Twilio's, and is asked for the smaller of the forms it has."""
    url, sid = fields.get("RecordingUrl", ""), fields.get("RecordingSid", "")
    if not url.startswith("https://") or len(url) > 2000 or not _SID.fullmatch(sid):
        return None
    return Attachment(f"{sid}{RECORDING}", "audio/mpeg", ref=url.removesuffix(RECORDING) + RECORDING)


def _at(fields: Fields) -> datetime | None:
    """When Twilio told this. Its clock shows seconds alone; which of several in one came first, the number of the
    telling says, and stands behind them here."""
    at = _time(fields.get("Timestamp", ""))
    number = telephony.seconds(fields.get("SequenceNumber"))
    return at + timedelta(microseconds=min(number or 0, 999_999)) if at else None


def _time(told: str) -> datetime | None:
    """A date as mail has it (RFC 5322); one that names no zone is in UTC."""
    try:
        at = parsedate_to_datetime(told)
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC) if at.year >= 1971 else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
