"""Files that are not what they are called, from customers and from colleagues, and how they are handed out."""

from __future__ import annotations

import io
import struct
import threading
import time
import zipfile
import zlib

import pytest
from PIL import Image
from sqlalchemy import select

from app import contents
from app.config import settings
from app.db import reading, transaction
from app.models import Attachment
from tests import factories
from tests.attack.scene import Guest, Scene, browser, unharmed
from tests.web.visiting import Browser

SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"
HTML = b"<!doctype html><script>alert(document.domain)</script>"


def png(size: tuple[int, int] = (4, 4), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size).save(out, "PNG", **options)
    return out.getvalue()


def claimed_size(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    rows = zlib.compress(bytes(100_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, b"\0" * 1_000_000)
    return out.getvalue()


REFUSED = [
    ("holiday.png", b"MZ\x90\x00" + bytes(300)),
    ("holiday.png", SVG),
    ("holiday.svg", SVG),
    ("holiday.svg", b'<?xml version="1.0"?>' + SVG),
    ("page.html", HTML),
    ("page.pdf", HTML),
    ("page.png", HTML),
    ("a.jpg", b"\xff\xd8\xff\xe0" + bytes(40)),
    ("a.png", claimed_size(100_000, 100_000)),
    ("a.gif", b"GIF89a" + b"\xff" * 30),
    ("a.webp", b"RIFF\xff\xff\xff\xffWEBPVP8 "),
    ("elf", b"\x7fELF" + bytes(200)),
    ("a.sh", b"#!/bin/sh\nrm -rf /\n"),
    ("a.js", b"alert(1)"),
    ("a.hta", HTML),
    ("empty.txt", b""),
    ("a.txt", b"MZ\0\0" + bytes(100)),
]
NAMES = (
    "../../../../etc/passwd.png",
    "..\\..\\windows\\a.png",
    "/absolute.png",
    "a\x00b.png",
    "a\r\nSet-Cookie: x=1.png",
    'a";filename="b.html.png',
    "\u202egnp.exe.png",
    "あ" * 400 + ".png",
    "<img src=x onerror=alert(1)>.png",
    ".htaccess",
    "CON.png",
    "..",
    "   ",
)


@pytest.mark.parametrize(("name", "data"), REFUSED)
def test_what_is_not_safe_is_refused_whoever_sends_it(
    scene: Scene, nobody: Browser, name: str, data: bytes
) -> None:
    guest = Guest(nobody)
    told = nobody.post(
        "/widget/shop/files",
        headers={"authorization": f"Bearer {guest.token}"},
        files={"file": (name, data, "image/png")},
    )
    assert told.status_code == 422, name
    assert told.json()["sentence"]
    insider = browser(scene.insider)
    at = f"/conversations/{scene.thread.id}/attachments"
    answer = insider.submit(at, files={"file": (name, data, "image/png")})
    assert answer.status_code == 422, name
    with reading() as db:
        assert not db.scalars(select(Attachment).where(Attachment.name != "secret.txt")).all()


def test_no_name_leads_out_of_its_place_or_into_a_header(scene: Scene, nobody: Browser) -> None:
    guest, insider = Guest(nobody), browser(scene.insider)
    guest.send("x", "m0")
    for n, name in enumerate(NAMES):
        headers = {"authorization": f"Bearer {guest.token}"}
        answer = nobody.post("/widget/shop/files", headers=headers, files={"file": (name, png())})
        unharmed(answer, name)
        if answer.status_code != 201:
            assert answer.status_code in (400, 422), name
            continue
        told = answer.json()["attachment"]
        assert not {"/", "\\", "\r", "\n", "\0", "\u202e"} & set(told["name"]), name
        assert guest.say({"t": "send", "id": f"f{n}", "text": "", "files": [told["id"]]})[0]["t"] == "ack"
        shown = nobody.get(told["url"])
        assert shown.status_code == 200
        assert "set-cookie" not in shown.headers
        assert shown.headers["content-type"] == "image/png"
        with transaction() as db:
            thread = db.scalars(select(Attachment).where(Attachment.key == told["id"])).one()
            assert thread.message_id is not None
        theirs = browser(scene.admin).get(f"/files/{told['id']}")
        assert theirs.status_code == 200
        assert "set-cookie" not in theirs.headers
        assert "sandbox" in theirs.headers["content-security-policy"]
    assert insider is not None
    stored = [path for path in (settings().data_dir / "files").rglob("*") if path.is_file()]
    assert stored
    assert all(path.is_relative_to(settings().data_dir / "files") for path in stored)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("polyglot.png", png() + HTML, "image/png"),
        ("polyglot.html", png() + HTML, "image/png"),
        ("notes.html.txt", HTML, "text/plain"),
        ("a.pdf", b"%PDF-1.4\n" + HTML, "application/pdf"),
    ],
)
def test_what_is_two_things_at_once_runs_nothing(
    scene: Scene, nobody: Browser, name: str, data: bytes, kind: str
) -> None:
    guest = Guest(nobody)
    headers = {"authorization": f"Bearer {guest.token}"}
    answer = nobody.post("/widget/shop/files", headers=headers, files={"file": (name, data, "text/html")})
    assert answer.status_code == 201
    shown = nobody.get(answer.json()["attachment"]["url"])
    assert shown.headers["content-type"].startswith(kind)
    assert shown.headers["x-content-type-options"] == "nosniff"
    policy = shown.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "allow-" not in policy
    assert "default-src 'none'" in policy


