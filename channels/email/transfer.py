"""Content-Transfer-Encodings undone (RFC 2045, 6), and their broken forms."""

import binascii
import re
from contextlib import suppress

_ODD = re.compile(rb"[^A-Za-z0-9+/=\s]")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_SPACE = b" \t\r\n\v\f"
_NOT_BASE64 = bytes(byte for byte in range(256) if byte not in _ALPHABET)
_PADDING = re.compile(rb"=+")
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,200})\r?\n", re.M)
_MAX_UU_LINES = 600_000
_UU_LINE = re.compile(rb"[ -`]{1,86}[ \t]*")
_NAMES = {
    **dict.fromkeys(("base64", "b64", "base-64"), "base64"),
    **dict.fromkeys(("quoted-printable", "quotedprintable", "qp"), "quoted-printable"),
    **dict.fromkeys(("uuencode", "x-uuencode", "uue", "x-uue"), "uuencode"),
    **dict.fromkeys(("", "7bit", "8bit", "binary", "7-bit", "8-bit", "none", "plain"), ""),
}


def name(value: str) -> tuple[str, bool]:
    """Which encoding a Content-Transfer-Encoding names ("" for none), and whether it is one we know."""
    first = re.split(r"[;\s(,]", value.strip().strip("\"'").lower(), maxsplit=1)[0]
    return _NAMES.get(first, ""), first in _NAMES


def decode(raw: bytes, encoding: str) -> tuple[bytes, bool]:
    """`raw` decoded from `encoding` (one that `name` gives), and whether it was sound. Never raises."""
    if encoding == "base64":
        return _base64(raw)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(raw), True
    if encoding == "uuencode":
        files, _ = unpack_uu(raw)
        return (files[0][1], True) if files else (raw, False)
    return raw, True


def unpack_uu(raw: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The files (name, data) that stand uuencoded in a text, and the text without them."""
    files: list[tuple[bytes, bytes]] = []
    rest: list[bytes] = []
    position = 0
    while len(files) < 100 and (begin := _UU_BEGIN.search(raw, position)):
        data, end = _uu_block(raw, begin.end())
        if end < 0:
            break
        rest.append(raw[position : begin.start()])
        files.append((begin[1].strip(), data))
        position = end
    return files, b"".join((*rest, raw[position:]))


def _uu_block(raw: bytes, position: int) -> tuple[bytes, int]:
    """The data up to the line "end" and where that line ends; -1 if this is no such block."""
    pieces: list[bytes] = []
    for _ in range(_MAX_UU_LINES):
        if position >= len(raw):
            return b"".join(pieces), len(raw) if pieces else -1  # cut off: what there is
        stop = raw.find(b"\n", position)
        after = len(raw) if stop < 0 else stop + 1
        line = raw[position:after].rstrip(b"\r\n")
        position = after
        if line.strip() == b"end":
            return b"".join(pieces), after
        if line and not _UU_LINE.fullmatch(line):
            return b"", -1
        pieces.append(_uu_line(line))
    return b"", -1


def _uu_line(line: bytes) -> bytes:
    if not line:
        return b""
    length = (line[0] - 32) & 63
    needed = 1 + (length * 8 + 5) // 6  # without trailing rubbish, with the spaces that a gateway took away
    for attempt in (line, line[:needed].ljust(needed)):
        try:
            return binascii.a2b_uu(attempt)
        except binascii.Error:
            continue
    return b""


def _base64(raw: bytes) -> tuple[bytes, bool]:
    """Base64 with line noise, missing or doubled padding; what is no base64 at all is given back as it is.

    A list's footer in plain text below the encoded lines, as some servers add it, is kept below the decoded bytes.
    """
    if raw:
        with suppress(binascii.Error):  # as nearly all is; the rest takes ten times as long
            return binascii.a2b_base64(raw.translate(None, b"\r\n"), strict_mode=True), True
    body, footer = _above_plain_text(raw)
    if not body and _junk(raw) * 20 > len(raw):
        return raw, False
    groups = [group for group in _PADDING.split((body or raw).translate(None, _NOT_BASE64)) if group]
    decoded = b"".join(map(_groups, groups))
    sound = bool(body) and not footer and len(groups) <= 1 and all(len(group) % 4 != 1 for group in groups)
    return (decoded + b"\n" + footer if footer else decoded), sound


def _above_plain_text(raw: bytes) -> tuple[bytes, bytes]:
    """The encoded lines, and the plain text that begins below them, if any; b"" if the lines are not all that."""
    if not raw.translate(None, _ALPHABET + _SPACE):
        return raw, b""  # quicker than to look for what is not there
    odd = _ODD.search(raw)
    if odd is None:
        return raw, b""
    begin = raw.rfind(b"\n", 0, odd.start()) + 1
    body, footer = raw[:begin], raw[begin:].strip(b"\r\n")
    first = body.strip().split(b"\n", 1)[0].strip()
    encoded = len(first) >= 16 or body.rstrip().endswith(b"=")
    return (body, footer) if encoded and (b" " in footer or not footer.isascii()) else (b"", b"")


def _junk(raw: bytes) -> int:
    return len(raw.translate(None, _ALPHABET + b"\r\n"))


def _groups(compact: bytes) -> bytes:
    if len(compact) % 4 == 1:
        compact = compact[:-1]
    return binascii.a2b_base64(compact + b"=" * (-len(compact) % 4)) if compact else b""
