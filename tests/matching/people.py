"""Lists of people made by chance from a seed, in which it is known who stands more than once.

In the Japanese one people write themselves in kanji, kana and Latin letters, move house, share a telephone; there are
families, twins, fathers and sons of one number, namesakes. The English one has slips of the pen, short forms, names in
the other order, and the same families.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from pathlib import Path
from random import Random
from typing import TypeVar

from app.matching import names
from app.matching.kana import sound

T = TypeVar("T")
Maker = Callable[[int, int], "List"]
Told = dict[str, str]

# None of these is in the table of readings; the other half of the people have common names, which are.
SURNAMES = """
鷲尾:ワシオ 栗栖:クリス 御手洗:ミタライ 喜屋武:キャン 四方田:ヨモダ 薬師寺:ヤクシジ 犬飼:イヌカイ
瓜生:ウリュウ 美濃部:ミノベ 生駒:イコマ 一色:イッシキ 曽我部:ソガベ 有賀:アルガ 難波:ナンバ 羽生:ハブ
水無月:ミナヅキ 鬼頭:キトウ 勅使河原:テシガワラ 尼子:アマゴ 下条:ゲジョウ 朝比奈:アサヒナ 竜崎:リュウザキ
海老名:エビナ 蜂須賀:ハチスカ 愛甲:アイコウ
"""
GIVEN = """
汀:ナギサ 朔太郎:サクタロウ 伊織:イオリ 千鶴:チヅル 小夜子:サヨコ 源次:ゲンジ 弥生:ヤヨイ 武蔵:ムサシ
琴音:コトネ 一鉄:イッテツ 芙美:フミ 乃愛:ノア 正太郎:ショウタロウ 喜久子:キクコ 鶴松:ツルマツ
銀次郎:ギンジロウ 梢:コズエ 澄江:スミエ 百合子:ユリコ 亜沙美:アサミ 惣一:ソウイチ 良太:リョウタ
織江:オリエ 柊:シュウ 寅雄:トラオ 八重:ヤエ 燿子:ヨウコ 晋作:シンサク
"""
TOWNS = """
1000005:東京都千代田区丸の内 1500001:東京都渋谷区神宮前 1600022:東京都新宿区新宿
2310023:神奈川県横浜市中区山下町 5300001:大阪府大阪市北区梅田 6008216:京都府京都市下京区東塩小路町
4600008:愛知県名古屋市中区栄 8100001:福岡県福岡市中央区天神 0600001:北海道札幌市中央区北一条西
9800811:宮城県仙台市青葉区一番町 7300011:広島県広島市中区基町 9000006:沖縄県那覇市おもろまち
3300845:埼玉県さいたま市大宮区仲町 2600015:千葉県千葉市中央区富士見 9200853:石川県金沢市本町
7000901:岡山県岡山市北区本町 8920842:鹿児島県鹿児島市東千石町
"""
VARIANTS = {
    "高": "髙",
    "斎": "齋",
    "辺": "邊",
    "沢": "澤",
    "浜": "濱",
    "広": "廣",
    "崎": "﨑",
    "竜": "龍",
    "曽": "曾",
}
ENGLISH_SURNAMES = """
smith jones taylor brown williams wilson johnson davies robinson wright thompson evans walker white
roberts green hall wood jackson clarke abernathy bellweather cholmondeley drinkwater entwistle
featherstone gallowglass hollingsworth iremonger jellicoe kirkbride lonsdale murgatroyd nethercott ogilvie
pennington quartermaine ravenscroft sidebottom tattersall umpleby venables wigglesworth yelverton zouche
mcallister obrien kowalski nguyen fitzgerald ashworth boothroyd crabtree dewhurst eastwood fairclough
greenhalgh hargreaves illingworth jessop kershaw lightbown mossop naylor openshaw pilkington rushworth
sutcliffe thistlethwaite unsworth varley whittaker bagshaw cartmell dinsdale elphick fothergill
"""
ENGLISH_GIVEN = """
robert william richard james john michael thomas charles edward joseph daniel david matthew andrew
elizabeth margaret catherine jennifer rebecca susan deborah victoria patricia sarah emily hannah grace
olivia lucy alice benjamin samuel nicholas christopher oliver harry george arthur freya imogen beatrice
rosalind cordelia tobias barnaby clement dorian edmund felix gideon hester isolde jocelyn leopold matilda
nigel octavia percival quentin rupert sybil tabitha ursula
"""
SHORT_FORMS = """
robert:bob william:bill richard:dick james:jim michael:mike thomas:tom charles:charlie edward:ted
joseph:joe daniel:dan david:dave elizabeth:liz margaret:peggy catherine:kate jennifer:jen rebecca:becky
susan:sue benjamin:ben
"""
STREETS = """
mill church station victoria albert park queens kings orchard meadow chapel bridge canal forge abbey
priory castle market
"""
KINDS = ("street", "road", "avenue", "lane", "close", "drive")
CITIES = "leeds york derby bath exeter durham ripon truro wells ely lincoln chester oxford norwich"


@dataclass
class List:
    """Rows of (id, what is told), and the pairs of ids (the lower first) that are one person."""

    rows: list[tuple[str, Told]] = field(default_factory=list)
    same: set[tuple[str, str]] = field(default_factory=set)

    def add(self, person: int, told: list[Told]) -> None:
        """The rows of one person."""
        ids = [f"{person:05}-{n}" for n in range(len(told))]
        self.rows += zip(ids, told, strict=True)
        self.same |= set(combinations(ids, 2))


def japanese(size: int, seed: int) -> List:
    """About `size` rows of people in Japan."""
    return _made(size, Random(seed), _japanese_household, _japanese_again)


def english(size: int, seed: int) -> List:
    """About `size` rows of people in England."""
    return _made(size, Random(seed), _english_household, _english_again)


def _made(
    size: int,
    chance: Random,
    household: Callable[[Random], list[Told]],
    again: Callable[[Random, Told], Told],
) -> List:
    made, person = List(), 0
    while len(made.rows) < size:
        for told in household(chance):
            times = chance.choices((1, 2, 3), (60, 30, 10))[0]
            made.add(person, [told, *(again(chance, told) for _ in range(times - 1))])
            person += 1
    chance.shuffle(made.rows)
    return made


# Japan -------------------------------------------------------------------------------------------------


def _japanese_household(chance: Random) -> list[Told]:
    surname, surname_kana = _mostly_first(chance, _common("surnames"), _pairs(SURNAMES))
    postcode, town = chance.choice(_pairs(TOWNS))
    block = f"{chance.randint(1, 9)}-{chance.randint(1, 40)}-{chance.randint(1, 30)}"
    landline = f"0{chance.randint(3, 9)}{chance.randint(10_000_000, 99_999_999)}"
    size = chance.choices((1, 2, 3, 4), (50, 25, 15, 10))[0]
    twins = size > 2 and chance.random() < 0.3
    people: list[Told] = []
    born = _born(chance)
    for given, kana in chance.sample([*_common("given"), *_pairs(GIVEN)], size):
        if not (twins and len(people) == size - 1):
            born = _born(chance)
        mobile = f"0{chance.choice((7, 8, 9))}0{chance.randint(10_000_000, 99_999_999)}"
        latin = f"{sound(kana)}.{sound(surname_kana)}{chance.randint(1, 9999)}"
        people.append(
            {
                "name": f"{surname} {given}",
                "kana": f"{surname_kana} {kana}" if chance.random() < 0.7 else "",
                "phone": landline if chance.random() < 0.3 else mobile,
                "email": f"{latin}@{chance.choice(('docomo.ne.jp', 'gmail.com', 'example.jp'))}"
                if chance.random() < 0.6
                else "",
                "postcode": postcode,
                "address": f"{town}{block}",
                "date_of_birth": born if chance.random() < 0.8 else "",
                "external_id": str(chance.randint(10**9, 10**10)) if chance.random() < 0.3 else "",
                "_kana": f"{surname_kana} {kana}",
            }
        )
    return people


def _japanese_again(chance: Random, told: Told) -> Told:
    again = dict(told)
    surname, given = told["name"].split()
    kana = told["_kana"]
    again["name"], again["kana"] = chance.choices(
        [
            (f"{surname} {given}", told["kana"]),
            (f"{surname}{given}", ""),
            ("".join(VARIANTS.get(char, char) for char in surname) + f"　{given}様", told["kana"]),
            (kana, ""),
            (" ".join(sound(part).capitalize() for part in reversed(kana.split())), ""),
            (" ".join(sound(part).upper() for part in kana.split()), ""),
        ],
        (30, 15, 15, 15, 15, 10),
    )[0]
    if chance.random() < 0.12:  # moved house
        postcode, town = chance.choice(_pairs(TOWNS))
        again["postcode"], again["address"] = (
            postcode,
            f"{town}{chance.randint(1, 9)}丁目{chance.randint(1, 40)}番",
        )
    elif chance.random() < 0.5:
        again["address"] = _in_words(told["address"])
        again["postcode"] = f"〒{told['postcode'][:3]}-{told['postcode'][3:]}"
    if chance.random() < 0.15:
        again["phone"] = f"090{chance.randint(10_000_000, 99_999_999)}"
    elif chance.random() < 0.1:
        again["phone"] = _slip(chance, told["phone"], "0123456789")
    elif chance.random() < 0.3:
        again["phone"] = f"+81 {told['phone'][1:3]}-{told['phone'][3:7]}-{told['phone'][7:]}"
    if told["email"] and chance.random() < 0.2:
        again["email"] = told["email"].partition("@")[0] + "@example.com"
    if told["date_of_birth"] and chance.random() < 0.4:
        year, month, day = told["date_of_birth"].split("-")
        again["date_of_birth"] = (
            f"昭和{int(year) - 1925}年{int(month)}月{int(day)}日"
            if int(year) < 1989
            else f"{year}/{month}/{day}"
        )
    elif told["date_of_birth"] and chance.random() < 0.05:
        again["date_of_birth"] = told["date_of_birth"][:-1] + str(chance.randint(0, 9))
    return _with_gaps(chance, again, 0.12)


def _in_words(address: str) -> str:
    town, first, *rest = _split_numbers(address)
    return f"{town}{first}丁目{rest[0]}番{rest[1]}号"


def _split_numbers(address: str) -> list[str]:
    at = next(n for n, char in enumerate(address) if char.isdigit())
    return [address[:at], *address[at:].split("-")]


# England -----------------------------------------------------------------------------------------------


def _english_household(chance: Random) -> list[Told]:
    surname = _mostly_first(chance, ENGLISH_SURNAMES.split()[:20], ENGLISH_SURNAMES.split()[20:])
    street = f"{chance.randint(1, 180)} {chance.choice(STREETS.split())} {chance.choice(KINDS)}"
    city = chance.choice(CITIES.split())
    inward = f"{chance.randint(1, 9)}{chance.choice('ABDEF')}{chance.choice('GHJLN')}"
    postcode = f"{city[:2].upper()}{chance.randint(1, 30)} {inward}"
    phone = f"+44 20 7946 {chance.randint(0, 9999):04}"
    people: list[Told] = []
    for given in chance.sample(ENGLISH_GIVEN.split(), chance.choices((1, 2, 3), (60, 25, 15))[0]):
        people.append(
            {
                "given_name": given.capitalize(),
                "surname": surname.capitalize(),
                "address": street,
                "city": city,
                "postcode": postcode,
                "phone": phone if chance.random() < 0.5 else f"07700 9{chance.randint(0, 99999):05}",
                "email": f"{given}.{surname}{chance.randint(1, 9999)}@example.com"
                if chance.random() < 0.5
                else "",
                "date_of_birth": _born(chance) if chance.random() < 0.85 else "",
            }
        )
    return people


def _english_again(chance: Random, told: Told) -> Told:
    again = dict(told)
    given = told["given_name"].lower()
    if chance.random() < 0.2:
        again["given_name"] = dict(_pairs(SHORT_FORMS)).get(given, given[0])
    elif chance.random() < 0.15:
        again["given_name"] = _slip(chance, given, "abcdefghijklmnopqrstuvwxyz")
    if chance.random() < 0.15:
        again["surname"] = _slip(chance, told["surname"].lower(), "abcdefghijklmnopqrstuvwxyz")
    if chance.random() < 0.08:
        again["given_name"], again["surname"] = again["surname"], again["given_name"]
    if chance.random() < 0.12:
        again |= {
            "address": f"{chance.randint(1, 180)} {chance.choice(STREETS.split())} road",
            "city": chance.choice(CITIES.split()),
            "postcode": "",
        }
    elif chance.random() < 0.3:
        again["address"] = (
            told["address"].replace("street", "St.").replace("road", "Rd").replace("avenue", "Ave")
        )
    if chance.random() < 0.15:
        again["phone"] = f"07700 9{chance.randint(0, 99999):05}"
    if told["date_of_birth"] and chance.random() < 0.08:
        year, month, day = told["date_of_birth"].split("-")
        again["date_of_birth"] = (
            f"{year}-{day}-{month}" if int(day) <= 12 else f"{int(year) + 1}-{month}-{day}"
        )
    return _with_gaps(chance, again, 0.1)


# Both --------------------------------------------------------------------------------------------------


def _pairs(table: str) -> list[tuple[str, str]]:
    return [(kanji, kana) for kanji, _, kana in (entry.partition(":") for entry in table.split())]


@cache
def _common(which: str) -> list[tuple[str, str]]:
    """The names whose readings the product knows, in katakana."""
    table = tomllib.loads((Path(names.__file__).parent / "readings.toml").read_text("utf-8"))[which]
    to_katakana = {code: code + 0x60 for code in range(0x3041, 0x3097)}
    return [(kanji, kana.partition("/")[0].translate(to_katakana)) for kanji, kana in _pairs(table)]


def _mostly_first(chance: Random, common: list[T], rare: list[T]) -> T:
    """A name; the first of the common ones are the commonest."""
    if chance.random() < 0.4:
        return chance.choice(rare)
    return (
        common[min(int(chance.paretovariate(0.4)) - 1, len(common) - 1)]
        if chance.random() < 0.3
        else chance.choice(common)
    )


def _born(chance: Random) -> str:
    return f"{chance.randint(1935, 2005)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"


def _slip(chance: Random, text: str, letters: str) -> str:
    """One letter wrong, missing, doubled, or two in the other order."""
    at = chance.randrange(1, len(text))
    return chance.choice(
        [
            text[:at] + chance.choice(letters) + text[at + 1 :],
            text[:at] + text[at + 1 :],
            text[:at] + text[at - 1] + text[at:],
            text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :],
        ]
    )


def _with_gaps(chance: Random, told: Told, share: float) -> Told:
    return {
        name: "" if name not in ("name", "surname", "_kana") and chance.random() < share else said
        for name, said in told.items()
    }
