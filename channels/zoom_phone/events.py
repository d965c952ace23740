"""What Zoom posts about calls, as our events (https://developers.zoom.us/docs/api/phone/events/).

While a call goes on, each telephone tells for itself that it rings, is taken or stops: all under one `call_id`. What
one of several telephones does not do says nothing of the call, so that a call ends by the telephone it was taken on,
by one that rang alone, or by its records (:mod:`channels.zoom_phone.records`).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from channels import telephony
from channels.events import Attachment, Call, CallResult, Event, Ignored, Person
from channels.values import inner, milliseconds, shown, word
from channels.zoom_phone import records

Object = Mapping[str, Any]
Told = tuple[Object, datetime | None]  # payload.object, and when Zoom told it

BETWEEN_COLLEAGUES = "a call between colleagues"
ONE_OF_SEVERAL = "one of several telephones was not answered"
NO_CALL_ID = "a call without its id"
MAX_RECORDINGS = 20
_QUEUES = {"callqueue", "call_queue", "sharedlinegroup", "autoreceptionist"}
_OUTSIDE = 2  # of a number's type, where 1 is an extension
RESULTS: dict[str, CallResult] = {
    "busy": "busy",
    "call cancel": "abandoned",
    "cancelled": "abandoned",
    "canceled": "abandoned",
    "call failed": "failed",
    "failed": "failed",
    "voicemail": "voicemail",
}


def read(document: Any) -> list[Event]:
    """The events of a request. Total."""
    name = word(document, "event")
    told = inner(inner(document, "payload"), "object")
    at = milliseconds(document.get("event_ts")) if isinstance(document, dict) else None
    if name in _LIVE:
        return [_LIVE[name]((told, at))]
    if name in records.EVENTS:
        return records.read(told, at)
    if name in ("phone.recording_completed", "phone.recording_transcript_completed"):
        return _recordings(told, at)
    if name == "phone.voicemail_received":
        return [_voicemail(told, at)]
    return [Ignored(f"nothing that is told of a call: {shown(name)}")]


def _rings(told: Told) -> Event:
    return _live(told, state="ringing", inbound=True)


def _taken(told: Told) -> Event:
    return _live(told, state="answered", inbound=True)


def _over(told: Told) -> Event:
    """The telephone that took the call hung up, or one that rang stopped."""
    if not word(told[0], "answer_start_time"):
        return Ignored(ONE_OF_SEVERAL)
    return _live(told, state="ended", inbound=True, result="answered")


def _missed(told: Told) -> Event:
    if _queue(told[0]):
        return Ignored(ONE_OF_SEVERAL)
    said = RESULTS.get(word(told[0], "handup_result").lower(), "missed")
    return _live(told, state="ended", inbound=True, result="missed" if said == "busy" else said)


def _we_ring(told: Told) -> Event:
    return _live(told, state="ringing", inbound=False)


def _they_took_it(told: Told) -> Event:
    return _live(told, state="answered", inbound=False)


def _we_are_over(told: Told) -> Event:
    if word(told[0], "answer_start_time") or word(told[0], "connected_start_time"):
        return _live(told, state="ended", inbound=False, result="answered")
    said = RESULTS.get(word(told[0], "handup_result").lower(), "missed")
    return _live(told, state="ended", inbound=False, result=said)


_LIVE: dict[str, Callable[[Told], Event]] = {
    "phone.callee_ringing": _rings,
    "phone.callee_answered": _taken,
    "phone.callee_ended": _over,
    "phone.callee_missed": _missed,
    "phone.callee_rejected": _missed,
    "phone.caller_ringing": _we_ring,
    "phone.caller_connected": _they_took_it,
    "phone.caller_ended": _we_are_over,
}


def _live(told: Told, *, inbound: bool, **more: Any) -> Event:
    """What one telephone of ours tells."""
    data, at = told
    id = word(data, "call_id", telephony.MAX_ID)
    if not id:
        return Ignored(NO_CALL_ID)
    caller, callee = inner(data, "caller"), inner(data, "callee")
    theirs, ours = (caller, callee) if inbound else (callee, caller)
    if _is_inside(theirs):
        return Ignored(BETWEEN_COLLEAGUES)
    person, withheld = telephony.party(word(theirs, "phone_number"), word(theirs, "name"))
    answered = _time(data, "answer_start_time") or _time(data, "connected_start_time")
    ended = _time(data, "call_end_time")
    return Call(
        external_id=id,
        sender=person,
        at=at,
        withheld=withheld,
        direction="in" if inbound else "out",
        line=word(ours, "phone_number", telephony.MAX_NUMBER),
        agent=word(ours, "name") or _number(ours, "extension_number"),
        queue=_queue(data),
        leg=word(ours, "device_id") or word(ours, "extension_id") or word(ours, "user_id"),
        started_at=_time(data, "ringing_start_time"),
        answered_at=answered,
        ended_at=ended,
        talk_seconds=telephony.between(answered, ended),
        raw=telephony.plain(data, "handup_result") | telephony.plain(ours, "extension_number", "device_name"),
        **more,
    )


def _is_inside(party: Object) -> bool:
    """Whether this is a colleague: somebody outside has a number and no extension."""
    return bool(_number(party, "extension_number") or word(party, "user_id"))


def _number(data: Object, name: str) -> str:
    """An extension's number: Zoom writes it as a number, or as a text."""
    return telephony.plain(data, name).get(name, "")


