"""Pages of the product asked in this process: the whole application as ASGI, without network or browser.

What is measured is what the server does between the request's last byte and the answer's last byte: session, query,
template. One request at a time. The processor time is this process's: on PostgreSQL the server's own comes on top.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import click
import uvloop
from sqlalchemy import delete, select

from app import db, garbage, main
from app.auth import cookies
from app.auth.signins import LONGEST
from app.bench.seeding import shop
from app.models import Agent, Signin

WARM_UP = 5  # requests of each kind that are not counted


@dataclass(frozen=True)
class Looker:
    """Somebody signed in: their role in the name of a result, and the cookie of their session."""

    role: str
    agent: Agent
    token: str


@dataclass
class Timings:
    """What some requests took: wall clock of each in ms, processor time of all in ms, bytes answered."""

    wall: list[float] = field(default_factory=list)
    cpu: float = 0.0
    size: int = 0

    @property
    def mean_cpu(self) -> float:
        """Of one request, in ms."""
        return self.cpu / max(len(self.wall), 1)


class Failed(click.ClickException):
    """A page did not answer as it should: what it says is no figure."""


class Pages:
    """The application, and a loop to run it in."""

    def __init__(self) -> None:
        self._app = main.make()
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)

    def close(self) -> None:
        """End the loop."""
        self._runner.close()

    def read(self, path: str, looker: Looker) -> str:
        """The page at `path` (with its query). Raises Failed unless it is a 200."""
        return self._runner.run(self._get(path, looker)).decode()

    def times(self, paths: Sequence[str], looker: Looker, samples: int) -> Timings:
        """`samples` requests, through `paths` in turn; before them the first ones of them uncounted."""
        return self._runner.run(self._times(paths, looker, samples))

    async def _times(self, paths: Sequence[str], looker: Looker, samples: int) -> Timings:
        for number in range(min(WARM_UP, samples)):
            await self._get(paths[number % len(paths)], looker)
        garbage.spare()
        found = Timings()
        for number in range(samples):
            cpu, wall = time.process_time(), time.perf_counter()
            answer = await self._get(paths[number % len(paths)], looker)
            found.wall.append((time.perf_counter() - wall) * 1000)
            found.cpu += (time.process_time() - cpu) * 1000
            found.size += len(answer)
        return found

    async def _get(self, path: str, looker: Looker) -> bytes:
        place, _, query = path.partition("?")
        told: list[Any] = []
        asked = {"type": "http.request", "body": b"", "more_body": False}

        async def receive() -> Any:
            return asked

        async def send(message: Any) -> None:
            told.append(message)

        await self._app(_scope(place, query, looker.token), receive, send)
        if told[0]["status"] != 200:
            raise Failed(f"{path} answered {told[0]['status']} to {looker.agent.email}.")
        return b"".join(message.get("body", b"") for message in told[1:])


def _scope(place: str, query: str, token: str) -> dict[str, Any]:
    headers = {"host": "127.0.0.1", "cookie": f"{cookies.NAME}={token}", "accept": "text/html"}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(place),
        "raw_path": place.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }


@contextmanager
def looking(*emails: str) -> Iterator[tuple[Pages, list[Looker]]]:
    """The pages, and these people signed in for as long. Raises Failed for somebody who is not there."""
    lookers = [_sign_in(email) for email in emails]
    pages = Pages()
    try:
        yield pages, lookers
    finally:
        pages.close()
        with db.transaction() as session:
            session.execute(delete(Signin).where(Signin.user_agent == _OURS))


_OURS = "madoguchi bench"


def _sign_in(email: str) -> Looker:
    token = secrets.token_urlsafe(32)
    with db.transaction() as session:
        agent = session.scalar(select(Agent).where(Agent.email == email, Agent.active))
        if agent is None:
            raise Failed(
                f"Nobody signs in as {email}: seed this database (`madoguchi bench seed`), or name them."
            )
        session.add(
            Signin(
                token_hash=hashlib.sha256(token.encode()).hexdigest(),
                agent_id=agent.id,
                csrf=secrets.token_urlsafe(24),
                last_seen_at=db.now(),
                expires_at=db.now() + LONGEST,
                user_agent=_OURS,
            )
        )
    return Looker("supervisor" if agent.oversees else "agent", agent, token)


def lookers_options(command: Any) -> Any:
    """`--supervisor`, `--agent` and `--samples`."""
    for option in (
        click.option("--samples", default=100, show_default=True, help="Requests of each kind."),
        click.option("--agent", default=shop.AGENT, show_default=True, help="Somebody who sees little."),
        click.option("--supervisor", default=shop.SUPERVISOR, show_default=True, help="Who sees everything."),
    ):
        command = option(command)
    return command
