"""Two machines behind a plain proxy are one counter, and each process of them can be replaced while people talk."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import db as database
from app.bench import scene
from app.bench.clients import PROXIED, Desk, Frame, Ledger, Widget
from app.bench.posting import Sender
from app.models import Attachment, Channel, Conversation, Delivery, Message
from tests.faults.installation import SECRET, Callbacks
from tests.faults.machines import Balancer, Machine, foreign_redis
from tests.serving import until

pytestmark = pytest.mark.faults


@dataclass
class House:
    """Two machines, and what they share."""

    machines: tuple[Machine, Machine]
    url: str
    callbacks: Callbacks
    chat: str = ""
    api: str = ""
    secret: str = ""
    people: tuple[scene.Person, ...] = ()

    @contextmanager
    def rows(self) -> Iterator[Session]:
        engine = database.make_engine(self.url)
        with Session(engine.execution_options(writes=True), expire_on_commit=False) as db, db.begin():
            yield db
        engine.dispose()


@pytest.fixture
def house(tmp_path: Path, environment: dict[str, str]) -> Iterator[House]:
    """Web and worker on two machines, a clock on one; PostgreSQL, and a rented Redis with a password and a number."""
    shared = tmp_path / "shared"
    shared.mkdir()
    callbacks = Callbacks()
    with foreign_redis(password="geheim") as redis_url:
        common = {
            "REDIS_URL": f"{redis_url}/3",
            "MADOGUCHI_SECRET_KEY": SECRET,
            "MADOGUCHI_ALLOW_PRIVATE": "true",
            **PROXIED,
            **environment,
        }
        machines = Machine(tmp_path / "a", shared, **common), Machine(tmp_path / "b", shared, **common)
        made = House(machines, environment["DATABASE_URL"], callbacks)
        try:
            machines[0].run("migrate")
            for name in ("web", "worker"):
                for machine in machines:
                    machine.start(name)
            machines[0].start("poll")
            with made.rows() as db:
                told = scene.make(db, 2, callbacks.url, bot=False)
            made.chat, made.api, made.secret = told["chat"], told["api"], told["secret"]
            made.people = tuple(scene.Person(**one) for one in told["agents"])
            for machine in machines:
                machine.wait_until_ready()
            yield made
        finally:
            for machine in machines:
                machine.kill()
            callbacks.close()


class Books(Ledger):
    """What everybody was promised, and what came to them."""

    def __init__(self) -> None:
        self.attempts: Counter[str] = Counter()
        self.promised: dict[str, list[str]] = defaultdict(list)
        self.heard: dict[str, list[Frame]] = defaultdict(list)

    def sent(self, who: str, id: str) -> None:
        self.attempts[id] += 1

    def acknowledged(self, who: str, id: str, message: int) -> None:
        self.promised[who].append(id)

    def received(self, who: str, frame: Frame) -> None:
        self.heard[who].append(frame)

    def total(self) -> int:
        return sum(map(len, self.promised.values()))

    def texts(self, who: str) -> list[str]:
        """What this customer's window shows: each message once, whatever was told twice."""
        shown: dict[int, str] = {}
        for frame in self.heard[who]:
            for one in frame.get("messages", (frame,) if frame["t"] == "message" else ()):
                shown[one["id"]] = one["text"]
        return [shown[id] for id in sorted(shown)]


async def heard(books: Books, who: str, wanted: str) -> None:
    """Until this text came to them. Raises TimeoutError."""
    async with asyncio.timeout(20):
        while not any(wanted in json.dumps(frame, ensure_ascii=False) for frame in books.heard[who]):
            await asyncio.sleep(0.02)


# --- one on each -------------------------------------------------------------------------------------


