"""The way out to one open socket: a frame is serialised once for all who get it, and nobody waits for anybody.

A line is bounded. Who is behind by more than that is disconnected, and recovers by asking for what they missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Protocol

import msgspec

QUEUE = 256  # frames that may wait on a queued line
BEHIND, SIGNED_OUT = 1013, 4401  # close codes: try again later (RFC 6455 registry); ours, the session is over
OUTLET = "madoguchi.outlet"  # the ASGI extension under which our server offers an Outlet


class Outlet(Protocol):
    """What our server offers of an open WebSocket (see app.server). No call waits."""

    def write(self, wire: bytes) -> bool:
        """Send these bytes, which are whole frames; False when too much waits to be taken already."""

    def close(self, code: int) -> None:
        """Say goodbye; the application then receives a disconnect."""

    def ping(self, patience: float) -> None:
        """Ask for a sign of life; a line without any for `patience` seconds is dropped."""


class Parcel:
    """A frame that several lines get: its bytes are made when the first needs them, and once."""

    __slots__ = ("_wire", "frame")

    def __init__(self, frame: Any) -> None:
        self.frame = frame
        self._wire = b""

    @classmethod
    def of(cls, parcels: Iterable[Parcel]) -> Parcel:
        """Several as one, for a line that takes bytes."""
        made = cls(None)
        made._wire = b"".join(each.wire for each in parcels)
        return made

    @property
    def wire(self) -> bytes:
        """As it goes over the socket."""
        self._wire = self._wire or wired(self.frame)
        return self._wire


class Line:
    """The way out to one socket. `who` is its owner's; `topics` are kept by the hub."""

    __slots__ = ("code", "topics", "who")

    def __init__(self, who: Any = None) -> None:
        self.who = who
        self.code = 0
        self.topics: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether anything still goes out."""
        return not self.code

    def put(self, frame: Any) -> None:
        """Send `frame` (JSON), or a :class:`Parcel` of one. Who is too far behind is closed with 1013."""
        raise NotImplementedError

    def close(self, code: int = 1000) -> None:
        """Nothing goes out after this. The first close counts."""
        raise NotImplementedError


class Direct(Line):
    """A line of our own server: what is put is written at once; no task, no queue of ours."""

    __slots__ = ("outlet",)

    def __init__(self, outlet: Outlet, who: Any = None) -> None:
        super().__init__(who)
        self.outlet = outlet

    def put(self, frame: Any) -> None:
        if not self.code and not self.outlet.write(frame.wire if isinstance(frame, Parcel) else wired(frame)):
            self.close(BEHIND)

    def close(self, code: int = 1000) -> None:
        if not self.code:
            self.code = code
            self.outlet.close(code)


class Post:
    """Lets what is in no hurry leave together: of many small writes most of the cost is the system's call.

    What comes after a pause leaves at once; what follows within `seconds` waits for the end of them.
    """

    def __init__(self, seconds: float = 0.05) -> None:
        self.seconds = seconds
        self._held: dict[Line, list[Parcel]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def put_all(self, letters: Iterable[tuple[Line, Parcel, bool]]) -> None:
        """(line, parcel, whether it is in a hurry); on each line all leave in the order they were put."""
        for line, parcel, hurried in letters:
            held = self._held.pop(line, [])
            held.append(parcel)
            if hurried or not isinstance(line, Direct):  # a queue is no call of the system
                _leave(line, held)
            else:
                self._held[line] = held
        if self._held and self._timer is None:
            self._empty()

    def _empty(self) -> None:
        """Let go of what is held, and hold what comes from now on for a while."""
        held, self._held, self._timer = self._held, {}, None
        joined: dict[tuple[int, ...], Parcel] = {}  # most lines get the same, so it is joined once
        for line, parcels in held.items():
            key = tuple(map(id, parcels))
            if len(parcels) > 1:
                if key not in joined:
                    joined[key] = Parcel.of(parcels)
                line.put(joined[key])
            else:
                _leave(line, parcels)
        if held:
            self._timer = asyncio.get_running_loop().call_later(self.seconds, self._empty)


def _leave(line: Line, parcels: Iterable[Parcel]) -> None:
    for parcel in parcels:
        line.put(parcel)


class LineClosed(Exception):
    """Nothing more goes out on this line."""


class Queued(Line):
    """A line that somebody reads: a long poll, or a task that writes to a server that is not ours."""

    __slots__ = ("closed", "queue")

    def __init__(self, who: Any = None) -> None:
        super().__init__(who)
        self.queue: asyncio.Queue[Any] = asyncio.Queue(QUEUE)
        self.closed = asyncio.Event()

    def put(self, frame: Any) -> None:
        try:
            self.queue.put_nowait(frame.frame if isinstance(frame, Parcel) else frame)
        except asyncio.QueueFull:
            self.close(BEHIND)

    def close(self, code: int = 1000) -> None:
        if not self.code:
            self.code = code
            self.closed.set()

    async def next(self) -> Any:
        """The next frame. Raises :class:`LineClosed`.

        What was queued before the close still goes out, except to who is too slow or may not see it any more.
        """
        if self.queue.empty() and not self.code:
            getting = asyncio.create_task(self.queue.get())
            closing = asyncio.create_task(self.closed.wait())
            try:
                await asyncio.wait({getting, closing}, return_when=asyncio.FIRST_COMPLETED)
                if getting.done() and self.code not in (BEHIND, SIGNED_OUT):
                    return getting.result()
            finally:  # whoever waits may have had enough of it
                getting.cancel()
                closing.cancel()
        if self.queue.empty() or self.code in (BEHIND, SIGNED_OUT):
            raise LineClosed
        return self.queue.get_nowait()


def wired(frame: Any) -> bytes:
    """A frame as an unmasked WebSocket text (RFC 6455, 5.2), the same for whoever gets it."""
    payload = msgspec.json.encode(frame)
    size = len(payload)
    if size < 126:
        head = bytes((0x81, size))
    elif size < 1 << 16:
        head = b"\x81\x7e" + size.to_bytes(2, "big")
    else:
        head = b"\x81\x7f" + size.to_bytes(8, "big")
    return head + payload
