"""What we send is proper mail, whatever was written into it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email import tokens
from channels.email.composing import From, compose
from channels.email.reading import read
from channels.events import Attachment, Participant, Person
from channels.outbound import ChannelError, Outbound

KEY = b"k" * 32
SHOP = From("support@shop.jp", "ひだまり商店", signature="ひだまり商店 03-1234-5678", plus=True)
AT = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
ANSWER = Outbound(
    "m17",
    Person("taro@example.jp", name="山田 太郎"),
    "返品を承りました。",
    subject="Re: 返品",
    conversation="41",
)


def sent(outbound: Outbound = ANSWER, by: From = SHOP) -> EmailMessage:
    message = BytesParser(policy=policy.default).parsebytes(compose(outbound, by, KEY, AT).data)
    assert isinstance(message, EmailMessage)
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    text = part.get_content()
    assert isinstance(text, str)
    return text.replace("\r\n", "\n")


def test_an_answer_has_what_a_mail_program_needs() -> None:
    message = sent()
    assert message["from"] == "ひだまり商店 <support@shop.jp>"
    assert message["to"] == "山田 太郎 <taro@example.jp>"
    assert message["subject"] == "Re: 返品"
    assert message["date"].datetime == AT
    assert tokens.conversation_of(KEY, message["reply-to"]) == "41"
    assert tokens.conversation_of(KEY, message["message-id"]) == "41"
    assert "返品を承りました。" in body(message, "plain")
    assert "<p>返品を承りました。</p>" in body(message, "html")
    assert "auto-submitted" not in message


def test_every_attempt_has_the_same_message_id_and_bytes() -> None:
    assert compose(ANSWER, SHOP, KEY, AT).message_id == compose(ANSWER, SHOP, KEY, AT).message_id
    later = compose(replace(ANSWER, text="返品"), SHOP, KEY)
    assert later.message_id == compose(ANSWER, SHOP, KEY, AT).message_id


def test_the_thread_is_named_by_the_first_and_the_last_ids() -> None:
    before = tuple(f"<{n}@example.jp>" for n in range(40))
    message = sent(replace(ANSWER, in_reply_to="<last@example.jp>", references=before))
    assert message["in-reply-to"] == "<last@example.jp>"
    named = message["references"].split()
    assert (named[0], named[-1], len(named)) == ("<0@example.jp>", "<last@example.jp>", 20)


def test_ids_longer_than_a_line_stand_as_they_are() -> None:
    answered, before = (
        f"<{'A' * 38}@{'B' * 39}>",
        (f"<{'C' * 100}@x.example>", f"<{'D' * 74}>", "<é@x.example>"),
    )
    data = compose(replace(ANSWER, in_reply_to=answered, references=before), SHOP, KEY, AT).data
    assert len(answered) == 80  # as those of Microsoft 365
    assert f"\r\nIn-Reply-To: {answered}\r\n".encode() in data
    assert "\r\nReferences: {}\r\n {}\r\n {}\r\n".format(*before[:2], answered).encode() in data


def test_no_space_of_a_long_subject_is_lost() -> None:
    dice = random.Random(3)
    words = (
        "ご注文",
        "番号",
        "12345",
        "について",
        "予定日",
        "AB-12",
        "（重要）",
        "Re:",
        "11月",
        "online",
        "émail",
        "😀",
    )
    for _ in range(40):
        subject = " ".join(dice.choice(words) for _ in range(dice.randint(10, 20)))
        data = compose(replace(ANSWER, subject=subject), SHOP, KEY, AT).data
        assert read(data).subject == subject
        assert BytesParser(policy=policy.default).parsebytes(data, headersonly=True)["subject"] == subject
        assert max(map(len, data.partition(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78


def test_no_space_of_a_long_name_is_lost() -> None:
    name = "カスタマーサポート窓口 Online Shop 東京本店 Support Desk Team お客様相談室 Main"
    people = {"hanako@example.jp": "花子", "m@example.jp": f"{name} 2", "b@example.jp": 'Boss, "A"'}
    others = tuple(Participant(address, called, "cc") for address, called in people.items())
    to = replace(ANSWER, to=Person("taro@example.jp", name=name), others=others)
    data = compose(to, replace(SHOP, name=name), KEY, AT).data
    message = BytesParser(policy=policy.compat32).parsebytes(data, headersonly=True)
    told = {field: str(make_header(decode_header(message[field]))) for field in ("From", "To", "Reply-To")}
    assert told["From"] == f"{name} <support@shop.jp>"
    assert told["To"] == f"{name} <taro@example.jp>"
    assert told["Reply-To"].startswith(f"{name} <support+")
    kept = read(data)
    assert kept.sender is not None
    assert kept.sender.name == name
    assert {one.address: one.name for one in kept.cc} == people
    head = data.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert max(map(len, head.split(b"\r\n"))) <= 78


def test_copies_are_named_and_blind_ones_are_not() -> None:
    others = (
        Participant("hanako@example.jp", "花子", "cc"),
        Participant("boss@example.jp", "", "bcc"),
        Participant("jiro@example.jp", "", "to"),
    )
    made = compose(replace(ANSWER, others=others), SHOP, KEY, AT)
    assert made.recipients == ("taro@example.jp", "jiro@example.jp", "hanako@example.jp", "boss@example.jp")
    assert b"boss@" not in made.data
    assert b"hanako@example.jp" in made.data


def test_an_automatic_mail_says_so_and_comes_from_nobody() -> None:
    made = compose(replace(ANSWER, automatic=True), SHOP, KEY, AT)
    message = BytesParser(policy=policy.default).parsebytes(made.data)
    assert made.sender == ""
    assert (message["auto-submitted"], message["x-auto-response-suppress"]) == ("auto-replied", "All")


def test_signatures_stand_below_the_agents_first() -> None:
    text = body(sent(replace(ANSWER, signature="佐藤")), "plain")
    assert (
        text.index("返品を承りました。") < text.index("-- \n佐藤") < text.index("ひだまり商店 03-1234-5678")
    )


def test_what_is_answered_is_quoted_where_it_is_wanted() -> None:
    quoted = replace(
        ANSWER, quote="届きません。\nなぜですか。", quote_at=AT, quote_by="山田 太郎", locale="ja"
    )
    message = sent(quoted)
    assert "2026年11月22日(日) 01:02 山田 太郎:\n> 届きません。\n> なぜですか。" in body(message, "plain")
    assert '<blockquote type="cite">届きません。<br>なぜですか。</blockquote>' in body(message, "html")


def test_pictures_of_the_html_and_files_go_along() -> None:
    picture = Attachment("図.png", "image/png", data=b"\x89PNG", content_id="p1@shop")
    file = Attachment("見積書.csv", "text/csv", data="品名\r\n".encode("cp932"))
    message = sent(replace(ANSWER, html='<p>図<img src="cid:p1@shop"></p>', attachments=(picture, file)))
    related = [part for part in message.walk() if part["content-id"] == "<p1@shop>"]
    assert [part.get_content() for part in related] == [b"\x89PNG"]
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_payload(decode=True)) == (
        "見積書.csv",
        "品名\r\n".encode("cp932"),
    )


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_name_or_subject_can_add_a_header(name: str, subject: str) -> None:
    tricky = replace(
        ANSWER,
        to=Person("taro@example.jp", name=f"a\r\nBcc: {name}"),
        subject=f"x\r\nBcc: y@z.jp\n\n{subject}",
        author=f"佐\r\nX-Evil: {name}",
    )
    by = replace(SHOP, name_agents=True, name=f"店\nX-Evil: {name}")
    message = sent(tricky, by)
    assert "bcc" not in message
    assert "x-evil" not in message
    assert set(message.keys()) <= {
        *("Date", "Message-ID", "From", "To", "Reply-To", "Subject"),
        *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
    }


@pytest.mark.parametrize("address", ["", "taro", "a@b\r\nBcc: c@d", "a b@c.jp", "a@b,c@d", "<a@b>"])
def test_nothing_is_sent_to_what_is_no_address(address: str) -> None:
    with pytest.raises(ChannelError) as refused:
        compose(replace(ANSWER, to=Person(address)), SHOP, KEY, AT)
    assert refused.value.permanent


@pytest.mark.parametrize("address", ["foo..bar@docomo.ne.jp", ".foo.@ezweb.ne.jp", "o'neil@example.ie"])
def test_old_addresses_of_carriers_are_written_to(address: str) -> None:
    made = compose(replace(ANSWER, to=Person(address, name="携帯")), SHOP, KEY, AT)
    assert made.recipients == (address,)
    assert address.rpartition("@")[0].encode() in made.data


def test_the_lines_are_short_and_end_as_smtp_wants_them() -> None:
    data = compose(replace(ANSWER, text="長い" * 5000), SHOP, KEY, AT).data
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
