"""A mail in the thread: who it is from, what it carries along, its own HTML in a frame, the original."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from app import connect, files
from app.db import now, transaction
from app.models import Agent, Attachment, Channel, Identity, Message, MessageSource, RawReceipt
from app.models.customer import CLAIMED, CODE
from app.web import pictures
from app.web.framing import framed, misleads
from app.web.letters import doubt
from channels import base
from channels.email.cleaning import CUT, clean_html, is_cut
from channels.email.understanding import Mailbox, events_of
from tests import factories
from tests.connectors import Post, installed
from tests.test_files import picture
from tests.web.visiting import Browser

RAW = b"From: taro@example.jp\r\nSubject: =?UTF-8?B?44Oe44OV44Op44O8?=\r\n\r\nbody\r\n"
HTML = '<p>ほつれの<b>写真</b>です</p><img data-cid="image001@x"><img data-src="https://far.example/p.gif">'


@pytest.fixture
def mailbox(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with installed(monkeypatch, copies=True, html=True, subject=True, max_attachment_bytes=10**6) as kind:
        yield kind


def a_mail(html: str = HTML, quoted: str = "> 前のメール", **told: Any) -> tuple[Agent, Message]:
    """An agent who may see everything, and a mail with a picture inside and its original."""
    with transaction() as db:
        agent = factories.agent(db, "田中", locale="en")
        channel = factories.channel(db, "post", name="Mailbox")
        message = factories.customer_says(
            db, channel, "ほつれの写真です", "taro@example.jp", subject="マフラー"
        )
        message.context = {**message.context, **told.pop("context", {})}
        source = {"answers": [], "checked": {}, "refused": {}, "signature": "山田 太郎", **told}
        receipt = RawReceipt(channel_id=channel.id, headers={}, body=RAW, outcome=[], state="parsed")
        db.add(receipt)
        db.flush()
        kept = db.get(MessageSource, message.id)
        if kept is not None:
            db.delete(kept)
            db.flush()
        db.add(
            MessageSource(message_id=message.id, html=html, quoted=quoted, receipt_id=receipt.id, **source)
        )
        _picture(db, channel, message)
    return agent, message


def _picture(db: Any, channel: Channel, message: Message) -> Attachment:
    made = files.store(db, picture(), "image001.png", limit=10**6, channel=channel)
    made.message_id, made.content_id = message.id, "image001@x"
    return made


def outsider() -> Browser:
    """Somebody of another team than the thread's."""
    with transaction() as db:
        agent = factories.agent(db, "他部署")
    return Browser().come_in(agent)


def in_a_team(message: Message) -> None:
    with transaction() as db:
        factories.thread_of(db, message).team_id = factories.team(db).id


def test_the_thread_shows_the_address_the_others_and_what_kind_of_mail_it_is(mailbox: type[Post]) -> None:
    others = [{"address": f"{name}@example.jp", "name": name, "role": "cc"} for name in ("a", "b", "c", "d")]
    agent, message = a_mail(context={"others": others, "sort": "auto-reply"}, checked={"dmarc": "fail"})
    page = Browser().come_in(agent).see(f"/inbox/{message.conversation_id}")
    assert "&lt;taro@example.jp&gt;" in page
    assert "and 3 others" in page
    assert "d &lt;d@example.jp&gt;" in page
    assert "Automatic answer" in page
    assert "The sender is not confirmed" in page
    assert "It reopens nothing" in page


@pytest.mark.usefixtures("committed")
def test_beside_the_thread_stands_the_address_not_the_name_once_more() -> None:
    taro = base.Person("taro@example.jp", name="山田 太郎", kind="email")
    with transaction() as db:
        agent = factories.agent(db, "田中", locale="en")
        said = factories.customer_says(db, factories.channel(db, "email"), "届きません", taro)
    page = Browser().come_in(agent).see(f"/inbox/{said.conversation_id}")
    assert re.findall(r'class="identity">.*?<span class="grow cut"[^>]*>([^<]*)<', page) == [
        "taro@example.jp"
    ]


