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

_WORD = "A-Za-z0-9À-ɏ０-９Ａ-Ｚａ-ｚ_"
_EMAIL = re.compile(rf"(?<![{_WORD}.．+'&-])[{_WORD}.．+'&-]+[@＠][{_WORD}-]+(?:[.．][{_WORD}-]+)+")
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
    r"(?<![A-Za-z0-9-])(?:[+＋]\d{1,3}[\s-]?)?(?:\(?[0０]\d{1,4}\)?|\d{2,4})[\s\-－−‐]\d{2,4}[\s\-－−‐]\d{3,4}"
    r"(?![A-Za-z0-9-])|(?<![A-Za-z0-9])[0０]\d{9,10}(?!\d)|[+＋]\d{9,14}"
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
_OURS = re.compile(rf"(?<=の)({_NAME})(?=が承り)")
_SURNAMES = (
    "佐藤|鈴木|高橋|田中|伊藤|渡[辺邊邉]|山本|中村|小林|加藤|吉田|山田|佐々木|松本|井上|木村|[斎斉齋齊]藤|清水|山[崎﨑]|池田|橋本"
    "|阿部|山下|中島|石井|小川|前田|岡田|長谷川|藤田|後藤|近藤|村上|遠藤|青木|坂本|福田|太田|西村|藤井|金子|岡本|藤原|三浦|原田"
    "|中川|松田|竹内|小野|田村|中山|和田|石田|森田|上田|内田|柴田|酒井|横山|[高髙]木|安藤|宮本|大野|小島|工藤|谷口|今井|高田|増田"
    "|丸山|杉山|村田|新井|小山|平野|藤本|河野|野口|武田|松井|菅原|岩崎|久保田?|木下|佐野|野村|松尾|菊[地池]|杉本|古川|大西|島田"
    "|水野|桜井|高野|吉川|山内|西田|飯田|西川|小松|北村|安田|五十嵐|川口|平田|中田|服部|岩田|土屋|本田|樋口|秋山|田口|永井|中西"
    "|吉村|川上|石原|大橋|松岡|馬場|浜田|森本|星野|矢野|浅野|吉岡|小池|野田|松浦|大久保|荒[木井]|尾崎|望月|田辺|黒田|片山|川村"
)
"""The commonest, but for those that are places, too: whoever has one is named wherever they say who they are."""
_GIVEN = r"(?:[一-龥々]{1,3}|[ァ-ヶー]{1,8}|(?:(?!です|と申|ともう|と[言い])[ぁ-ねは-ん]){1,5})"
_NAME_ALONE = (
    rf"(?:[一-龥々ヶ]{{1,5}}(?:[ 　]?{_GIVEN})?"
    r"|[ァ-ヶー]{2,10}(?:[ 　・][ァ-ヶー]{2,10})?|[ぁ-ん]{2,8}?(?:[ 　][ぁ-ん]{1,6}?)?)"
)
_MY_NAME = re.compile(
    r"(?:(?:私|わたし|わたくし|僕|ぼく|俺)の|^|(?<=[。、\s]))(?:お?名前|氏名)(?:は、?|[:：])[ 　]?(?!何|なん|なに|どう)"
    rf"({_NAME_ALONE})(?=です(?!か)|でございます|と[申言いも]|[、。\n]|(?<!すか)$)",
    re.MULTILINE,
)
_KNOWN_SURNAME = re.compile(
    rf"(?<![一-龥々ァ-ヶー])((?:{_SURNAMES})(?:[ 　]?{_GIVEN})?|[林森原堀辻])(?=です(?!か)|でございます)"
)
_NO_NAMES = (
    r"(?:[件方物品分事者時所何私僕俺色他別前後次朝昼夜母父妻夫娘赤青白黒緑紺]|息子)です"
    "|返[品金却送]|交換|注文|購入|商品|配送|発送|到着|在庫|欠品|破損|故障|修理|新品|中古|未[開使着払]|不[良明足在要安具]|無[料理事効]"
    "|大丈夫|結構|駄目|本[当人日]|以[上下前]|今[日回週月朝年]|明[日後]|昨日|先[日週月]|初めて|同じ|希望|質問|相談|確認|変更|解約|退会"
    "|登録|会員|会社|学生|個人|住所|電話|番号|領収|請求|支払|送料|予約|来店|店舗|限定|特典|対象|最[高低悪近]|残念|心配|緊急|至急"
    "|可能|必要|[月火水木金土日]曜|来[週月年]|化粧|洗[濯顔剤浄]|掃除|冷[蔵凍]|炊飯|加湿|乾[燥電]|電[子気源池動球]"
    "|北海道|東京|大阪|京都|沖縄"
    "|(?!一色)[一-龥々]{1,4}[色庫機器品剤液券箱袋]です"
)
_INTRODUCED = re.compile(
    rf"({_NAME_ALONE})(?=と(?:申します|もうします|申す者)(?![かよねの]))"
    rf"|(?<![一-龥々])(?!{_NO_NAMES})[一-龥々]{{0,20}}?({_NAME_ALONE})(?=と(?:言います|いいます)(?![かよねのと]))"
)
_IS_ME = re.compile(
    r"(?:^|(?:お世話になって(?:おり|い)ます|[は初]じ?めまして|こんにちは|こんばんは|おはようございます|すみません|失礼します)"
    r"[。、！!\s]*)(?:[^\n。、]{0,30}?(?:会社|㈱|株[）)]|商[店会事]|工業|産業|[社店]|番号|会員|[\dA-Za-z])[^\n。、]{0,12}の)?"
    rf"((?!{_NO_NAMES})[一-龥々ヶ]{{1,5}}(?:[ 　][一-龥々ぁ-んァ-ヶー]{{1,5}})?)(?=です(?:[。、！!\n]|\s*$))",
    re.MULTILINE,
)
"""Whoever says so at the beginning; what they are there about, in kanji alone as well, is left."""
_OWN_NAMES = (_INTRODUCED, _MY_NAME, _KNOWN_SURNAME, _IS_ME)
_GREETED = re.compile(
    r"^(?i:hi|hello|dear|good (?:morning|afternoon|evening))(?i: there)?,? ((?:[A-Z][\w'’-]+\.? ?){1,3})(?=[,.!])",
    re.MULTILINE,
)
_SELF_ENDS = r"(?=\s+(?:at|from|of|with|here|and)\b|\s*[.,!;:\n]|\s*$)"
_SELF = re.compile(
    rf"\b(?:[Tt]his is|I am|I['’]m) (?!(?:Sorry|Glad|Happy|Sure|Afraid)\b)"
    rf"([A-Z][a-z'’-]+(?: [A-Z][\w'’-]*\.?){{0,2}}){_SELF_ENDS}"
)
_NAMED = re.compile(
    r"\bmy name(?: is|['’]s) (?!(?:not|wrong|incorrect|missing|mis|spel))"
    rf"([^\W\d_][\w'’-]*(?: [^\W\d_][\w'’-]*\.?){{0,2}}?){_SELF_ENDS}",
    re.IGNORECASE,
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
    for pattern in (_GREETED, _SELF, _NAMED, _OURS, *_OWN_NAMES):
        text = pattern.sub(lambda found: _only(found, brackets["name"]), text)
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


def _only(found: re.Match[str], bracket: str) -> str:
    """What was found with its group left out."""
    group = found.lastindex or 1
    start, end = found.start(group) - found.start(), found.end(group) - found.start()
    return found[0][:start] + bracket + found[0][end:]


def _number(found: re.Match[str], bracket: str) -> str:
    """A number that measures something, or is a price, is nobody's."""
    around = found.string
    measures = found[0].isdigit() and _MEASURE.match(around, found.end())
    return found[0] if measures or _MONEY.search(around[: found.start()]) else bracket
