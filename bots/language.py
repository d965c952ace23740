"""Which language a message is in: by its script, by a few telling words, then by the visitor's locale."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from bots.english import STOP_WORDS

_SCRIPTS = {
    "HIRAGANA": "kana",
    "KATAKANA": "kana",
    "KATAKANA-HIRAGANA": "kana",
    "IDEOGRAPHIC": "han",
    "CJK": "han",
    "HANGUL": "ko",
    "LATIN": "latin",
    "THAI": "th",
    "CYRILLIC": "ru",
    "ARABIC": "ar",
    "HEBREW": "he",
    "GREEK": "el",
    "DEVANAGARI": "hi",
}
"""From the first word of a character's Unicode name to a script, or to the language it stands for here."""

_JAPANESE_DENSITY = 3
"""One kana or kanji says about as much as three Latin letters."""

_CHINESE = re.compile(
    "[你您她吗嗎们們呢吧啊喔麼么哪沒這單狀價幫]"
    "|(?<![怪彼自無没])我[想要的]|(?<![許認裁])可以(?!外)|(?<![予理発仮構回思感])想要|(?<![水埋沈陥日])没有"
    "|請問|怎[样樣]|謝謝|[給讓]我(?!慢)|已經|收[到貨]|[退換發到]貨|發[票送]|多少錢|不[會会]|是不是|(?<![機性])能不能"
    "|(?:^|[我也都就還])不[能是]|(?:商品|退款|包裹|客服|密碼|地址|昨天|今天|明天)的"
)
"""What is never Japanese, not even in a message of kanji alone: 操作不能 and 一般的料金 are."""

_ENGLISH = STOP_WORDS | {"hi", "hello", "hey", "thanks", "thank", "yes", "ok", "okay", "not", "order", "much"}
_FOREIGN = frozenset(
    """hola gracias por favor donde está dónde el los las una qué que cuánto cuanto pedido quiero
    bonjour merci où est je vous une les mon ma commande combien ich nicht und danke hallo wo ist meine mein
    die der das bitte obrigado olá onde meu minha você ciao grazie dove il mio sono xin chào
    terima kasih saya apa""".split()  # noqa: SIM905
) - {"die"}

_LATIN = re.compile(r"[0-9_a-zß-öø-ɏ\u1e00-\u1eff]+")
_JAPANESE = re.compile("[々〆ぁ-ヿ㐀-鿿豈-\ufaff]")
_ENGLISH_AROUND = re.compile(
    r"\W*(?:(?:please|hi|hello|hey),? )?(?:is|are|do|does|did|can|could|will|would|where|when|what|which|who|how|why"
    r"|i|i'm|i'd|price|tell|show|looking)(?:'s)? "
    r"(?:[a-z' ]*[a-z' ] ?[々ぁ-ヿ一-鿿]+ ?[a-z' ]*|[々ぁ-ヿ一-鿿]+ [a-z' ]+)\W*$",
    re.IGNORECASE,
)
"""A question in English that names something in Japanese: `Is 抹茶ラテ vegan?`"""


@dataclass(frozen=True, slots=True)
class Guess:
    """A language code, and whether the text itself said so: `Wi-Fi` or `12345` might be anyone's."""

    language: str
    sure: bool


def guess(text: str, hint: str | None, spoken: tuple[str, ...]) -> Guess:
    """The language of clean `text`. `hint` is the visitor's locale, `spoken` what the bot speaks."""
    home = _home(hint, spoken)
    scripts = Counter(script for char in text if (script := _script(char)))
    if not scripts:
        return Guess(home, sure=False)
    japanese = scripts["kana"] + scripts["han"]
    if japanese and "en" in spoken and _primary(hint) != "ja" and _ENGLISH_AROUND.match(text):
        return Guess("en", sure=True)
    if scripts["kana"] and japanese * _JAPANESE_DENSITY >= scripts["latin"]:
        return Guess("ja", sure=True)
    script = max(scripts, key=lambda name: scripts[name] * (1 if name == "latin" else _JAPANESE_DENSITY))
    if script in ("han", "kana"):
        return Guess(_han(text, hint), sure=True)
    return _latin(text, hint, spoken) if script == "latin" else Guess(script, sure=True)


def spoken_to(language: str, hint: str | None, spoken: tuple[str, ...]) -> str:
    """The language to reply in: theirs if the bot speaks it, else the one nearest to them."""
    if language in spoken:
        return language
    return _primary(hint) if _primary(hint) in spoken else ("en" if "en" in spoken else spoken[0])


def _primary(hint: str | None) -> str:
    return re.split("[-_]", (hint or "").casefold(), maxsplit=1)[0]


def _home(hint: str | None, spoken: tuple[str, ...]) -> str:
    return _primary(hint) if _primary(hint) in spoken else spoken[0]


def _script(char: str) -> str:
    if not char.isalpha():
        return ""
    return _SCRIPTS.get(unicodedata.name(char, "").split(" ", 1)[0], "other")


def _han(text: str, hint: str | None) -> str:
    """Chinese has words Japanese lacks, and characters outside the Japanese standards."""
    if _primary(hint) == "zh" or _CHINESE.search(text):
        return "zh"
    strange = [
        char for char in text if _script(char) == "han" and not _written_in(char, "euc_jis_2004", "cp932")
    ]
    if _primary(hint) == "ja":  # names, too, are written with characters of no standard
        strange = [char for char in strange if _written_in(char, "gb2312")]
    return "zh" if strange else "ja"


def _written_in(char: str, *charsets: str) -> bool:
    for charset in charsets:
        try:
            char.encode(charset)
        except UnicodeEncodeError:
            continue
        return True
    return False


def _latin(text: str, hint: str | None, spoken: tuple[str, ...]) -> Guess:
    """Kanji beside Latin names are Japanese or Chinese, unless the rest is English. An accent alone (café, José) makes
    nobody a foreigner whose locale the bot speaks."""
    home = _home(hint, spoken)
    words = [word for word in re.findall(r"\w+", text.casefold()) if _JAPANESE.search(word) is None]
    english = sum(word in _ENGLISH for word in words)
    if not english and _JAPANESE.search(text):
        return Guess(_han(text, hint), sure=True)
    foreign = [word for word in words if word in _FOREIGN or not word.isascii()]
    if len(foreign) == 1 and _primary(hint) in spoken and foreign[0] not in _FOREIGN:
        foreign = [word for word in foreign if not _LATIN.fullmatch(word)]
    if len(foreign) > english:
        primary = _primary(hint)
        return Guess(primary if primary not in ("", "ja", "en") else "other", sure=True)
    if english:
        return Guess("en", sure=True)
    return Guess("en" if not hint and "en" in spoken else home, sure=False)
