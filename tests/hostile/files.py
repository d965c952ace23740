"""Files that are not what they say."""

from __future__ import annotations

import io
import random
import zipfile
from functools import cache

from PIL import Image

from tests.hostile import mutation

NAMES = [
    "a.png", "写真.jpg", "a.jpg.exe", "../../etc/passwd", "..\\..\\a.png", "a\x00.png", "", ".", "a" * 400 + ".png",
    "‮gnp.exe",
    "con.png", "a.svg", "a.html", "a.pdf", "a.zip", "a.webp", "a.heic", "a.txt", '"; filename="b', "a\r\nX: y.png",
    "%00.png",
]  # fmt: skip
TYPES = [
    b"image/png",
    b"text/html",
    b"image/svg+xml",
    b"application/pdf",
    b"",
    b"\xff",
    b"image/png; charset=utf-7",
]


@cache
def grounds() -> tuple[bytes, ...]:
    """Good files, and files that are two at once."""
    pictures = [_picture(kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")]
    bomb = _zipped(b"\0" * 3_000_000)
    html, pdf = (
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF",
    )
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    both = [
        pictures[0] + bomb,
        pictures[2] + html,
        b"GIF89a/*" + html + b"*/",
        pdf + bomb,
        b"\xff\xd8\xff\xe0" + html,
    ]
    return (*pictures, bomb, html, pdf, svg, *both, b"", b"plain text", "日本語\n".encode("utf-16"))


def _picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, kind)
    return out.getvalue()


def _zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", data)
    return out.getvalue()


def form(rolls: random.Random, csrf: str = "") -> tuple[bytes, bytes]:
    """A multipart body with such a file, and its content type."""
    data = rolls.choice(grounds())
    if rolls.random() < 0.7:
        data = mutation.bytes_of(data, rolls)
    name = rolls.choice(NAMES).encode("utf-8", "replace")
    part = b'--cut\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: %s\r\n\r\n%s\r\n' % (
        rolls.choice((b"file", b"file", b"file", b"", b"text")), name, rolls.choice(TYPES), data,
    )  # fmt: skip
    before = b'--cut\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n%s\r\n' % csrf.encode()
    body = before + part * rolls.choice((1, 1, 1, 3)) + b"--cut--\r\n"
    if rolls.random() < 0.2:
        body = mutation.bytes_of(body, rolls)
    return body, rolls.choice((b"multipart/form-data; boundary=cut",) * 6 + (b"multipart/form-data",))
