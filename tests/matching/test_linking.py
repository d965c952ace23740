"""Who of a list is one person: nearly all are found and hardly anybody else, whatever order the rows are in."""

from __future__ import annotations

from random import Random

import pytest

from app.i18n import LOCALES, catalogue
from app.matching import CODES, Record, compare, link, records, told, usual
from app.matching.comparing import Agreements
from app.matching.reasons import AGAINST
from app.matching.saying import SENTENCES
from tests.matching import people


def linked(rows: list[tuple[str, people.Told]]) -> dict[tuple[str, str], float]:
    return {(match.one.id, match.other.id): match.score for match in link(records(rows)).matches}


def pair(one: people.Told, other: people.Told) -> tuple[float, list[str]]:
    """The score of two records by themselves, and the codes of its reasons."""
    matches = link(records([("1", one), ("2", other)]), threshold=0.0).matches
    if not matches:
        return 0.0, []
    (match,) = matches
    return match.score, [reason.code for reason in match.reasons]


def compared(one: people.Told, other: people.Told) -> Agreements:
    ours, theirs = records([("1", one), ("2", other)])
    return compare(ours, theirs)


@pytest.mark.parametrize("made", [people.japanese, people.english])
def test_nearly_all_of_a_list_are_found_and_hardly_anybody_else(made: people.Maker) -> None:
    told_of = made(400, 7)
    found = linked(told_of.rows).keys()
    right = len(found & told_of.same)
    assert 2 * right / (len(found) + len(told_of.same)) >= 0.95


def test_the_order_of_the_rows_makes_no_difference() -> None:
    rows = people.japanese(80, 3).rows
    first = linked(rows)
    assert first
    for seed in range(2):
        Random(seed).shuffle(rows)
        assert linked(rows) == first


def test_comparing_is_the_same_from_either_side() -> None:
    rows = [*people.japanese(60, 5).rows, *people.english(60, 5).rows]
    model, known = usual(), records(rows)
    for one in known[::3]:
        for other in known[::2]:
            there, back = compare(one, other), compare(other, one)
            assert {name: each.level for name, each in there.items()} == {
                name: each.level for name, each in back.items()
            }
            assert model.probability(there) == pytest.approx(model.probability(back))


def test_work_does_not_grow_with_everybody_of_one_name() -> None:
    rows = [
        (str(n), {"name": "佐藤 健", "phone": f"0901111{n:04}", "address": f"東京都{n}"})
        for n in range(1_000)
    ]
    found = link(records(rows))
    assert found.compared < 20_000
    assert found.skipped
    assert found.matches == []


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ("山田 太郎", "ヤマダ タロウ", "names_may_sound_same"),
        ("山田太郎", "Taro Yamada", "names_may_sound_same"),
        ("ﾔﾏﾀﾞ ﾀﾛｳ", "YAMADA TARO", "names_sound_same"),
        ("やまだ たろう", "ヤマダ　タロウ様", "same_name"),
        ("髙橋 一郎", "高橋一郎", "same_name"),
        ("齋藤 恵", "斎藤 恵さん", "same_name"),
        ("渡邉 花子", "渡辺 花子", "same_name"),
        ("Satoh, Kenichi", "kenichi satou", "names_sound_same"),
        ("Mr. Bob Smith", "Robert Smith", "names_sound_same"),
        ("Smith, John", "John Smith", "same_name"),
        ("Jon Smyth", "John Smith", "similar_name"),
    ],
)
def test_a_name_is_known_again_however_it_is_written(one: str, other: str, code: str) -> None:
    score, codes = pair({"name": one, "phone": "090-1234-5678"}, {"name": other, "phone": "+819012345678"})
    assert score > 0.5
    assert codes[:2] == ["same_phone", code]


def test_how_a_rare_name_is_read_is_told_by_the_kana_of_the_list_itself() -> None:
    rows = [
        ("1", {"name": "勅使河原 汀", "kana": "テシガワラ ナギサ", "phone": "03-1111-2222"}),
        ("2", {"name": "勅使河原 汀", "kana": "", "phone": "03-1234-5678"}),
        ("3", {"name": "Nagisa Teshigawara", "kana": "", "phone": "03-1234-5678"}),
    ]
    found = {(each.one.id, each.other.id): each for each in link(records(rows), 0.0).matches}
    assert "names_may_sound_same" in [reason.code for reason in found["2", "3"].reasons]


def test_a_reading_that_nobody_tells_speaks_neither_for_nor_against() -> None:
    _, codes = pair(
        {"name": "薬師寺 汀", "phone": "0312345678"}, {"name": "Nagisa Yakushiji", "phone": "0312345678"}
    )
    assert codes == ["same_phone"]


def test_a_written_reading_counts_for_more_than_a_guessed_one() -> None:
    read, guessed = (
        compared({"name": "山田 太郎", "kana": kana}, {"name": "ヤマダ タロウ"})
        for kana in ("ヤマダ タロウ", "")
    )
    assert usual().probability(read) > usual().probability(guessed)


def test_father_and_son_with_one_telephone_are_two_people() -> None:
    home = {"phone": "03-1234-5678", "address": "東京都千代田区丸の内1-2-3", "postcode": "100-0005"}
    father = home | {"name": "山田 太郎", "date_of_birth": "昭和35年4月1日"}
    son = home | {"name": "山田 健", "date_of_birth": "1992-05-06"}
    score, codes = pair(father, son)
    assert score < 0.5
    assert {"same_phone", "same_address", "other_name", "other_birth"} <= set(codes)


def test_what_is_missing_says_nothing_and_what_contradicts_counts_against() -> None:
    base = {"name": "鷲尾 織江", "phone": "090-1234-5678"}
    birth = {"date_of_birth": "1980-01-01"}
    missing, same, other = (
        usual().probability(compared(base | birth, base | more))
        for more in ({}, birth, {"date_of_birth": "1955-12-24"})
    )
    assert other < missing < same


def test_withheld_numbers_make_nobody_the_same() -> None:
    assert pair({"name": "", "phone": "非通知"}, {"name": "", "phone": "非通知"}) == (0.0, [])


def test_who_shares_a_rare_name_is_likelier_the_same_than_who_shares_a_common_one() -> None:
    rows = people.japanese(150, 11).rows
    common = [(f"c{n}", {"name": "佐藤 健"}) for n in range(12)]
    rare = [("r1", {"name": "蜂須賀 八重子"}), ("r2", {"name": "蜂須賀 八重子"})]
    scores = {
        (each.one.id, each.other.id): each.score
        for each in link(records([*rows, *common, *rare]), 0.0).matches
    }
    assert scores["r1", "r2"] > scores["c0", "c1"]


def test_an_empty_list_and_a_list_of_one_have_no_matches() -> None:
    assert link([]).matches == []
    assert link([Record("1")]).matches == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_reason_has_its_sentence_in_both_languages(locale: str) -> None:
    assert SENTENCES.keys() >= CODES
    assert AGAINST <= CODES
    assert [said for said in SENTENCES.values() if said not in catalogue(locale)] == []


def test_a_reason_is_said_in_the_language_of_who_reads() -> None:
    (match,) = link(
        records(
            [
                ("1", {"name": "山田", "date_of_birth": "S55.4.1"}),
                ("2", {"name": "山田", "date_of_birth": "1980/4/1"}),
            ]
        ),
        threshold=0.0,
    ).matches
    assert [told("ja", each) for each in match.reasons] == ["氏名が同じ：山田", "生年月日が同じ：1980-04-01"]
    assert [told("en", each) for each in match.reasons] == [
        "Same name: 山田",
        "Same date of birth: 1980-04-01",
    ]
