"""Machines without a supervisor of ours, a Redis of somebody else's, and a plain proxy before the web processes."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import redis

from app import embedded
from tests.serving import clean_environment, free_port, until

ASK_EVERY = 0.25  # seconds between two looks of the proxy at /readyz
DRAIN = 1.5  # seconds, several of those


@contextmanager
def foreign_redis(*options: str, password: str = "") -> Iterator[str]:
    """A redis-server on a port, as one is rented; gives its address, without a database's number."""
    port = free_port()
    asked = ["--requirepass", password] if password else []
    quiet = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--loglevel", "warning"]
    command = [str(embedded.server_binary()), "--port", str(port), *quiet, *asked, *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    who = f":{quote(password, safe='')}@" if password else ""
    url = f"redis://{who}127.0.0.1:{port}"
    try:
        until(lambda: answers(url), "the foreign Redis answers")
        yield url
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    """Whether this Redis can be used."""
    with redis.Redis.from_url(url) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


class Machine:
    """One of several: a data directory of its own, `files` in it shared, and single processes as systemd runs them."""

    def __init__(self, folder: Path, shared: Path, **environment: str) -> None:
        folder.mkdir()
        (folder / "files").symlink_to(shared)
        self.folder, self.port = folder, free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.environment = clean_environment(MADOGUCHI_DATA_DIR=str(folder), **environment)
        self.log = folder / "log.txt"
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, *command: str) -> str:
        """A command of ours, to its end. Raises AssertionError when it fails."""
        ran = subprocess.run(
            [sys.executable, "-m", "app.cli", *command],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def start(self, name: str) -> None:
        """One of `web`, `worker` and `poll`."""
        more = ["--port", str(self.port), "--drain", str(DRAIN)] if name == "web" else []
        with self.log.open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "app.cli", name, *more], env=self.environment, stdout=log, stderr=log
            )

    def stop(self, name: str) -> float:
        """As systemd stops it; how many seconds it took. Raises AssertionError if it has to be killed."""
        process, began = self.running.pop(name), time.monotonic()
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
        assert code in (0, -signal.SIGTERM), f"{name} ended with {code}:\n{self.log.read_text()}"
        return time.monotonic() - began

    def replace(self, name: str) -> None:
        """A rolling update of one process."""
        self.stop(name)
        self.start(name)
        if name == "web":
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Until the web process answers. Raises AssertionError."""
        try:
            until(self.ready, "a web process is ready", 120)
        except AssertionError as error:
            raise AssertionError(self.log.read_text()) from error

    def ready(self) -> bool:
        """What its `/readyz` says."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with closing(line), suppress(http.client.HTTPException, OSError):
            line.request("GET", "/readyz")
            return line.getresponse().status == 200
        return False

    def kill(self) -> None:
        """All that is left of it."""
        for process in self.running.values():
            process.kill()
            process.wait()


class Balancer:
    """A plain TCP proxy: a new connection goes to the next backend whose `/readyz` said 200 lately."""

    def __init__(self, ports: list[int]) -> None:
        self.ports, self.ready = ports, set(ports)
        self.taken: Counter[int] = Counter()
        self.base = ""
        self._turn = itertools.cycle(ports)
        self._open: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Open meanwhile, in the loop of the caller."""
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        watching = [asyncio.create_task(self._watch(port)) for port in self.ports]
        try:
            yield
        finally:
            server.close()
            for task in (*watching, *self._open):
                task.cancel()
            await asyncio.gather(*watching, *self._open, return_exceptions=True)

    async def _watch(self, port: int) -> None:
        while True:
            ok = False
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                async with asyncio.timeout(2):
                    ok = await _asked(port)
            (self.ready.add if ok else self.ready.discard)(port)
            await asyncio.sleep(ASK_EVERY)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._forward(reader, writer)
        except asyncio.CancelledError:
            return  # we are closing
        finally:
            self._open.discard(task)
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in self.ports:
            port = next(self._turn)
            if port not in self.ready:
                continue
            with suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
                self.taken[port] += 1
                await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
                return


async def _asked(port: int) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\n\r\n")
        return b" 200 " in await reader.readline()
    finally:
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
    finally:
        writer.close()
