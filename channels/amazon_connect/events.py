"""What Amazon Connect tells of a contact, as our events.

Contact events come as they happen, by EventBridge
(https://docs.aws.amazon.com/connect/latest/adminguide/contact-events.html), contact records at the end
(https://docs.aws.amazon.com/connect/latest/adminguide/ctr-data-model.html), as they are or in the envelope in which
EventBridge Pipes passes on what stood in a Kinesis stream. Both are told at least once and in any order. A transfer
begins a contact of its own, which names the first one of the call: that is the call, each contact a leg of it. That a
transcript of Contact Lens was written is told by S3
(https://docs.aws.amazon.com/connect/latest/adminguide/example-contact-lens-output-locations.html).
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels import telephony
from channels.events import Attachment, Call, CallResult, CallState, Event, Ignored, Person
from channels.text import clean
from channels.values import inner, shown, word

Object = Mapping[str, Any]

SOURCE, DETAIL = "aws.connect", "Amazon Connect Contact Event"
WRITTEN = "Object Created"  # by S3
VOICE = "VOICE"
OUT = {"OUTBOUND", "EXTERNAL_OUTBOUND", "CALLBACK", "CAMPAIGN_PREVIEW"}
BESIDE = {"MONITOR", "DISCONNECT"}  # somebody who listens, and what a flow does after the call
MAX_NOTE = 20_000
MAX_PLACE = 500  # characters of where a file lies
_HEARD = ("", "AUDIO")
_ANALYSIS = re.compile(
    r"(?:^|/)Analysis/Voice/(?:Redacted/)?(?:[0-9]+/){3}(?P<contact>[0-9a-f-]{36})_analysis_[^/]+[.]json$"
)
MOST = 10_000  # contacts of one request: more do not fit into it
_TRANSFERS = {"TRANSFER", "QUEUE_TRANSFER"}
_FAILED = {
    *("TELECOM_PROBLEM", "TELECOM_NUMBER_INVALID", "TELECOM_TIMEOUT", "OUTBOUND_ATTEMPT_FAILED"),
    *("OUTBOUND_DESTINATION_ENDPOINT_ERROR", "OUTBOUND_RESOURCE_ERROR", "BAD_ENDPOINT"),
}
_BUSY = {"TELECOM_BUSY"}
_NOT_TAKEN = {"OUTBOUND_NO_ANSWER", "TELECOM_UNANSWERED", "CUSTOMER_NEVER_ARRIVED"}


@dataclass(frozen=True)
class Wanted:
    """Which instance this is, and where in a contact to look for what; "" for any and none. `files`: whether recordings
    and transcripts can be fetched."""

    instance: str = ""
    caller_tag: str = ""
    disposition: str = ""
    memo: str = ""
    files: bool = False


def read(document: Any, wanted: Wanted) -> list[Event]:
    """The events of a request: one contact event or record, or several in a list. Total."""
    if isinstance(document, list):
        return [_one(each, wanted) for each in document[:MOST]] or [Ignored("an empty list")]
    return [_one(document, wanted)]


def _one(document: Any, wanted: Wanted) -> Event:
    document = _unpacked(document)
    if word(document, "detail-type") == DETAIL:
        return _happened(inner(document, "detail"), telephony.when(document.get("time")), wanted)
    if word(document, "detail-type") == WRITTEN:
        return _written(inner(document, "detail"), telephony.when(document.get("time")), wanted)
    record = inner(document, "detail") or document
    if isinstance(record, dict) and word(record, "ContactId") and "InitiationMethod" in record:
        return _recorded(record, wanted)
    return Ignored(f"nothing that is told of a contact: {shown(word(document, 'detail-type'))}")


def _unpacked(document: Any) -> Any:
    """What stands in an envelope of Kinesis, whose `data` is Base64."""
    packed = word(document, "data", 2_000_000) if word(document, "eventSource") == "aws:kinesis" else ""
    if not packed:
        return document
    try:
        return json.loads(base64.b64decode(packed, validate=True))
    except (ValueError, RecursionError):
        return None


def _happened(detail: Object, at: datetime | None, wanted: Wanted) -> Event:
    """A contact event. EventBridge's own time has whole seconds, the contact's have more."""
    data = _without_case(detail)
    kind, id = word(data, "eventtype").upper(), word(data, "contactid", telephony.MAX_ID)
    if reason := _no_use(data, wanted):
        return Ignored(reason)
    agent, queue = _without_case(inner(data, "agentinfo")), _without_case(inner(data, "queueinfo"))
    answered = _time(agent, "connectedtoagenttimestamp")
    ended = _time(data, "disconnecttimestamp")
    state: CallState | None = _STATES.get(kind)
    if state is None:
        return Ignored(f"nothing that is told of a call: {shown(kind)}")
    out = _is_out(data)
    person, withheld = _caller(data, wanted)
    reached = answered or (_time(data, "connectedtosystemtimestamp") if out else None)
    return Call(
        external_id=word(data, "initialcontactid", telephony.MAX_ID) or id,
        sender=person,
        state="ringing" if state == "answered" and not reached else state,
        at=max(filter(None, (at, answered, ended)), default=None),
        withheld=withheld,
        direction="out" if out else "in",
        agent=_last(word(agent, "agentarn", 500)),
        leg=id,
        started_at=_began(data, id),
        answered_at=reached,
        ended_at=ended,
        hold_seconds=telephony.seconds(agent.get("holdduration")),
        wrap_seconds=telephony.seconds(agent.get("aftercontactworkduration")),
        result=_result(data, bool(reached), bool(queue), out) if state == "ended" else "",
        raw=telephony.plain(data, "eventtype", "contactid", "initiationmethod", "disconnectreason"),
    )


_STATES: dict[str, CallState] = {
    "INITIATED": "ringing",
    "QUEUED": "ringing",
    "CONNECTED_TO_SYSTEM": "answered",  # of a call of ours; one that comes in rings until an agent is there
    "CONNECTED_TO_AGENT": "answered",
    "DISCONNECTED": "ended",
    "COMPLETED": "ended",
}


def _recorded(record: Object, wanted: Wanted) -> Event:
    """A contact record, which knows all. Connect tells it again when something is new in it: `LastUpdateTimestamp` says
    which is the newest."""
    data = _without_case(record)
    if reason := _no_use(data, wanted):
        return Ignored(reason)
    id = word(data, "contactid", telephony.MAX_ID)
    agent, queue = _without_case(inner(data, "agent")), _without_case(inner(data, "queue"))
    attributes = inner(data, "attributes")
    answered, ended = _time(agent, "connectedtoagenttimestamp"), _time(data, "disconnecttimestamp")
    out = _is_out(data)
    reached = answered or (_time(data, "connectedtosystemtimestamp") if out else None)
    person, withheld = _caller(data, wanted)
    return Call(
        external_id=word(data, "initialcontactid", telephony.MAX_ID) or id,
        sender=person,
        state="ended" if ended else "answered" if reached else "ringing",
        at=_time(data, "lastupdatetimestamp") or ended,
        withheld=withheld,
        direction="out" if out else "in",
        line=word(_without_case(inner(data, "systemendpoint")), "address", telephony.MAX_NUMBER),
        agent=word(agent, "username"),
        queue=word(queue, "name"),
        leg=id,
        started_at=_began(data, id),
        answered_at=reached,
        ended_at=ended,
        ring_seconds=telephony.seconds(queue.get("duration")),
        talk_seconds=telephony.seconds(agent.get("agentinteractionduration")),
        hold_seconds=telephony.seconds(agent.get("customerholdduration")),
        wrap_seconds=telephony.seconds(agent.get("aftercontactworkduration")),
        result=_result(data, bool(reached), bool(queue), out) if ended else "",
        transferred_to=word(_without_case(inner(data, "transferredtoendpoint")), "address"),
        disposition=word(attributes, wanted.disposition, 500) if wanted.disposition else "",
        text=word(attributes, wanted.memo, MAX_NOTE) if wanted.memo else "",
        recording=_recording(data, id) if wanted.files else None,
        raw=telephony.plain(data, "contactid", "initiationmethod", "disconnectreason")
        | telephony.plain(inner(record, "Recording"), "Location", most=1000),
    )


def _recording(data: Object, id: str) -> Attachment | None:
    """The first one that is there to be had; "bucket/key" says where."""
    several = data.get("recordings")
    for one in [data.get("recording"), *(several[:MOST] if isinstance(several, list) else [])]:
        told = _without_case(one) if isinstance(one, dict) else {}
        place, status = word(told, "location", MAX_PLACE), word(told, "status").upper()
        if "/" in place and status in ("", "AVAILABLE") and word(told, "mediastreamtype").upper() in _HEARD:
            return Attachment(f"{id}.wav", "audio/wav", ref=place)
    return None


def _written(detail: Object, at: datetime | None, wanted: Wanted) -> Event:
    """A file that stands in S3 now: a transcript is known by its name, which begins with the contact's ID."""
    bucket, key = word(inner(detail, "bucket"), "name"), word(inner(detail, "object"), "key", MAX_PLACE)
    found = _ANALYSIS.search(key)
    if not bucket or found is None:
        return Ignored("a file that is no transcript of a call")
    if not wanted.files:
        return Ignored("a transcript, which cannot be fetched without an access key")
    return Call(
        external_id=found["contact"],
        sender=telephony.untold(),
        state="ringing",
        at=at,
        transcribed=Attachment(f"{found['contact']}.json", "application/json", ref=f"{bucket}/{key}"),
        known_only=True,
    )


