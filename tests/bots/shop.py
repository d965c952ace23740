"""A small shop with a Japanese and an English FAQ, and short ways to ask its bot."""

from __future__ import annotations

from functools import cache

from bots import Book, Decision, Entry, Link, Question, Rule, RuleAction, Settings, decide

JAPANESE: dict[str, tuple[str, ...]] = {
    "送料": ("送料はいくらですか", "配送料について教えてください", "何円以上で送料無料になりますか"),
    "お届け日数": ("いつ届きますか", "配送には何日かかりますか"),
    "配送状況の確認": ("荷物は今どこですか", "注文した商品がまだ届きません", "追跡番号を知りたい"),
    "返品・交換": ("返品したいのですが", "商品を交換できますか", "サイズが合わなかったので返品できますか"),
    "返金の時期": ("返金はいつされますか", "返金の方法を教えてください"),
    "ポイントの有効期限": ("ポイントはいつまで使えますか", "ポイントの期限を知りたい"),
    "ポイントの使い方": ("ポイントはどうやって使いますか", "ポイントで支払えますか"),
    "店舗の営業時間": ("営業時間を教えてください", "お店は何時まで開いていますか"),
    "支払い方法": ("支払い方法は何がありますか", "クレジットカードは使えますか"),
    "領収書": ("領収書を発行してもらえますか",),
    "アレルギー表示": ("アレルギー表示はどこで見られますか", "アレルギーの情報を教えてください"),
    "担当者について": ("担当者の名前は何ですか",),
}
ENGLISH: dict[str, tuple[str, ...]] = {
    "Shipping cost": ("How much is shipping?", "Is delivery free?"),
    "Delivery time": ("When will my order arrive?", "How long does delivery take?"),
    "Tracking": ("Where is my order?", "How do I track my parcel?"),
    "Returns": ("How do I return an item?", "What is your return policy?"),
    "Points expiry": ("When do my points expire?",),
    "Using points": ("How do I use my points?",),
    "Travel agent fees": ("How much are travel agent fees?",),
    "Fraud alerts": ("How do I set a fraud alert on my card?",),
}


def entries() -> tuple[Entry, ...]:
    """Japanese entries from id 1, English ones from id 101, each answered by its own title."""
    return (
        *(_entry(number, title, "ja", asked) for number, (title, asked) in enumerate(JAPANESE.items(), 1)),
        *(_entry(number, title, "en", asked) for number, (title, asked) in enumerate(ENGLISH.items(), 101)),
    )


def _entry(number: int, title: str, language: str, asked: tuple[str, ...]) -> Entry:
    return Entry(
        id=number,
        title=title,
        language=language,
        questions=asked,
        answer=f"{title}!",
        links=(Link(title, f"https://shop.example/{number}"),),
        quick_replies=(title,),
    )


@cache
def book() -> Book:
    """The shop's book, version 7, without rules."""
    return Book(entries(), version=7)


def ruled_by(*rules: Rule, settings: Settings | None = None) -> Book:
    """The shop's book with these rules."""
    return Book(entries(), rules, settings, version=7)


def rule(
    action: RuleAction,
    *keywords: str,
    pattern: str = "",
    language: str = "",
    position: int = 0,
    number: int = 1,
    **params: str,
) -> Rule:
    """A rule."""
    return Rule(number, f"rule {number}", language, keywords, pattern, action, params, position)


def ask(
    text: str,
    language: str | None = None,
    misses: int = 0,
    asked: tuple[int, ...] = (),
    of: Book | None = None,
) -> Decision:
    """What the shop's bot decides on `text`."""
    return decide(Question(text, language, misses, asked), of or book())


def title(entry_id: int | None) -> str | None:
    """The title of an entry of the shop."""
    return next((entry.title for entry in entries() if entry.id == entry_id), None)
