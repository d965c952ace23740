"""A channel of the product whose platform the sandbox plays: a phone on one side, an agent on the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from starlette.testclient import TestClient

from app import connect, deliver, main
from app.config import configure, settings
from app.db import reading, transaction
from app.models import Agent, Attachment, Channel, Delivery, Message
from tests import factories as make
from tests.hooked import hooked
from tests.sandbox import Sandbox


class Shop:
    """An account of the product, and the phone of somebody who writes to it. `plain`, `secrets`: the settings of the
    channel, by the names that the sandbox has for them too."""

    def __init__(
        self, sandbox: Sandbox, web: TestClient, platform: str, plain: Sequence[str], secrets: Sequence[str]
    ) -> None:
        self.sandbox, self.web, self.platform = sandbox, web, platform
        told = sandbox.state(platform)
        self.who = str(told["customers"][0]["id"])
        stored: Mapping[str, str] = told["settings"]
        with transaction() as db:
            self.channel = make.channel(
                db,
                platform,
                key=f"sandbox-{platform}",
                settings={name: stored[name] for name in plain},
                secrets={name: stored[name] for name in secrets},
            )
            self.agent = make.agent(db, "田中")

    def act(self, action: str, **about: Any) -> dict[str, str]:
        """The customer does something, and the product has heard of it."""
        done = self.sandbox.act(self.who, action, on=self.platform, **about)
        self.sandbox.settle(self.platform)
        return done

    def answers(self, words: str, file: int | None = None) -> Delivery:
        """An agent answers, with an uploaded file or without, and a worker sends it."""
        with transaction() as db:
            asked = db.scalars(select(Message).where(Message.kind == "inbound").order_by(Message.id)).first()
            assert asked is not None
            agent = db.get_one(Agent, self.agent.id)
            carried = [db.get_one(Attachment, file)] if file else []
            said = make.reply(db, agent, make.thread_of(db, asked), words, attachments=carried)
        self.drain()
        return self.delivery(said.id)

    def drain(self) -> None:
        """A worker sends what waits, and the product has heard what came of it."""
        deliver.drain(self.channel.id)
        self.sandbox.settle(self.platform)

    def delivery(self, message_id: int) -> Delivery:
        """How a message fared."""
        with reading() as db:
            return db.scalars(select(Delivery).filter_by(message_id=message_id)).one()

    def now(self) -> Channel:
        """The channel as it is now."""
        with reading() as db:
            return db.get_one(Channel, self.channel.id)

    def thread(self) -> list[tuple[str, str]]:
        """What was written, by kind."""
        with reading() as db:
            kinds = ("inbound", "outbound")
            said = db.scalars(select(Message).where(Message.kind.in_(kinds)).order_by(Message.id))
            return [(one.kind, one.text) for one in said]

    def shown(self) -> list[str]:
        """What the shop said, as it stands on the phone."""
        return [one["text"] for one in self.sandbox.phone(self.who, self.platform) if one["by"] == "shop"]


@contextmanager
def shop_on(platform: str, sandbox: Sandbox, plain: Sequence[str], secrets: Sequence[str]) -> Iterator[Shop]:
    """The product beside a sandbox that is as at the start; its webhooks come to the product."""
    one = settings()
    configure(
        data_dir=one.data_dir, redis_url=one.redis_url, database_url=one.database_url, secret=one.secret,
        sandbox=sandbox.base,
    )  # fmt: skip
    connect.http.cache_clear()
    web = TestClient(main.make())
    with hooked(web) as url:
        sandbox.post("/reset", {"seed": 1})
        sandbox.set(platform, webhook=f"{url}/hooks/sandbox-{platform}")
        yield Shop(sandbox, web, platform, plain, secrets)
        sandbox.settle(platform)
    connect.http(sandbox.base).close()
    connect.http.cache_clear()