async def talk_across(house: House) -> None:
    """The customer's socket on one machine, the agent's on the other; and a file that came to the first."""
    books, (here, there), agent = Books(), house.machines, house.people[0]
    customer = Widget(here.base, house.chat, "客", ledger=books)
    await customer.open()
    desk = Desk(there.base, agent, ledger=books)
    await desk.open()
    await customer.say("first", "隣の機械から")
    with house.rows() as db:
        said = db.scalars(select(Message).where(Message.text == "隣の機械から")).one()
    await heard(books, agent.name, f'"conversation": {said.conversation_id}')
    await desk.reply(said.conversation_id, "reply-one", "こちらの機械から")
    await heard(books, "客", "こちらの機械から")

    sender = Sender(here.base, house.api, house.secret, "注文係", ledger=books)
    data = base64.b64encode("共有の中身".encode()).decode()
    await sender.deliver("with-file", "添付です", attachments=[{"name": "メモ.txt", "data": data}])
    key = await stored_key(house)
    status, body = await desk.do(f"/files/{key}", "GET")
    assert (status, body.decode()) == (200, "共有の中身")
    for line in (customer, desk):
        line.cut()
    assert sender.line is not None
    sender.line.cut()


async def stored_key(house: House) -> str:
    async with asyncio.timeout(20):
        while True:
            with house.rows() as db:
                found = db.scalar(select(Attachment.key).where(Attachment.message_id.is_not(None)))
            if found is not None:
                return found
            await asyncio.sleep(0.05)


# --- rolling -----------------------------------------------------------------------------------------


