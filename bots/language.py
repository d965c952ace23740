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
    "[你您吗嗎们呢]|我[想要的]|可以|請問|什[麼么]|怎[麼么]|[沒没]有|想要|謝謝|不[能會会是]|的"
)
_ENGLISH = STOP_WORDS | {"hi", "hello", "hey", "thanks", "thank", "yes", "ok", "okay", "not", "order", "much"}
_FOREIGN = frozenset(
    """hola gracias por favor donde está dónde el los las una qué que cuánto cuanto pedido quiero
    bonjour merci où est je vous une les mon ma commande combien ich nicht und danke hallo wo ist meine mein
    die der das bitte obrigado olá onde meu minha você ciao grazie dove il mio sono xin chào
    terima kasih saya apa""".split()  # noqa: SIM905
) - {"die"}


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
    """Chinese has words Japanese lacks, and characters outside the Japanese standard."""
    if _primary(hint) == "zh" or _CHINESE.search(text):
        return "zh"
    try:
        text.encode("euc_jis_2004")
    except UnicodeEncodeError:
        return "ja" if _primary(hint) == "ja" else "zh"
    return "ja"


def _latin(text: str, hint: str | None, spoken: tuple[str, ...]) -> Guess:
    home = _home(hint, spoken)
    words = re.findall(r"\w+", text.casefold())
    english = sum(word in _ENGLISH for word in words)
    foreign = sum(word in _FOREIGN or not word.isascii() for word in words)
    if foreign > english:
        primary = _primary(hint)
        return Guess(primary if primary not in ("", "ja", "en") else "other", sure=True)
    if english:
        return Guess("en", sure=True)
    return Guess("en" if not hint and "en" in spoken else home, sure=False)
