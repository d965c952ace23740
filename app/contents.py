"""What a file is, by its bytes alone and never by its name or what its sender says; and pictures made small."""

from __future__ import annotations

import io
import os
import re
import struct
import threading
import zlib
from pathlib import Path

import puremagic
from PIL import Image, ImageDraw, ImageOps

from app.inbox import Refused
from app.text import one_line

IMAGES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
SAFE = {  # what may be stored besides images, text and Office documents
    "application/pdf",
    "application/zip",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
    "audio/wav",
    "audio/x-wav",
    "audio/webm",
    "video/mp4",
    "video/quicktime",
    "video/webm",
}
OFFICE = (".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp")
TEXT = {".txt": "text/plain", ".csv": "text/csv", ".md": "text/plain", ".log": "text/plain"}
THUMB = 960  # pixels, the longer side of the scaled picture
MAX_PIXELS = 60_000_000
Image.MAX_IMAGE_PIXELS = None  # we look at the size ourselves, before anything is decoded
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_decoding = threading.BoundedSemaphore(
    2
)  # pictures unpacked at once: the largest takes a quarter of a gigabyte
# What Pillow raises over a file that is no picture, or a damaged one.
BROKEN = (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, struct.error, zlib.error)


def look_into(data: bytes, name: str) -> tuple[str, tuple[int, int] | None]:
    """(content type, picture size) by the bytes alone. Raises :class:`app.inbox.Refused` on what is not safe."""
    if found := _picture(data):
        return found
    ending = Path(name).suffix.lower()
    if ending in TEXT and _is_text(data):
        return TEXT[ending], None
    sniffed = _sniff(data)
    if (
        (sniffed == "application/zip" and ending in OFFICE)
        or "officedocument" in sniffed
        or "opendocument" in sniffed
    ):
        return (sniffed if sniffed != "application/zip" else "application/octet-stream"), None
    if sniffed in SAFE:
        return sniffed, None
    raise Refused(
        "“%(name)s” cannot be accepted: only pictures, PDF, Office documents, text, sound, video and ZIP files.",
        name=name,
    )


def name_of(name: str) -> str:
    """Only the last part, on one line, short enough for every file system.

    Without marks of writing direction: with them a program can be shown as "…exe.png".
    """
    return one_line(_DIRECTIONS.sub("", os.path.basename(name.replace("\\", "/"))), 120) or "file"


def scaled(data: bytes) -> bytes | None:
    """A picture made small (WebP), without its metadata: where and when it was taken is nobody's business. None where
    it cannot be unpacked."""
    try:
        with _decoding, Image.open(io.BytesIO(data), formats=tuple(IMAGES)) as image:
            small = ImageOps.exif_transpose(image).convert("RGBA" if "A" in image.getbands() else "RGB")
            small.thumbnail((THUMB, THUMB))
            out = io.BytesIO()
            small.save(out, "WEBP", quality=82)
    except (*BROKEN, MemoryError):
        return None
    return out.getvalue()


def jpeg(path: Path | None) -> bytes:
    """A small picture as a JPEG; None: the sign of a film."""
    out = io.BytesIO()
    if path is None:
        _film().save(out, "JPEG", quality=82)
        return out.getvalue()
    with _decoding, Image.open(path) as image:
        _on_white(image).save(out, "JPEG", quality=82)
    return out.getvalue()


def _picture(data: bytes) -> tuple[str, tuple[int, int]] | None:
    try:
        with Image.open(io.BytesIO(data), formats=tuple(IMAGES)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Refused("This picture has too many pixels to be shown.")
            image.verify()
            return IMAGES[str(image.format)], image.size
    except Refused:
        raise
    except BROKEN:
        return None


def _sniff(data: bytes) -> str:
    try:
        found = puremagic.magic_string(data)
    except (puremagic.PureError, ValueError):
        return ""
    best = [match.mime_type for match in found if match.mime_type]
    return best[0] if best else ""


def _is_text(data: bytes) -> bool:
    if b"\x00" in data[:4096]:
        return False
    for encoding in ("utf-8", "cp932"):
        try:
            data.decode(encoding)
            return True
        except UnicodeDecodeError:
            continue
    return False


def _on_white(image: Image.Image) -> Image.Image:
    """JPEG has no transparency."""
    drawn = image.convert("RGBA")
    ground = Image.new("RGBA", drawn.size, "white")
    return Image.alpha_composite(ground, drawn).convert("RGB")


def _film() -> Image.Image:
    """A dark frame with a sign to play it."""
    frame = Image.new("RGB", (640, 360), "#26292e")
    ImageDraw.Draw(frame).regular_polygon((320, 180, 60), 3, rotation=270, fill="#ffffff")
    return frame
