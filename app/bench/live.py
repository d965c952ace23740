"""How long a customer's words take to the agents' screens, under load, through real processes.

From the moment the chat's frame is written to its socket until the frame that carries it has come in at an
agent's socket; one monotonic clock. Customers and agents are two processes of their own.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from array import array
from collections.abc import Callable, Iterator
from typing import Any

import click

from app.bench import Result, at_most, benchmark, measured
from app.bench.apart import Apart, Starter
from app.bench.clients import PROXIED, Desk, Ledger, Widget, fetch_ticket, gently
from app.bench.ground import Usage, ground, stack_options
from app.bench.scene import Person, scene
from app.bench.stack import StackError
from app.bench.words import WORDS

MESSAGE = b'"message":{'
TAG = re.compile(rb"live-(\d+)-")
FULL = re.compile(rb'"full": ?true')
HEADS = re.compile(rb'"heads": ?\{"(\d+)"')
CONVERSATION = re.compile(rb'"conversation": ?(\d+)')
SETTLE_SECONDS = 0.5
DRAIN_SECONDS = 10.0  # at most, for the last ones to arrive


@benchmark("live", alone=True)
@click.option("--rate", "per_second", default=100.0, show_default=True, help="Messages a second.")
@click.option("--agents", default=200, show_default=True, help="Connected agents, each looking at a thread.")
@click.option("--widgets", default=200, show_default=True, help="Connected customers.")
@click.option("--seconds", default=20.0, show_default=True, help="How long, after the warm-up.")
@click.option("--warm", default=3.0, show_default=True, help="Seconds of warm-up.")
@stack_options
def command(
    per_second: float,
    agents: int,
    widgets: int,
    seconds: float,
    warm: float,
    database_url: str | None,
    web: int,
) -> Iterator[Result]:
    """Customer's send → agent's socket, at a given rate."""
    with ground(database_url, web, **PROXIED) as served:
        here = scene(served, agents=agents)
        people = [vars(one) for one in here.agents]
        with (
            Apart("app.bench.live:agents", base=served.base, people=people) as desks,
            Apart("app.bench.live:customers", base=served.base, key=here.chat, count=widgets) as chats,
        ):
            desks.hear()
            chats.hear()
            looked = desks.ask({"greeted": chats.ask("greet")})
            _send(chats, per_second, warm, 0)
            with Usage(served) as usage:
                sent = _send(chats, per_second, seconds, 1_000_000)
            seen = desks.ask({"seen": sent["whose"]})
            settings = {"rate": per_second, "agents": agents, "widgets": widgets, "web": web}
            yield from _results(sent, seen, looked, settings | {"busy": usage.percent}, usage)


def _send(chats: Apart, per_second: float, seconds: float, first: int) -> Any:
    return chats.ask({"rate": per_second, "seconds": seconds, "first": first}, seconds + 60)


def _results(
    sent: Any, seen: Any, looked: list[int], settings: dict[str, Any], usage: Usage
) -> Iterator[Result]:
    """`sent`: number → when, whose, acknowledged when; `seen`: number → when shown in full, when on all screens."""
    at: dict[str, float] = sent["at"]
    wanted = [number for number in at if sent["whose"][number] in looked]
    missing = {
        "shown in full": [number for number in wanted if number not in seen["full"]],
        "on every screen": seen["lacking"],
        "acknowledged": [number for number in at if number not in sent["acknowledged"]],
    }
    if any(missing.values()):
        told = "; ".join(f"{len(numbers)} not {what}: {numbers[:5]}" for what, numbers in missing.items())
        raise StackError(f"of {len(at)} messages {told}")
    more: dict[str, Any] = {"settings": settings, "memory": usage.memory}
    yield measured(
        "live.screen",
        "customer's send → the screen of the agent who looks at the thread",
        [1000 * (seen["full"][number] - at[number]) for number in wanted],
        budgets=[at_most("p99", 50)],
        cpu=usage.milliseconds("web") / len(at),
        **more,
    )
    yield measured(
        "live.every-screen",
        "customer's send → the last of all connected agents' lists",
        [1000 * (seen["last"][number] - at[number]) for number in at],
        note=f"{seen['frames']} frames, {seen['bytes'] / max(1, seen['frames']):.0f} bytes each on average",
        **more,
    )
    yield measured(
        "live.acknowledged",
        "customer's send → acknowledged, durable",
        [1000 * (sent["acknowledged"][number] - at[number]) for number in at],
        **more,
    )


# --- the agents, in their own process ------------------------------------------------------------------------


class Screens:
    """What came to the agents' sockets, and when. Texts are searched, not parsed: there are very many."""

    def __init__(self) -> None:
        self.full: dict[int, float] = {}
        self.rows: dict[int, array[float]] = {}
        self.conversations: dict[int, int] = {}  # number → conversation
        self.looked_at: set[int] = set()
        self.frames = self.bytes = 0

    def hear(self, text: bytes) -> None:
        """One frame of one agent."""
        moment = time.monotonic()
        tag = TAG.search(text)
        if tag is None:
            if found := HEADS.search(text):
                self.looked_at.add(int(found[1]))
            return
        number = int(tag[1])
        self.frames += 1
        self.bytes += len(text)
        self.rows.setdefault(number, array("d")).append(moment)
        if number not in self.conversations and (found := CONVERSATION.search(text)):
            self.conversations[number] = int(found[1])
        # Of two that came together the row shows the newer; each has its own frame with its words in full.
        if FULL.search(text, 0, 400) and (shown := TAG.search(text, text.find(MESSAGE))):
            self.full.setdefault(int(shown[1]), moment)

    def listed(self, whose: dict[str, int], screens: int) -> None:
        """A row shows a customer's newest words only: what it skipped was there with what came next of theirs."""
        newer: dict[int, array[float]] = {}
        for number, customer in sorted(((int(key), who) for key, who in whose.items()), reverse=True):
            times = self.rows.get(number, array("d"))
            if len(times) < screens:
                times = times + newer.get(customer, array("d"))
            newer[customer] = self.rows[number] = times

    def everywhere(self, numbers: list[int], screens: int) -> bool:
        """Whether these messages have come to so many screens."""
        return all(len(self.rows.get(number, ())) >= screens for number in numbers)


