"""Text as people type it: made safe to store, folded to compare, cut into search tokens.

Everything here is pure. The same functions feed the index, the query and the highlighting, so that
the three cannot disagree. Sources: Unicode Standard Annex #15 (NFKC), JIS Z 8301 (the long-vowel mark at
the end of a borrowed word of three or more sounds may be left out: サーバー is サーバ).
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple

# --- stored text ------------------------------------------------------------------------------------

# C0 and C1 controls but for tab and newline, and the noncharacters U+FFFE and U+FFFF. Zero-width
# joiners, bidi marks and variation selectors stay: emoji, Persian and Japanese names need them.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")
_NEWLINES = re.compile("\r\n|[\r\x85\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_UNCLEAN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")  # any of them


def clean(text: str) -> str:
    """The text as it may be stored and shown: "\\n" newlines, no NUL or control, no lone surrogate.

    A surrogate becomes U+FFFD (it cannot be encoded, so the database would refuse the row). Nothing else
    is touched; `clean(clean(x)) == clean(x)`.
    """
    if _UNCLEAN.search(text) is None:
        return text
    text = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
    return _CONTROLS.sub("", _NEWLINES.sub("\n", text))


def one_line(text: str, limit: int = 200) -> str:
    """The text on one line, at most `limit` characters, for previews and names."""
    flat = " ".join(clean(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


# --- folding ----------------------------------------------------------------------------------------

_KATAKANA_TO_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)} | {
    0x30FD: 0x309D,
    0x30FE: 0x309E,
}

# What stands for nothing: soft hyphen, zero-width characters, bidi controls, variation selectors.
_INVISIBLE = dict.fromkeys(
    code
    for first, last in (
        (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x180E, 0x180E), (0xFEFF, 0xFEFF),
        (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF),
    )
    for code in range(first, last + 1)
)  # fmt: skip

# Written forms of one name. Customers are called 髙橋, the agent types 高橋.
_NAME_KANJI = {
    ord(variant): ord(plain)
    for plain, variants in {
        "高": "髙", "崎": "﨑嵜", "辺": "邊邉", "斎": "齋斉齊", "沢": "澤", "浜": "濱濵", "広": "廣",
        "国": "國", "桜": "櫻", "島": "嶋嶌", "真": "眞", "恵": "惠", "瀬": "瀨", "徳": "德", "増": "增",
        "黒": "黑", "竜": "龍", "滝": "瀧", "槙": "槇", "栄": "榮", "与": "與", "吉": "𠮷",
        "富": "冨", "峰": "峯", "万": "萬", "実": "實", "寿": "壽", "県": "縣", "関": "關", "館": "舘",
        "豊": "豐", "蔵": "藏", "会": "會", "条": "條", "円": "圓", "塩": "鹽", "亀": "龜",
    }.items()
    for variant in variants
}  # fmt: skip

_FOLD = _KATAKANA_TO_HIRAGANA | _INVISIBLE | _NAME_KANJI

# A hyphen, dash or wave typed for the long-vowel mark: "ラ-メン", "ラ〜メン".
_LOOSE_LONG_VOWEL = re.compile("(?<=[ぁ-ゖァ-ヶー])[-‐‑‒–—―−〜~]+(?=[ぁ-ゖァ-ヶ])")
_LONG_VOWELS = re.compile("ー{2,}")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_LATIN_ACCENTED = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")
_ARABIC_MARKS = re.compile("[\u064b-\u065f\u0670\u0591-\u05c7\u0640]")


def fold(text: str) -> str:
    """The text with everything folded away that people do not mean to distinguish when they search.

    Width, case, katakana and hiragana, accents on Latin letters, invisible characters, doubled or loosely
    typed long vowels, variant kanji of names. `fold(fold(x)) == fold(x)`.
    """
    if text.isascii():
        return text.lower()
    # Case folding may undo NFKC (and a mark left bare by an invisible character may compose), so the pair
    # runs twice: the second round changes nothing for all but a handful of characters.
    for _ in range(2):
        text = unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).casefold()
    text = _LATIN_ACCENTED.sub(_without_accents, text)
    text = _ARABIC_MARKS.sub("", _ACCENTS.sub("", text))
    text = _LONG_VOWELS.sub("ー", _LOOSE_LONG_VOWEL.sub("ー", text))
    return unicodedata.normalize("NFKC", text.translate(_FOLD))


def _without_accents(match: re.Match[str]) -> str:
    return _ACCENTS.sub("", unicodedata.normalize("NFD", match.group()))


# --- units: what a query and a text are compared by ---------------------------------------------------

# Scripts written without spaces; each character is a unit of its own.
_UNSPACED = (
    "\u3005-\u3007\u3031-\u3035\u303b\u3041-\u3096\u309d-\u309f\u30a0-\u30fa\u30fc-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7a3\u1100-\u11ff"
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0edf\u1000-\u104f\u1780-\u17d3"
    "\U0001b000-\U0001b16f\U00020000-\U000323af"
)
_PICTURES = "\u2190-\u21ff\u2300-\u23ff\u2460-\u27bf\u2900-\u297f\u2b00-\u2bff\U0001f000-\U0001faff"
_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670"
    "\u0900-\u0903\u093a-\u094f\u0981-\u0983\u09bc-\u09cd\u0b82\u0bbe-\u0bcd"
)
_UNIT = re.compile(f"(?P<single>[{_UNSPACED}{_PICTURES}])|(?:[^\\W_{_UNSPACED}{_PICTURES}][{_MARKS}]*)+")
# A mail broken at 35 characters breaks inside words: one newline between two such characters joins.
_JOINT = re.compile("[ \t]*\n?[ \t]*")
_LONGEST_WORD = 64
_WORD = re.compile(r"\S+")


class Unit(NamedTuple):
    """One character of an unspaced script, or one word. `start` and `end` count in the folded text."""

    text: str
    start: int
    end: int
    single: bool
    joined: bool  # the unit before is a single too, with nothing between


def units(folded: str) -> Iterator[Unit]:
    """The units of a text that `fold` made, in order. Punctuation and spaces are no units."""
    end, after_single = -1, False
    for match in _UNIT.finditer(folded):
        single = match.lastgroup == "single"
        start = match.start()
        joined = single and after_single and (start == end or _is_wrap(folded[end:start]))
        end, after_single = match.end(), single
        yield Unit(match.group()[:_LONGEST_WORD], start, end, single, joined)


def _is_wrap(between: str) -> bool:
    return "\n" in between and _JOINT.fullmatch(between) is not None


# --- tokens: what the index holds ---------------------------------------------------------------------


def tokens(text: str, limit: int = 16_000) -> list[str]:
    """The index tokens of a text: one per unit, in order, at most `limit`.

    A word is itself. A character of an unspaced script is the 2-gram it starts; the last of a run stands
    alone. So every character starts exactly one token (a one-character query is a prefix), and a longer
    query is a phrase of consecutive 2-grams.
    """
    found: list[str] = []
    previous: Unit | None = None
    for unit in units(fold(text)):
        if previous is not None:
            found.append(_token(previous, unit))
        if len(found) >= limit:
            return found
        previous = unit
    if previous is not None:
        found.append(previous.text)
    return found


def _token(unit: Unit, following: Unit) -> str:
    return unit.text + following.text if following.joined else unit.text


@dataclass(frozen=True, slots=True)
class Phrase:
    """One space-separated term of a query: consecutive index tokens, the last one perhaps only a prefix."""

    tokens: tuple[str, ...]
    prefix: bool


def phrase(term: str) -> Phrase | None:
    """The tokens to look for to find `term` anywhere in a text, or None if it has no letter or number.

    商品 finds 商品券; "ship" finds "shipping" (the last word is a prefix); サーバー finds サーバ.
    """
    found = list(units(shortened(fold(term))))
    if not found:
        return None
    made = [_token(unit, following) for unit, following in pairwise(found)]
    last = found[-1]
    if last.joined:  # the 2-gram before already says it
        return Phrase(tuple(made), False)
    return Phrase((*made, last.text), True)


_TRAILING_LONG_VOWEL = re.compile("(?<=[ぁ-ゖ][ぁ-ゖー][ぁ-ゖ])ー$")


def shortened(folded_term: str) -> str:
    """The folded term without the long vowel at its end that JIS Z 8301 makes optional (サーバー)."""
    return _TRAILING_LONG_VOWEL.sub("", folded_term)


# --- what was found -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of a text and where in it the terms stand: half-open (start, end) spans, in order, apart."""

    text: str
    spans: tuple[tuple[int, int], ...]

    def parts(self) -> Iterator[tuple[str, bool]]:
        """The text in pieces, each with whether it is a hit: what a template marks."""
        at = 0
        for start, end in self.spans:
            if start > at:
                yield self.text[at:start], False
            yield self.text[start:end], True
            at = end
        if at < len(self.text):
            yield self.text[at:], False


