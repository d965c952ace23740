"""A customer's phone, the sign-in page of a shop, LINE's own page and an agent's screen: all of account linking, with
LINE played by the sandbox over HTTP and the product in this process, on the database of the run."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app import connect, deliver, linking, main, verify
from app.config import configure, settings
from app.db import reading, transaction
from app.family import conversation_of
from app.models import Agent, Conversation, Identity, Message
from app.models.customer import DEVICE, SIGNED
from tests import factories as make
from tests.api.calling import Program, program
from tests.sandbox import Sandbox, playing
from tests.serving import until
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")

KEY = "sandbox-line"


class World:
    """Both ends of LINE, and a shop whose server holds a token of ours."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        given = sandbox.options
        secrets = {"channel_secret": given.line_secret, "access_token": given.line_token}
        told = {"channel_id": given.line_channel, "login_url": "https://shop.example.jp/login"}
        with transaction() as db:
            self.line = make.channel(db, "line", key=KEY, settings=told, secrets=secrets)
            make.channel(db, key="shop")
            self.agent = make.agent(db, "田中")
            admin = make.agent(db, "北川", role="admin")
        self.shop: Program = program(admin, "accounts:write")
        self.web = TestClient(main.make())
        self.people = [one["id"] for one in sandbox.state()["customers"]]

    def writes(self, who: str, text: str) -> Conversation:
        """Somebody writes on their phone; their thread."""
        self.sandbox.says(who, text)
        until(lambda: self.found(text) is not None, f"{text} is here")
        found = self.found(text)
        assert found is not None
        return found

    def found(self, text: str) -> Conversation | None:
        with reading() as db:
            said = db.scalar(select(Message).where(Message.text == text))
            return make.thread_of(db, said) if said else None

    def asked(self, thread: Conversation, who: str) -> str:
        """The agent asks; the address on the customer's phone."""
        with reading() as db:
            browser = Browser().come_in(db.get_one(Agent, self.agent.id))
        assert browser.submit(f"/conversations/{thread.id}/account-link").status_code == 204
        deliver.drain(self.line.id)
        shown = self.sandbox.phone(who)[-1]["text"]
        return str(next(line for line in shown.splitlines() if "/link/" in line))

    def signs_in(self, address: str, user: str) -> str:
        """They open it and sign in at the shop, whose server tells us; the page of LINE that they are sent to."""
        answer = self.web.get(urlsplit(address).path, follow_redirects=False)
        page = urlsplit(answer.headers["location"])
        assert (page.netloc, page.path) == ("shop.example.jp", "/login")
        told = {"link_token": parse_qs(page.query)[linking.PARAMETER][0], "user_id": user, "chat": "shop"}
        url = self.shop.call("POST", "/account-links", 201, json=told)["redirect_to"]
        assert url.startswith(f"{self.sandbox.base}/access.line.me/dialog/bot/accountLink?")
        return str(url)

    def confirms(self, url: str, **by: str) -> httpx2.Response:
        """They look at LINE's page and press its button."""
        assert "北風洋品店" in self.sandbox.http.get(url).raise_for_status().text
        given = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}
        return self.sandbox.http.post(urlsplit(url).path, data={**given, **by})

    def outcomes(self) -> list[str]:
        with reading() as db:
            lines = select(Message).where(Message.context["what"].as_string() == "account_link")
            return [one.context["outcome"] for one in db.scalars(lines.order_by(Message.id))]

    def comes(self, *told: str) -> None:
        """This and nothing else stands in the threads, in the end."""
        until(lambda: len(self.outcomes()) >= len(told), "LINE has told what became of it")
        assert self.outcomes() == list(told)

    def proof(self, address: str) -> int:
        with reading() as db:
            return db.scalars(select(Identity).where(Identity.address == address)).one().proof

    def head(self, address: str) -> int | None:
        with reading() as db:
            mine = db.scalars(select(Identity).where(Identity.address == address)).one()
            return conversation_of(db, mine.customer_id).head_id


@pytest.fixture
def world() -> Iterator[World]:
    clients: list[TestClient] = []

    class Door(http.server.BaseHTTPRequestHandler):
        """Hands LINE's webhooks to the product."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            signed = {"X-Line-Signature": self.headers["X-Line-Signature"]}
            self.send_response(clients[0].post(self.path, content=body, headers=signed).status_code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with playing(f"http://127.0.0.1:{server.server_port}/hooks/{KEY}") as sandbox:
        kept = settings()
        connect.http.cache_clear()
        configure(
            data_dir=kept.data_dir,
            redis_url=kept.redis_url,
            database_url=kept.database_url,
            secret=kept.secret,
            sandbox=sandbox.base,
        )
        made = World(sandbox)
        clients.append(made.web)
        yield made
        sandbox.settle()
        connect.http(sandbox.base).close()
    connect.http.cache_clear()
    server.shutdown()
    server.server_close()
    with reading() as db:
        report = verify.report(db)
    assert report.clean, str(report)


def test_from_the_phone_to_the_shop_and_back_to_one_thread(world: World) -> None:
    misaki, ichiro = world.people[:2]
    thread = world.writes(misaki, "注文はいつ届きますか")
    url = world.signs_in(world.asked(thread, misaki), "kt-1")
    assert world.confirms(url).status_code == 200
    world.comes("linked")
    assert world.proof(misaki) == SIGNED
    assert world.head(misaki) == world.head("kt-1")

    other = world.writes(ichiro, "わたしの注文は")
    url = world.signs_in(world.asked(other, ichiro), "kt-2")
    assert world.confirms(url, by=misaki).status_code == 200
    world.comes("linked", "failed")
    assert world.proof(ichiro) == DEVICE
    assert world.head(ichiro) != world.head("kt-2")
