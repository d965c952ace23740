"""A conversation with the draft goes as it would with a customer."""

from __future__ import annotations

import json
from html import unescape

import pytest

from app.db import transaction
from app.knowledge import flows
from app.web import trial
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")

HERE = "/settings/bot/trial"


@pytest.fixture
def editor() -> Browser:
    with transaction() as db:
        factories.faq(db, "全国一律550円です")
        boss = factories.supervisor(db)
    return Browser().come_in(boss)


def _carried(shown: str) -> str:
    return unescape(shown.split('name="trial" value="', 1)[1].split('"', 1)[0])


def test_what_was_just_answered_is_not_answered_again(editor: Browser) -> None:
    asked = {"try": "送料はいくらですか"}
    once = editor.submit(HERE, asked).text
    assert "先ほどと同じご案内" not in once
    twice = editor.submit(HERE, asked | {"trial": _carried(once)}).text
    assert "先ほどと同じご案内" in twice
    thrice = editor.submit(HERE, asked | {"trial": _carried(twice)}).text
    assert json.loads(_carried(thrice))["turns"][-1][1] == "全国一律550円です"


def test_a_mail_is_answered_again_as_it_would_be(editor: Browser) -> None:
    with transaction() as db:
        channel = factories.channel(db, "email").key
    asked = {"try": "送料はいくらですか", "channel": channel}
    once = editor.submit(HERE, asked).text
    twice = editor.submit(HERE, asked | {"trial": _carried(once)}).text
    assert "先ほどと同じご案内" not in twice


RETURN = """
[[flow]]
name = "返品"
language = "ja"
keywords = ["返品したい"]

[[flow.step]]
name = "order"
label = "注文番号"
ask = "ご注文番号は？"
kind = "number"
pattern = '\\d{4,6}'

[[flow.step]]
name = "item"
label = "商品"
ask = "どの商品ですか？"

[flow.end]
text = "{order}（{item}）の返品を承りました。"
"""


def test_by_mail_a_form_asks_everything_in_one_letter(editor: Browser) -> None:
    with transaction() as db:
        channel = factories.channel(db, "email").key
        (data,) = flows.from_toml(db, RETURN)
        flows.save_flow(db, None, None, data)
    asked = editor.submit(HERE, {"try": "返品したいです", "channel": channel}).text
    assert "1. 注文番号: ご注文番号は？\n2. 商品: どの商品ですか？" in unescape(asked)
    assert '<textarea class="input" id="try"' in asked
    told = {"try": "1. 5521\n2. コート", "channel": channel, "trial": _carried(asked)}
    assert "5521（コート）の返品を承りました。" in editor.submit(HERE, told).text


def test_a_long_trial_forgets_what_was_said_first_and_nothing_else(editor: Browser) -> None:
    turns: list[list[object]] = [
        ["me" if at % 2 else "bot", f"{at}" + "あ" * 3_000, [], []] for at in range(trial.MOST)
    ]
    long = trial._read(json.dumps({"turns": turns[:30], "misses": 1, "asked": [7]}, ensure_ascii=False))
    assert len(long.turns) == 30
    longer = trial.Trial(long.turns * 2, long.misses, long.asked)
    assert len(longer.told()) <= trial.LONGEST
    kept = trial._read(longer.told())
    assert (kept.turns[-1], kept.misses, kept.asked) == (long.turns[-1], 1, (7,))
    assert len(kept.turns) > 30
    shown = editor.submit(HERE, {"try": "送料はいくらですか", "trial": longer.told()})
    assert len(json.loads(_carried(shown.text))["turns"]) > 30


@pytest.mark.parametrize(
    "carried",
    [
        '{"misses": Infinity}',
        '{"turns": {}}',
        '{"earlier": {}}',
        '{"earlier": [{"what": 1}]}',
        '{"turns": [["bot", "x", [], ["answer", 1, null, "x", [[1, "x", 1e999], [1, "x", NaN]]]]]}',
    ],
)
def test_what_no_page_carries_begins_anew(editor: Browser, carried: str) -> None:
    assert editor.submit(HERE, {"try": "x", "trial": carried}).status_code == 200
