"""What happens in a shop over two years: every conversation lives its life, and all of them in the order of time.

Each life is a generator that gives the moment of its next step; the earliest is always the next to go on. So ids
grow with time across all threads, as they do in a real installation, and only the few lives of the moment are in
memory, however many there are in all.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from random import Random

from app.bench.seeding.rows import Batch, Rows, packed, stamp
from app.bench.seeding.sentences import Writer, name
from app.bench.seeding.sizes import sizes
from app.bench.seeding.talks import Talk
from app.bench.seeding.threads import Colleague, Person, Way
from app.text import tokens

DAY = 86_400.0
SPAN = 730 * DAY
BATCH = 4_000  # messages written at once


@dataclass(frozen=True, slots=True)
class Crew:
    """A team with its members."""

    id: int
    name: str
    members: tuple[Colleague, ...]
    share: float  # of all conversations


@dataclass(frozen=True, slots=True)
class Shop:
    """What is there before the first customer comes. All of it goes to another process, so it is plain data."""

    ways: tuple[tuple[Way, str, float], ...]  # channel, language, share
    crews: tuple[Crew, ...]
    triage: Colleague  # who gives threads to teams
    labels: tuple[tuple[int, str], ...]
    entries: tuple[tuple[int, str], ...]
    version: int  # of the bot's book


@dataclass(frozen=True, slots=True)
class Order:
    """How much of it is wanted."""

    conversations: int
    messages: int
    seed: int
    until: float  # now, in seconds since 1970


def batches(shop: Shop, order: Order, last: dict[str, int]) -> Iterator[Batch]:
    """All rows, a few thousand messages at a time. `last`: the highest ids there are already."""
    world = World(shop, order, Rows(last))
    lengths = sizes(order.conversations, order.messages, Random(order.seed))
    pace = SPAN / len(lengths)
    born, steps = 0, count()
    alive: list[tuple[float, int, Iterator[float]]] = []
    while born < len(lengths) or alive:
        begins = order.until - SPAN + born * pace
        if born < len(lengths) and (not alive or begins <= alive[0][0]):
            life = world.life(born + 1, lengths[born], begins)
            born += 1
        else:
            _, _, life = heappop(alive)
        moment = next(life, None)
        if moment is not None:
            heappush(alive, (moment, next(steps), life))
        if world.rows.waiting >= BATCH:
            yield world.rows.take()
    yield world.rows.take()


class World:
    """The shop and its dice."""

    def __init__(self, shop: Shop, order: Order, rows: Rows) -> None:
        self.shop, self.order, self.rows = shop, order, rows
        self.random = Random(order.seed + 1)
        self.writer = Writer(order.seed + 2)

    def life(self, id: int, length: int, begins: float) -> Iterator[float]:
        """One conversation of `length` messages from its first word on; gives the moments of what follows."""
        talk = self._begin(id, begins)
        left, crew = length, self._crew()
        while left:
            words = min(left, 3 + int(self.random.expovariate(1 / 6)))
            left -= words
            yield from self._matter(talk, crew, words, last=left == 0)
            if left:
                self._later(talk, (self.order.until - talk.at) / (left / 8 + 1))
                yield talk.at
        talk.finish()

    def _matter(self, talk: Talk, crew: Crew | None, words: int, *, last: bool) -> Iterator[float]:
        """One case from the first question to its end, if it has one yet."""
        dice, random, language = self.random.random(), self.random, talk.person.language
        words = yield from self._with_bot(talk, words)
        if talk.owner == "bot":
            self._sort(talk, crew, None)
            if not last or dice < 0.6:
                talk.resolve(None)
            return
        agent = random.choice((crew or random.choice(self.shop.crews)).members)
        self._sort(talk, crew, None if last and words < 8 and 0.86 < dice < 0.9 else agent)
        for spoken in range(words):
            self._later(talk, 240)
            yield talk.at
            if talk.last[3] == "customer" and random.random() < 0.85 and talk.assignee:
                talk.reply(agent, self.writer.answered(language, random))
            elif spoken and random.random() < 0.06:
                talk.note(agent, self.writer.note(random))
            else:
                talk.receive(self.writer.asked(language, random))
        self._end(talk, agent, dice, last=last)

    def _with_bot(self, talk: Talk, words: int) -> Generator[float, None, int]:
        """The first question and what the bot makes of it; returns the words left for people."""
        random, language = self.random, talk.person.language
        talk.receive(self.writer.asked(language, random))
        words -= 1
        while words and talk.owner == "bot":
            talk.at += 0.01
            entry = random.choice(self.shop.entries)
            talk.bot_answers(self.writer.answered(language, random), entry, self.shop.version)
            words -= 1
            if not words:
                break
            self._later(talk, 60)
            yield talk.at
            talk.receive(self.writer.asked(language, random))
            words -= 1
            if words or random.random() < 0.4:
                talk.hand_over("misses")
        return words

    def _sort(self, talk: Talk, crew: Crew | None, agent: Colleague | None) -> None:
        """It is given to the thread's team, for good, and to one of them or (None) to nobody yet."""
        talk.assign(self.shop.triage, agent, crew.id if crew else None, crew.name if crew else "")

    def _end(self, talk: Talk, agent: Colleague, dice: float, *, last: bool) -> None:
        random = self.random
        self._later(talk, 30)
        if last and self.shop.labels and random.random() < 0.25:
            talk.label(agent, *random.choice(self.shop.labels))
        if not last or dice < 0.82:
            talk.resolve(agent)
            if random.random() < 0.1:
                talk.rate(random.choice((3, 4, 4, 5, 5, 5)))
        elif dice < 0.86:
            talk.snooze(agent, self.order.until + random.uniform(1, 30) * DAY)
        elif dice > 0.99 and talk.assignee:
            talk.escalate(agent, self.writer.note(random).text, talk.at + 7200)

    def _later(self, talk: Talk, mean: float) -> None:
        """Some time passes, and less of it as the present comes near."""
        talk.at += min(self.random.expovariate(1 / mean), (self.order.until - talk.at) / 10)

    def _crew(self) -> Crew | None:
        """The team a thread will be given to; a few are given to none, and everybody sees those."""
        dice = self.random.random()
        for crew in self.shop.crews:
            dice -= crew.share
            if dice < 0:
                return crew
        return None

    def _begin(self, id: int, begins: float) -> Talk:
        random, made_at = self.random, stamp(begins)
        dice = random.random()
        for way, language, share in self.shop.ways:  # noqa: B007  # the last one is meant to stay
            dice -= share
            if dice < 0:
                break
        identity_id = self.rows.next_id("identity")
        address = self._visitor(way, identity_id, language, made_at) if way.live else f"u{id}"
        called, kana = name(language, random)
        person = Person(called, identity_id, address, language, way)
        self._customer(id, person, kana, made_at)
        return Talk(self.rows, id, person, begins, made_at, owner="bot" if way.bot else "human")

    def _visitor(self, way: Way, identity_id: int, language: str, made_at: str) -> str:
        id = self.rows.next_id("visitor")
        until = stamp(self.order.until + 30 * DAY)
        # No token has this hash: nobody can come in as them.
        about = (id, way.id, f"{id:064x}", identity_id, made_at, made_at, until, language, "{}")
        self.rows.add["visitor"](about)
        return f"v{id}"

    def _customer(self, id: int, person: Person, kana: str, made_at: str) -> None:
        email, own = f"{person.language}{id}@customers.example", self.random.random() < 0.3
        attributes = packed({"rank": {"value": "gold", "proved": False, "at": made_at}}) if own else "{}"
        add, kind = self.rows.add, "visitor" if person.way.live else "api"
        add["customer"]((id, person.name, kana, person.language, "", attributes, made_at, made_at))
        first = (person.identity_id, id, kind, person.way.key, person.address, person.name, 1, made_at)
        add["identity"](first)
        said = [person.name, kana, person.name, person.address]  # as app.search.indexing does
        if own:
            add["identity"]((self.rows.next_id("identity"), id, "email", "", email, email, 0, made_at))
            said += [email, email, "gold"]
        add["search_customer"]((id, " ".join(tokens("\n\n".join([*said, ""]))), ()))
