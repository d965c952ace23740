"""Text in the units platforms count in: cleaned on the way in, measured and split on the way out."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

import regex

Unit = Literal["chars", "utf16", "bytes"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SEEN = regex.compile(r"\X")  # one character as a reader sees it (UAX #29)
_BLANK = regex.compile(r"(?:\s(?![\p{M}\p{Grapheme_Extend}\u200d]))*")  # white space that carries no mark
# Where a piece of a long text may end, the best first: at the end of a paragraph, of a line, of a sentence, of a clause
# or word, and before an address rather than in it.
_ENDS = (
    regex.compile(r"(?=\n[^\S\n]*\n)"),
    regex.compile(r"(?=\n)"),
    regex.compile(
        r"""[。！？｡]+[」』）｣)"”’]*+ | ．(?!\d) | [!?]+[)"'”’]*+(?=\s|[^\x00-\x7f]) | \.[)"'”’]*+(?=\s)""",
        regex.X,
    ),
    regex.compile(r"[、，､]|(?=\s)"),
    regex.compile(r"(?=https?://)"),
)
_AHEAD = len("https://") + 1  # characters behind a place that an end is known by


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

    Each ends with a paragraph, a line, a sentence, a clause or a word if one ends in the second half of the room, else
    between two characters a reader sees (an emoji family or a kana with its mark stays whole). Only a single such
    character longer than the limit is cut, between code points. White space at a cut is dropped.
    """
    if limit < 4:
        raise ValueError("a limit under four units cannot hold every character")
    pieces = []
    rest = _begun(text.rstrip())
    while length(rest, unit) > limit:
        cut = _cut(rest, _fitting(_SEEN.findall(rest[: limit + 1]), limit, unit), limit, unit)
        pieces.append(rest[:cut].rstrip())
        rest = _begun(rest[cut:])
    return [piece for piece in (*pieces, rest) if piece]


def graphemes(text: str) -> Iterator[str]:
    """`text` by the characters a reader sees."""
    return (match[0] for match in _SEEN.finditer(text))


def _begun(text: str) -> str:
    """Without the white space before it."""
    match = _BLANK.match(text)
    return text[match.end() :] if match else text


def _fitting(parts: Iterable[str], limit: int, unit: Unit) -> list[int]:
    """The places after each of the `parts` of a text, as far as what stands before them fits."""
    places, place, used = [], 0, 0
    for part in parts:
        place, used = place + len(part), used + length(part, unit)
        if used > limit:
            break
        places.append(place)
    return places


def _cut(text: str, places: list[int], limit: int, unit: Unit) -> int:
    """The best of the `places` to end a piece at."""
    if not places:
        return _fitting(text[:limit], limit, unit)[-1]
    room = places[-1]
    good = {place for place in places if place * 2 >= room}
    for end in _ENDS:
        found = [place for match in end.finditer(text, 0, room + _AHEAD) if (place := match.end()) in good]
        if found:
            return found[-1]
    return room
