"""A mail's parts become text, HTML and files, whole, and within limits."""

import struct
import warnings
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tnefparse import TNEF  # type: ignore[import-untyped]  # it has no types

from channels.email import flowed, parts, tnef
from channels.email.reading import read
from tests.examples import some

# The same in every run, and a busy machine is no fault.
calm = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
CORPUS = Path(__file__).parent / "corpus"
FILES = st.lists(st.binary(max_size=200), max_size=4)
LINES = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"], include_characters="\n"), max_size=200)


@settings(calm, max_examples=some(60))
@given(LINES, FILES, st.booleans())
def test_what_the_standard_library_composes_is_read(text: str, files: list[bytes], html: bool) -> None:
    message = EmailMessage(policy=SMTP)
    message["From"] = "a@b.example"
    message.set_content(text)
    if html:
        message.add_alternative("<p>HTML</p>", subtype="html")
    for number, data in enumerate(files):
        message.add_attachment(data, "application", "octet-stream", filename=f"資料{number}.bin")
    mail = read(message.as_bytes())
    assert [file.data for file in mail.files] == files
    assert [file.name for file in mail.files] == [f"資料{number}.bin" for number in range(len(files))]
    assert mail.html == ("<p>HTML</p>" if html else "")
    if text.strip() and text.isascii():
        assert mail.text == text.replace("\r", "\n").strip("\n").rstrip()


@calm
@given(st.binary(max_size=500))
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    assert not [problem for problem in read(raw).problems if problem.startswith("The mail could not be read")]


def test_parts_beyond_the_limit_are_told() -> None:
    mail = read(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000)
    assert "There are too many parts; the rest of them were not opened." in mail.problems


def test_mails_within_mails_are_not_opened() -> None:
    mail = read(b"Content-Type: message/rfc822\r\n\r\n" * 50_000)
    assert [file.media_type for file in mail.files] == ["message/rfc822"]


def test_a_text_without_end_is_cut_and_says_so() -> None:
    mail = read(b"Content-Type: text/plain\r\n\r\n" + b"word " * 2_000_000)
    assert len(mail.text) <= 1_000_000
    assert "The text is too long; the rest of it stands in the original." in mail.problems


def test_a_large_file_keeps_every_byte() -> None:
    data = bytes(range(256)) * 20_000
    message = EmailMessage(policy=SMTP)
    message.set_content("hi")
    message.add_attachment(data, "application", "zip", filename="a.zip")
    assert read(message.as_bytes()).files[0].data == data


def test_what_nobody_foresaw_leaves_who_when_and_what_about(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("channels.email.bodies.collect", broken)
    mail = read(b"From: taro@example.jp\r\nSubject: Help\r\n\r\nhi")
    assert mail.sender is not None
    assert (mail.sender.address, mail.subject, mail.text) == ("taro@example.jp", "Help", "")
    assert "The mail could not be read (RuntimeError)." in mail.problems


@pytest.mark.parametrize("name", sorted(path.stem for path in CORPUS.glob("winmail-dat-with*.eml")))
def test_winmail_dat_is_read_as_another_reader_does(name: str) -> None:
    root = parts.parse((CORPUS / f"{name}.eml").read_bytes(), parts.Budget())
    data = root.children[-1].data(parts.Budget())
    with warnings.catch_warnings(action="ignore"):
        other = TNEF(data)
    assert [file.data for file in tnef.unpack(data).files] == [file.data for file in other.attachments]


def test_the_richest_form_of_an_outlook_mail_is_inflated() -> None:
    """The example of MS-OXRTFCP, 4.1."""
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af90000000000000000000000000000"
    )[:16]
    body = bytes.fromhex(
        "03000a007263706731323542320af32068656c09002062770 5b06c647d0a800fa0".replace(" ", "")
    )
    rtf = tnef._rtf({0x1009: (0x0102, packed + body)})
    assert rtf == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


@calm
@given(st.binary(max_size=300))
def test_a_broken_winmail_dat_gives_what_it_can(raw: bytes) -> None:
    tnef.unpack(tnef.SIGNATURE + b"\1\0" + raw)
    tnef.unpack(tnef.SIGNATURE + b"\1\0\1" + struct.pack("<HHI", 0x9003, 6, len(raw)) + raw + b"\0\0")


def test_a_line_that_flows_into_a_quote_does_not_join_it() -> None:
    assert flowed.unflow("yes \n> no \n> more\nend") == "yes\n> no more\nend"
    assert flowed.unflow("一行 \n続き ", delete_space=True) == "一行続き"