def _queue(data: Object) -> str:
    """The queue or group that passed the call on to several telephones, "" for none."""
    by = inner(data, "forwarded_by")
    if word(by, "extension_type").lower() not in _QUEUES:
        return ""
    return word(by, "name") or _number(by, "extension_number") or "queue"


def _time(data: Object, name: str) -> datetime | None:
    return telephony.when(data.get(name))


def _recordings(told: Object, at: datetime | None) -> list[Event]:
    found = told.get("recordings")
    each = [one for one in found[:MAX_RECORDINGS] if isinstance(one, dict)] if isinstance(found, list) else []
    return [_recorded(one, at) for one in each] or [Ignored("a recording that does not lie at Zoom")]


def _recorded(data: Object, at: datetime | None) -> Event:
    """A recording, or the transcript of one, which has the address of that instead."""
    file, spoken = _file(data), _file(data, "transcript_download_url", ".json", "application/json")
    id = word(data, "call_id", telephony.MAX_ID)
    if file is None and spoken is None:
        return Ignored("a recording that does not lie at Zoom")
    if not id:
        return Ignored(NO_CALL_ID)
    inbound = word(data, "direction") != "outbound"
    theirs = "caller" if inbound else "callee"
    if data.get(f"{theirs}_number_type") not in (None, _OUTSIDE, str(_OUTSIDE)):
        return Ignored(BETWEEN_COLLEAGUES)
    person, withheld = _number_of(data, theirs)
    return Call(
        external_id=id,
        sender=person,
        state="answered",
        at=at,
        withheld=withheld,
        direction="in" if inbound else "out",
        recording=file,
        transcribed=spoken,
        raw=telephony.plain(data, "id", "recording_type"),
    )


def _voicemail(data: Object, at: datetime | None) -> Event:
    id = word(data, "call_id", telephony.MAX_ID) or word(data, "id", telephony.MAX_ID)
    if not id:
        return Ignored(NO_CALL_ID)
    if data.get("caller_number_type") not in (None, _OUTSIDE, str(_OUTSIDE)):
        return Ignored(BETWEEN_COLLEAGUES)
    person, withheld = _number_of(data, "caller")
    return Call(
        external_id=id,
        sender=person,
        state="ended",
        at=at,
        withheld=withheld,
        line=word(data, "callee_did_number") or word(data, "callee_number"),
        queue=word(data, "callee_name"),
        started_at=_time(data, "date_time"),
        result="voicemail",
        recording=_file(data),
        raw=telephony.plain(data, "id", "duration"),
    )


def _number_of(data: Object, side: str) -> tuple[Person, str]:
    told = word(data, f"{side}_did_number") or word(data, f"{side}_number")
    return telephony.party(told, word(data, f"{side}_name"))


def _file(
    data: Object, name: str = "download_url", ending: str = ".mp3", content_type: str = "audio/mpeg"
) -> Attachment | None:
    url, id = word(data, name, 2000), word(data, "id")
    if not url.startswith("https://") or not id:
        return None
    return Attachment(f"{id}{ending}", content_type, ref=url)