_FIRST_LOOK = 600  # characters: most hits are there, and folding with care for places is slow
READ_FOR_HITS = 20_000  # characters; what stands later in a message still finds it, unmarked


def highlights(text: str, terms: Sequence[str]) -> list[tuple[int, int]]:
    """Where the terms of a query stand in the text: spans in order, overlapping ones joined."""
    folded, origin = _folded_with_origin(text)
    stream = list(units(folded))
    found: list[tuple[int, int]] = []
    for term in terms:
        wanted = list(units(shortened(fold(term))))
        found += [(origin[a][0], origin[b - 1][1]) for a, b in _occurrences(stream, wanted)]
    return _joined(sorted(found))


def excerpt(text: str, terms: Sequence[str], around: int = 120) -> Excerpt:
    """About `around` characters of the text, on one line, with the first hit inside and all hits marked."""
    source = text[:READ_FOR_HITS]
    found = highlights(source[:_FIRST_LOOK], terms) or (
        highlights(source, terms) if len(source) > _FIRST_LOOK else []
    )
    flat, spans = _flattened(source, found)
    start = max(0, spans[0][0] - around // 3) if spans else 0
    start = max(0, min(start, len(flat) - around))
    end = min(len(flat), start + around)
    before, after = "…" if start else "", "…" if end < len(flat) else ""
    shift = len(before) - start
    inside = tuple((max(a, start) + shift, min(b, end) + shift) for a, b in spans if a < end and b > start)
    return Excerpt(before + flat[start:end] + after, inside)


def _flattened(text: str, spans: Iterable[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    """The text on one line, and where the spans are in it. They are found before: in a line that a mail broke inside a
    word there is no space to be."""
    words = list(_WORD.finditer(text))
    begins = [word.start() for word in words]
    ends = accumulate(len(word[0]) + 1 for word in words)
    moved = [begin - end + len(word[0]) + 1 for begin, end, word in zip(begins, ends, words, strict=True)]

    def place(at: int) -> int:
        return at - moved[bisect_right(begins, at) - 1]

    return " ".join(word[0] for word in words), [(place(a), place(b - 1) + 1) for a, b in spans]


def _folded_with_origin(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The folded text and, for each of its characters, the (start, end) in the original it came from."""
    pieces: list[str] = []
    origin: list[tuple[int, int]] = []
    plain = _LOOSE_LONG_VOWEL.sub(lambda dash: "ー" * len(dash.group()), text)
    for match in _CLUSTER.finditer(plain):
        piece = _folded_piece(match.group())
        pieces.append(piece)
        origin += [match.span()] * len(piece)
    return "".join(pieces), origin


_folded_piece = lru_cache(maxsize=16_384)(fold)
_CLUSTER = re.compile("ー{2,}|.[\u0300-\u036f\u3099\u309a\uff9e\uff9f\ufe00-\ufe0f\u200d]*", re.DOTALL)


def _occurrences(stream: Sequence[Unit], wanted: Sequence[Unit]) -> Iterator[tuple[int, int]]:
    if not wanted:
        return
    size = len(wanted)
    for at in range(len(stream) - size + 1):
        if stream[at].text.startswith(wanted[0].text) and _matches(stream[at : at + size], wanted):
            last = stream[at + size - 1]
            end = last.end if last.single else last.start + len(wanted[-1].text)
            yield stream[at].start, end


def _matches(piece: Sequence[Unit], wanted: Sequence[Unit]) -> bool:
    if not all(a.text == b.text for a, b in zip(piece[:-1], wanted[:-1], strict=True)):
        return False
    if any(a.joined != b.joined for a, b in zip(piece[1:], wanted[1:], strict=True)):
        return False
    return piece[-1].text == wanted[-1].text or (
        not wanted[-1].single and piece[-1].text.startswith(wanted[-1].text)
    )


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
