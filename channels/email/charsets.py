"""Bytes to text, whatever charset they are in and whatever they claim.

The names mailers use are more than Python knows, and mean more than their standards say: every Shift_JIS is code
page 932, every ISO-2022-JP may hold what Microsoft and the carriers put into it (see `jis`). A declared charset is
believed as long as the bytes bear it out; statistics are not used, because on the short texts of mail they are
wrong more often than the plain order: byte order mark, escape sequences, UTF-8, code page 932, EUC-JP.
"""

import codecs
import re
from functools import lru_cache

from channels.email import jis

ESCAPES = re.compile(rb"\x1b(?:\$[@AB]|\$\([@A-Q]|\([IJ])")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_JAPANESE = re.compile("[\u3001-\u30fe\u4e00-\u9fff\uff01-\uff5e]")
_HALF_KANA = re.compile("[\uff61-\uff9f]")
_UTF8_CHAR = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
# UTF-8 cut at a number of bytes, as senders cut subjects and names; hardly any Shift_JIS or EUC-JP looks like it.
_NARROW = rb"(?:[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf])*"
_CUT_UTF8 = re.compile(
    _NARROW
    + rb"(?:(?:[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})"
    + _NARROW
    + rb")+(?:[\xe2-\xef][\x80-\xbf]?|\xf0[\x80-\xbf]{0,2})[\x00-\x7f]*"
)
_SHORT = 2_000
_HIGH = re.compile(rb"[\x80-\xff]")
_SJIS, _JIS, _EUC = "cp932", "jis", "euc"
_NAMES = {
    **dict.fromkeys(("ms932", "mskanji", "cp932", "cp943", "windows31j", "windows932", "932"), _SJIS),
    **dict.fromkeys(("cswindows31j", "csshiftjis", "mscp932", "ibm943", "ibm932"), _SJIS),
    **dict.fromkeys(("jis", "jis7", "jis8", "junet", "jisencoding", "csjisencoding", "csiso2022jp"), _JIS),
    **dict.fromkeys(("ujis", "cp51932", "cp20932", "windows51932", "cseucpkdfmtjapanese", "eucj"), _EUC),
    **dict.fromkeys(("utf8", "utf8n", "utf8mb4", "utf8bom", "unicode11utf8", "cputf8", "65001"), "utf-8"),
    **dict.fromkeys(("unicode11utf7", "utf7"), "utf-7"),
    **dict.fromkeys(("gb2312", "gbk", "euccn", "gb231280", "csgb2312", "cp936", "chinese"), "gb18030"),
    **dict.fromkeys(("euckr", "ksc56011987", "ksc5601", "ksc56011989", "windows949", "uhc"), "cp949"),
    **dict.fromkeys(("big5", "bigfive", "csbig5", "cnbig5"), "cp950"),
    **dict.fromkeys(("iso88591", "latin1", "l1", "ansi", "iso88591windows3.0latin1"), "cp1252"),
    **dict.fromkeys(("iso88599", "latin5"), "cp1254"),
    **dict.fromkeys(("tis620", "windows874", "iso885911"), "cp874"),
    **dict.fromkeys(("iso88598i", "iso88598e", "logical"), "iso8859-8"),
    **dict.fromkeys(("iso88596i", "iso88596e"), "iso8859-6"),
}
_FAMILIES = (
    ("shiftjis", _SJIS),
    ("sjis", _SJIS),
    ("iso2022jp", _JIS),
    ("cp5022", _JIS),
    ("windows5022", _JIS),
)
_EUC_FAMILY = ("eucjp", "eucjis", "xeuc")
_NO_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
_WESTERN = {"cp1252", "cp1250", "cp1254", "iso8859-15", "iso8859-2"}
_ASCII = {"ascii", "usascii", "ansix3.41968", "iso646us", "7bit", "us"}


def decode(raw: bytes, charset: str = "") -> tuple[str, bool]:
    """`raw` as text, and whether the declared `charset` ("" for none) told the truth. Never raises."""
    bom = _after_bom(raw)
    if bom is not None:
        return bom, True
    codec = codec_of(charset)
    if codec is None:
        return guess(raw), not charset or raw.isascii()
    text = _declared(raw, codec)
    return (text, True) if text is not None else (_otherwise(raw, codec), False)


def guess(raw: bytes) -> str:
    """`raw` as text where nothing is declared. Never raises."""
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii")
    if ESCAPES.search(raw):
        return jis.decode(raw)
    return _after_bom(raw) or _strict(raw, "utf-8") or _japanese(raw) or _last_resort(raw)