def _without_case(told: Object) -> Object:
    """By names in small letters: Connect writes the same field as `agentInfo` here and `AgentInfo` there."""
    return {name.lower(): value for name, value in told.items()}


def _no_use(data: Object, wanted: Wanted) -> str:
    """Why nothing becomes of a contact; "" where something does."""
    if not word(data, "contactid"):
        return "a contact without its id"
    if word(data, "channel").upper() != VOICE:
        return "a contact that is no call"
    if wanted.instance and _last(word(data, "instancearn", 500)) != _last(wanted.instance):
        return "a contact of another instance"
    return "a contact beside the call" if word(data, "initiationmethod").upper() in BESIDE else ""


def _caller(data: Object, wanted: Wanted) -> tuple[Person, str]:
    """The customer: by the record's endpoint, or the tag that a flow has set. Where neither stands there, nothing is
    told of them; an endpoint without a number is one that is withheld."""
    endpoint = data.get("customerendpoint")
    if isinstance(endpoint, dict):
        return telephony.party(word(_without_case(endpoint), "address"))
    tagged = word(inner(data, "tags"), wanted.caller_tag) if wanted.caller_tag else ""
    return telephony.party(tagged) if tagged.strip() else (telephony.untold(), "")


def _is_out(data: Object) -> bool:
    return word(data, "initiationmethod").upper() in OUT


def _began(data: Object, id: str) -> datetime | None:
    """When the call began; a contact that goes on from another one began later than the call."""
    first = word(data, "initialcontactid", telephony.MAX_ID)
    return _time(data, "initiationtimestamp") if first in ("", id) else None


def _result(data: Object, reached: bool, queued: bool, out: bool) -> CallResult:
    """What became of a contact that is over."""
    if reached:
        return "answered"
    reason = word(data, "disconnectreason").upper()
    if reason in _BUSY:
        return "busy"
    if reason in _FAILED:
        return "failed"
    if reason in _NOT_TAKEN or out:
        return "missed"
    return "abandoned" if queued else "missed"


def _last(arn: str) -> str:
    """What stands behind the last slash of a name."""
    return clean(arn).rpartition("/")[2]


def _time(data: Object, name: str) -> datetime | None:
    return telephony.when(data.get(name))
