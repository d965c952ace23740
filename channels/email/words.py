"""Encoded words (RFC 2047) as they are really written.

Inside quotes, without spaces around them, with a charset Python does not know, one character split between two of
them, an escape sequence not repeated in the second, base64 cut at any place.
"""

import binascii
import re
from dataclasses import dataclass

from channels.email import charsets

# The text may hold spaces (broken folding) and single question marks, but no other encoded word's beginning.
_WORD = re.compile(
    r"=\?([A-Za-z0-9_.:+$-]{1,60})(?:\*[A-Za-z0-9-]{0,40})?\?([BbQq])\?([^?=]*(?:(?:=(?!\?[^=\s])|\?(?!=))[^?=]*)*)\?="
)
_BETWEEN = re.compile(r"\s*\Z")
_GAP = re.compile(r"\s+")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


@dataclass(frozen=True)
class _Word:
    charset: str
    base64: bool
    text: str


def decode(value: str) -> str:
    """`value` with its encoded words decoded; white space between two of them goes, all else stays. Never raises."""
    if "=?" not in value:
        return value
    pieces: list[str] = []
    pending: list[_Word] = []
    end = 0
    for match in _WORD.finditer(value):
        between = value[end : match.start()]
        if not pending or not _BETWEEN.match(between):
            pieces += _joined(pending), between
            pending = []
        pending.append(_Word(match[1].lower(), match[2] in "Bb", match[3]))
        end = match.end()
    return "".join((*pieces, _joined(pending), value[end:]))


def _joined(words: list[_Word]) -> str:
    """Neighbours in one charset are decoded as one run of bytes: a character may be split between them."""
    pieces: list[str] = []
    start = 0
    for index in range(1, len(words) + 1):
        if index == len(words) or words[index].charset != words[start].charset:
            pieces.append(_decoded(words[start:index]))
            start = index
    return "".join(pieces)


def _decoded(words: list[_Word]) -> str:
    if not all(word.text.isascii() for word in words):
        return " ".join(word.text for word in words)  # raw bytes inside: they are text already
    text, told = charsets.decode(_bytes(words), words[0].charset)
    if told and "\ufffd" not in text:
        return text
    across, told = charsets.decode(_bytes(words, across=True), words[0].charset)
    return across if told and "\ufffd" not in across else text


def _bytes(words: list[_Word], across: bool = False) -> bytes:
    """The bytes of all; `across`: base64 was cut without regard to its groups of four, so it is joined first."""
    pieces: list[bytes] = []
    carried = b""
    for word in words:
        raw = word.text.encode("ascii")
        if not word.base64:
            pieces += _base64(carried), _quoted(raw)
            carried = b""
            continue
        carried += _NOT_BASE64.sub(b"", raw)
        if not across or raw.rstrip().endswith(b"="):
            pieces.append(_base64(carried))
            carried = b""
    return b"".join((*pieces, _base64(carried)))


def _base64(raw: bytes) -> bytes:
    if len(raw) % 4 == 1:
        raw = raw[:-1]
    return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4)) if raw else b""


def _quoted(raw: bytes) -> bytes:
    return binascii.a2b_qp(_GAP.sub("_", raw.decode("ascii")).encode("ascii"), header=True)
