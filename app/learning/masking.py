"""What a customer's or an agent's words say of one person is taken out of them, before they become everybody's: names,
addresses, numbers. Pure.

It errs on the side of taking out; what is left out leaves a bracket, so that whoever approves the text sees where.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

BRACKETS = {
    "ja": {
        "name": "〔お名前〕",
        "email": "〔メールアドレス〕",
        "phone": "〔電話番号〕",
        "address": "〔住所〕",
        "number": "〔番号〕",
        "link": "〔リンク〕",
    },
    "en": {kind: f"[{kind}]" for kind in ("name", "email", "phone", "address", "number", "link")},
}

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_LINK = re.compile(r"https?://[^\s?#<>「」、。]+[?#][^\s<>「」、。]*")
"""What follows the page may say whose it is."""
_POSTAL = re.compile(r"〒\s*\d{3}-?\d{4}|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b")
_PREFECTURE = r"(?:東京都|北海道|京都府|大阪府|[一-龥]{2,3}県)"
_BLOCKS = r"[\d\-－ー−丁目番地号の]*"
_ADDRESS_JA = re.compile(
    rf"{_PREFECTURE}[一-龥ぁ-んァ-ヶー]{{1,12}}?[市区町村郡][^\s、。,\n]{{0,30}}?\d{_BLOCKS}"
    r"(?:\s?[一-龥ァ-ヶーA-Za-z]{2,15}\d{2,4}(?:号室?)?(?!\d*円))?"
    rf"|[一-龥ァ-ヶー]{{1,8}}[市区町村][一-龥ぁ-んァ-ヶー]{{0,12}}\d+(?:丁目|番地?|[-－−]\d+){_BLOCKS}"
)
_ROAD = "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Square|Sq"
_ADDRESS_EN = re.compile(
    rf"\b\d{{1,5}}[A-Za-z]?,? (?:[A-Z][\w'.-]* ){{1,4}}(?:{_ROAD})\b\.?(?:,? [A-Z][\w'-]+){{0,3}}"
)
_PHONE = re.compile(
    r"(?<![A-Za-z0-9-])(?:\+\d{1,3}[\s-]?)?(?:\(?0\d{1,4}\)?|\d{2,4})[\s-]\d{2,4}[\s-]\d{3,4}(?![A-Za-z0-9-])"
    r"|(?<![A-Za-z0-9])0\d{9,10}(?!\d)|\+\d{9,14}"
)
_CODE = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Za-z]{1,4}[-#]?\d{3,}[\dA-Za-z-]*|#\s?\d{2,}|\d{3,}(?:-\d{2,})+|\d{4,})(?![A-Za-z0-9])"
)
_MEASURE = re.compile(
    r"\s?(?:円|年|月|日|時|分|秒|個|点|枚|本|名|人|回|件|%|％|cm|mm|km|kg|g\b|ml|m\b|ポイント|ドル"
    r"|yen|JPY|USD|points?|days?|hours?|items?)",
    re.IGNORECASE,
)
_MONEY = re.compile(r"[¥￥$€£]\s?$")
_NAME = r"[一-龥々ヶ]{1,4}(?:[ 　]?[一-龥々ぁ-んァ-ヶー]{1,4})?"
_NOBODY = (
    "スタッフ|オペレータ|オペレーター|皆|奥|神|王|同|仕|模|多|有|異|客|各位|お客|お子|どなた|業者"
    "|店員|係員|担当者|弊社|ご本人|ご家族|お母|お父"
)
"""With 様 or さん behind it these name no one."""
_CALLED = re.compile(
    rf"(?<![一-龥ァ-ヶー])(?!(?:{_NOBODY})(?:様|さま|さん))(?:{_NAME}|[ァ-ヶー]{{2,10}}(?:[ 　・][ァ-ヶー]{{2,10}})?)"
    r"(?=(?:様|さま|さん)(?![々子式相]))"
)
_OURS = re.compile(rf"(?<=の)({_NAME})(?=(?:と申します|が承り))")
_GREETED = re.compile(
    r"^(?i:hi|hello|dear|good (?:morning|afternoon|evening))(?i: there)?,? ((?:[A-Z][\w'’-]+\.? ?){1,3})(?=[,.!])",
    re.MULTILINE,
)
_SELF = re.compile(
    r"\b(?:[Tt]his is|[Mm]y name is|I am|I'm) ([A-Z][a-z'’-]+)(?= (?:at|from|of|with|here)\b|[.,])"
)
_GREETING = re.compile(
    r"""\s*(?:
      (?:hi|hello|dear|good\ (?:morning|afternoon|evening))\b[^.!?\n]{0,40}?[,.!]\s*
      (?:(?:this\ is|my\ name\ is)[^.!?\n]{1,60}[.!])?
    | (?:thank\ you|thanks)\ for\ (?:your\ (?:message|question|enquiry|inquiry|patience)
      |contacting\ us|getting\ in\ touch|writing)[^.!?\n]{0,30}[.!]
    | [^\n。、]{1,20}(?:様|さま|さん)(?:[、。]?\s*$|、)
    | (?:[^\n。]{0,20}の)?〔お名前〕(?:です|でございます|と申します)。
    | このたびは(?:誠に)?(?:ありがとうございます|申し訳ございません)。
    | (?:お世話になって(?:おり|い)ます|はじめまして|こんにちは)[。、]?
    | (?:お問い合わせ|ご連絡)(?:いただき)?、?(?:誠に)?ありがとうございます[。、]?
    | [^\n。]{1,30}(?:と申します|でございます|(?<=の)[一-龥]{1,4}です)。
    )\s*""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)


