"""A load client in a process of its own: what it costs is not the server's, and its clock is the same.

`Apart("app.bench.live:agents", …)` runs that coroutine function elsewhere; both sides say JSON lines. Times are
`time.monotonic()`, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import resource
import selectors
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Self

import uvloop

from app.bench.stack import StackError

WITHIN = 120.0  # seconds for an answer


class Apart:
    """The other process, from here. A context manager: it is ended on the way out.

    `environment`: :attr:`Served.settings` lets it use an installation's rows and secrets; None: ours.
    """

    def __init__(
        self, target: str, environment: Mapping[str, str] | None = None, /, **arguments: Any
    ) -> None:
        self.target = target
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.bench.apart", target],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.say(arguments)

    def say(self, told: Any) -> None:
        """Tell it something."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(told).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self, within: float = WITHIN) -> Any:
        """What it says next. Raises StackError when it says nothing in time or has ended."""
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.process.stdout, selectors.EVENT_READ)
            if not waiting.select(within):
                raise StackError(f"{self.target} said nothing within {within} s")
        line = self.process.stdout.readline()
        if not line:
            raise StackError(f"{self.target} ended with {self.process.wait(10)}; its lines say why")
        return json.loads(line)

    def ask(self, told: Any, within: float = WITHIN) -> Any:
        """Say, then hear."""
        self.say(told)
        return self.hear(within)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


class Starter:
    """The one who started us, from the other process."""

    def __init__(self) -> None:
        self._lines = asyncio.StreamReader(limit=1 << 26)

    async def listen(self) -> None:
        """Begin to hear them."""
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(self._lines), sys.stdin)

    def say(self, told: Any) -> None:
        """Tell them something."""
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()

    async def hear(self) -> Any:
        """What they say next; the process ends when they have gone."""
        line = await self._lines.readline()
        if not line:
            os._exit(0)
        return json.loads(line)


Load = Callable[..., Awaitable[None]]


def raise_file_limit() -> int:
    """As many open files as the system lets this process have; how many that is."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


async def _run(load: Load) -> None:
    starter = Starter()
    await starter.listen()
    await load(starter, **await starter.hear())


def main(target: str) -> None:
    """Run `module:function` until it returns."""
    raise_file_limit()
    module, _, function = target.partition(":")
    uvloop.run(_run(getattr(importlib.import_module(module), function)))


if __name__ == "__main__":
    main(sys.argv[1])
