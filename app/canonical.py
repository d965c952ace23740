"""The one form in which an address of a customer is kept, whichever door it came in by.

A telephone number is kept in E.164 (+81312345678), a mail address in lower case with its domain in ASCII, the number of
a loyalty card as capitals and digits. What says that nothing is known (非通知, anonymous, "-") is nobody's address.
Everything here is pure. Sources: ITU-T E.164 by way of libphonenumber, RFC 3966 (tel:), RFC 5321 and 5890 (mail).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import phonenumbers

from app.text import clean, fold

HOME = "JP"  # where numbers without a country are from, unless the shop says otherwise
PHONE, EMAIL, CARD, CRM = "phone", "email", "card", "crm"
EVERYWHERE = frozenset({PHONE, EMAIL, CARD, CRM})  # kinds whose addresses mean the same on every channel
SEVERAL = frozenset({PHONE, EMAIL, CARD})  # of which one person may have more than one
LONGEST, LONGEST_ID = 320, 200  # characters of a number, however it is written, and of an id
UNKNOWN = "@invalid"  # so ends the address of who has none (RFC 2606)

# What a telephone system shows in place of a number, and what is typed where nothing is known.
_NOBODY = {
    fold(word)
    for word in (
        *("非通知", "非通知設定", "ナンバー非通知", "番号非通知", "通知不可", "通知不可能", "公衆電話"),
        *("表示圏外", "サービス競合", "不明", "不詳", "なし", "無し", "未登録", "未入力", "匿名"),
        *("withheld", "anonymous", "unknown", "private", "private number", "restricted", "unavailable"),
        *("payphone", "coin", "blocked", "hidden", "no caller id", "caller id withheld", "not provided"),
        *("out of area", "asserted", "none", "null", "nil", "nan", "n/a", "na", "-", "--", "ー", "?"),
    )
}
# Words that Twilio spells on the keys of a telephone: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE.
_SPELLED = {"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"}
_EXCEL_GUARD = re.compile(r"""^(?:="(.*)"|'(.*))$""")
_URI = re.compile(r"^(?:tel|sips?):([^@;]+)(?:[@;].*)?$", re.IGNORECASE)
_EXTENSION = re.compile(r"(?:内線|ext\.?|extension|;ext=|#|x)\s*[:：.]?\s*\d+\s*\D{0,3}$", re.IGNORECASE)
_LETTERED = re.compile(
    r"\d[^\d]*[^\W\d_][^\d]*\d"
)  # letters between digits: a word on the keys, or no number
_NOT_DIGITS = re.compile(r"\D+")
_E164 = re.compile(r"\+[1-9]\d{6,14}")


@lru_cache(16_384)
def nobody(written: str) -> bool:
    """Whether this stands for "we do not know who": 非通知, 公衆電話, withheld, unknown …"""
    text = written.strip()
    return not text or text in _SPELLED or fold(text).strip(" .()[]<>（）\"'") in _NOBODY | {""}


def address(kind: str, written: str, home: str = HOME) -> str:
    """The address of this kind as it is kept; "" if it is nobody's, or is none of this kind."""
    return _FORMS[kind](written, home) if kind in _FORMS else written


def kept(kind: str, written: str, home: str = HOME) -> str:
    """:func:`address`; what has no such form stays as it was given, for it is still where something came from."""
    return address(kind, written, home) or written


@lru_cache(65_536)
def phone(written: str, home: str = HOME) -> str:
    """A telephone number in E.164, "" if it is none.

    Full-width digits, hyphens of any sort, +81(0)3…, extensions, the guards Excel writes and a leading zero that a
    spreadsheet ate are understood, and numbers as written in the country `home` (ISO 3166). What is written with its
    country is believed to be there even where the tables do not know it yet; what is not has to be one of `home`.
    """
    if len(written) > LONGEST or nobody(written):
        return ""
    text = unicodedata.normalize("NFKC", written).strip()
    if guarded := _EXCEL_GUARD.match(text):
        text = guarded[1] or guarded[2] or ""
    if uri := _URI.match(text):
        text = uri[1]
    text = _EXTENSION.sub("", text)
    if _LETTERED.search(text):
        return ""
    text = re.sub(r"\D+$", "", text)
    for attempt in _attempts(text, home):
        try:
            number = phonenumbers.parse(attempt, home)
        except phonenumbers.NumberParseException:
            continue
        known = phonenumbers.is_valid_number(number)
        if known or (attempt.startswith("+") and phonenumbers.is_possible_number(number)):
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return ""


def _attempts(text: str, home: str) -> list[str]:
    digits = _NOT_DIGITS.sub("", text)
    begun = text.lstrip("( ")
    if begun.startswith("+"):
        return [begun]
    if digits.startswith("00"):
        return [text, f"+{digits[2:]}"]
    if home != "JP" or digits.startswith("0"):
        return [text]
    eaten = [f"0{text}"] if re.fullmatch(r"\d{9,10}", text) else []
    return [*eaten, *([f"+{digits}"] if len(digits) >= 11 else [])]


def is_number(address: str) -> bool:
    """Whether this is a telephone number as it is kept."""
    return _E164.fullmatch(address) is not None


def shapes(number: str) -> list[str]:
    """A number in E.164 as people write it, with hyphens: as in its own country, and from abroad."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return []
    wanted = (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return [str(phonenumbers.format_number(parsed, shape)) for shape in wanted]


@lru_cache(4_096)
def shown(number: str, home: str = HOME) -> str:
    """A number as the people of `home` write it: 03-1234-5678 for one of theirs, +1 415-555-2671 for others.

    What is no number in E.164 is shown as it is.
    """
    if not is_number(number):
        return number
    own = number.startswith(f"+{phonenumbers.country_code_for_region(home)}")
    made = shapes(number)
    return (made[0] if own else made[1]) if made else number


def spelled(kind: str, address: str, display: str, home: str = HOME) -> str:
    """An address as people know it: a number as it is written at `home`, an id of a platform by the name there."""
    if kind not in EVERYWHERE or address.endswith(UNKNOWN):
        return display or address
    return shown(address, home) if kind == PHONE else address


def mail(written: str) -> str:
    """A mail address as it is kept, "" if it is none: width and case do not count, an international domain is in its
    ASCII form (RFC 5890), "名前 <a@b>" and "mailto:" are understood.

    Nothing else is taken away: a "+tag" or a dot may be somebody else's address, and a..b@docomo.ne.jp, which carriers
    of Japan gave out against RFC 5321 (and some systems put in quotes), is delivered only as it is.
    """
    text = unicodedata.normalize("NFC", clean(written)).strip()
    if "<" in text:
        text = text.rpartition("<")[2].partition(">")[0]
    text = re.sub(r"^mailto:", "", text, flags=re.IGNORECASE).replace("＠", "@")
    local, _, domain = text.rpartition("@")
    local, domain = _narrow(local.strip()), _ascii(domain.strip())
    if len(local) > 2 and local[0] == local[-1] == '"' and not re.search(r'[\s@"\\(),:;<>\[\]]', local[1:-1]):
        local = local[1:-1]
    return f"{local.lower()}@{domain}" if local and domain and not nobody(written) else ""


def _narrow(local: str) -> str:
    """Full-width letters as ASCII; an international name stays what it is."""
    plain = unicodedata.normalize("NFKC", local)
    return plain if plain.isascii() else local


def _ascii(domain: str) -> str:
    plain = unicodedata.normalize("NFKC", domain).replace("。", ".").lower().rstrip(".")
    if plain.isascii():
        return plain
    try:
        return plain.encode("idna").decode("ascii")
    except UnicodeError:
        return plain


def card(written: str) -> str:
    """The number of a loyalty card as it is kept: capitals and digits alone, as a reader at the counter tells it."""
    number = "" if nobody(written) else "".join(re.findall(r"[^\W_]+", _plain(written).upper()))
    return number if len(number) <= LONGEST_ID else ""


def crm(written: str) -> str:
    """The id of a customer in another system: width and spaces do not count. Case does (Salesforce tells ids apart by
    it), and so do hyphens: what they mean is that system's business."""
    id = "" if nobody(written) else "".join(_plain(written).split())
    return id if len(id) <= LONGEST_ID else ""


def _plain(written: str) -> str:
    text = unicodedata.normalize("NFKC", clean(written)).strip()
    if guarded := _EXCEL_GUARD.match(text):
        text = guarded[1] or guarded[2] or ""
    return re.sub(r"^(\d+)\.0$", r"\1", text)


_FORMS: dict[str, Callable[[str, str], str]] = {
    PHONE: lambda written, home: phone(written, home),
    EMAIL: lambda written, home: mail(written),
    CARD: lambda written, home: card(written),
    CRM: lambda written, home: crm(written),
}
