"""How long the bot thinks over a message when it knows 5,000 ways to ask, and how long it takes to learn them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import product

import click

import bots
from app.bench import Result, at_most, benchmark, measured, resident, value
from app.bench.words import WORDS

QUESTIONS_EACH = 5
THINGS_JA = (
    *("コート", "ワンピース", "スカート", "ブラウス", "マフラー", "手袋", "靴", "バッグ", "帽子", "セーター"),
    *("ジャケット", "デニム", "ベルト", "財布", "傘", "靴下", "パジャマ", "水着", "浴衣", "ネクタイ"),
)
THINGS_EN = (
    *("coat", "dress", "skirt", "blouse", "scarf", "gloves", "shoes", "bag", "hat", "sweater"),
    *("jacket", "jeans", "belt", "wallet", "umbrella", "socks", "pyjamas", "swimsuit", "yukata", "tie"),
)
MATTERS_JA = (
    *("返品", "交換", "修理", "洗濯", "在庫", "サイズ", "色", "素材", "値段", "取り置き", "予約", "裾上げ"),
    *("ラッピング", "領収書", "保証", "再入荷", "お届け日", "送料", "試着", "お直し", "カタログ", "割引"),
    *("ポイント", "下取り", "刺繍"),
)
MATTERS_EN = (
    *("return", "exchange", "repair", "wash", "stock", "size", "colour", "material", "price", "hold"),
    *("order", "hemming", "wrapping", "receipt", "warranty", "restock", "delivery date", "postage"),
    *("fitting", "alteration", "catalogue", "discount", "points", "trade-in", "embroidery"),
)
ASKED_JA = (
    "{thing}の{matter}について教えてください",
    "{thing}の{matter}はできますか",
    "{matter}したい、{thing}です",
    "{thing}、{matter}はどうすればいいですか",
    "購入した{thing}の{matter}",
)
ASKED_EN = (
    "Can you tell me about the {matter} of a {thing}?",
    "{matter} for my {thing}",
    "How does {matter} work for the {thing} I bought?",
    "I have a question about the {thing}: {matter}",
    "{thing} {matter} please",
)


@benchmark("bot")
@click.option(
    "--phrases", default=5000, show_default=True, help="Ways to ask it knows, half of them Japanese."
)
@click.option("--decisions", default=2000, show_default=True, help="Messages it thinks over.")
def command(phrases: int, decisions: int) -> Iterator[Result]:
    """The bot's decision, with 5,000 phrases; and building its book."""
    known = entries(phrases)
    begin = time.perf_counter()
    book = bots.Book(known)
    built = time.perf_counter() - begin
    settings = {"phrases": sum(len(one.questions) for one in known), "entries": len(known)}
    memory = {"this process": resident()}
    asked = {"ja": messages("ja", decisions // 2), "en": messages("en", decisions // 2)}
    bots.decide(bots.Question(asked["ja"][0]), book)  # what is made once is not one decision's
    for language, what in (("ja", "a Japanese"), ("en", "an English")):
        spent = time.process_time()
        took = [_took(text, book) for text in asked[language]]
        yield measured(
            f"bot.decision.{language}",
            f"the bot's decision over {what} message",
            took,
            budgets=[at_most("p99", 10)],
            cpu=1000 * (time.process_time() - spent) / len(took),
            settings=settings,
            memory=memory,
        )
    yield value("bot.book", "building the book, once an edit", built, "s", settings=settings, memory=memory)


def entries(phrases: int) -> list[bots.Entry]:
    """FAQ entries with so many questions together, half Japanese and half English, no two the same."""
    each = -(-phrases // QUESTIONS_EACH // 2)
    japanese = _entries("ja", THINGS_JA, MATTERS_JA, ASKED_JA, each, 1)
    return japanese + _entries("en", THINGS_EN, MATTERS_EN, ASKED_EN, each, each + 1)


def _entries(
    language: str,
    things: tuple[str, ...],
    matters: tuple[str, ...],
    asked: tuple[str, ...],
    count: int,
    first: int,
) -> list[bots.Entry]:
    made = []
    for number in range(count):
        thing, matter = _pair(things, matters, number)
        questions = tuple(one.format(thing=thing, matter=matter) for one in asked)
        made.append(bots.Entry(first + number, f"{thing} {matter}", language, questions, "…"))
    return made


def _pair(things: tuple[str, ...], matters: tuple[str, ...], number: int) -> tuple[str, str]:
    pairs = list(product(things, matters))
    thing, matter = pairs[number % len(pairs)]
    series = number // len(pairs)
    return (f"{thing} {series + 1}" if series else thing), matter


def messages(language: str, count: int) -> list[str]:
    """What customers write: asked in known words, in other words, misspelt, and of something else."""
    chance = random.Random(7)
    japanese = language == "ja"
    things, matters = (THINGS_JA, MATTERS_JA) if japanese else (THINGS_EN, MATTERS_EN)
    asked = ASKED_JA if japanese else ASKED_EN
    others = [text for text in WORDS if text.isascii() is not japanese]
    return [_message(chance, chance.choice(asked), things, matters, others) for _ in range(count)]


def _message(
    chance: random.Random, asked: str, things: tuple[str, ...], matters: tuple[str, ...], others: list[str]
) -> str:
    text = asked.format(thing=chance.choice(things), matter=chance.choice(matters))
    match chance.randrange(4):
        case 0:
            return text
        case 1:
            return f"{chance.choice(others)} {text}"
        case 2:
            at = chance.randrange(len(text) - 1)
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        case _:
            return chance.choice(others)


def _took(text: str, book: bots.Book) -> float:
    begin = time.perf_counter()
    bots.decide(bots.Question(text), book)
    return 1000 * (time.perf_counter() - begin)
