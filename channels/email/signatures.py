"""Where the signature of somebody's own text begins."""

import re
from collections.abc import Sequence

from channels.email.quote_markers import LONGEST, plain

_LONGEST_SIGNATURE = 25  # lines with something on them; what is longer is no signature
_SENTENCE = ("。", "ます", "ません", "?")  # how a line ends that tells or asks
_DEVICES = (
    r"(?:iPhone|iPad|iPod|Android|Xperia|Galaxy|AQUOS|arrows|Pixel|スマートフォン|スマホ|携帯電話?|モバイル|"
    r"Windows|Mac|Outlook|Gmail|Yahoo!?メール|Yahoo!?|Spark|メール ?アプリ)"
)
_MAILERS = (
    r"(?:iPhone|iPad|Android|BlackBerry|Samsung|Galaxy|Xperia|Pixel|Huawei|Xiaomi|Outlook|Gmail|Yahoo|Proton|Spark|"
    r"Airmail|Mailtrack|Superhuman|Newton|Canary|Edison|Tuta|Mail|Mobile)"
)
# What phones and mail programs write below a mail by themselves, one whole line each.
PHONES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"[^。、]{{0,25}}{_DEVICES}[^。、]{{0,25}}から(?:の)?送信(?:しました|されました|しています)?。?",
        r"[^。、]{0,20}(?:iOS|Android|Mac|Windows)\s?(?:版|用)?\s?の?\s?Outlook\s?を(?:入手|取得).{0,200}",
        r"Outlook for (?:iOS|Android|Mac).{0,5}を(?:入手|取得).{0,200}",
        r"Get Outlook for (?:iOS|Android|Mac).{0,200}",
        r"Sent from (?:my|Mail for|Outlook|Yahoo|Samsung|Gmail|Proton|Spark|an? )\b.{0,150}",
        rf"Sent (?:via|with) (?:my |the |an? )?{_MAILERS}.{{0,100}}",
        r"Windows\s?(?:10|11)?\s?版の(?:メール|Outlook).{0,100}",
        r"(?:iPhone|iPad|Android)の?(?:Gmail|Yahoo!?メール)アプリから.{0,30}",
    )
)
_REPEATED = re.compile(
    r"([─━=_*★☆◆◇■□●○・.+~\-‐–—―ー])\1{2,}|(?:[*★☆◆◇■□●○・─━=~-]{2}){2,}|([*★☆・─━])[.。:・]\2"
)
_CONTACT = re.compile(
    r"tel|fax|phone|mobile|e-?mail|mail|https?:|www\.|@|〒|電話|携帯|住所|株式会社|\(株\)|有限会社|合同会社|部\b|課\b|"
    r"[都道府県]\S{1,20}[市区町村]|[市区町村]\S{0,30}\d|\d{2,4}-\d{2,4}-\d{3,4}|Inc\.|Ltd|Co\.",
    re.IGNORECASE,
)


def begin(lines: Sequence[str]) -> int:
    """The index in `lines` (somebody's own ones, in one piece) where their signature begins; their number if none."""
    end = len(lines)
    cut = _phone(lines, end)
    cut = min(cut, _dashes(lines, cut))
    return _box(lines, cut)


def _phone(lines: Sequence[str], end: int) -> int:
    """Lines such as "iPhoneから送信" at the end; the delimiter above them belongs to them."""
    cut = end
    for i in _backwards(lines, end, 3):
        if not is_phone_line(lines[i]):
            break
        cut = i
    above = next(iter(_backwards(lines, cut, 1)), None)
    if cut < end and above is not None and lines[above].strip() in ("--", "---"):
        return above
    return cut


def is_phone_line(line: str) -> bool:
    said = plain(line[:LONGEST])
    return any(pattern.fullmatch(said) for pattern in PHONES)


def _dashes(lines: Sequence[str], end: int) -> int:
    """RFC 3676, 4.3: "-- " alone on a line. Many programs lose the blank, so "--" counts if little follows that
    is no sentence: it parts one's words from each other as well."""
    for i in range(max(0, end - 120), end):
        if lines[i].rstrip("\r\n") == "-- " or lines[i].strip() == "--":
            said = [line for line in lines[i + 1 : end] if line.strip()]
            whole = lines[i].startswith("-- ")
            if not whole and any(plain(line[:LONGEST]).endswith(_SENTENCE) for line in said):
                continue
            return i if len(said) <= (2 * _LONGEST_SIGNATURE if whole else _LONGEST_SIGNATURE) else end
    return end


def _box(lines: Sequence[str], end: int) -> int:
    """A block between rules of ─━=＿*-★ at the very end that tells who somebody is and how to reach them."""
    rules = [i for i in _backwards(lines, end, _LONGEST_SIGNATURE) if _is_rule(lines[i])]
    for start in reversed(rules):
        said = [line for line in lines[start:end] if line.strip() and not _is_rule(line)]
        if said and _tells_who(said, closed=rules[0] > start and _ends(lines, rules[0], end)):
            return start
    return end


def _tells_who(said: Sequence[str], *, closed: bool) -> bool:
    if any(len(line) > 90 for line in said):
        return False
    if any(_CONTACT.search(plain(line)) for line in said):
        return len(said) <= 15 and not any(plain(line).endswith(("。", "か?", "ます")) for line in said)
    return closed and len(said) <= 2 and not any(char.isdigit() for line in said for char in line)


def _ends(lines: Sequence[str], rule: int, end: int) -> bool:
    return not any(line.strip() for line in lines[rule + 1 : end])


def _is_rule(line: str) -> bool:
    said = plain(line[:LONGEST])
    return 3 <= len(said) <= 200 and bool(_REPEATED.match(said)) and not re.search(r"[^\W_ー]", said)


def _backwards(lines: Sequence[str], end: int, most: int) -> list[int]:
    """Indexes before `end` of at most `most` lines with something on them, the last first."""
    found: list[int] = []
    for i in range(end - 1, max(-1, end - 120), -1):
        if lines[i].strip():
            found.append(i)
        if len(found) == most:
            break
    return found