def test_a_zip_bomb_stays_packed(scene: Scene) -> None:
    insider = browser(scene.insider)
    data = zipped(*(f"{n}.bin" for n in range(200)))
    at = f"/conversations/{scene.thread.id}/attachments"
    answer = insider.submit(at, files={"file": ("bomb.zip", data)})
    assert answer.status_code == 200
    assert answer.json()["size"] == len(data)


def test_a_file_that_was_not_sent_is_its_uploaders_alone(scene: Scene) -> None:
    insider = browser(scene.insider)
    at = f"/conversations/{scene.thread.id}/attachments"
    id = insider.submit(at, files={"file": ("a.txt", b"draft")}).json()["id"]
    with reading() as db:
        key = db.get_one(Attachment, id).key
    assert insider.get(f"/files/{key}").status_code == 200
    for other in (scene.outsider, scene.supervisor):
        assert browser(other).get(f"/files/{key}").status_code == 404
    with transaction() as db:
        own = factories.conversation(db, scene.shop)
    stolen = browser(scene.outsider)
    reply = {"text": "take this", "client_id": "client-theft-1", "attachments": str(id)}
    stolen.submit(f"/conversations/{own.id}/replies", reply)
    with reading() as db:
        assert db.get_one(Attachment, id).message_id is None


def test_files_larger_than_allowed_are_refused(scene: Scene, nobody: Browser) -> None:
    guest = Guest(nobody)
    headers = {"authorization": f"Bearer {guest.token}"}
    for size in (10_000_001, settings().max_upload_bytes + 200_000):
        answer = nobody.post("/widget/shop/files", headers=headers, files={"file": ("a.txt", b"a" * size)})
        assert answer.status_code in (413, 422)
        unharmed(answer)


def test_a_large_picture_keeps_nobody_waiting(
    scene: Scene, nobody: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a picture is unpacked no transaction is open: others write meanwhile."""
    unpacking, done = threading.Event(), threading.Event()

    def slowly(data: bytes) -> bytes | None:
        unpacking.set()
        return data if done.wait(20) else None

    monkeypatch.setattr(contents, "scaled", slowly)
    guest, insider = Guest(nobody), browser(scene.insider)
    headers = {"authorization": f"Bearer {guest.token}"}
    sending = threading.Thread(
        target=lambda: nobody.post("/widget/shop/files", headers=headers, files={"file": ("a.png", png())})
    )
    sending.start()
    assert unpacking.wait(10)
    began = time.monotonic()
    at = f"/conversations/{scene.thread.id}/notes"
    assert insider.submit(at, {"text": "meanwhile", "client_id": "client-meanwhile"}).status_code == 200
    done.set()
    sending.join()
    assert time.monotonic() - began < 15


def test_no_range_or_condition_asked_for_breaks_a_download(scene: Scene) -> None:
    insider = browser(scene.insider)
    asked = [
        "bytes=0-",
        "bytes=-1",
        "bytes=5-1",
        "bytes=x-y",
        "bytes=99999-",
        "bytes=" + ",".join(["0-1"] * 3000),
        "",
        "x=1",
    ]
    asked += ["bytes=0-1,2-3", f"bytes=0-{10**30}", "bytes=-0", "bytes=--1"]
    for path in (
        f"/files/{scene.file_key}",
        f"/files/{scene.file_key}?scaled=x",
        "/static/x/css/tokens.css",
        "/widget.js",
    ):
        for value in asked:
            for name in ("range", "if-range", "if-none-match", "if-modified-since"):
                unharmed(insider.get(path, headers={name: value}), (path, name, value[:40]))
