"""Japanese names by sound: kana, Hepburn, Kunrei and what passports make of them come to one key."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from app.text import fold

_ROWS = {
    "あいうえお": "a i u e o",
    "かきくけこ": "ka ki ku ke ko",
    "さしすせそ": "sa shi su se so",
    "たちつてと": "ta chi tsu te to",
    "なにぬねの": "na ni nu ne no",
    "はひふへほ": "ha hi fu he ho",
    "まみむめも": "ma mi mu me mo",
    "やゆよ": "ya yu yo",
    "らりるれろ": "ra ri ru re ro",
    "わゐゑをん": "wa i e o n",
    "がぎぐげご": "ga gi gu ge go",
    "ざじずぜぞ": "za ji zu ze zo",
    "だぢづでど": "da ji zu de do",
    "ばびぶべぼ": "ba bi bu be bo",
    "ぱぴぷぺぽ": "pa pi pu pe po",
    "ゔ": "vu",
}
_SYLLABLES = {
    kana: latin for row, sounds in _ROWS.items() for kana, latin in zip(row, sounds.split(), strict=True)
}
_SYLLABLES |= {"ゎ": "wa", "ゕ": "ka", "ゖ": "ke"}
_SMALL_Y = {"ゃ": "ya", "ゅ": "yu", "ょ": "yo"}
_SMALL_VOWELS = dict(zip("ぁぃぅぇぉ", "aiueo", strict=True))
_KANA_ONLY = re.compile("[ぁ-ゖー・]+")

# Kunrei and other spellings, as Hepburn; in this order.
_SPELLINGS = [
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"[^a-z]", ""),
        (r"oh(?![aeiouy])", "o"),
        (r"l", "r"),
        (r"(?:sy|shy)(?=[auo])", "sh"),
        (r"(?:ty|cy|chy)(?=[auo])", "ch"),
        (r"(?:zy|jy|dy)(?=[auo])", "j"),
        (r"(?<![sc])si", "shi"),
        (r"ti", "chi"),
        (r"(?<![s])tu", "tsu"),
        (r"(?<![cs])hu", "fu"),
        (r"[zd]i", "ji"),
        (r"dz?u", "zu"),
        (r"wo", "o"),
        (r"tch", "ch"),
        (r"m(?=[bmp])", "n"),
        (r"([b-df-hj-np-tv-z])\1+", r"\1"),
        (r"o[uo]+", "o"),
        (r"([aiue])\1+", r"\1"),
    )
]
_JAPANESE = re.compile(r"(?:(?:ky|gy|ny|hy|by|py|my|ry|sh|ch|ts|[kstnhfmyrwgzjdbpv])?[aiueo]|n(?![aiueo]))+")


@lru_cache(65_536)
def sound(written: str) -> str:
    """The key of a name written in kana or in Latin letters; "" if it is neither, or no Japanese word could be so
    written. さとう, サトー, Satō, Satoh, Sato are one; so are Si and Shi, Tu and Tsu."""
    text = fold(written).replace("・", "").strip()
    latin = _latin(text) if _KANA_ONLY.fullmatch(text) else _ascii(text)
    if not latin:
        return ""
    for pattern, instead in _SPELLINGS:
        latin = pattern.sub(instead, latin)
    return latin if _JAPANESE.fullmatch(latin) else ""


def is_kana(written: str) -> bool:
    """Whether it is written in kana alone."""
    return _KANA_ONLY.fullmatch(fold(written)) is not None


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFD", text)
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return plain if plain.isascii() else ""


def _latin(kana: str) -> str:
    made: list[str] = []
    for char in kana:
        if char in _SMALL_Y and made and made[-1].endswith("i"):
            stem = made.pop()[:-1]
            made.append(stem + (_SMALL_Y[char][1:] if stem.endswith(("sh", "ch", "j")) else _SMALL_Y[char]))
        elif char in _SMALL_VOWELS:
            vowel = _SMALL_VOWELS[char]
            made.append(made.pop()[:-1] + vowel if made else vowel)
        elif char == "ー":
            made.append(made[-1][-1:] if made else "")
        elif char != "っ":  # a doubled consonant counts once
            made.append(_SYLLABLES.get(char, ""))
    return "".join(made)
