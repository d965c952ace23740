"""Names of people as they are compared: their parts, how each may sound, short forms and variant kanji."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice, product
from pathlib import Path

from app.matching.forms import nobody
from app.matching.kana import is_kana, sound
from app.text import fold

# Variants that names are written with, beyond those that searching folds anyway (:func:`app.text.fold`).
_VARIANTS = str.maketrans(
    "曾栁檜彌禮穗凜遙亞來靜藪鐵經桒舩楳溪冲埜兒勳權總蘆鷗渕淵囿髮齡榮瀧澁渋惣絲祿龝穐籠條壹",
    "曽柳桧弥礼穂凛遥亜来静薮鉄経桑船梅渓沖野児勲権総芦鴎淵淵園髪齢栄滝渋渋総糸禄秋秋篭条壱",
)
_HONORIFICS_JA = re.compile(r"(?:様|さま|さん|殿|氏|先生|ちゃん|くん|君|御中)$")
_HONORIFICS = {
    "mr",
    "mrs",
    "ms",
    "miss",
    "dr",
    "prof",
    "sir",
    "madam",
    "mx",
    "san",
    "sama",
    "jr",
    "sr",
    "esq",
}
_KANJI = re.compile(r"[\u3400-\u9fff\uf900-\ufaff々〆ヶ\U00020000-\U000323af]")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_KANA = re.compile(r"^[\u3041-\u3096\u30fc]+$")
_BREAKS = re.compile(r"[\s　・,、._/&()（）\"“”]+")
_TO_SURNAME = re.compile(r"^\s*([^,、]+)[,、]\s*([^,、]+)$")

_SHORT_FORMS = """
robert bob bobby rob robbie bert | william will bill billy willie liam | richard rick dick ricky rich
james jim jimmy jamie | john jack johnny jon | jonathan jon jonny nathan | michael mike mick mickey micky
thomas tom tommy | charles charlie chuck chas | edward ed eddie ted teddy ned | joseph joe joey
daniel dan danny | david dave davey | matthew matt matty | andrew andy drew | anthony tony ant
christopher chris kit topher | christine chris chrissie tina christina | nicholas nick nicky
alexander alex al sandy xander | alexandra alex sandra lexi | samuel sam sammy | samantha sam sammy
benjamin ben benny | gregory greg | stephen steven steve stevie | patrick pat paddy
patricia pat patty tricia trish | peter pete | philip phillip phil | timothy tim timmy | ronald ron ronnie
donald don donnie | kenneth ken kenny | lawrence laurence larry | gerald gerry jerry
jeffrey geoffrey jeff geoff | frederick fred freddie | albert al bert bertie | alfred alf fred | raymond ray
walter walt wally | henry harry hank | harold harry hal | leonard len lenny leo | zachary zach zac zack zak
joshua josh | jacob jake | nathaniel nathan nate nat | theodore ted theo teddy | vincent vince vinny
douglas doug | elizabeth liz lizzie beth betty eliza bess libby lisa
margaret maggie meg peggy madge marge greta | catherine katherine kathryn cathy kathy kate katie kay kat
jennifer jen jenny | jessica jess jessie | rebecca becky becca | susan sue susie suzy | suzanne sue suzy
deborah debra deb debbie | barbara barb babs | dorothy dot dottie dolly | virginia ginny
victoria vicky vicki tori | kimberly kim | pamela pam | theresa teresa terry tess tessa
frances fran frankie | francis frank frankie | abigail abby abbie gail | amanda mandy | angela angie
cynthia cindy | judith judy jude | eleanor ellie nell nora | isabella bella izzy isabelle | olivia liv livvy
charlotte charlie lottie | jacqueline jackie | madeline maddie maddy | nicole nikki nicky | natalie nat
stephanie steph | valerie val | caroline carrie caro | ann anne annie nancy hannah anna
martha patty mattie | mary molly polly may | sarah sally sadie | emily em emmy millie | emma em emmy
ellen nell nellie | helen nell lena | florence flo flossie
"""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One part of a name: as it is written (folded), how it is said to sound, and how it may be read.

    Equal ones are one object, mostly, for they are compared often.
    """

    written: str
    sounds: frozenset[str] = frozenset()
    guessed: frozenset[str] = frozenset()

    @property
    def kanji(self) -> bool:
        """Whether it is written with kanji."""
        return _KANJI.search(self.written) is not None

    @property
    def unread(self) -> bool:
        """Whether nobody tells how its kanji are read."""
        return self.kanji and not self.sounds and not self.guessed

    @property
    def key(self) -> str:
        """One word for the part however it is written, for grouping and counting."""
        return min(self.sounds or self.guessed or {self.written})


