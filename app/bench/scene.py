"""Who is there in a benchmark: signed-in agents and open channels, in an installation's own database.

`python -m app.bench.scene --agents 200`, run with the installation's settings, prints them as JSON. It is a
process of its own because secrets are sealed with the installation's key, not with that of who measures.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from app import passwords, vault
from app.bench.stack import Served
from app.db import now, transaction
from app.models import Agent, Channel, Signin

PASSWORD = "a password for benchmarks"
LIMITS = {"messages_per_minute": 600, "messages_per_minute_ip": 6000}


@dataclass(frozen=True)
class Person:
    """An agent with an open session: `token` is the cookie's, `csrf` goes with every write."""

    id: int
    name: str
    email: str
    token: str
    csrf: str


@dataclass(frozen=True)
class Scene:
    """The keys of a web chat and of an API channel (with its signing secret), and the agents."""

    chat: str
    api: str
    secret: str
    agents: tuple[Person, ...]


def scene(served: Served, *, agents: int = 0, callback: str = "", bot: bool = False) -> Scene:
    """Make them in `served`. `callback`: where answers to the API channel's customers are posted."""
    asked = ["--agents", str(agents), "--callback", callback, *(["--bot"] if bot else [])]
    told = json.loads(served.run("app.bench.scene", *asked))
    return Scene(told["chat"], told["api"], told["secret"], tuple(Person(**one) for one in told["agents"]))


def main(arguments: list[str] | None = None) -> None:
    """Make the scene and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=0)
    parser.add_argument("--callback", default="")
    parser.add_argument("--bot", action="store_true")
    asked = parser.parse_args(arguments)
    with transaction() as db:
        told = make(db, asked.agents, asked.callback, bot=asked.bot)
    print(json.dumps(told))


def make(db: Session, agents: int, callback: str, *, bot: bool) -> dict[str, Any]:
    """The scene as JSON. Names are random, so that many fit into one database."""
    mark, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    chat = _channel(db, "webchat", f"chat-{mark}", LIMITS, {}, bot=bot)
    api = _channel(db, "api", f"api-{mark}", {"callback_url": callback}, {"secret": secret}, bot=bot)
    password = passwords.hashed(PASSWORD)  # slow by intent, so once for all
    people = [_agent(db, f"{mark}-{number}", password) for number in range(agents)]
    return {"chat": chat.key, "api": api.key, "secret": secret, "agents": people}


def _channel(
    db: Session, kind: str, key: str, settings: dict[str, Any], hidden: dict[str, str], *, bot: bool
) -> Channel:
    sealed = vault.seal(hidden)
    made = Channel(
        kind=kind, name=key, key=key, settings=settings, secrets=sealed, bot_enabled=bot, cursor={}
    )
    db.add(made)
    db.flush()
    return made


def _agent(db: Session, name: str, password: str) -> dict[str, Any]:
    """Somebody signed in, as if they had come by the sign-in page (which lets in sixty in a quarter of an hour)."""
    agent = Agent(name=name, email=f"{name}@bench.example", password_hash=password, role="agent")
    db.add(agent)
    db.flush()
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    hashed = hashlib.sha256(token.encode()).hexdigest()
    until = now() + timedelta(days=1)
    db.add(Signin(token_hash=hashed, agent_id=agent.id, csrf=csrf, last_seen_at=now(), expires_at=until))
    return {"id": agent.id, "name": name, "email": agent.email, "token": token, "csrf": csrf}


if __name__ == "__main__":
    main()
