"""A customer writes from Outlook, answers from a phone and chats on the site; one thread, over real mail servers."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import format_datetime
from typing import Any

import pytest
from sqlalchemy import select

from app import collecting, deliver, inbox, verify
from app.db import now, reading, transaction
from app.models import (
    Agent,
    Attachment,
    Case,
    Channel,
    Conversation,
    Customer,
    Delivery,
    Identity,
    Message,
    MessageSource,
)
from channels.base import Participant, Person
from tests import factories as make
from tests.mailservers import PASSWORD, USER, ImapServer, SmtpServer, imap_server, smtp_server
from tests.serving import until

pytestmark = pytest.mark.usefixtures("committed")

SHOP = "support@shop.example"
WRITTEN = "㈱山田です。\n写真のとおり割れていました。ﾃﾞﾝﾜ下さい。"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc00000030101"
    "00c9fe92ef0000000049454e44ae426082"
)


class Post:
    """The customers' side: what they send lands in the mailbox, what they got lies at the mail server."""

    def __init__(self, box: ImapServer, server: SmtpServer, channel: Channel) -> None:
        self.box, self.server, self.channel = box, server, channel

    def bring(self, raw: bytes, folder: str = "INBOX") -> Message:
        """A mail arrives and is read; what it became."""
        before = newest()
        self.box.add(raw, folder)
        until(lambda: newest() > before, "the mail is in the thread", 20)
        with reading() as db:
            return db.get_one(Message, newest())

    def answered(self) -> EmailMessage:
        """What the customer got last, as their program reads it."""
        deliver.drain(self.channel.id)
        return parsed(self.server.received[-1].data)


def parsed(raw: bytes) -> EmailMessage:
    made = BytesParser(policy=policy.default).parsebytes(raw)
    assert isinstance(made, EmailMessage)
    return made


def newest() -> int:
    with reading() as db:
        return (
            db.scalar(select(Message.id).where(Message.kind != "system").order_by(Message.id.desc()).limit(1))
            or 0
        )


@contextmanager
def connected(**settings: Any) -> Iterator[Post]:
    """A mailbox on real servers, held by this process."""
    with served(**settings) as post, collecting.running():
        yield post


@contextmanager
def served(**settings: Any) -> Iterator[Post]:
    """A mailbox on real servers, which nobody reads yet."""
    with imap_server() as box, smtp_server() as server:
        told = {
            "address": SHOP,
            "name": "ひだまり商店",
            "user": USER,
            "imap_host": box.host,
            "imap_port": box.port,
            "imap_security": "none",
            "smtp_host": server.host,
            "smtp_port": server.port,
            "smtp_security": "none",
            **settings,
        }
        with transaction() as db:
            channel = make.channel(db, "email", settings=told, secrets={"password": PASSWORD})
        yield Post(box, server, channel)


@pytest.fixture
def post(committed: None, private_allowed: None) -> Iterator[Post]:
    with connected(trusted_server="mx.shop.example") as made:
        yield made


@pytest.fixture
def sato(committed: None, private_allowed: None) -> Agent:
    with transaction() as db:
        return make.agent(db, "佐藤", signature="佐藤（ひだまり商店）")


def jis(text: str) -> bytes:
    """As Microsoft writes ISO-2022-JP (CP50221): with the signs of NEC and IBM and half-width kana, which no codec of
    Python writes."""
    said, mode = b"", b"\x1b(B"
    for sign in text:
        raw = sign.encode("cp932")
        escape, raw = (
            (b"\x1b$B", _two_bytes(*raw)) if len(raw) == 2 else (_one_byte(raw), bytes([raw[0] & 127]))
        )
        said, mode = said + (escape if escape != mode else b"") + raw, escape
    return said + (b"\x1b(B" if mode != b"\x1b(B" else b"")


def _one_byte(raw: bytes) -> bytes:
    return b"\x1b(I" if raw[0] > 127 else b"\x1b(B"


def _two_bytes(high: int, low: int) -> bytes:
    row = (high - (0x70 if high < 0xA0 else 0xB0)) * 2
    return (
        bytes([row, low - 0x7E]) if low >= 0x9F else bytes([row - 1, low - (0x20 if low >= 0x80 else 0x1F)])
    )


def word(text: str) -> bytes:
    return b"=?iso-2022-jp?B?" + base64.b64encode(jis(text)) + b"?="