async def agents(starter: Starter, base: str, people: list[dict[str, Any]]) -> None:
    """Connect them; let each look at a thread; say what was seen."""
    screens = Screens()
    desks = [Desk(base, Person(**one), hear=screens.hear) for one in people]
    await gently([desk.open() for desk in desks])
    starter.say("ready")
    greeted: int = (await starter.hear())["greeted"]
    await _patiently(lambda: screens.everywhere(list(range(greeted)), len(desks)))
    looked = list(range(min(len(desks), greeted)))
    for desk, customer in zip(desks, looked, strict=False):
        desk.look(screens.conversations[customer])
    await _patiently(lambda: len(screens.looked_at) >= len(looked))
    starter.say(looked)
    whose: dict[str, int] = (await starter.hear())["seen"]
    numbers = [int(number) for number in whose]
    wanted = [int(number) for number, customer in whose.items() if customer in looked]
    await _patiently(lambda: all(number in screens.full for number in wanted))
    await asyncio.sleep(SETTLE_SECONDS)  # lists follow those who look
    screens.listed(whose, len(desks))
    starter.say(
        {
            "full": {str(number): screens.full[number] for number in numbers if number in screens.full},
            "last": {str(number): max(screens.rows[number]) for number in numbers if screens.rows[number]},
            "lacking": [number for number in numbers if not screens.everywhere([number], len(desks))],
            "frames": screens.frames,
            "bytes": screens.bytes,
        }
    )
    await starter.hear()


async def _patiently(holds: Callable[[], bool]) -> bool:
    """Wait for it, not for ever; whether it came to hold."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while not holds() and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return holds()


# --- the customers, in theirs --------------------------------------------------------------------------------


class Times(Ledger):
    """When each message was written and when acknowledged, and whose it was."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self.whose: dict[str, int] = {}
        self.acknowledgements: dict[str, float] = {}

    def sent(self, who: str, id: str) -> None:
        """Called right before the frame is written."""
        self.at[id] = time.monotonic()
        self.whose[id] = int(who)

    def acknowledged(self, who: str, id: str, message: int) -> None:
        """Called as the acknowledgement is read."""
        self.acknowledgements[id] = time.monotonic()


async def customers(starter: Starter, base: str, key: str, count: int) -> None:
    """Connect them; let each say a word; then send at a rate as often as asked."""
    chance, proof = random.Random(7), await fetch_ticket(base, key)
    chats = [Widget(base, key, str(number), number=number + 1, ticket=proof) for number in range(count)]
    await gently([chat.open() for chat in chats])
    starter.say("ready")
    await starter.hear()
    await gently([chat.deliver(f"{number}", said(number)) for number, chat in enumerate(chats)], 8)
    starter.say(count)
    while True:
        asked = await starter.hear()
        ledger = Times()
        for chat in chats:
            chat.ledger = ledger
        await _pour(chats, chance, **asked)
        starter.say({"at": ledger.at, "whose": ledger.whose, "acknowledged": ledger.acknowledgements})


def said(number: int) -> str:
    """A message that names itself where a list still shows it."""
    return f"live-{number}- {WORDS[number % len(WORDS)]}"


async def _pour(chats: list[Widget], chance: random.Random, rate: float, seconds: float, first: int) -> None:
    """Customers come by chance (Poisson), whether or not the server keeps up."""
    talks: list[asyncio.Future[int]] = []
    began, due = time.monotonic(), 0.0
    while (due := due + chance.expovariate(rate)) < seconds:
        await asyncio.sleep(max(0.0, began + due - time.monotonic()))
        number = first + len(talks)
        chat = chats[chance.randrange(len(chats))]
        talks.append(asyncio.ensure_future(chat.say(str(number), said(number))))
    await asyncio.gather(*talks)