def masked(text: str, language: str, names: Iterable[str] = ()) -> str:
    """`text` with brackets of `language` in the place of what is personal; `names` are those known to occur."""
    brackets = BRACKETS.get(language, BRACKETS["en"])
    text = _LINK.sub(brackets["link"], _EMAIL.sub(brackets["email"], text))
    for pattern in (_POSTAL, _ADDRESS_JA, _ADDRESS_EN):
        text = pattern.sub(brackets["address"], text)
    for pattern in _known(names):
        text = pattern.sub(brackets["name"], text)
    for pattern in (_GREETED, _SELF, _OURS):
        text = pattern.sub(lambda found: found[0].replace(found[1], brackets["name"]), text)
    text = _PHONE.sub(brackets["phone"], _CALLED.sub(brackets["name"], text))
    return _CODE.sub(lambda found: _number(found, brackets["number"]), text)


def taken_out(texts: Iterable[str], language: str) -> dict[str, int]:
    """How many brackets of each kind stand in texts that were masked."""
    brackets = BRACKETS.get(language, BRACKETS["en"])
    told = "\n".join(texts)
    return {kind: told.count(bracket) for kind, bracket in brackets.items() if bracket in told}


def without_greeting(text: str) -> str:
    """An answer from where it comes to the matter on."""
    while (found := _GREETING.match(text)) and found.end():
        text = text[found.end() :]
    return text.strip()


def _known(names: Iterable[str]) -> list[re.Pattern[str]]:
    """Patterns of names that are known, the longest first; a single letter is nobody's name."""
    parts = {part for name in names for part in (name.strip(), *re.split(r"[\s　・]+", name.strip()))}
    wanted = sorted((part for part in parts if len(part) > 1), key=lambda part: (-len(part), part))
    return [_pattern(part) for part in wanted]


def _pattern(name: str) -> re.Pattern[str]:
    if name.isascii():
        return re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", re.IGNORECASE)
    return re.compile(re.escape(name))


def _number(found: re.Match[str], bracket: str) -> str:
    """A number that measures something, or is a price, is nobody's."""
    around = found.string
    measures = found[0].isdigit() and _MEASURE.match(around, found.end())
    return found[0] if measures or _MONEY.search(around[: found.start()]) else bracket