@dataclass(frozen=True, slots=True)
class Name:
    """A name by its parts. `surname` and `given` are None where nothing says which is which."""

    parts: tuple[Part, ...]
    surname: Part | None = None
    given: Part | None = None

    @property
    def joined(self) -> str:
        """All of it as it is written, without spaces."""
        return "".join(part.written for part in self.parts)


def plain(written: str) -> str:
    """A name without honorifics and variants: "髙橋 一郎 様" and "高橋一郎" differ by a space only."""
    text = fold(written).translate(_VARIANTS).replace("'", "").replace("’", "").strip()
    if _JAPANESE.search(text):
        text = _HONORIFICS_JA.sub("", text).strip() or text
    return text


def words(written: str) -> list[str]:
    """The words of a name, titles left out."""
    found = [word for word in _BREAKS.split(plain(written)) if word]
    return [word for word in found if word not in _HONORIFICS] or found


def part(written: str, kana: str = "", known: Mapping[str, frozenset[str]] | None = None) -> Part | None:
    """A part of a name, with the kana it was given or the readings that are `known` of it; None if nothing is said."""
    text = "".join(words(written)) or "".join(words(kana))
    if not text:
        return None
    heard = {sound(word) for word in (text, *([kana] if kana else [])) if sound(word)}
    guessed = frozenset() if heard else (known or {}).get(text, frozenset())
    return _part(text, frozenset(heard), guessed)


_part = lru_cache(262_144)(Part)


def name(
    surname: str, given: str, whole: str, kana: str, learnt: tuple[Mapping[str, frozenset[str]], ...] = ()
) -> Name | None:
    """The name a list tells, by whichever of these fields it has. `learnt`: readings of surnames and given names beyond
    the common ones. None if nobody is named."""
    surnames, givens = learnt or (readings("surnames"), readings("given"))
    kana = "" if nobody(kana) else kana
    if (surname and not nobody(surname)) or (given and not nobody(given)):
        said = words(kana)
        first, second = (said[0], "".join(said[1:])) if len(said) > 1 else ("", "")
        return _of(part(surname, first, surnames), part(given, second, givens))
    if nobody(whole):
        whole = ""
    if not whole and not kana:
        return None
    return _from_whole(whole or kana, kana, surnames, givens)


def _of(surname: Part | None, given: Part | None) -> Name | None:
    parts = tuple(one for one in (surname, given) if one is not None)
    return Name(parts, surname, given) if parts else None


def _from_whole(
    whole: str, kana: str, surnames: Mapping[str, frozenset[str]], givens: Mapping[str, frozenset[str]]
) -> Name | None:
    if ordered := _TO_SURNAME.match(plain(whole)):
        return _of(part(ordered[1], "", surnames), part(ordered[2], "", givens))
    found = words(whole)
    if not found:
        return None
    if len(found) == 1 and _KANJI.search(found[0]):
        found = split(found[0], surnames)
    said = words(kana)
    aligned = said if len(said) == len(found) else [""] * len(found)
    if len(found) == 2 and _JAPANESE.search(found[0]):
        return _of(part(found[0], aligned[0], surnames), part(found[1], aligned[1], givens))
    both = {**givens, **surnames}
    parts = [part(word, heard, both) for word, heard in zip(found, aligned, strict=True)]
    kept = tuple(one for one in parts if one is not None)
    return Name(kept) if kept else None