def test_what_a_mail_carries_along_comes_when_it_is_asked_for(mailbox: type[Post]) -> None:
    agent, message = a_mail(quoted="> 前の <b>メール</b>")
    browser = Browser().come_in(agent)
    assert "前の" not in browser.see(f"/inbox/{message.conversation_id}")
    carried = browser.see(f"/messages/{message.id}/carried")
    assert "&gt; 前の &lt;b&gt;メール&lt;/b&gt;" in carried
    assert "山田 太郎" in carried


def test_a_mail_that_carries_nothing_has_nothing_to_open(mailbox: type[Post]) -> None:
    agent, message = a_mail("", "", signature="")
    page = Browser().come_in(agent).see(f"/inbox/{message.conversation_id}")
    assert "/carried" not in page
    assert "/formatted" not in page
    assert "/original" in page


def test_the_frame_runs_nothing_and_loads_only_our_copies_of_its_pictures(mailbox: type[Post]) -> None:
    agent, message = a_mail()
    browser = Browser().come_in(agent)
    shown = browser.see(f"/messages/{message.id}/formatted")
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown
    assert "Pictures from elsewhere are not loaded" in shown
    response = browser.get(f"/messages/{message.id}/html")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'" in policy
    assert "sandbox allow-popups" in policy
    assert "frame-ancestors 'self'" in policy
    assert response.headers["x-frame-options"] == "SAMEORIGIN"
    assert "far.example" not in response.text
    source = re.search(r'src="(/pictures/[^"]+)"', response.text)
    assert source is not None
    picture = Browser().get(source[1])  # the frame sends no cookie
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["cross-origin-resource-policy"] == "cross-origin"


def test_pictures_from_elsewhere_are_loaded_only_where_our_own_page_asks(mailbox: type[Post]) -> None:
    agent, message = a_mail()
    browser = Browser().come_in(agent)
    asked = browser.get(f"/messages/{message.id}/html?remote=1")
    assert 'src="https://far.example/p.gif"' in asked.text
    assert "img-src 'self' https:;" in asked.headers["content-security-policy"]
    lured = browser.get(f"/messages/{message.id}/html?remote=1", headers={"sec-fetch-site": "cross-site"})
    assert "far.example" not in lured.text


def test_an_address_of_a_picture_ends_after_an_hour_and_cannot_be_made_up(mailbox: type[Post]) -> None:
    _, message = a_mail()
    with transaction() as db:
        key = db.query(Attachment.key).filter_by(message_id=message.id).scalar() or ""
    assert Browser().get(pictures.address(key, now() + timedelta(minutes=1))).status_code == 200
    assert Browser().get(pictures.address(key, now() - timedelta(minutes=1))).status_code == 404
    forged = pictures.address("other", now() + timedelta(minutes=1)).replace("other", key)
    assert Browser().get(forged).status_code == 404
    assert Browser().get(f"/pictures/{key}/x/é").status_code == 404


def test_the_original_is_downloaded_byte_for_byte(mailbox: type[Post]) -> None:
    agent, message = a_mail()
    response = Browser().come_in(agent).get(f"/messages/{message.id}/original")
    assert response.content == RAW
    assert response.headers["content-type"] == "message/rfc822"
    assert "attachment" in response.headers["content-disposition"]
    assert "%E3%83%9E%E3%83%95%E3%83%A9%E3%83%BC.eml" in response.headers["content-disposition"]


def test_who_may_not_see_the_message_gets_no_part_of_it(mailbox: type[Post]) -> None:
    _, message = a_mail()
    in_a_team(message)
    stranger = outsider()
    for part in ("carried", "formatted", "html", "original"):
        assert stranger.get(f"/messages/{message.id}/{part}").status_code == 404
        assert Browser().get(f"/messages/{message.id}/{part}").status_code == 303


def test_a_message_that_is_no_mail_has_none_of_this(mailbox: type[Post]) -> None:
    with transaction() as db:
        agent = factories.agent(db)
        message = factories.customer_says(db, factories.channel(db))
    assert Browser().come_in(agent).get(f"/messages/{message.id}/html").status_code == 404


