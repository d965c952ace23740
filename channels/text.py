"""Text in the units platforms count in: cleaned on the way in, measured and split on the way out."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

Unit = Literal["chars", "utf16", "bytes"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Where a long text is best broken, the best first; each keeps its mark with the words before it.
_BREAKS = (
    re.compile(r"\n{2,}"),
    re.compile(r"\n"),
    re.compile(r"[。！？!?．]+[」』）)]*|\.\s"),
    re.compile(r"[、，\s]"),
)


def clean(text: str) -> str:
    """`text` without what no database or browser can hold: NUL and other controls, lone surrogates
    (which JSON can carry as an escape), and with one kind of newline."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", _LONE_SURROGATE.sub("\ufffd", text))


def length(text: str, unit: Unit) -> int:
    """How long the platform finds `text`: code points, UTF-16 code units, or UTF-8 bytes."""
    if unit == "chars":
        return len(text)
    if unit == "utf16":
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    return len(text.encode("utf-8", "surrogatepass"))


def split(text: str, limit: int, unit: Unit = "chars") -> list[str]:
    """`text` in pieces of at most `limit` units, none empty.

    Broken after a paragraph, a line, a sentence or a word if one ends in the second half of the room, else
    between two characters a reader sees (an emoji family or a kana with its mark stays whole). Only a single
    such character longer than the limit is cut, between code points. White space at a break is dropped.
    """
    if limit < 4:
        raise ValueError("a limit under four units cannot hold every character")
    pieces = []
    rest = text.strip()
    while length(rest, unit) > limit:
        cut = _best_break(rest, _room(rest, limit, unit))
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [piece for piece in (*pieces, rest) if piece]


def graphemes(text: str) -> Iterator[str]:
    """`text` by the characters a reader sees: a close reading of UAX #29 for what people type in chats."""
    start = 0
    flags = 0
    for i, char in enumerate(text):
        flag = "\U0001f1e6" <= char <= "\U0001f1ff"
        if i and not _joins(text[i - 1], char, flag and flags % 2 == 1):
            yield text[start:i]
            start, flags = i, 0
        flags = flags + 1 if flag else 0
    if text:
        yield text[start:]


def _room(text: str, limit: int, unit: Unit) -> int:
    """Index of the last place in `text` that fits `limit` and lies between two seen characters."""
    index = used = 0
    for cluster in graphemes(text):
        used += length(cluster, unit)
        if used > limit:
            break
        index += len(cluster)
    return index or _code_points_that_fit(text, limit, unit)


def _code_points_that_fit(text: str, limit: int, unit: Unit) -> int:
    used = 0
    for index, char in enumerate(text):
        used += length(char, unit)
        if used > limit:
            return index
    return len(text)


def _best_break(text: str, room: int) -> int:
    head = text[:room]
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(head)]
        if ends and ends[-1] * 2 >= room and _between_clusters(text, ends[-1]):
            return ends[-1]
    return room


def _between_clusters(text: str, index: int) -> bool:
    return index >= len(text) or not _joins(text[index - 1], text[index], False)


def _joins(before: str, char: str, flag_pair: bool) -> bool:
    """Whether `char` belongs to the same seen character as `before`."""
    if char == "\n" or before == "\n":
        return before == "\r"
    return flag_pair or before == "\u200d" or _extends(char) or _hangul(before, char)


def _extends(char: str) -> bool:
    if char < "\u0300":
        return False
    if char in "\u200d\uff9e\uff9f" or "\U0001f3fb" <= char <= "\U0001f3ff":
        return True  # joiner, half-width kana marks, skin tones
    return unicodedata.category(char) in ("Mn", "Me", "Mc") or "\U000e0020" <= char <= "\U000e007f"


def _hangul(before: str, char: str) -> bool:
    return "\u1160" <= char <= "\u11ff" and ("\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3")
