"""What a file is, by its bytes alone and never by its name or what its sender says; and pictures made small."""

from __future__ import annotations

import codecs
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
SAFE = {  # what may be stored of what the library names
    "application/pdf",
    "audio/mpeg",
    "audio/aac",
    "audio/mp4",
    "audio/ogg",
    "audio/wav",
    "audio/webm",
    "video/mp4",
    "video/ogg",
    "video/3gpp",
    "video/3gpp2",
    "video/quicktime",
    "video/webm",
}
_OPENXML = "application/vnd.openxmlformats-officedocument."
_OASIS = "application/vnd.oasis.opendocument."
PACKED = {  # what is a ZIP file inside, by its ending
    ".docx": f"{_OPENXML}wordprocessingml.document",
    ".xlsx": f"{_OPENXML}spreadsheetml.sheet",
    ".pptx": f"{_OPENXML}presentationml.presentation",
    ".odt": f"{_OASIS}text",
    ".ods": f"{_OASIS}spreadsheet",
    ".odp": f"{_OASIS}presentation",
}
OLE = {  # Office until 2003: one container for all of them, and for installers, too
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
}
TEXT = {
    ".txt": "text/plain", ".csv": "text/csv", ".tsv": "text/tab-separated-values", ".md": "text/plain",
    ".log": "text/plain", ".ics": "text/calendar", ".vcf": "text/vcard", ".eml": "message/rfc822",
}  # fmt: skip
DOWNLOAD = "application/octet-stream"  # kept, and shown nowhere: whoever wants it saves it
_UNSHOWN = {"image/heif", "image/heic", "image/avif", "image/tiff", "image/bmp", "image/x-ms-bmp"}
_BRANDS = {  # of the first box of a file
    b"M4A": "audio/mp4", b"M4B": "audio/mp4", b"F4A": "audio/mp4", b"qt  ": "video/quicktime",
    b"3gp": "video/3gpp", b"3g2": "video/3gpp2", b"isom": "video/mp4", b"iso": "video/mp4", b"mp4": "video/mp4",
    b"avc": "video/mp4", b"M4V": "video/mp4", b"MSN": "video/mp4", b"hei": DOWNLOAD, b"hev": DOWNLOAD,
    b"mif": DOWNLOAD, b"msf": DOWNLOAD, b"avi": DOWNLOAD,
}  # fmt: skip
MAX_NAME, MAX_TOLD = 120, 10_000  # characters of a file's name, and of what its sender calls it
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
    if kind := _begins_as(data, ending) or _sniff(data):
        return kind, None
    raise Refused(
        "“%(name)s” cannot be accepted: only pictures, PDF, Office documents, text, sound, video and ZIP files.",
        name=name,
    )


def name_of(name: str) -> str:
    """Only the last part, on one line, short enough for every file system.

    Without marks of writing direction: with them a program can be shown as "…exe.png". Its ending stays: by it text is
    known.
    """
    flat = one_line(_DIRECTIONS.sub("", os.path.basename(name.replace("\\", "/"))), MAX_TOLD)
    if len(flat) <= MAX_NAME:
        return flat or "file"
    stem, ending = os.path.splitext(flat)
    return one_line(stem, MAX_NAME - len(ending)) + ending if len(ending) <= 20 else one_line(flat, MAX_NAME)


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


def _begins_as(data: bytes, ending: str) -> str:
    """What the first bytes say where the library names too little, or one of many; "" if that is left to it.

    Ogg: RFC 3533, 6; MPEG audio: ISO/IEC 11172-3, 2.4.1.3 (layers II and III), ADTS beside it: ISO/IEC 13818-7, 6.2;
    AMR: RFC 4867, 5.1; ISO base media: ISO/IEC 14496-12, 4.3.
    """
    head = data[:64]
    if head.startswith(b"OggS"):
        return "video/ogg" if b"theora" in head else "audio/ogg"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    if head.startswith(b"#!AMR"):
        return DOWNLOAD  # no browser plays it
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], _BRANDS.get(head[8:11], ""))
    if len(head) > 3 and head[0] == 0xFF and head[1] >= 0xE0:
        return _mpeg(head[1], head[2])
    if head.startswith(b"PK\3\4"):
        return PACKED.get(ending, "application/zip")
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return OLE.get(ending, "")
    return "application/rtf" if head.startswith(b"{\\rtf") else ""


def _mpeg(second: int, third: int) -> str:
    """What a frame of sound is, by what stands behind its first eight bits."""
    version, layer = second >> 3 & 3, second >> 1 & 3
    if second & 0xF6 == 0xF0:
        return "audio/aac"
    known = version != 1 and layer in (1, 2) and third >> 4 != 15 and third >> 2 & 3 != 3
    return "audio/mpeg" if known else ""


def _sniff(data: bytes) -> str:
    try:
        found = puremagic.magic_string(data)
    except (puremagic.PureError, ValueError):
        return ""
    best = next((match.mime_type for match in found if match.mime_type), "")
    return DOWNLOAD if best in _UNSHOWN else best if best in SAFE else ""


def _is_text(data: bytes) -> bool:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decodes(data, "utf-16")
    if b"\x00" in data[:4096]:
        return False
    return any(_decodes(data, encoding) for encoding in ("utf-8", "cp932"))


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


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
