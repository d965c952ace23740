"""In which encoding a text is: by its byte order mark, else by what fits."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.tables.rows import Unreadable

ENCODINGS = ("utf-8", "utf-8-sig", "cp932", "euc_jp", "utf-16")  # that may be asked for
MOST_FAULTS = 0.001  # of the characters: a text with more is in another encoding
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_TRIED = ("utf-8", "cp932", "euc_jp")
_STRANGE = re.compile("[\uff61-\uff9f\u0080-\u00a0\ue000-\uf8ff]")
_LOST = "\ufffd"


def decode(raw: bytes) -> tuple[str, str]:
    """The text and its encoding: by byte order mark, else the first of UTF-8, CP932 and EUC-JP that fits without a
    fault. Raises :class:`Unreadable`."""
    encoding, faulty = encoding_of([raw])
    if faulty and encoding in _BOMS.values():
        raise Unreadable(
            "The file begins as %(encoding)s but breaks off in the middle of it.", encoding=encoding.upper()
        )
    if faulty:
        raise Unreadable("The file is neither UTF-8, UTF-16, CP932 (Shift_JIS) nor EUC-JP text.")
    return raw.decode(encoding), encoding


def encoding_of(chunks: Iterable[bytes]) -> tuple[str, bool]:
    """The encoding of a text, and whether some of it does not fit. Raises :class:`Unreadable` where nothing fits.

    Bytes of EUC-JP are often valid CP932, too, as half-width katakana; what makes fewer of those is right.
    """
    tried: list[_Try] = []
    for chunk in chunks:
        if not tried:
            tried = [_Try(name) for name in _candidates(chunk)]
        for one in tried:
            one.feed(chunk)
    for one in tried:
        one.feed(b"", final=True)
    if not tried:
        return "utf-8", False
    best = min(tried, key=lambda one: (bool(one.faults), one.faults, one.name != "utf-8", one.strange))
    if best.faults > best.characters * MOST_FAULTS and not _is_marked(best):
        raise Unreadable("The file is neither UTF-8, UTF-16, CP932 (Shift_JIS) nor EUC-JP text.")
    return best.name, bool(best.faults)


def _candidates(beginning: bytes) -> tuple[str, ...]:
    marked = next((name for bom, name in _BOMS.items() if beginning.startswith(bom)), "")
    if marked:
        return (marked,)
    for at, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        every_other = beginning[at:400:2]
        if (
            len(beginning) > 8
            and every_other.count(0) > len(every_other) // 3
            and 0 not in beginning[1 - at : 400 : 2]
        ):
            return (name,)
    return _TRIED


def _is_marked(one: _Try) -> bool:
    return one.name in _BOMS.values()


@dataclass
class _Try:
    """One encoding on the whole text: how much of it does not fit, or looks strange."""

    name: str
    faults: int = 0
    strange: int = 0
    characters: int = 0

    def __post_init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder(self.name)("replace")

    def feed(self, chunk: bytes, final: bool = False) -> None:
        text = self._decoder.decode(chunk, final)
        own = chunk.count(_LOST.encode()) if self.name.startswith("utf-8") else 0
        self.faults = max(0, self.faults + text.count(_LOST) - own)
        self.characters += len(text)
        if self.name in ("cp932", "euc_jp") and not text.isascii():
            self.strange += len(_STRANGE.findall(text))
