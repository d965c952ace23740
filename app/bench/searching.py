"""`madoguchi bench search`: one to four Japanese characters or an English word, frequent, rare and absent."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from app import search
from app.bench import Result, at_most, benchmark, measured, resident
from app.bench.pages import WARM_UP, Looker, Timings, lookers_options, looking
from app.db import reading

BUDGET = 20.0  # ms
# What the seeded texts are full of, what few of them hold (see seeding.vocabulary.RARE), and what none does.
WORDS = {
    "ja1.frequent": ("の", "品", "送"),
    "ja2.frequent": ("返品", "配送", "商品"),
    "ja3.frequent": ("サイズ", "在庫が", "届きま"),
    "ja4.frequent": ("ございま", "お問い合", "キャンセ"),
    "ja1.rare": ("鱧", "琥", "鼈"),
    "ja2.rare": ("漆器", "螺鈿", "鼈甲"),
    "ja3.rare": ("檜風呂", "有田焼", "首飾り"),
    "ja4.rare": ("麒麟の置", "琥珀の首", "鼈甲の櫛"),
    "ja.absent": ("饕", "魑魅", "曼荼羅", "八咫烏様"),
    "en.frequent": ("order", "delivery", "shipping"),
    "en.rare": ("turntable", "theodolite", "zither"),
    "en.absent": ("zyzzyva", "quixotry"),
    "two.frequent": ("返品 配送", "refund card", "在庫 東京"),
    "two.mixed": ("漆器 手入れ", "急須 有田焼"),
    "number": ("注文番号は12", "4711"),
    "name": ("佐藤", "Emma"),
}


@benchmark("search", database=True)
@lookers_options
def command(supervisor: str, agent: str, samples: int) -> Iterator[Result]:
    """Search over all messages, the newest first: the page /search as a supervisor and as an agent who sees 2 %."""
    everything = Timings()
    with looking(supervisor, agent) as (pages, lookers):
        for looker in lookers:
            for name, words in WORDS.items():
                found = pages.times([f"/search?q={quote(word)}" for word in words], looker, samples)
                everything.wall += found.wall
                everything.cpu += found.cpu
                yield measured(
                    f"search.{looker.role}.{name}",
                    f"search {name} ({words[0]}), {looker.role}",
                    found.wall,
                    cpu=found.mean_cpu,
                    budgets=[at_most("p95", BUDGET)],
                    settings={"words": words, "hits": [_hits(looker, word) for word in words]},
                )
    yield measured(
        "search.all",
        "search, all of these together",
        everything.wall,
        cpu=everything.mean_cpu,
        budgets=[at_most("p95", BUDGET)],
        settings={"samples": samples},
        memory={"this process": resident()},
        note=f"{WARM_UP} requests of each kind before, uncounted",
    )


def _hits(looker: Looker, word: str) -> str:
    """How much the first page holds, and whether there is more."""
    with reading() as db:
        page = search.search(db, looker.agent, word)
        return f"{len(page.hits)}{'+' if page.cursor else ''}"