def split(written: str, surnames: Mapping[str, frozenset[str]]) -> list[str]:
    """山田太郎 as 山田, 太郎: the longest known surname it begins with; in one piece if there is none."""
    for length in (4, 3, 2, 1):
        if length < len(written) and written[:length] in surnames:
            return [written[:length], written[length:]]
    return [written]


def same_short_form(one: str, other: str) -> bool:
    """Whether these are forms of one English name: Bob and Robert, Bill and Will."""
    families = _short_forms()
    return not families.get(one, frozenset()).isdisjoint(families.get(other, frozenset()))


@cache
def _short_forms() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for n, family in enumerate(_SHORT_FORMS.replace("\n", "|").split("|")):
        for word in family.split():
            found.setdefault(word, set()).add(n)
    return {word: frozenset(families) for word, families in found.items()}


@cache
def readings(which: str) -> dict[str, frozenset[str]]:
    """Kanji → sounds of common "surnames" or "given" names, the commonest first."""
    found: dict[str, frozenset[str]] = {}
    for written, kana in _table(which):
        found.setdefault(written, frozenset(sound(reading) for reading in kana))
    return found


@cache
def _table(which: str) -> list[tuple[str, list[str]]]:
    """Kanji and their kana, the commonest first."""
    table = tomllib.loads(Path(__file__).with_name("readings.toml").read_text("utf-8"))
    pairs = (entry.partition(":") for entry in table[which].split())
    return [(plain(written), kana.split("/")) for written, _, kana in pairs]


@lru_cache(65_536)
def phonetic(word: str) -> str:
    """A rough key for words that sound alike in Western names: the first letter and the consonants that follow, as
    Soundex groups them (US National Archives), of any length up to five."""
    if not word.isascii() or not word:
        return word
    codes = {
        char: str(n) for n, row in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1) for char in row
    }
    made, last = word[0], codes.get(word[0], "")
    for char in word[1:]:
        code = codes.get(char, "")
        if code and code != last:
            made += code
        if char not in "hw":
            last = code
    return made[:5]


def learn(pairs: list[tuple[Name, str]]) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """Readings of surnames and given names: the common ones, and those that (name, its kana) of a list tell."""
    found: tuple[dict[str, set[str]], dict[str, set[str]]] = ({}, {})
    for told, kana in pairs:
        said = words(kana)
        if told.surname is None or told.given is None or len(said) != 2 or not all(map(is_kana, said)):
            continue
        for place, one, heard in zip(found, (told.surname, told.given), said, strict=True):
            if _KANJI.search(one.written):
                place.setdefault(one.written, set()).add(sound(heard))
    surnames, givens = (
        {**readings(which), **{written: frozenset(heard) for written, heard in place.items()}}
        for which, place in zip(("surnames", "given"), found, strict=True)
    )
    return surnames, givens


def ways(told: Name, most: int = 8) -> list[list[str]]:
    """How this name may be written, by its words: as it is, in Latin letters, in kana, in kanji that are read so."""
    heard = [sorted(part.sounds or part.guessed) for part in told.parts]
    found = [[part.written for part in told.parts]]
    if all(heard):
        found += _combined(heard, most)
        found += _combined([_written(sounds, _KANA) for sounds in heard], most)
        found += _combined([_written(sounds, _KANJI) for sounds in heard], most)
    return [way for n, way in enumerate(found) if way not in found[:n]][:most]


def _combined(options: list[list[str]], most: int) -> list[list[str]]:
    return [list(way) for way in islice(product(*options), most // 2)]


def _written(sounds: list[str], script: re.Pattern[str]) -> list[str]:
    """The common names that sound so, in this script."""
    return [each for one in sounds for each in _by_sound().get(one, ()) if script.search(each)]


@cache
def _by_sound() -> dict[str, list[str]]:
    """Sound → kana and kanji of common names, the commonest first."""
    found: dict[str, list[str]] = {}
    for which in ("surnames", "given"):
        for written, kana in _table(which):
            for reading in kana:
                for each in (written, reading):
                    place = found.setdefault(sound(reading), [])
                    if each not in place:
                        place.append(each)
    return found
