"""Japanese codes that no codec of the standard library reads as mailers write them.

ISO-2022-JP (RFC 1468) comes from Microsoft and the carriers with NEC's row 13 (①㈱Ⅲ), IBM's characters (髙﨑) and
half-width katakana, EUC-JP with the same. Both are the rows of JIS X 0208 in another coat, so they are read through
the table of code page 932, which has all of these.
"""

import re
from functools import cache

GETA = "〓"  # the typographer's mark for a character that is not in the case
_SWITCH = rb"\x1b(?:\$[@AB]|\$\([@ABCDOPQ]|\([BJIHT]|&@\x1b\$B)|[\x0e\x0f]"
_FROM_ASCII, _FROM_OTHERS = re.compile(_SWITCH), re.compile(_SWITCH + rb"|\r\n?|\n")
_ASCII = {b"", b"\x1b(B", b"\x1b(J", b"\x0f"}
_MAX_SLOW = 500_000  # bytes that are decoded character by character
_LOST_LOOK = 100_000  # bytes of a text in which lost escapes are looked for
_SPACES = re.compile(rb"([ \t]+)")
_LOST_ESCAPE = re.compile(rb"\$([@B])((?:[!-~]{2}){1,200}?)\(([BJ])")
_EUC_RUN = re.compile(
    rb"((?:[\xa1-\xfe]{2})+)|((?:\x8e[\xa1-\xdf])+)|((?:\x8f[\xa1-\xfe]{2})+)|([\x00-\x7f]+)|.", re.S
)
_TWO_BYTES = {b"\x1b$@", b"\x1b$B", b"\x1b$(@", b"\x1b$(B", b"\x1b&@\x1b$B"}
_OTHER_SETS = {  # by their escapes: a codec that has the set at 8 bits, and what stands before each pair there
    b"\x1b$A": ("gb2312", b""),
    b"\x1b$(A": ("gb2312", b""),
    b"\x1b$(C": ("euc_kr", b""),
    b"\x1b$(D": ("euc_jp", b"\x8f"),
    b"\x1b$(O": ("euc_jis_2004", b""),
    b"\x1b$(P": ("euc_jis_2004", b"\x8f"),
    b"\x1b$(Q": ("euc_jis_2004", b""),
}
_HALF_WIDTH = {b"\x1b(I", b"\x0e"}
_HIGH_BIT = bytes(range(128, 256)) + bytes(range(128, 256))


def decode(raw: bytes) -> str:
    """`raw` in ISO-2022-JP of any vendor; total. What has no character is `GETA` or U+FFFD.

    A line's end brings ASCII back, as mailers that forget the last escape need; bytes of eight bits among ASCII
    are taken for code page 932.
    """
    if b"\x1b" not in raw and len(raw) <= _LOST_LOOK:
        raw = _LOST_ESCAPE.sub(b"\x1b$\\1\\2\x1b(\\3", raw)
    pieces = []
    start, mode = 0, b""
    while match := (_FROM_ASCII if mode in _ASCII else _FROM_OTHERS).search(raw, start):
        pieces.append(_run(raw[start : match.start()], mode))
        start, found = match.end(), match.group()
        if found[0] in b"\r\n":
            pieces.append(found.decode("ascii"))
            mode = b""
        else:
            mode = found
    pieces.append(_run(raw[start:], mode))
    return "".join(pieces)


def decode_euc(raw: bytes) -> str | None:
    """`raw` in EUC-JP of any vendor (eucJP-ms, CP51932), None if it is none."""
    try:
        return raw.decode("euc_jp").translate(_as_windows_says())
    except UnicodeDecodeError:
        return _vendors_euc(raw) if len(raw) <= _MAX_SLOW else None


def _vendors_euc(raw: bytes) -> str | None:
    pieces = []
    for match in _EUC_RUN.finditer(raw):
        two, kana, three, plain = match.groups()
        if two:
            pieces.append(_pairs(two, _euc_table(), strict=True))
        elif kana:
            pieces.append(kana.replace(b"\x8e", b"").decode("cp932"))
        elif three:
            pieces.append(three.decode("euc_jp", "replace").replace("\ufffd\ufffd\ufffd", GETA))
        elif plain:
            pieces.append(plain.decode("ascii"))
        else:
            return None
        if "\ufffd" in pieces[-1]:
            return None
    return "".join(pieces)


def _run(raw: bytes, mode: bytes) -> str:
    if not raw:
        return ""
    if mode in _TWO_BYTES:
        return _pairs(raw, _jis_table())
    if mode in _HALF_WIDTH:
        return raw.translate(_HIGH_BIT).decode("cp932", "replace")
    if mode in _OTHER_SETS:
        codec, before = _OTHER_SETS[mode]
        high = raw.translate(_HIGH_BIT)
        if before:
            high = b"".join(before + high[i : i + 2] for i in range(0, len(high), 2))
        return high.decode(codec, "replace")
    return raw.decode("cp932", "replace")


def _pairs(raw: bytes, table: dict[bytes, str], strict: bool = False) -> str:
    """Two bytes a character. A space between them is one: some mailers do not leave the set for it."""
    if not strict and (b" " in raw or b"\t" in raw):
        pieces = _SPACES.split(raw)
        pieces[0::2] = [_pairs(piece, table).encode("utf-8") for piece in pieces[0::2]]
        return b"".join(pieces).decode("utf-8")
    missing = "\ufffd" if strict else ""
    text = "".join(
        [table.get(raw[i : i + 2], missing or _missing(raw[i])) for i in range(0, len(raw) - 1, 2)]
    )
    return text + "\ufffd" if len(raw) % 2 else text


def _missing(row: int) -> str:
    return GETA if 0x75 <= row <= 0x7E else "\ufffd"  # those rows are the carriers' own signs


@cache
def _jis_table() -> dict[bytes, str]:
    """JIS pair → character, through the arithmetic that Shift_JIS is made by."""
    table = {}
    for row in range(0x21, 0x7F):
        for cell in range(0x21, 0x7F):
            try:
                table[bytes((row, cell))] = _shifted(row, cell).decode("cp932")
            except UnicodeDecodeError:
                continue
    return table


def _shifted(row: int, cell: int) -> bytes:
    low = cell + (0x7E if row % 2 == 0 else 0x1F if cell < 0x60 else 0x20)
    high = (row + 1) // 2 + 0x70
    return bytes((high + 0x40 if high >= 0xA0 else high, low))


@cache
def _as_windows_says() -> dict[int, str]:
    """The few characters (〜 ‖ − …) that the two tables disagree on: one text reads the same in every coat."""
    pairs = ((pair.decode("euc_jp", "ignore"), char) for pair, char in _euc_table().items())
    return {ord(unix): char for unix, char in pairs if len(unix) == 1 and unix != char}


@cache
def _euc_table() -> dict[bytes, str]:
    return {pair.translate(_HIGH_BIT): char for pair, char in _jis_table().items()}
