"""The events of calls as they happen, over a line that is held."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from channels.asterisk import happenings, line
from channels.asterisk.house import House
from channels.base import Call, ChannelError, Collected, Request

METHOD = "AMI"  # of a request made here; no HTTP call has it
EVENTS = "call,cdr,agent"
WAIT = 10.0  # seconds without an event before the other side is asked whether it is there
LOOK = 0.5  # seconds between two looks at whether to stop
MOST_OPEN = 500  # calls that are remembered

Open = dict[str, str]  # calls that go on: id → "in" or "out"


def collect(
    server: line.Server, house: House, cursor: Mapping[str, Any], stop: Callable[[], bool]
) -> Iterator[Collected]:
    """Every event of calls as a request, oldest first. What happens while nobody listens is not told afterwards: of the
    calls that went on before, those that are gone are ended. Raises `ChannelError`."""
    going_on = _open(cursor)
    with line.signed_in(server, EVENTS) as there:
        for id in _gone(there, going_on):
            direction = going_on.pop(id)
            yield _collected({"event": happenings.GONE, "linkedid": id}, direction, going_on, there.left)
        yield Collected({"open": dict(going_on)})
        while not stop():
            packet = _event(there, stop)
            if packet is None:
                yield Collected({"open": dict(going_on)})
            elif (made := _heard(packet, house, going_on)) is not None:
                yield _collected(packet, made, going_on, there.left)


def check(server: line.Server) -> str:
    """The version of the Asterisk that lets us in. Raises `ChannelError`."""
    with line.signed_in(server, "off") as there:
        return there.ask("CoreSettings").get("asteriskversion", "")[:60]


def _event(there: line.Line, stop: Callable[[], bool]) -> line.Packet | None:
    """The next event; None as a sign of life. Raises `ChannelError` where the line is dead."""
    waited = 0.0
    while waited < WAIT and not stop():
        packet = there.event(LOOK)
        if packet is not None:
            return packet
        waited += LOOK
    if not stop() and not there.ask("Ping"):
        raise ChannelError(line.SILENT)
    return None


def _heard(packet: line.Packet, house: House, going_on: Open) -> str | None:
    """The direction of the event's call, None for an event that tells nothing of one. Keeps count of what goes on."""
    if packet.get("event") not in happenings.TOLD:
        return None
    known = going_on.get(packet.get("linkedid", ""), "")
    (event,) = happenings.read(packet, house, known)[:1] or (None,)
    if not isinstance(event, Call):
        return None
    if event.state == "ended":
        return going_on.pop(event.external_id, event.direction)
    if event.external_id not in going_on and len(going_on) >= MOST_OPEN:
        del going_on[next(iter(going_on))]
    return going_on.setdefault(event.external_id, event.direction)


def _gone(there: line.Line, going_on: Open) -> list[str]:
    """Calls that went on when we listened last, and do not any more; none where this user may not ask."""
    if not going_on:
        return []
    channels = there.listed("CoreShowChannels", "CoreShowChannelsComplete")
    if channels is None:
        return []
    live = {packet.get("linkedid", "") for packet in channels}
    return [id for id in going_on if id not in live]


def _collected(packet: line.Packet, direction: str, going_on: Open, left: int) -> Collected:
    headers = {
        "content-type": "application/json",
        "received": datetime.now(UTC).isoformat(),
        "direction": direction,
    }
    body = json.dumps(dict(packet), ensure_ascii=False).encode("utf-8", "replace")
    return Collected({"open": dict(going_on)}, Request(METHOD, "", headers, {}, body), left=left)


def _open(cursor: Mapping[str, Any]) -> Open:
    found = cursor.get("open")
    if not isinstance(found, dict):
        return {}
    return {str(id): str(way) for id, way in list(found.items())[-MOST_OPEN:] if way in ("in", "out")}