class Crowd:
    """Customers at the chat and over HTTP, and agents who answer them, all through the proxy, until told to stop."""

    def __init__(self, house: House, base: str) -> None:
        self.house, self.base, self.books = house, base, Books()
        self.stopping = asyncio.Event()
        self.codes: Counter[int] = Counter()
        self.widgets = [Widget(base, house.chat, f"客{n}", ledger=self.books, number=n + 1) for n in range(3)]
        self.senders = [Sender(base, house.api, house.secret, f"店{n}", ledger=self.books) for n in range(2)]
        self.desks = [Desk(base, person, ledger=self.books) for person in house.people]

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Everybody is busy meanwhile; what was begun is brought to its end."""
        work = [self._chat(one) for one in self.widgets] + [self._post(one) for one in self.senders]
        busy = [asyncio.create_task(one) for one in [*work, *map(self._answer, self.desks)]]
        lines = [asyncio.create_task(self._listen(one)) for one in self.desks]
        try:
            yield
            self.stopping.set()
            await asyncio.wait_for(asyncio.gather(*busy), 60)
        finally:
            for task in (*busy, *lines):
                task.cancel()

    def leave(self) -> None:
        """Everybody closes their windows."""
        for widget in self.widgets:
            widget.cut()
        for desk in self.desks:
            desk.cut()
        for sender in self.senders:
            if sender.line is not None:
                sender.line.cut()

    async def progress(self, more: int = 8) -> None:
        """Until this much more was acknowledged. Raises TimeoutError."""
        before = self.books.total()
        async with asyncio.timeout(60):
            while self.books.total() < before + more:
                await asyncio.sleep(0.05)

    async def _chat(self, widget: Widget) -> None:
        for number in itertools.count(1):
            if self.stopping.is_set():
                return
            await widget.deliver(f"{widget.name}-{number}", f"{widget.name}-{number}")
            if widget.socket is not None and number == 1:
                widget.socket.closed.add_done_callback(lambda closed: self.codes.update([closed.result()]))
            await asyncio.sleep(0.1)

    async def _post(self, sender: Sender) -> None:
        for number in itertools.count(1):
            if self.stopping.is_set():
                return
            await sender.deliver(f"{sender.name}-{number}", f"{sender.name}-{number}")
            await asyncio.sleep(0.1)

    async def _answer(self, desk: Desk) -> None:
        for number in itertools.count(1):
            if self.stopping.is_set():
                return
            for conversation in self._conversations():
                await self._until_taken(desk, conversation, f"{desk.person.name}-{conversation}-{number}")
                await asyncio.sleep(0.1)
            await asyncio.sleep(0.1)

    def _conversations(self) -> list[int]:
        with self.house.rows() as db:
            return list(db.scalars(select(Conversation.id).order_by(Conversation.id)))

    async def _until_taken(self, desk: Desk, conversation: int, id: str) -> None:
        while True:
            with suppress(OSError, TimeoutError):
                await desk.reply(conversation, id, f"回答 {id}")
                return
            desk.http = None
            await asyncio.sleep(0.1)

    async def _listen(self, desk: Desk) -> None:
        while True:
            with suppress(OSError, TimeoutError):
                await desk.open()
                assert desk.socket is not None
                self.codes[await desk.socket.closed] += 1
            await asyncio.sleep(0.1)


async def roll(house: House) -> Crowd:
    """Replace every process of both machines, one after the other, under load."""
    balancer = Balancer([machine.port for machine in house.machines])
    async with balancer.serving():
        crowd = Crowd(house, balancer.base)
        async with crowd.at_work():
            await crowd.progress()
            for name in ("web", "worker"):
                for machine in house.machines:
                    await asyncio.to_thread(machine.replace, name)
                    await crowd.progress()
            await asyncio.to_thread(house.machines[0].replace, "poll")
            await crowd.progress()
        for widget in crowd.widgets:
            await come_back(widget)
        crowd.leave()
    assert set(balancer.taken) == set(balancer.ports)
    return crowd


async def come_back(widget: Widget) -> None:
    """A new connection, which tells what came while the old one was away."""
    newer = True
    while newer:  # a welcome tells one page
        old = widget.socket
        widget.cut()
        if old is not None:
            await old.closed
        newer = (await widget.open())["newer"]


def test_two_machines_are_one_and_roll_without_a_lost_or_doubled_message(house: House) -> None:
    asyncio.run(talk_across(house))
    crowd = asyncio.run(roll(house))
    until(lambda: not moving(house), "everything is sent", 60)
    agree(crowd, house)
    house.machines[1].run("verify")


def moving(house: House) -> int:
    with house.rows() as db:
        wanted = select(func.count(Delivery.id)).where(Delivery.state.in_(("queued", "sending")))
        return db.scalar(wanted) or 0


def agree(crowd: Crowd, house: House) -> None:
    """What was promised, what is stored and what arrived are the same, once, and in order."""
    books = crowd.books
    with house.rows() as db:
        rows = db.scalars(select(Message).order_by(Message.id)).all()
        deliveries = {one.message_id: one for one in db.scalars(select(Delivery))}
        api = db.scalars(select(Channel.id).where(Channel.key == house.api)).one()
    said = defaultdict(list)
    for row in rows:
        said[row.text.partition("-")[0] if row.author == "customer" else row.author].append(row)
    for who in [*(one.name for one in crowd.widgets), *(one.name for one in crowd.senders)]:
        assert [row.text for row in said[who]] == books.promised[who]
        assert len({row.conversation_id for row in said[who]}) == 1
    replies = Counter(row.client_id for row in said["agent"] if row.text.startswith("回答"))
    assert replies == Counter(id for one in crowd.desks for id in books.promised[one.person.name])
    mine = {row.id for row in said["agent"]}
    ends = {id: (one.state, one.error) for id, one in deliveries.items() if id in mine}
    logged = "".join(machine.log.read_text()[-3000:] for machine in house.machines)
    odd = {id: ends.get(id, "no delivery") for id in mine if ends.get(id) != ("sent", "")}
    assert not odd, f"{odd}\n{logged}"

    for widget in crowd.widgets:
        (thread,) = {row.conversation_id for row in said[widget.name]}
        answers = [row.text for row in said["agent"] if row.conversation_id == thread]
        assert [text for text in books.texts(widget.name) if text.startswith("回答")] == answers
    expected = Counter(f"m{row.id}" for row in said["agent"] if row.channel_id == api)
    assert house.callbacks.keys == expected, "each answer is posted once"

    assert set(crowd.codes) <= {1012}, "sockets are closed with “service restart”"
    retried = {id: tries for id, tries in books.attempts.items() if tries > 1 and id.startswith("店")}
    assert retried == {}, "requests in flight are finished, and new ones go to the other machine"
