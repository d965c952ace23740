"""Files are what their bytes say, never what they are called."""

from __future__ import annotations

import errno
import io
import os
import struct
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import contents, files
from app.inbox import Refused
from app.models import Attachment, Message
from channels import base
from tests import factories as make
from tests.examples import some

LIMIT = 1_000_000
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + b"\x00" * 200
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><script>alert(1)</script></html>"


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind, **options)
    return out.getvalue()


def office() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    return out.getvalue()


def bomb() -> bytes:
    """A PNG that says it is 60,000 by 60,000."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\x00" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_known_by_its_bytes_and_scaled(db: Session, kind: str) -> None:
    kept = files.store(db, picture(kind, (2000, 1000)), "noname", limit=LIMIT)
    assert (kept.content_type, kept.width, kept.height) == (f"image/{kind.lower()}", 2000, 1000)
    with Image.open(files.path_of(kept, scaled=True)) as small:
        assert small.size == (contents.THUMB, contents.THUMB // 2)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (EXE, "photo.png"),
        (EXE, "setup.exe"),
        (SVG, "logo.svg"),
        (SVG, "logo.png"),
        (HTML, "page.html"),
        (HTML, "page.pdf"),
        (b"#!/bin/sh\nrm -rf /\n", "run.sh"),
        (b"\x00" * 100, "zeros.txt"),
        (b"\x81\xff\xfe", "neither.txt"),
    ],
)
def test_what_could_harm_is_refused_whatever_it_is_called(db: Session, data: bytes, name: str) -> None:
    with pytest.raises(Refused, match="cannot be accepted"):
        files.store(db, data, name, limit=LIMIT)


def test_a_picture_that_would_fill_the_memory_is_refused(db: Session) -> None:
    with pytest.raises(Refused, match="too many pixels"):
        files.store(db, bomb(), "small.png", limit=LIMIT)


def test_nothing_and_too_much_are_refused(db: Session) -> None:
    with pytest.raises(Refused, match="empty"):
        files.store(db, b"", "a.txt", limit=LIMIT)
    with pytest.raises(Refused, match="larger than 1 MB"):
        files.store(db, b"x" * (LIMIT + 1), "a.txt", limit=LIMIT)


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        ("日本語のテキスト".encode("cp932"), "memo.txt", "text/plain"),
        ("日本語のテキスト".encode(), "表.csv", "text/csv"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n", "a.pdf", "application/pdf"),
    ],
)
def test_text_and_pdf_are_welcome(db: Session, data: bytes, name: str, kind: str) -> None:
    kept = files.store(db, data, name, limit=LIMIT)
    assert (kept.content_type, kept.name, kept.size) == (kind, name, len(data))
    assert files.path_of(kept).read_bytes() == data


@pytest.mark.parametrize("name", ["見積.docx", "表.xlsx", "資料.pptx"])
def test_office_documents_are_welcome(db: Session, name: str) -> None:
    assert files.store(db, office(), name, limit=LIMIT).name == name


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Windows\\win.txt", "win.txt"),
        ("a\r\nSet-Cookie: x.txt", "a Set-Cookie: x.txt"),
        ("nul\x00.txt", "nul.txt"),
        ("あ" * 500 + ".txt", None),
    ],
)
def test_a_name_is_the_last_part_of_it_on_one_line(db: Session, told: str, kept: str | None) -> None:
    name = files.store(db, b"hello", told, limit=LIMIT).name if kept else contents.name_of(told)
    assert name == kept if kept else len(name) <= 120
    assert not {"/", "\\", "\n", "\x00"} & set(name)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("あ" * 130 + ".csv", "あ" * 115 + "….csv"),
        ("あ" * 116 + ".csv", "あ" * 116 + ".csv"),
        ("a." + "b" * 200, "a." + "b" * 117 + "…"),
    ],
)
def test_a_long_name_keeps_its_ending(db: Session, told: str, kept: str) -> None:
    assert contents.name_of(told) == kept
    if kept.endswith(".csv"):
        stored = files.store(db, b"a,b", told, limit=LIMIT)
        assert (stored.name, stored.content_type) == (kept, "text/csv")


def test_the_shown_picture_says_nothing_of_where_it_was_taken(db: Session) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif[0x0112] = 6  # lying on its side
    kept = files.store(db, picture("JPEG", (400, 200), exif=exif), "a.jpg", limit=LIMIT)
    shown = files.path_of(kept, scaled=True).read_bytes()
    assert b"taken at home" not in shown
    with Image.open(io.BytesIO(shown)) as small:
        assert not dict(small.getexif())
        assert small.size == (200, 400)  # turned upright


def test_a_cut_off_picture_is_kept_or_refused_but_never_breaks(db: Session) -> None:
    whole = picture("JPEG", (300, 300))
    for length in range(0, len(whole), 97):
        try:
            files.store(db, whole[:length], "a.jpg", limit=LIMIT)
        except Refused:
            continue


@settings(max_examples=some(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([picture("PNG"), picture("GIF"), picture("WEBP"), office(), EXE, SVG, b""]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8),
    st.text(max_size=20),
)
def test_damaged_bytes_are_kept_or_refused_with_a_sentence(
    db: Session, data: bytes, damage: list[tuple[int, int]], name: str
) -> None:
    broken = bytearray(data)
    for place, value in damage:
        if place < len(broken):
            broken[place] = value
    with suppress(Refused):
        assert files.store(db, bytes(broken), name, limit=LIMIT).size == len(broken)


def test_the_same_bytes_lie_there_once(db: Session) -> None:
    one = files.store(db, b"same", "a.txt", limit=LIMIT)
    other = files.store(db, b"same", "b.txt", limit=LIMIT)
    assert files.path_of(one) == files.path_of(other)
    assert one.key != other.key


def test_what_did_not_fit_on_the_disk_takes_no_room(
    db: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(files, "_place", lambda digest: tmp_path / digest)
    with pytest.raises(OSError, match="No space"):
        files.store(db, picture(), "a.png", limit=LIMIT)
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_are_gone_are_said_to_be(db: Session) -> None:
    kept = files.store(db, b"soon gone", "a.txt", limit=LIMIT)
    files.path_of(kept).unlink()
    with pytest.raises(files.Missing, match=r"a\.txt"):
        files.path_of(kept)


def test_files_come_with_their_message_and_a_refused_one_is_named_there(db: Session) -> None:
    sent = (
        base.Attachment("a.txt", data=b"hello"),
        base.Attachment("evil.png", data=EXE),
        base.Attachment("far.pdf", url="https://files.example/far.pdf"),
    )
    said = make.customer_says(db, make.channel(db), "どうぞ", attachments=sent)
    assert [one.name for one in files.of_message(db, said.id)] == ["a.txt"]
    told = {one["name"]: one for one in said.context["files"]}
    assert "cannot be accepted" in told["evil.png"]["refused"]
    assert told["far.pdf"]["url"] == "https://files.example/far.pdf"


def test_an_upload_joins_the_message_of_its_uploader_and_nobody_elses(db: Session) -> None:
    channel = make.channel(db)
    mine = make.identity_of(db, make.conversation(db, channel, sender="me"))
    kept = files.store(db, b"mine", "a.txt", limit=LIMIT, channel=channel, identity=mine)
    reference = (base.Attachment("a.txt", ref=kept.key),)
    theirs = make.customer_says(db, channel, "盗む", "thief", attachments=reference)
    assert "refused" in theirs.context["files"][0]
    said = make.customer_says(db, channel, "送る", "me", attachments=reference)
    again = make.customer_says(db, channel, "もう一度", "me", attachments=reference)
    assert db.scalars(select(Attachment.message_id)).one() == said.id
    assert "refused" in db.get_one(Message, again.id).context["files"][0]


def box(brand: bytes, size: int = 24) -> bytes:
    """The first box of a film, a sound or a picture of a telephone."""
    return (struct.pack(">I", size) + b"ftyp" + brand + bytes(4) + b"isommp42" * 4)[:size] + bytes(64)


def packed(*names: str) -> bytes:
    """A ZIP file of these."""
    with zipfile.ZipFile(made := io.BytesIO(), "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return made.getvalue()


WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        (
            "voice.ogg",
            b"OggS\0\2" + bytes(20) + b"\1\x13OpusHead\1\1" + bytes(64),
            "audio/ogg",
        ),  # WhatsApp, Telegram
        ("film.ogv", b"OggS\0\2" + bytes(20) + b"\1\x2a\x80theora" + bytes(64), "video/ogg"),
        ("call.wav", b"RIFF\x24\x08\0\0WAVEfmt " + bytes(64), "audio/wav"),  # Amazon Connect, Asterisk
        (
            "call.mp3",
            b"\xff\xf3\x48\xc4" + bytes(400),
            "audio/mpeg",
        ),  # 8 to 24 kHz, as telephone systems write
        ("song.mp3", b"\xff\xfb\x90\x64" + bytes(400), "audio/mpeg"),
        ("song.mp3", b"ID3\3\0\0\0\0\0\x0f" + bytes(400), "audio/mpeg"),
        ("voice.aac", b"\xff\xf1\x50\x80" + bytes(400), "audio/aac"),
        ("voice.amr", b"#!AMR\n" + bytes(64), "application/octet-stream"),  # WeChat
        ("memo.m4a", box(b"M4A ", 28), "audio/mp4"),
        ("film.mp4", box(b"isom", 32), "video/mp4"),
        ("film.mov", box(b"qt  ", 20), "video/quicktime"),
        ("film.3gp", box(b"3gp4"), "video/3gpp"),
        ("IMG_1.HEIC", box(b"heic"), "application/octet-stream"),
        ("scan.tif", b"II*\0" + bytes(64), "application/octet-stream"),
        ("all.zip", packed("a.txt"), "application/zip"),
        ("見積.docx", packed("[Content_Types].xml", "word/document.xml"), WORD),
        ("見積.xlsx", packed("[Content_Types].xml", "xl/workbook.xml"), SHEET),
        ("見積.xls", OLE, "application/vnd.ms-excel"),
        ("letter.rtf", b"{\\rtf1\\ansi hello}", "application/rtf"),
        ("転送.eml", b"From: a@example.jp\r\nSubject: x\r\n\r\nhi", "message/rfc822"),
        ("予定.ics", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "text/calendar"),
        ("名簿.csv", "名前,住所\r\n".encode("utf-16"), "text/csv"),
        ("名簿.csv", "名前,住所\r\n".encode("cp932"), "text/csv"),
    ],
)
def test_what_customers_and_telephone_systems_send_is_known_by_its_first_bytes(
    name: str, data: bytes, kind: str
) -> None:
    assert contents.look_into(data, name) == (kind, None)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("setup.msi", OLE), ("setup.exe", b"MZ\x90\0" + bytes(300)), ("run.mp3", b"MZ\x90\0" + bytes(300)),
        ("page.html", b"<!DOCTYPE html><html></html>"), ("x.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("odd.mp3", b"\xff\xfe\x41\0" + bytes(64)),
    ],
)  # fmt: skip
def test_what_may_do_harm_is_refused_whatever_it_is_called(name: str, data: bytes) -> None:
    with pytest.raises(Refused, match="cannot be accepted"):
        contents.look_into(data, name)
