"""What a connected chat costs: memory of each, and processor time of all of them doing nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import click

from app.bench import Result, at_most, benchmark, rate, value
from app.bench.apart import Apart, Starter
from app.bench.clients import PROXIED, Widget, fetch_ticket, gently
from app.bench.ground import Usage, ground, stack_options
from app.bench.scene import scene
from app.bench.stack import Served, StackError

WARM = 20  # chats that come and go before, so that what is made once is not counted for each
TICKET_HOLDS = 600.0  # seconds; less than its quarter of an hour


@benchmark("sockets", alone=True)
@click.option("--widgets", default=5000, show_default=True, help="Connected chats, over all web processes.")
@click.option("--idle", default=30.0, show_default=True, help="Seconds of doing nothing that are measured.")
@stack_options
def command(widgets: int, idle: float, database_url: str | None, web: int) -> Iterator[Result]:
    """Connected chats: memory of each, and what they cost while nobody says anything."""
    with ground(database_url, web, **PROXIED) as served:
        here = scene(served)
        with Apart("app.bench.sockets:crowd", base=served.base, key=here.chat) as crowd:
            crowd.ask({"connect": WARM})
            crowd.ask({"leave": True})
            before = resident(served)
            took = crowd.ask({"connect": widgets}, 60 + widgets / 10)
            time.sleep(2)  # what was garbage is collected
            after = resident(served)
            with Usage(served) as usage:
                time.sleep(idle)
            lost = crowd.ask({"lost": True})
        if lost:
            raise StackError(f"{lost} of {widgets} chats lost their line")
        yield from _results(
            widgets, sum(after.values()) - sum(before.values()), max(after.values()), took, usage, web
        )


def _results(
    widgets: int, grown: float, most: float, took: float, usage: Usage, web: int
) -> Iterator[Result]:
    more: dict[str, Any] = {
        "settings": {"widgets": widgets, "web": web, "busy": usage.percent},
        "memory": usage.memory,
    }
    yield value(
        "sockets.memory",
        f"memory of a connected chat, of {widgets}",
        grown / widgets / 1000,
        "kB",
        budgets=[at_most("value", 40)],
        note=f"the largest web process has {most / 1e6:.0f} MB; no line was lost",
        **more,
    )
    busy = usage.milliseconds("web") / usage.took / 10
    yield value("sockets.idle", f"processor of {widgets} silent chats", busy, "% of a core", **more)
    yield rate("sockets.opened", "chats opened, each with a new session", widgets / took, **more)


def resident(served: Served) -> dict[int, float]:
    """Bytes of each web process, its shared pages too: they do not grow with the sockets."""
    return {one.pid: float(one.memory_info().rss) for one in served.webs()}


# --- the chats, in their own process -------------------------------------------------------------------------


async def crowd(starter: Starter, base: str, key: str) -> None:
    """Connect as many as asked, keep them, say how many were lost."""
    here: list[Widget] = []
    proof, since = "", -TICKET_HOLDS
    while True:
        asked = await starter.hear()
        if "connect" in asked:
            if time.monotonic() - since > TICKET_HOLDS:
                proof, since = await fetch_ticket(base, key), time.monotonic()
            made = [Widget(base, key, str(n), number=n + 1, ticket=proof) for n in range(asked["connect"])]
            begin = time.monotonic()
            await gently([one.open() for one in made])
            here += made
            starter.say(time.monotonic() - begin)
        elif "leave" in asked:
            await _leave(here)
            starter.say("left")
        else:
            starter.say(sum(one.socket is None or one.socket.closed.done() for one in here))


async def _leave(here: list[Widget]) -> None:
    for one in here:
        if one.socket is not None:
            one.socket.close()
            await asyncio.wait({one.socket.closed})
    here.clear()