def outlook(subject: str = "注文№１２③の件") -> bytes:
    """As Outlook in Japan writes: ISO-2022-JP beyond its standard, a picture in the HTML."""
    html = (
        "<html><body lang=JA><p class=MsoNormal>㈱山田です。<o:p></o:p></p>"
        "<p class=MsoNormal>写真のとおり割れていました。"
        '<img src="cid:p1@ol"></p></body></html>'
    )
    lines = [
        b"Authentication-Results: mx.shop.example; dmarc=pass header.from=example.jp",
        b"From: " + word("髙橋 太郎") + b" <taro@example.jp>",
        b"To: " + word("ひだまり商店") + b" <" + SHOP.encode() + b">",
        b"Subject: " + word(subject),
        b"Date: " + format_datetime(now()).encode(),
        b"Message-ID: <first@example.jp>",
        b"X-Mailer: Microsoft Outlook 16.0",
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/related; boundary="r"',
        b"\r\n--r\r\nContent-Type: multipart/alternative; boundary=a",
        b'\r\n--a\r\nContent-Type: text/plain; charset="iso-2022-jp"\r\nContent-Transfer-Encoding: 7bit\r\n',
        jis("㈱山田です。\r\n写真のとおり割れていました。ﾃﾞﾝﾜ下さい。\r\n"),
        b'--a\r\nContent-Type: text/html; charset="iso-2022-jp"\r\nContent-Transfer-Encoding: 7bit\r\n',
        jis(html),
        b"--a--\r\n--r\r\nContent-Type: image/png; name=" + b'"' + word("写真.png") + b'"',
        b"Content-ID: <p1@ol>\r\nContent-Transfer-Encoding: base64\r\n",
        base64.encodebytes(PNG),
        b"--r--\r\n",
    ]
    return b"\r\n".join(lines)


def answer(to: EmailMessage, sender: str, text: str, **headers: str) -> bytes:
    """A mail program's answer."""
    message = EmailMessage()
    message["From"], message["To"] = sender, str(to["from"])
    message["Subject"] = f"Re: {to['subject']}"
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<answer-{abs(hash((sender, text)))}@phone.example>"
    message["In-Reply-To"] = str(to["message-id"])
    message["References"] = f"{to['references'] or ''} {to['message-id']}".strip()
    for name, value in headers.items():
        message[name] = value
    message.set_content(f"{text}\n\n2026年11月22日(日) 10:00 ひだまり商店 <{SHOP}>:\n> お詫びします。\n")
    return message.as_bytes()


def say(sato: Agent, message: Message, text: str, **more: Any) -> Message:
    with transaction() as db:
        return make.reply(db, sato, make.thread_of(db, message), text, **more)


def thread(of: Message) -> list[tuple[str, str]]:
    """(kind, text) of what agents see, in order; our own lines left out."""
    with reading() as db:
        head = make.thread_of(db, db.get_one(Message, of.id))
        mine = select(Conversation.id).where(Conversation.head_id == head.id)
        rows = db.scalars(
            select(Message)
            .where(Message.conversation_id.in_(mine), Message.kind != "system")
            .order_by(Message.sent_at, Message.id)
        )
        return [(row.kind, row.text) for row in rows]


def test_outlook_a_phone_and_the_chat_stand_in_one_thread_in_order(post: Post, sato: Agent) -> None:
    first = post.bring(outlook())
    with reading() as db:
        source = db.get_one(MessageSource, first.id)
        (picture,) = db.scalars(select(Attachment).filter_by(message_id=first.id))
    assert first.text == WRITTEN
    assert (picture.name, picture.content_id) == ("写真.png", "p1@ol")
    assert 'data-cid="p1@ol"' in source.html

    say(sato, first, "お詫びします。すぐに新しい品をお送りします。")
    mail = post.answered()
    assert mail["subject"] == "Re: 注文№１２③の件"
    assert (mail["in-reply-to"], mail["from"]) == ("<first@example.jp>", f"ひだまり商店 <{SHOP}>")
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "-- \r\n佐藤（ひだまり商店）" in plain.get_content()

    phone = post.bring(answer(mail, "foo..bar@docomo.ne.jp", "ありがとうございます。携帯からです。"))
    assert phone.text == "ありがとうございます。携帯からです。"
    with transaction() as db:  # another address: an agent says that it is the same person
        his = db.get_one(Customer, make.thread_of(db, db.get_one(Message, phone.id)).customer_id)
        hers = db.get_one(Customer, make.thread_of(db, db.get_one(Message, first.id)).customer_id)
        inbox.link(db, his, hers, agent=sato, evidence={"said": "in the mail"})
    with transaction() as db:
        site = make.channel(db, "webchat")
        known = Person("visitor-7", email="taro@example.jp", proof="signed", kind="user", scope=site.key)
        make.customer_says(db, site, "届きました。", known)
    assert thread(first) == [
        ("inbound", WRITTEN),
        ("outbound", "お詫びします。すぐに新しい品をお送りします。"),
        ("inbound", "ありがとうございます。携帯からです。"),
        ("inbound", "届きました。"),
    ]
    with reading() as db:
        assert verify.report(db).clean


def test_an_answer_from_the_same_address_needs_nobody(post: Post, sato: Agent) -> None:
    first = post.bring(outlook())
    say(sato, first, "承知しました。")
    mail = post.answered()
    post.bring(answer(mail, "Taro@Example.JP", "お願いします。"))
    assert [text for _, text in thread(first)][1:] == ["承知しました。", "お願いします。"]


