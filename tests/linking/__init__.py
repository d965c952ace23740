"""A customer of LINE proves which customer of the shop they are: asked, signed in, told by the shop, told by LINE.

Cast: Hana, who writes on LINE; kt-1, her account at the shop, known by the chat of the site; a stranger; 田中 an agent.
"""

from __future__ import annotations

from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select

from app import linking
from app.db import reading, transaction
from app.family import conversation_of
from app.models import (
    Agent,
    Channel,
    CustomerLink,
    Identity,
    Message,
)
from app.models.customer import DEVICE
from channels import base
from tests import factories as make
from tests.api.calling import program
from tests.channels.line.account import HANA, ok
from tests.test_line_channel import Account, event

SECRET = "the shop's own identity secret, long enough"


LOGIN = "https://shop.example.jp/login?from=line"


STRANGER = "U" + "5" * 32


TOKEN_OF = "/v2/bot/user/{}/linkToken"


class Shop(Account):
    """The account of `tests.test_line_channel`, a chat of the site beside it, and the shop's own server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, bot: bool = False, **more: Any) -> None:
        super().__init__(monkeypatch, bot=bot)
        self.numbers = count(1)
        tokens = [ok({"linkToken": f"link-token-{number}"}) for number in range(1, 9)]
        self.script.on(TOKEN_OF.format(HANA.address), *tokens)
        with transaction() as db:
            self.chat = make.channel(db, key="shop", bot=bot, secrets={"identity_secret": SECRET})
            line = db.get_one(Channel, self.channel.id)
            line.settings = {**line.settings, "login_url": LOGIN, **more}
            self.admin = make.agent(db, "北川", role="admin")
        self.server = program(self.admin, "accounts:write")

    def asks(self) -> str:
        """The agent asks; the address that Hana got."""
        with transaction() as db:
            asked = db.scalars(select(Message).where(Message.kind == "inbound")).first()
            assert asked is not None
            agent, head = db.get_one(Agent, self.agent.id), make.thread_of(db, asked)
            linking.ask(db, agent, head, f"ask-{next(self.numbers)}-{self.agent.id}")
        self.drain()
        return self.address()

    def address(self) -> str:
        said = str(self.script.bodies("/v2/bot/message/push")[-1]["messages"][-1]["text"])
        return next(line for line in said.splitlines() if line.startswith("http"))

    def opened(self, url: str) -> str:
        """What the sign-in page of the shop is opened with."""
        answer = self.web.get(urlsplit(url).path, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        asked = parse_qs(urlsplit(answer.headers["location"]).query)
        assert answer.headers["location"].startswith("https://shop.example.jp/login?")
        assert asked["from"] == ["line"]
        return asked["linkToken"][0]

    def told(self, token: str, user: str = "kt-1", expect: int = 201, **about: Any) -> dict[str, Any]:
        """The shop's server says who signed in; the answer."""
        body = {"link_token": token, "user_id": user, "chat": "shop", **about}
        answer: dict[str, Any] = self.server.call("POST", "/account-links", expect, json=body)
        return answer

    def nonce(self, user: str = "kt-1") -> str:
        """All of it up to the page of LINE."""
        return nonce_of(self.told(self.opened(self.asks()), user)["redirect_to"])

    def line_says(self, nonce: str, result: str = "ok", *, by: str = HANA.address, **more: Any) -> None:
        link = {"result": result, "nonce": nonce}
        source = {"type": "user", "userId": by}
        assert self.post(event("accountLink", link=link, source=source, **more)) == 200


def nonce_of(url: str) -> str:
    parts = urlsplit(url)
    assert (parts.netloc, parts.path) == ("access.line.me", "/dialog/bot/accountLink")
    (nonce,) = parse_qs(parts.query)["nonce"]
    assert 10 <= len(nonce) <= 255
    return nonce


def kt1_wrote() -> None:
    """The customer with the account wrote in the chat of the site before."""
    with transaction() as db:
        chat = db.scalars(select(Channel).where(Channel.key == "shop")).one()
        who = base.Person("kt-1", "shop", kind="user", proof="signed", name="佐藤 花")
        make.customer_says(db, chat, "サイトから", who)


def outcomes() -> list[str]:
    with reading() as db:
        lines = select(Message).where(Message.context["what"].as_string() == "account_link")
        return [one.context["outcome"] for one in db.scalars(lines.order_by(Message.id))]


def proofs() -> dict[str, int]:
    with reading() as db:
        return {one.address: one.proof for one in db.scalars(select(Identity))}


def one_thread() -> bool:
    """Whether Hana and kt-1 are one person now."""
    with reading() as db:
        ids = [
            conversation_of(db, one.customer_id).head_id
            for one in db.scalars(select(Identity).where(Identity.address.in_((HANA.address, "kt-1"))))
        ]
        return len(ids) == 2 and len(set(ids)) == 1


def links() -> int:
    with reading() as db:
        return db.scalar(select(func.count()).select_from(CustomerLink)) or 0


def nothing_joined(*told: str) -> None:
    assert outcomes() == list(told)
    assert links() == 0
    assert proofs()[HANA.address] == DEVICE
