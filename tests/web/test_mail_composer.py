"""Writing a mail: its head, its copies, how it will look, and what is stored."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
from markupsafe import escape
from sqlalchemy import select

from app import deliver
from app.db import reading, transaction
from app.models import Agent, Channel, Conversation, Message
from app.rich import harmless
from channels import base
from tests import factories
from tests.connectors import Post, installed
from tests.mailservers import PASSWORD, USER, smtp_server
from tests.web.visiting import Browser

OTHERS = [
    {"address": "boss@example.jp", "name": "上司", "role": "cc"},
    {"address": "team@example.jp", "name": "", "role": "to"},
]


@pytest.fixture
def mailbox(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with installed(monkeypatch, copies=True, html=True, subject=True, max_attachment_bytes=10**6) as kind:
        yield kind


@pytest.fixture
def desk(mailbox: type[Post]) -> tuple[Browser, Conversation]:
    """An agent before a mail that two others got, too."""
    with transaction() as db:
        agent = factories.agent(db, "田中", locale="en", signature="田中 花子")
        own = {"address": "shop@example.jp", "name": "ひだまり商店", "signature": "ひだまり商店"}
        channel = factories.channel(db, "post", name="Mailbox", settings=own)
        said = factories.customer_says(
            db, channel, "届きません", "taro@example.jp", subject="RE: Re：注文5512"
        )
        said.context = {**said.context, "others": OTHERS}
        thread = factories.thread_of(db, said)
    return Browser().come_in(agent), thread


def send(browser: Browser, thread: Conversation, what: str = "replies", **form: Any) -> Any:
    told = {"text": "承知しました", "client_id": "client-0001", **form}
    return browser.submit(f"/conversations/{thread.id}/{what}", told)


def the_answer() -> Message:
    with reading() as db:
        return db.scalars(select(Message).where(Message.kind == "outbound")).one()


def test_the_head_offers_the_subject_and_whom_all_are(desk: tuple[Browser, Conversation]) -> None:
    browser, thread = desk
    page = browser.see(f"/inbox/{thread.id}")
    assert 'value="Re: 注文5512"' in page
    assert "Reply to all: 2 more" in page
    assert 'data-people="上司 &lt;boss@example.jp&gt;\nteam@example.jp"' in page


def test_whoever_wrote_last_beside_the_customer_is_among_all(desk: tuple[Browser, Conversation]) -> None:
    browser, thread = desk
    with transaction() as db:
        (channel,) = db.scalars(select(Channel))
        boss = base.Person("boss@example.jp", name="上司")
        said = factories.customer_says(db, channel, "私からも", boss, subject="RE: 注文5512")
        said.conversation_id = thread.id
    page = browser.see(f"/inbox/{thread.id}")
    assert "Reply to all: 1 more" in page
    assert 'data-people="上司 &lt;boss@example.jp&gt;"' in page


def test_copies_and_subject_of_a_draft_stand_in_the_head_again_until_it_is_sent(
    desk: tuple[Browser, Conversation],
) -> None:
    browser, thread = desk
    draft = {"kind": "reply", "version": "0", "cc": ["上司 <boss@example.jp>"], "bcc": ["log@example.jp"]}
    kept = send(browser, thread, "draft", **draft, subject="別の'件'")
    assert kept.json() == {"version": 1}
    (told,) = re.findall(r"data-begun='([^']*)'", browser.see(f"/inbox/{thread.id}"))
    assert json.loads(told) == {
        "cc": ["上司 <boss@example.jp>"],
        "bcc": ["log@example.jp"],
        "subject": "別の'件'",
    }
    assert send(browser, thread).status_code == 200
    assert "data-begun" not in browser.see(f"/inbox/{thread.id}")


def test_copies_subject_and_formatting_go_with_the_answer(desk: tuple[Browser, Conversation]) -> None:
    browser, thread = desk
    sent = send(
        browser,
        thread,
        text="**至急**です",
        subject="Re: 注文5512",
        cc=["上司 <boss@example.jp>", '"山田, 太郎" <y@example.jp>'],
        bcc=["log@example.jp"],
    )
    assert sent.status_code == 200
    assert "<strong>至急</strong>" in sent.text
    kept = the_answer()
    assert (kept.subject, kept.text) == ("Re: 注文5512", "**至急**です")
    assert "<strong>至急</strong>" in kept.html
    assert [(one["address"], one["name"], one["role"]) for one in kept.context["others"]] == [
        ("boss@example.jp", "上司", "cc"),
        ("y@example.jp", "山田, 太郎", "cc"),
        ("log@example.jp", "", "bcc"),
    ]


def test_plain_words_are_stored_without_html(desk: tuple[Browser, Conversation]) -> None:
    browser, thread = desk
    assert send(browser, thread, text="<b>はい</b>").status_code == 200
    assert the_answer().html == ""


def test_what_is_no_address_is_refused_with_a_sentence(desk: tuple[Browser, Conversation]) -> None:
    browser, thread = desk
    refused = send(browser, thread, cc=["a@example.jp\r\nBcc: x@example.jp"])
    assert refused.status_code == 422
    with reading() as db:
        assert db.scalars(select(Message).where(Message.kind == "outbound")).all() == []


@pytest.mark.parametrize("html", [True, False])
@pytest.mark.parametrize("said", ["**至急**です\n- 一\n\n[店](https://a.jp)", "5*3 <b>はい</b>"])
def test_the_preview_is_what_is_sent(committed: None, private_allowed: None, said: str, html: bool) -> None:
    with smtp_server() as server:
        own = {
            **{
                "address": "shop@example.jp",
                "name": "ひだまり商店",
                "signature": "ひだまり商店\n03-1234-5678",
            },
            **{"smtp_host": server.host, "smtp_port": server.port, "smtp_security": "none", "html": html},
            **{"quote_history": True, "name_agents": True, "user": USER},
        }
        with transaction() as db:
            agent = factories.agent(db, "田中", locale="en", signature="田中 花子 & 窓口")
            channel = factories.channel(db, "email", settings=own, secrets={"password": PASSWORD})
            asked = factories.customer_says(
                db, channel, "届きません\n**なぜ**", "taro@example.jp", subject="注文"
            )
            thread = factories.thread_of(db, asked)
        browser, copies = Browser().come_in(agent), ["上司 <boss@example.jp>"]
        shown = send(browser, thread, "preview", text=said, cc=copies).text
        assert send(browser, thread, text=said, cc=copies).status_code == 200
        deliver.drain(channel.id)
        mail = BytesParser(policy=policy.default).parsebytes(server.received[-1].data)
    assert isinstance(mail, EmailMessage)
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert escape(text.get_content().replace("\r\n", "\n")) in shown
    assert (page is not None) == (html or "**" in said)
    if page is not None:
        inside = page.get_content().partition("<body>")[2].partition("</body>")[0].replace("\r\n", "\n")
        assert f'<div class="rich">{harmless(inside)}</div>' in shown
        assert "<blockquote>届きません<br>**なぜ**</blockquote>" in shown
    for name in ("From", "To", "Cc", "Subject"):
        assert escape(str(mail[name]).replace('"', "")) in shown


def test_a_preview_that_could_not_be_sent_says_why(committed: None) -> None:
    with transaction() as db:
        agent = factories.agent(db, locale="en")
        channel = factories.channel(db, "email", settings={"address": "shop@example.jp"})
        thread = factories.thread_of(db, factories.customer_says(db, channel, "はい", "a b@example.jp"))
    refused = send(Browser().come_in(agent), thread, "preview")
    assert refused.status_code == 422
    assert "This is no address that mail can be sent to." in refused.text


def test_what_is_doubtful_is_asked_about_and_what_is_not_is_not(desk: tuple[Browser, Conversation]) -> None:
    browser, thread = desk
    assert send(browser, thread, "check").text.strip() == ""
    asked = send(browser, thread, "check", text="添付します", cc=["x@exmaple.jp"]).text
    assert "looks like example.jp" in asked
    assert "there is none" in asked
    assert "Send anyway" in asked


def test_an_address_where_nothing_arrives_is_told_at_the_way_and_beside_the_customer(
    desk: tuple[Browser, Conversation],
) -> None:
    browser, thread = desk
    with transaction() as db:
        factories.identity_of(db, thread).unreachable = "550 user unknown"
    page = browser.see(f"/inbox/{thread.id}")
    assert "Nothing arrives at this address any more" in page
    assert page.count("550 user unknown") == 2


def test_why_nothing_arrives_is_told_in_the_readers_language(mailbox: type[Post]) -> None:
    with transaction() as db:
        agent = factories.agent(db, locale="ja")
        thread = factories.conversation(db, factories.channel(db, "post"))
        factories.identity_of(db, thread).unreachable = "LINE cannot reach this customer."
    page = Browser().come_in(agent).see(f"/inbox/{thread.id}")
    assert "届きません: このお客様にはLINEで届きません。" in page
    assert "LINE cannot reach" not in page


def test_whoever_may_not_see_the_thread_previews_nothing(desk: tuple[Browser, Conversation]) -> None:
    _, thread = desk
    with transaction() as db:
        factories.thread_of(db, db.scalars(select(Message)).first() or Message()).team_id = factories.team(
            db
        ).id
        stranger: Agent = factories.agent(db)
    browser = Browser().come_in(stranger)
    for what in ("preview", "check"):
        assert send(browser, thread, what).status_code == 404


def test_a_copy_of_the_conversation_goes_by_mail_or_says_why_it_cannot(committed: None) -> None:
    with transaction() as db:
        agent = factories.agent(db, locale="en")
        thread = factories.conversation(db)
    browser = Browser().come_in(agent)
    refused = browser.submit(f"/conversations/{thread.id}/transcript", headers={"hx-request": "true"})
    assert (refused.status_code, refused.text) == (422, "There is no mailbox to send it with.")
    with transaction() as db:
        own = {"address": "shop@example.jp", "smtp_host": "smtp.example.jp"}
        mail = factories.channel(db, "email", settings=own)
        said = factories.customer_says(db, mail, "届きません", "taro@example.jp")
        written = factories.thread_of(db, said)
    assert browser.submit(f"/conversations/{written.id}/transcript").status_code == 204
    assert the_answer().context["transcript"] is True