def test_what_was_answered_in_another_program_stands_in_the_thread_once(post: Post) -> None:
    post.box.make_folder("送信済みメール", "\\Sent")
    first = post.bring(outlook())
    written = EmailMessage()
    written["From"], written["To"] = SHOP, "taro@example.jp"
    written["Subject"], written["Date"] = "Re: 注文№１２③の件", format_datetime(now())
    written["Message-ID"], written["In-Reply-To"] = "<by-phone@phone.example>", "<first@example.jp>"
    written.set_content("スマートフォンからの返事です。")
    post.box.add(written.as_bytes(), "送信済みメール")
    post.box.add(answer(written, "hanako@example.jp", "別の客です。"))  # what comes wakes the line
    until(lambda: len(thread(first)) == 2, "it is in the thread", 20)
    post.bring(answer(written, "taro@example.jp", "わかりました。"))
    assert thread(first)[1:] == [
        ("outbound", "スマートフォンからの返事です。"),
        ("inbound", "わかりました。"),
    ]
    deliver.drain(post.channel.id)
    assert post.server.received == []


def test_copies_get_the_answer_and_what_they_answer_stands_in_the_thread(post: Post, sato: Agent) -> None:
    first = post.bring(outlook())
    say(sato, first, "花子様にもお送りします。", others=(Participant("hanako@example.jp", "花子", "cc"),))
    mail = post.answered()
    assert post.server.received[-1].recipients == ("taro@example.jp", "hanako@example.jp")
    assert "hanako@example.jp" in mail["cc"]
    hers = post.bring(answer(mail, "花子 <hanako@example.jp>", "花子です。"))
    assert thread(first)[-1] == ("inbound", "花子です。")
    with reading() as db:
        assert db.get_one(Identity, hers.identity_id).address == "hanako@example.jp"
        assert verify.report(db).clean


def test_a_bounce_marks_the_very_message_and_the_address(post: Post, sato: Agent) -> None:
    first = post.bring(outlook())
    lost = say(sato, first, "お詫びします。")
    mail = post.answered()
    with reading() as db:
        before = newest()
    post.box.add(bounce(mail))
    until(lambda: state(lost)[0] == "failed", "the message counts as not delivered", 20)
    assert state(lost) == ("failed", "The address does not exist.")
    assert newest() == before
    with reading() as db:
        assert db.scalars(select(Identity).filter_by(address="taro@example.jp")).one().unreachable


def bounce(mail: EmailMessage) -> bytes:
    """As Postfix reports it (RFC 3464)."""
    return (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example (Mail Delivery System)\r\n"
        f"To: {SHOP}\r\nSubject: Undelivered Mail Returned to Sender\r\nDate: {format_datetime(now())}\r\n"
        "Message-ID: <bounce@mx.example>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nThis is the mail system. I'm sorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        "Final-Recipient: rfc822; taro@example.jp\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {mail['message-id']}\r\nTo: taro@example.jp\r\n\r\n"
        "--b--\r\n"
    ).encode()


def state(of: Message) -> tuple[str, str]:
    with reading() as db:
        row = db.scalars(select(Delivery).filter_by(message_id=of.id)).one()
        return row.state, row.error


def test_out_of_office_opens_no_case_again(post: Post, sato: Agent) -> None:
    first = post.bring(outlook())
    say(sato, first, "承知しました。")
    mail = post.answered()
    with transaction() as db:
        inbox.resolve(db, sato, make.thread_of(db, db.get_one(Message, first.id)))
    away = post.bring(answer(mail, "taro@example.jp", "休暇中です。", **{"Auto-Submitted": "auto-replied"}))
    with reading() as db:
        assert make.thread_of(db, db.get_one(Message, away.id)).status == "resolved"
        assert [case.status for case in db.scalars(select(Case))] == ["resolved"]


@pytest.mark.usefixtures("private_allowed")
def test_a_restart_in_the_middle_and_new_numbers_lose_and_double_nothing() -> None:
    with served() as post:
        with collecting.running():
            first = post.bring(outlook())
            until(lambda: cursor_of(post.channel) != {}, "the cursor is kept", 10)
        post.box.add(answer(parsed(outlook()), "taro@example.jp", "その間に。"))
        with collecting.running():
            until(lambda: len(thread(first)) == 2, "what came meanwhile is there", 20)
            post.box.renumber()
            post.bring(answer(parsed(outlook()), "taro@example.jp", "続きです。"))
        assert [text for _, text in thread(first)] == [WRITTEN, "その間に。", "続きです。"]


def cursor_of(channel: Channel) -> dict[str, Any]:
    with reading() as db:
        return dict(db.get_one(Channel, channel.id).cursor)