@lru_cache(maxsize=512)
def codec_of(charset: str) -> str | None:
    """The codec for a charset name as mailers write it: one of Python's, "jis", "euc", or None if unknown.

    US-ASCII is None too: what is really ASCII reads the same, and what is not was mislabelled.
    """
    name = re.sub(r"[^a-z0-9.]", "", charset[:80].lower())
    plain = name[1:] if name.startswith("x") and name[1:2] not in ("", "e") else name
    if plain in _ASCII:
        return None
    if name.startswith(_EUC_FAMILY):
        return _EUC
    for family, codec in _FAMILIES:
        if plain.startswith(family):
            return codec
    return _NAMES.get(plain) or _python_codec(charset.strip().strip("\"'").lower())


def of_windows(number: int) -> str:
    """The charset name of a Windows code page, "" for none."""
    special = {
        0: "",
        65001: "utf-8",
        50220: "iso-2022-jp",
        50221: "iso-2022-jp",
        51932: "euc-jp",
        20932: "euc-jp",
    }
    return special.get(number, f"cp{number}")


def _python_codec(name: str) -> str | None:
    try:
        found = codecs.lookup(name)
        "".encode(found.name)  # a LookupError for those that are no charsets (hex, zip, rot13)
    except (LookupError, ValueError, UnicodeError):
        return None
    return None if found.name.replace("-", "_") in _NO_CHARSETS else found.name


def _after_bom(raw: bytes) -> str | None:
    for bom, codec in _BOMS:
        if raw.startswith(bom):
            return raw[len(bom) :].decode(codec, "replace")
    return None


def _declared(raw: bytes, codec: str) -> str | None:
    """`raw` in the declared codec, None where the bytes show that it is another."""
    if codec == _JIS:
        lying = b"\x1b" not in raw and not raw.isascii()
        return None if lying else jis.decode(raw)
    if codec not in ("utf-16", "utf-7", "hz") and ESCAPES.search(raw) and not codec.startswith("iso2022"):
        return None
    text = jis.decode_euc(raw) if codec == _EUC else _strict(raw, codec)
    if text is None or raw.isascii() or codec == "utf-8":
        return text
    return None if _lies(raw, text, codec) else text


def _lies(raw: bytes, text: str, codec: str) -> bool:
    """Whether bytes that happen to fit `codec` are clearly UTF-8, or Japanese called Western."""
    utf8 = _strict(raw, "utf-8")
    if utf8 is not None and codec not in ("utf-16", "utf-32"):
        return codec in _WESTERN or bool(_JAPANESE.search(utf8))
    if codec in _WESTERN:
        japanese = _japanese(raw)
        return japanese is not None and len(_KANA.findall(japanese)) >= 2
    if codec != _SJIS or (euc := _rather_euc(raw, text)) is None:
        return False
    return len(_KANA.findall(euc)) * 3 >= sum(
        not char.isascii() for char in euc
    )  # else it is what it says: ﾌﾘｺﾐ


def _otherwise(raw: bytes, codec: str) -> str:
    """`raw` where the declared `codec` failed."""
    if ESCAPES.search(raw):
        return jis.decode(raw)
    if codec == "utf-8" and (_mostly_utf8(raw) or (len(raw) <= _SHORT and _CUT_UTF8.fullmatch(raw))):
        return raw.decode("utf-8", "replace")
    if codec in (_SJIS, _EUC, _JIS, "utf-8"):
        return guess(raw)
    return _strict(raw, "utf-8") or _foreign(raw, codec)


def _foreign(raw: bytes, codec: str) -> str:
    japanese = _japanese(raw)
    if japanese is not None and _KANA.search(japanese):
        return japanese
    try:
        return raw.decode(codec, "replace")
    except (LookupError, ValueError):
        return guess(raw)


def _japanese(raw: bytes) -> str | None:
    """`raw` as code page 932 or EUC-JP, if it is strictly one of them."""
    sjis = _strict(raw, _SJIS)
    if sjis is None:
        return jis.decode_euc(raw)
    return _rather_euc(raw, sjis) or sjis


def _rather_euc(raw: bytes, sjis: str) -> str | None:
    """The EUC-JP reading, where the other one, though legal, is a heap of half-width katakana."""
    if len(_HALF_KANA.findall(sjis)) * 2 < len(_HIGH.findall(raw)) // 2:
        return None
    euc = jis.decode_euc(raw)
    return euc if euc and _KANA.search(euc) else None


def _last_resort(raw: bytes) -> str:
    if _mostly_utf8(raw):
        return raw.decode("utf-8", "replace")
    if not re.search(rb"[\x80-\xff]{2}", raw):
        return raw.decode("cp1252", "replace")  # single accents among ASCII: some Western charset
    return raw.decode(_SJIS, "replace")


def _mostly_utf8(raw: bytes) -> bool:
    good = sum(map(len, _UTF8_CHAR.findall(raw)))
    return good > 0 and (len(_HIGH.findall(raw)) - good) * 10 <= good


def _strict(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except (LookupError, ValueError):  # a UnicodeError is a ValueError
        return None
