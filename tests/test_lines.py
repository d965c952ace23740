"""The ways out to sockets: packed once, in order, together where nothing is in a hurry, and bounded."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from app import lines
from app.lines import BEHIND, SIGNED_OUT, Direct, LineClosed, Parcel, Post, Queued, wired


class Outlet:
    """A server's side of a socket that remembers what was written; `room` is how many writes it takes."""

    def __init__(self, room: int = 100) -> None:
        self.room, self.written, self.code = room, list[bytes](), 0

    def write(self, wire: bytes) -> bool:
        self.room -= 1
        if self.room >= 0:
            self.written.append(wire)
        return self.room >= 0

    def close(self, code: int) -> None:
        self.code = code

    def ping(self, patience: float) -> None:
        raise AssertionError("not asked for")


@pytest.mark.parametrize("size", [0, 100, 126, 5_000, 70_000])
def test_a_frame_is_a_whole_websocket_text(size: int) -> None:
    wire = wired({"t": "x" * size})
    payload = b'{"t":"' + b"x" * size + b'"}'
    assert wire[0] == 0x81
    assert wire.endswith(payload)
    assert len(wire) - len(payload) == (2 if len(payload) < 126 else 4 if len(payload) < 65_536 else 10)


def test_what_several_get_is_packed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[object] = []

    def pack(frame: object) -> bytes:
        packed.append(frame)
        return b"wire"

    monkeypatch.setattr(lines, "wired", pack)
    outlets, parcel = [Outlet(), Outlet()], Parcel({"t": "event"})
    for outlet in outlets:
        Direct(outlet).put(parcel)
    assert [outlet.written for outlet in outlets] == [[b"wire"], [b"wire"]]
    assert packed == [{"t": "event"}]


def test_who_is_too_far_behind_is_closed_and_told_to_come_back() -> None:
    outlet = Outlet(room=1)
    line = Direct(outlet)
    for number in range(3):
        line.put({"n": number})
    assert (outlet.written, outlet.code, line.code, line.open) == ([wired({"n": 0})], BEHIND, BEHIND, False)
    line.close(1000)
    assert line.code == BEHIND  # the first close counts


def test_a_list_waits_a_moment_and_who_looks_does_not_and_both_keep_their_order() -> None:
    async def play() -> None:
        post, looking, listing = Post(0.05), Outlet(), Outlet()
        one, other = Direct(looking), Direct(listing)
        parcels = [Parcel({"n": number}) for number in range(3)]
        wires = [parcel.wire for parcel in parcels]
        post.put_all([(one, parcels[0], False), (other, parcels[0], False)])
        assert looking.written == listing.written == wires[:1]  # after a pause nothing waits
        post.put_all([(one, parcels[1], False), (other, parcels[1], False)])
        post.put_all([(one, parcels[2], True), (other, parcels[2], False)])
        assert looking.written == wires
        assert listing.written == wires[:1]
        await asyncio.sleep(0.1)
        assert listing.written == [wires[0], wires[1] + wires[2]]
        assert looking.written == wires

    asyncio.run(play())


def test_what_was_queued_goes_out_before_the_end_unless_it_may_not_be_seen_any_more() -> None:
    async def heard(code: int) -> list[object]:
        line, told = Queued(), list[object]()
        line.put(Parcel("first"))
        line.close(code)
        with suppress(LineClosed):
            while True:
                told.append(await line.next())
        return told

    assert asyncio.run(heard(1000)) == ["first"]
    assert asyncio.run(heard(SIGNED_OUT)) == []


def test_who_waits_in_vain_leaves_nothing_behind() -> None:
    async def play() -> None:
        line = Queued()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(line.next(), 0.01)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        line.put({"t": "later"})
        assert await line.next() == {"t": "later"}

    asyncio.run(play())