@pytest.mark.parametrize(
    ("checked", "found"),
    [
        ({"dmarc": "pass"}, ""),
        ({"dkim": "pass", "aligned": "yes"}, ""),
        ({"dkim": "pass", "aligned": "yes", "dmarc": "fail"}, "failed"),
        ({"spf": "fail"}, "failed"),
        ({"spf": "pass"}, "unknown"),
        ({"dmarc": "none", "spf": "none"}, "unknown"),
        ({"server": "mx.shop.example"}, "unknown"),
        ({}, ""),
    ],
)
def test_a_sender_is_confirmed_by_dmarc_or_a_signature_of_its_own_domain(
    checked: dict[str, str], found: str
) -> None:
    assert doubt(checked) == found


ASKED, FAILED = "mx.shop.example", "dmarc=fail; spf=fail"
UNKNOWN, FORGED = "Nothing is known about whether", "it may be forged"


@pytest.mark.parametrize(
    ("trusted", "results", "said", "proved"),
    [
        ("", "", "", False),  # nobody is asked: that stands in the settings, not at each mail
        ("", f"{ASKED}; {FAILED}", "", False),
        ("", f"{ASKED}; dmarc=pass", "", False),
        (ASKED, f"{ASKED}; dmarc=pass", "", True),
        (ASKED, f"{ASKED}; {FAILED}", FORGED, False),
        (ASKED, f"{ASKED}; dmarc=none; spf=none", UNKNOWN, False),
        (ASKED, "", UNKNOWN, False),
        (ASKED, "mx.elsewhere.example; dmarc=pass", UNKNOWN, False),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_a_sender_is_doubted_only_where_somebody_was_asked_and_proved_only_by_the_answer(
    committed: None, trusted: str, results: str, said: str, proved: bool, known: bool
) -> None:
    told = f"Authentication-Results: {results}\r\n" if results else ""
    raw = f"{told}From: taro@example.jp\r\nTo: shop@shop.example\r\nSubject: a\r\n\r\nbody\r\n"
    own = {"address": "shop@shop.example", "trusted_server": trusted}
    with transaction() as db:
        agent = factories.agent(db, locale="en")
        channel = factories.channel(db, "email", settings=own)
        if known:
            factories.customer_says(db, channel, "先日", base.Person("taro@example.jp", name="太郎"))
        events = connect.connector(channel).parse(base.Request("MAIL", "imap:", body=raw.encode()))
        (outcome,) = factories.accept(db, channel, *events)
        identity = db.get_one(Identity, db.get_one(Message, outcome["message"]).identity_id)
        assert [one.sender.proof for one in events if isinstance(one, base.Inbound)] == [
            "code" if proved else "claimed"
        ]
        if not known:
            assert identity.proof == (CODE if proved else CLAIMED)
        thread = factories.thread_of(db, db.get_one(Message, outcome["message"]))
    page = Browser().come_in(agent).see(f"/inbox/{thread.id}")
    assert [words for words in (UNKNOWN, FORGED) if words in page] == ([said] if said else [])


@pytest.mark.parametrize(
    ("locale", "sentences"),
    [
        (
            "en",
            [
                "About reading this mail",
                "Some characters could not be read.",
                "be read. (KeyError)",
                "in full",
            ],
        ),
        ("ja", ["読み取りについて", "読み取れない文字", "メールを読み取れませんでした。 (KeyError)", "原本"]),
    ],
)
def test_what_was_odd_in_reading_a_mail_is_told_folded_below_it(
    mailbox: type[Post], locale: str, sentences: list[str]
) -> None:
    problems = ["Some characters could not be read.", "The mail could not be read (KeyError).", CUT]
    agent, message = a_mail(context={"problems": problems})
    with transaction() as db:
        db.get_one(Agent, agent.id).locale = locale
        thread = factories.thread_of(db, message)
    page = Browser().come_in(agent).see(f"/inbox/{thread.id}")
    (told,) = re.findall(r'<details class="fold problems">.*?</details>', page, re.DOTALL)
    for words in sentences:
        assert words in told
    assert told.count("<li>") == 3


def test_a_mail_without_problems_tells_of_none(mailbox: type[Post]) -> None:
    agent, message = a_mail()
    with transaction() as db:
        thread = factories.thread_of(db, message)
    assert "fold problems" not in Browser().come_in(agent).see(f"/inbox/{thread.id}")


def test_what_is_too_long_says_so_in_the_language_of_who_reads_it(mailbox: type[Post]) -> None:
    html = clean_html("<p>x</p>" * 200_000)
    assert is_cut(html)
    agent, message = a_mail(html[:200] + html[-200:])
    assert CUT in Browser().come_in(agent).get(f"/messages/{message.id}/html").text
    with transaction() as db:
        db.get_one(Agent, agent.id).locale = "ja"
    shown = Browser().come_in(agent).get(f"/messages/{message.id}/html").text
    assert CUT not in shown
    assert "長すぎるため全文は表示できません。" in shown


def test_a_mail_that_is_cut_says_so_among_its_problems() -> None:
    raw = b"From: a@b.jp\r\nContent-Type: text/html\r\n\r\n" + b"<p>x</p>" * 200_000
    (event,) = events_of(raw, Mailbox(("shop@shop.example",), b"k" * 32))
    assert isinstance(event, base.Inbound)
    assert event.context["problems"][-1] == CUT


@pytest.mark.parametrize(
    ("words", "href", "host"),
    [
        ("https://www.example.jp/mypage", "https://evil.example.net/login", "evil.example.net"),
        ("example.jp", "https://evil.example.net/", "evil.example.net"),
        ("https://example.jp@evil.example.net/", "https://evil.example.net/", ""),
        ("www.example.jp", "https://example.jp/a", ""),
        ("example.jp", "https://shop.example.jp/", ""),
        ("example.jp", "https://notexample.jp/", "notexample.jp"),
        ("こちら", "https://anywhere.example/", ""),
        ("report.pdf", "https://files.example/", ""),
        ("5.5", "https://files.example/", ""),
        ("https://example.jp", "https://[broken", ""),
    ],
)
def test_a_link_that_names_another_place_than_it_leads_to_is_told(words: str, href: str, host: str) -> None:
    assert misleads(words, href) == host


def test_a_link_in_the_frame_says_where_it_leads() -> None:
    shown = framed(
        '<a href="https://evil.example/x">https://example.jp</a>', {}, lambda host: f"leads to {host}"
    )
    assert 'title="https://evil.example/x"' in shown
    assert 'target="_blank"' in shown
    assert '<strong class="leads">leads to evil.example</strong>' in shown


def test_what_slipped_through_the_first_cleaning_ends_here() -> None:
    for html in (
        '<img src="https://far.example/x.png">',
        '<img data-cid="nobody" src="/files/x">',
        '<img data-cid="a" onerror="alert(1)">',
        '<div style="background:url(https://far.example/x)">x</div>',
        '<p title="<img data-cid=a src=x onerror=alert(1)>">x</p>',
        '<a href="javascript:alert(1)">x</a>',
        "<script>alert(1)</script>",
    ):
        for tag, name, value in attributes(framed(html, {"a": "/pictures/a/1/s"}, str)):
            assert tag != "script"
            assert not name.startswith("on")
            assert name == "title" or not re.search("javascript:|far.example|/files", value)


def attributes(html: str) -> list[tuple[str, str, str]]:
    """(tag, name, value) of everything in `html`."""
    found: list[tuple[str, str, str]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend([(tag, "", ""), *((tag, name, value or "") for name, value in attrs)])

    Reader().feed(html)
    return found


def test_the_last_cleaning_takes_nothing_from_what_the_first_one_left() -> None:
    style = "color:#c00;float:left;border-top-color:red;text-transform:uppercase"
    html = f'<div style="{style}"><address>a</address><p class="cut">b</p><font color="red">c</font></div>'
    cleaned = clean_html(html + '<a href="https://evil.example/">https://example.jp</a><img src="cid:a@b">')
    shown = framed(cleaned, {"a@b": "/pictures/a/1/s"}, lambda host: host)
    assert shown.count("<strong") == 1
    for words in (
        "float:left",
        "text-transform:uppercase",
        "<address>",
        'color="red"',
        '<img src="/pictures/a/1/s"',
    ):
        assert words in shown
