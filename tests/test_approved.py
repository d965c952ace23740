"""Filling in templates that a platform has approved, without a platform."""

from __future__ import annotations

import pytest

from app import approved
from app.inbox import Refused
from channels.base import Template

FACTS = approved.Facts(customer="花子", case="1042", agent="田中 翔")


def of(text: str, *variables: str) -> Template:
    return Template("t", "ja", text, variables)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("{{1}}様、いつもありがとうございます。", "1", "花子"),
        ("{{ 1 }} さん", "1", "花子"),
        ("Hello {{1}}, your order is ready.", "1", "花子"),
        ("Dear {{1}}", "1", "花子"),
        ("こんにちは。{{customer_name}}", "customer_name", "花子"),
        ("{{first_name}}", "first_name", "花子"),
        ("お問い合わせ番号：{{1}}", "1", "1042"),
        ("受付番号「{{1}}」", "1", "1042"),
        ("Your case number is {{1}}.", "1", "1042"),
        ("担当：{{1}}", "1", "田中 翔"),
        ("{{agent_name}}", "agent_name", "田中 翔"),
        ("注文番号：{{1}}", "1", ""),
        ("{{shop_name}}", "shop_name", ""),
        ("{{1}}に届きました", "1", ""),
        ("お手紙", "header.image", ""),
    ],
)
def test_what_the_words_around_a_variable_say_is_proposed(text: str, name: str, value: str) -> None:
    assert approved.proposed(of(text, name), FACTS) == {name: value}


def test_a_value_stands_wherever_its_variable_does_and_is_not_read_again() -> None:
    ready = approved.filled(
        of("{{1}}と{{ 2 }}と{{1}}と{{9}}", "1", "2"), {"1": "{{2}}", "2": "二\n三", "x": "y"}
    )
    assert ready.text == "{{2}}と二 三と{{2}}と{{9}}"
    assert ready.template.values == {"1": "{{2}}", "2": "二 三"}


def test_a_variable_that_stands_nowhere_is_asked_for_by_its_label() -> None:
    template = Template("t", "ja", "写真です", ("header.image",), labels={"header.image": "Picture"})
    with pytest.raises(Refused, match="needs a value for “Picture”"):
        approved.filled(template, {})
    assert approved.filled(template, {"header.image": "https://x.jp/a.jpg"}).text == "写真です"


def test_a_text_falls_into_words_and_places() -> None:
    assert approved.pieces(of("{{1}}様\n{{9}}", "1")) == [("", "1"), ("様\n{{9}}", "")]
    assert approved.pieces(of("はい")) == [("はい", "")]
