"""An agent sends a customer the way on with their chat; what stands there, and numbers in the panel."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app import connect
from app.db import reading, transaction
from app.models import Agent, Channel, Conversation, Message, ResumeCode
from app.visitors import sessions
from channels import base
from tests import factories
from tests.guests import Guest
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")
PAGE = {"url": "https://shop.example.jp/cart"}


@pytest.fixture
def sato() -> Agent:
    with transaction() as db:
        return factories.agent(db, "佐藤 恵", locale="en")


def chat() -> int:
    """Somebody's chat on the site, and the ways on: LINE and a mailbox."""
    with transaction() as db:
        line = {"channel_id": "1657000000", "basic_id": "@kitakaze"}
        factories.channel(db, "line", settings=line, secrets={"channel_secret": "x" * 32})
        mailbox = {"address": "shop@example.jp", "imap_host": "imap.example.jp"}
        factories.channel(db, "email", settings=mailbox)
        guest = Guest(db, factories.channel(db), page=PAGE)
        guest.send("続きはスマホで")
        head = sessions.head(db, guest.visitor)
        assert head is not None
        return head.id


def test_an_agent_sends_the_way_on_and_whoever_looks_uses_nothing_up(sato: Agent) -> None:
    head, browser = chat(), Browser().come_in(sato)
    assert "Send a link to this chat" in browser.see(f"/conversations/{head}/panel")
    headers = {"x-csrf-token": browser.csrf, "hx-request": "true"}
    assert browser.post(f"/conversations/{head}/continue-link", headers=headers).status_code == 204
    with reading() as db:
        message = db.scalars(select(Message).where(Message.kind == "outbound")).one()
    path = "/continue/" + str(message.links[0]["url"]).rpartition("/")[2]
    code = path.rpartition("/")[2]
    for _ in range(2):
        page = Browser().see(path)
        assert f"https://shop.example.jp/cart#madoguchi={code}" in page
        assert f"https://line.me/R/oaMessage/%40kitakaze/?{code}" in page
        assert f"mailto:shop@example.jp?subject={code}&amp;body={code}" in page
        assert "続きはスマホで" not in page
    with reading() as db:
        assert db.scalars(select(ResumeCode)).one().used_at is None


def test_a_wrong_address_tells_nothing_and_guessing_ends(sato: Agent) -> None:
    told = [Browser().get(f"/continue/ABCD-{n:04}").status_code for n in range(22)]
    assert set(told[:20]) == {404}
    assert told[-1] == 429


def test_who_has_no_chat_on_the_site_is_not_offered_one(sato: Agent) -> None:
    with transaction() as db:
        line = factories.channel(db, "api")
        head = factories.conversation(
            db, line, "こんにちは", base.Person("u1", phone="03-1234-5678", proof="code")
        )
    browser = Browser().come_in(sato)
    panel = browser.see(f"/conversations/{head.id}/panel")
    assert "Send a link to this chat" not in panel
    assert 'href="tel:+81312345678"' in panel
    assert ">03-1234-5678<" in panel
    headers = {"x-csrf-token": browser.csrf, "hx-request": "true"}
    assert browser.post(f"/conversations/{head.id}/continue-link", headers=headers).status_code == 422


def test_channels_without_a_way_on_are_not_opened() -> None:
    with transaction() as db:
        made = [
            factories.channel(db, "line", settings={"channel_id": "1657000000"}),
            factories.channel(db, "email", settings={"address": "shop@example.jp"}),
            factories.channel(db, "api"),
            factories.channel(db),
        ]
        assert [connect.opening(one, "ABCD-EFGH") for one in made] == [""] * 4
        assert db.scalars(select(Conversation)).all() == []
        assert len(db.scalars(select(Channel)).all()) == 4


def test_a_page_with_the_chat_alone_is_open_to_everybody() -> None:
    with transaction() as db:
        key = factories.channel(db).key
    told = Browser().get(f"/chat/{key}")
    assert told.status_code == 200
    assert f'data-channel="{key}"' in told.text
    assert Browser().get("/chat/nobody").status_code == 404
