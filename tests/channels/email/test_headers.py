"""Headers are read whatever stands in them: names, addresses, ids, dates, parameters."""

from email.headerregistry import Address as Written
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.email import addresses, dates, headers, parameters, words
from channels.email.reading import read

# The same in every run, and a busy machine is no fault.
calm = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.text(st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"]), min_size=1, max_size=20)


@calm
@given(NAMES, st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=80))
def test_what_the_standard_library_writes_is_read(name: str, subject: str) -> None:
    message = EmailMessage(policy=SMTP)
    message["Subject"] = subject.strip()
    message["From"] = Written(name, "taro", "example.jp")
    message.set_content("text")
    mail = read(message.as_bytes())
    shown = mail.subject.replace("〓", "")
    assert shown == "".join(
        char for char in subject.strip() if not "\ue000" <= char <= "\uf8ff" and char < "\U000f0000"
    )
    assert mail.sender is not None
    assert mail.sender.address == "taro@example.jp"


@calm
@given(st.text(max_size=200))
def test_no_text_breaks_a_reader_of_headers(value: str) -> None:
    for read_value in (words.decode, headers.readable, headers.ids, headers.message_id, addresses.parse):
        read_value(value)
    dates.parse(value)
    dates.received(value)
    parsed = parameters.parse(value)
    name = parameters.file_name(parsed, parsed)
    assert len(name) <= parameters.MAX_NAME
    assert not set(name) & set("/\\\r\n\0")


@calm
@given(st.binary(max_size=300))
def test_a_header_block_ends_where_it_ends(raw: bytes) -> None:
    block = headers.parse(raw)
    assert 0 <= block.start <= len(raw)
    block.decoded()


def test_ten_thousand_recipients_are_read_and_more_are_told() -> None:
    people = b",\r\n ".join(b'"Taro %d" <u%d@example.com>' % (n, n) for n in range(10_000))
    mail = read(b"From: a@b.example\r\nDate: Fri, 5 Jan 2024 10:00:00 +0900\r\nCc: " + people + b"\r\n\r\nhi")
    assert (len(mail.cc), mail.cc[-1].name, mail.problems) == (10_000, "Taro 9999", ())
    mail = read(b"From: a@b.example\r\nCc: " + people + b", one@more.example\r\n\r\nhi")
    assert len(mail.cc) == 10_000
    assert "There are too many recipients; the rest of them were not read." in mail.problems


def test_ids_that_another_program_encoded_are_read() -> None:
    ids = [f"<{letter * 90}@mail.example>" for letter in "ab"]
    message = EmailMessage(policy=SMTP)
    message["References"] = " ".join(ids)
    assert b"=?utf-8?q?" in message.as_bytes()
    assert read(message.as_bytes()).references == tuple(ids)


def test_a_million_empty_headers_are_cut_and_the_text_is_found() -> None:
    mail = read(b"From: a@b.example\r\n" + b"X:\r\n" * 1_000_000 + b"\r\nhi")
    assert mail.text == "hi"
    assert mail.sender is not None
    assert "The header is too long; the rest of it was not read." in mail.problems


@pytest.mark.parametrize(
    "value",
    [
        "(" * 100_000,
        '"' * 100_000,
        "<" * 100_000,
        "a" * 100_000,
        "a@" * 50_000,
        " " * 100_000 + "@",
        "=?" * 50_000,
        "=?a?q?" * 20_000,
        "=?a?q?a?" * 20_000,
        "a=" + '"' * 100_000,
        "; " * 50_000,
        "a*1*=%" * 20_000,
    ],
    ids=lambda value: value[:6],
)
def test_a_header_made_to_take_for_ever_does_not(value: str) -> None:
    for name in ("From", "Subject", "Content-Type", "References", "Date", "Content-Disposition"):
        assert read(f"{name}: {value}\r\n\r\nhi".encode()).text in ("hi", "")


def test_the_end_of_a_quoted_name_is_searched_once_however_many_quotes_are_escaped() -> None:
    tokens = addresses._TOKEN.findall('"' + '\\"' * 1_000)
    assert tokens.count('"') == 1  # the rest of the value is searched at each of these
    (one,) = addresses.parse('"' + '\\"' * 3_000 + '" <taro@mail.example>')
    assert (one.name.count("\\") <= 1, one.address) == (
        True,
        "taro@mail.example",
    )  # cut, and still one quoted word
    (one,) = addresses.parse('\\"Taro\\" <taro@mail.example>')
    assert one.name == "Taro"


def test_an_entry_is_put_together_once_however_many_colons_are_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    put: list[addresses._Entry] = []
    text = addresses._Entry.text

    def counted(entry: addresses._Entry) -> str:
        put.append(entry)
        return text(entry)

    monkeypatch.setattr(addresses._Entry, "text", counted)
    addresses.parse("@:" * 1_000)
    assert len(put) < 10


def test_the_last_server_tells_when_it_got_the_mail() -> None:
    last = b"Received: from a by b; Fri, 5 Jan 2024 10:00:09 +0900 (JST)\r\n"
    first = b"Received: from c by a; Thu, 4 Jan 2024 00:00:00 GMT\r\n"
    mail = read(last + first + b"Date: nonsense\r\n\r\nhi")
    assert mail.date is None
    assert mail.received_at is not None
    assert mail.received_at.isoformat() == "2024-01-05T10:00:09+09:00"
