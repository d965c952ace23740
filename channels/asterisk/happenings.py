"""Events of the manager interface, as our events (https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/).

All that belongs to a call has its `Linkedid`, however many channels it takes.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from channels import telephony
from channels.asterisk import rows
from channels.asterisk.house import House, is_local
from channels.events import Call, CallResult, CallState, Event, Ignored, Person
from channels.text import clean

Told = Mapping[str, str]

GONE = "Gone"  # ours: a call that ended while nobody listened
BETWEEN_COLLEAGUES = "a call between colleagues"
WITHIN = "a channel that the telephone system makes for itself"
A_PART = "a part of a call that is over"
NOT_ANSWERED = "a telephone that was not answered"
NO_CALL_ID = "a call without its id"
_OF_CALL = ("linkedid", "transfereelinkedid", "transfererlinkedid", "origtransfererlinkedid")
_BUSY, _MISSED, _FAILED = {"17"}, {"18", "19"}, {"1", "3", "20", "27", "28", "34", "38", "42"}


def read(told: Told, house: House, direction: str = "", heard: datetime | None = None) -> list[Event]:
    """What an event says; its names in small letters. `direction` is what is known of its call ("in", "out"), `heard`
    when it came. Total."""
    name = told.get("event", "")
    if name == "Cdr":
        return rows.read([rows.row(told)], house)
    reader = _READERS.get(name)
    if reader is None:
        return [Ignored(f"nothing that is told of a call: {clean(name)[:40]}")]
    call = next((told[key] for key in _OF_CALL if told.get(key, "").strip()), "")
    if not call:
        return [Ignored(NO_CALL_ID)]
    return [reader(_Happening({**told, "linkedid": call}, house, direction, heard))]


class _Happening:
    """One event, and what its channel tells of who calls whom."""

    def __init__(self, told: Told, house: House, direction: str, heard: datetime | None) -> None:
        self.told, self.house = told, house
        self.at = _stamp(told.get("timestamp", "")) or heard
        self.direction = direction
        self.ours = house.extension(told.get("channel", "")) if not self.local else ""

    def __getitem__(self, name: str) -> str:
        return self.told.get(name, "").strip()

    @property
    def local(self) -> bool:
        return is_local(self.told.get("channel", ""))

    @property
    def first(self) -> bool:
        """Whether it is about the channel the call began with."""
        return self["uniqueid"] == self["linkedid"]

    @property
    def called(self) -> str:
        """The extension of the other channel; "" for a line to outside."""
        return self.house.extension(self["destchannel"])

    def call(self, state: CallState, out: bool, who: tuple[Person, str], **more: Any) -> Call:
        person, withheld = who
        base = Call(
            external_id=self["linkedid"][: telephony.MAX_ID],
            sender=person,
            state=state,
            at=self.at,
            withheld=withheld,
            direction="out" if out else "in",
            raw=telephony.plain(self.told, "event", "uniqueid", "channel", "dialstatus", "cause"),
        )
        return replace(base, **more)

    @property
    def caller(self) -> tuple[Person, str]:
        return telephony.party(self["calleridnum"], self["calleridname"])

    @property
    def dialled(self) -> tuple[Person, str]:
        """Whom we call, where that is still told."""
        number = self["exten"]
        if not telephony.is_number(number) or self.house.is_inside(number):
            return telephony.untold(), ""
        return telephony.party(number)


def _begins(one: _Happening) -> Event:
    if one.local:
        return Ignored(WITHIN)
    if not one.first:
        return Ignored(A_PART)
    if one.ours:
        return _we_begin(one)
    line = one["exten"] if telephony.is_number(one["exten"]) else ""
    return one.call("ringing", False, one.caller, line=line, started_at=one.at)


def _we_begin(one: _Happening) -> Event:
    if not one.dialled[0].address:
        return Ignored(BETWEEN_COLLEAGUES)
    return one.call("ringing", True, one.dialled, agent=one.ours, started_at=one.at)


def _rings(one: _Happening) -> Event:
    if one.ours and one.called:
        return Ignored(BETWEEN_COLLEAGUES)
    if one.ours:
        return one.call("ringing", True, one.dialled, agent=one.ours, leg=one["destuniqueid"])
    if one.house.is_inside(one["calleridnum"]):
        return Ignored(BETWEEN_COLLEAGUES)
    return one.call("ringing", False, one.caller, agent=one.called, leg=one["destuniqueid"])


def _taken(one: _Happening) -> Event:
    if one["dialstatus"].upper() != "ANSWER":
        return Ignored(NOT_ANSWERED)
    if (one.ours and one.called) or (not one.ours and one.house.is_inside(one["calleridnum"])):
        return Ignored(BETWEEN_COLLEAGUES)
    if one.ours:
        more = {"agent": one.ours, "leg": one["destuniqueid"], "answered_at": one.at}
        return one.call("answered", True, one.dialled, **more)
    if not one.called:
        return Ignored(WITHIN)
    more = {"agent": one.called, "leg": one["destuniqueid"], "answered_at": one.at}
    return one.call("answered", False, one.caller, **more)


def _waits(one: _Happening) -> Event:
    return _from_outside(one, "ringing", queue=one["queue"])


def _gives_up(one: _Happening) -> Event:
    waited = telephony.seconds(one["holdtime"])
    return _from_outside(
        one, "ringing", queue=one["queue"], ring_seconds=waited, result="abandoned", leg="queue"
    )


def _is_with(one: _Happening) -> Event:
    return _from_outside(
        one,
        "answered",
        queue=one["queue"],
        agent=_member(one),
        leg=one["destuniqueid"],
        answered_at=one.at,
        ring_seconds=telephony.seconds(one["holdtime"]),
    )


def _has_talked(one: _Happening) -> Event:
    return _from_outside(
        one,
        "answered",
        queue=one["queue"],
        agent=_member(one),
        leg=one["destuniqueid"],
        talk_seconds=telephony.seconds(one["talktime"]),
    )


def _from_outside(one: _Happening, state: CallState, **more: Any) -> Event:
    """Of a queue, which colleagues can ring, too."""
    if one.house.is_inside(one["calleridnum"]):
        return Ignored(BETWEEN_COLLEAGUES)
    return one.call(state, False, one.caller, **more)


def _member(one: _Happening) -> str:
    return one.house.extension(one["interface"]) or one["membername"][: telephony.MAX_NAME]


def _passed_on(one: _Happening) -> Event:
    """To another number. It says nothing of who called whom, so that everything else told of the call holds."""
    to = one["extension"] or one["transfertargetcalleridnum"]
    if not to:
        return Ignored(A_PART)
    call = one.call("answered", one.direction == "out", (telephony.untold(), ""), transferred_to=to[:100])
    return replace(call, at=None)


def _hangs_up(one: _Happening) -> Event:
    """The channel the call began with is gone, and with it the call."""
    if one.local:
        return Ignored(WITHIN)
    if not one.first:
        return Ignored(A_PART)
    out = one.direction == "out" or bool(one.ours)
    connected = one["connectedlinenum"]
    known = one.direction or (telephony.is_number(connected) and not one.house.is_inside(connected))
    if one.ours and not known:
        return Ignored(BETWEEN_COLLEAGUES)
    who = one.caller if not out else (telephony.untold(), "")
    return one.call("ended", out, who, ended_at=one.at, result=_result(one["cause"]) if out else "")


def _gone(one: _Happening) -> Event:
    return one.call("ended", one.direction == "out", (telephony.untold(), ""), ended_at=one.at)


def _result(cause: str) -> CallResult:
    """What became of a call of ours, by Q.850; "" where its course tells."""
    return (
        "busy" if cause in _BUSY else "missed" if cause in _MISSED else "failed" if cause in _FAILED else ""
    )


_READERS: dict[str, Callable[[_Happening], Event]] = {
    "Newchannel": _begins,
    "DialBegin": _rings,
    "DialEnd": _taken,
    "QueueCallerJoin": _waits,
    "QueueCallerAbandon": _gives_up,
    "AgentConnect": _is_with,
    "AgentComplete": _has_talked,
    "BlindTransfer": _passed_on,
    "AttendedTransfer": _passed_on,
    "Hangup": _hangs_up,
    GONE: _gone,
}
TOLD = {*_READERS, "Cdr"} - {GONE}


def _stamp(told: str) -> datetime | None:
    """Seconds since 1970 with a point, as `timestampevents` of manager.conf adds them."""
    try:
        at = datetime.fromtimestamp(float(told), UTC) if told else None
    except (ValueError, OverflowError, OSError):
        return None
    return at if at and 1971 <= at.year < 2200 else None
