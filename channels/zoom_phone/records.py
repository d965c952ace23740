"""What Zoom tells of a call that is over: its elements (v3), or its history (v2), one a part of its way through the
house (https://developers.zoom.us/docs/phone/webhook-migrate/)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from channels import telephony
from channels.events import Call, CallResult, Event, Ignored
from channels.values import shown, word

Object = Mapping[str, Any]

EVENTS = {
    "phone.callee_call_element_completed",
    "phone.caller_call_element_completed",
    "phone.callee_call_history_completed",
    "phone.caller_call_history_completed",
}
MOST = 100
RESULTS: dict[str, CallResult] = {
    "answered": "answered",
    "accepted": "answered",
    "picked_up": "answered",
    "connected": "answered",
    "call_connected": "answered",
    "succeeded": "answered",
    "voicemail": "voicemail",
    "recorded": "voicemail",
    "abandoned": "abandoned",
    "canceled": "abandoned",
    "hang_up": "abandoned",
    "no_answer": "missed",
    "missed": "missed",
    "ring_timeout": "missed",
    "rejected": "missed",
    "overflowed": "missed",
    "busy": "busy",
    "call_failed": "failed",
    "unconnected": "failed",
    "service_unavailable": "failed",
    "system_blocked": "failed",
}
_BEST: Sequence[CallResult] = ("answered", "voicemail", "missed", "abandoned", "busy", "failed", "")
_LISTENING = {"barge", "monitor", "whisper", "listen", "takeover", "conference_barge"}
_TRANSFERS = {"direct_transfer", "warm_transfer", "forward"}


def read(told: Object, at: datetime | None) -> list[Event]:
    """One call for the elements of each that are there. Total."""
    found = told.get("call_elements", told.get("call_logs"))
    elements = [one for one in found[:MOST] if isinstance(one, dict)] if isinstance(found, list) else []
    calls: dict[str, list[Object]] = {}
    ignored: list[Event] = []
    for element in elements:
        if reason := _no_use(element):
            ignored.append(Ignored(reason))
        else:
            calls.setdefault(word(element, "call_id", telephony.MAX_ID), []).append(element)
    made: list[Event] = [_call(id, parts, at) for id, parts in calls.items()]
    return [*made, *ignored] or [Ignored("a record without a call")]


def _no_use(element: Object) -> str:
    """Why nothing is to be learnt from a part; "" where there is."""
    if not word(element, "call_id", telephony.MAX_ID):
        return "a call without its id"
    if word(element, "connect_type").lower() == "internal":
        return "a call between colleagues"
    if _plain(element, "event") in _LISTENING:
        return "somebody who listened to a call"
    if _plain(element, "event") == "ring_to_member" and _result(element) != "answered":
        return "one of several telephones was not answered"
    return ""


def _call(id: str, parts: Sequence[Object], at: datetime | None) -> Call:
    """The call, by the part that went best, and the times of all."""
    best = min(parts, key=lambda one: _BEST.index(_result(one)))
    inbound = word(best, "direction").lower() != "outbound"
    theirs, ours = ("caller", "callee") if inbound else ("callee", "caller")
    hidden = best.get("hide_caller_id") is True and inbound
    number = "" if hidden else word(best, f"{theirs}_did_number") or word(best, f"{theirs}_number")
    person, withheld = telephony.party(number, word(best, f"{theirs}_name"))
    starts, ends = _times(parts, "start_time", "date_time"), _times(parts, "end_time", "call_end_time")
    answers = _times(parts, "answer_time", "answer_start_time")
    answered, result = _result(best) == "answered", _result(best)
    return Call(
        external_id=id,
        sender=person,
        state="ended",
        at=at,
        withheld=withheld,
        direction="in" if inbound else "out",
        line=word(best, f"{ours}_did_number", telephony.MAX_NUMBER),
        agent=_name(best, ours) if answered else "",
        queue=_queue(parts),
        leg=word(best, "call_element_id") or word(best, "id"),
        started_at=min(starts, default=None),
        answered_at=min(answers, default=None) if answered else None,
        ended_at=max(ends, default=None),
        ring_seconds=_most(parts, "wait_time", "waiting_time"),
        talk_seconds=_sum(parts, "talk_time") if answered else None,
        hold_seconds=_sum(parts, "hold_time"),
        result=result,
        transferred_to=next(
            (_name(one, "callee") for one in parts if _plain(one, "event") in _TRANSFERS), ""
        ),
        raw=telephony.plain(best, "result", "result_reason", "call_history_uuid", "department", "event"),
    )


def _plain(element: Object, name: str) -> str:
    return word(element, name).strip().lower().replace(" ", "_")


def _result(element: Object) -> CallResult:
    said = _plain(element, "result") or _plain(element, "call_result")
    if said == "hang_up" and (element.get("answer_time") or element.get("talk_time")):
        return "answered"
    return RESULTS.get(said, "")


def _name(element: Object, side: str) -> str:
    return word(element, f"{side}_name") or shown(
        telephony.plain(element, f"{side}_ext_number").get(f"{side}_ext_number", "")
    )


def _queue(parts: Sequence[Object]) -> str:
    queues = [one for one in parts if word(one, "callee_ext_type").lower().replace("_", "") == "callqueue"]
    return next((_name(one, "callee") for one in queues), "")


def _times(parts: Sequence[Object], *names: str) -> list[datetime]:
    found = [telephony.when(one.get(name)) for one in parts for name in names]
    return [at for at in found if at is not None]


def _numbers(parts: Sequence[Object], *names: str) -> list[int]:
    found = [telephony.seconds(one.get(name)) for one in parts for name in names]
    return [number for number in found if number is not None]


def _most(parts: Sequence[Object], *names: str) -> int | None:
    return max(_numbers(parts, *names), default=None)


def _sum(parts: Sequence[Object], *names: str) -> int | None:
    found = _numbers(parts, *names)
    return min(sum(found), telephony.LONGEST) if found else None
