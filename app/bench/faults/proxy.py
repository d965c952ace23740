"""The bad line between the clients and the web process: it forwards bytes, and cuts where it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Iterator

from app.bench.faults.schedule import Cut, cuts

KINDS = {
    b"GET /widget/": "widget",
    b"GET /inbox/socket": "inbox",
    b"POST /hooks/": "hooks",
    b"GET /api/": "events",
}
PIECE = 65_536


class Proxy:
    """Listens on `port`, forwards to `target`; `calm` lets everything through."""

    def __init__(self, target: int, seed: int) -> None:
        self.target, self.seed = target, seed
        self.calm = False
        self.cut: Counter[tuple[str, str, int, str]] = (
            Counter()
        )  # (kind of line, way, after, part) → how often
        self.port = 0
        self._plans: dict[str, Iterator[Cut]] = {}
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin; `port` is known then."""
        self._thread.start()
        self._ready.wait(10)

    def stop(self) -> None:
        """Close everything."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def cut_all(self) -> int:
        """Cut every open line now; how many."""
        done: list[int] = []
        told = threading.Event()

        def cut() -> None:
            done.append(len(self._open) // 2)
            for writer in list(self._open):
                writer.transport.abort()
            told.set()

        self._loop.call_soon_threadsafe(cut)
        told.wait(5)
        return sum(done)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._take, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, onward = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        line = _Line(self, writer, onward)
        self._open |= {writer, onward}
        try:
            await asyncio.gather(line.carry("up", reader, onward), line.carry("down", there, writer))
        finally:
            self._open -= {writer, onward}
            line.abort()

    def plan(self, start: bytes) -> tuple[str, Cut]:
        """What the line that begins with these bytes is, and where it is cut."""
        kind = next((kind for words, kind in KINDS.items() if start.startswith(words)), "page")
        if kind not in self._plans:
            self._plans[kind] = cuts(self.seed, kind)
        return kind, next(self._plans[kind])


class _Line:
    """One connection, both ways."""

    def __init__(self, proxy: Proxy, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.proxy, self.ends = proxy, (near, far)
        self.kind, self.cut = "", Cut("", 0, "")
        self.pieces = Counter[str]()

    def abort(self) -> None:
        for end in self.ends:
            end.transport.abort()

    async def carry(self, way: str, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(PIECE):
                if not self.kind:
                    self.kind, self.cut = self.proxy.plan(data)
                if self._is_time(way):
                    await self._sever(data, target)
                    return
                self.pieces[way] += 1
                target.write(data)
                await target.drain()
        self.abort()  # one end has gone: so does the other

    def _is_time(self, way: str) -> bool:
        return not self.proxy.calm and (way, self.pieces[way]) == (self.cut.way, self.cut.after)

    async def _sever(self, data: bytes, target: asyncio.StreamWriter) -> None:
        if self.cut.part == "part":
            target.write(data[: max(1, len(data) // 2)])
            with contextlib.suppress(OSError):
                await target.drain()
            await asyncio.sleep(0.02)  # so that the half arrives before the end
        self.proxy.cut[(self.kind, self.cut.way, self.cut.after, self.cut.part)] += 1
        self.abort()
