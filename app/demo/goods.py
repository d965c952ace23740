"""What the shop sells, as ``goods.toml`` tells it, and what its pages are called."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from app.demo.shop import told

TITLES = {
    "ja": {
        "products": "商品一覧",
        "guide": "ご利用ガイド",
        "stores": "店舗のご案内",
        "mypage": "マイページ",
        "telephone": "店に電話する",
    },
    "en": {
        "products": "All products",
        "guide": "Guide",
        "stores": "Our stores",
        "mypage": "My page",
        "telephone": "Call the shop",
    },
}
SHOP = {"ja": "北風洋品店", "en": "Kitakaze Clothiers"}


@dataclass(frozen=True)
class Good:
    """One product. `stock`: size -> (online, Aoyama, Kobe)."""

    slug: str
    price: int
    new: bool
    ja: dict[str, str]
    en: dict[str, str]
    stock: dict[str, list[int]]

    def words(self, language: str) -> dict[str, str]:
        """Name, colour, description and material in one language."""
        return self.ja if language == "ja" else self.en

    @property
    def online(self) -> int:
        """How many can be ordered, all sizes together."""
        return sum(counts[0] for counts in self.stock.values())


@cache
def goods() -> dict[str, Good]:
    """Everything by its slug, in the shop's order."""
    rows: list[dict[str, Any]] = told("goods")["goods"]
    return {row["slug"]: Good(**row) for row in rows}


def title(path: str, language: str) -> str:
    """What the shop's page at /demo/`path` is called; the shop's own name for its front page."""
    place, _, slug = path.partition("/")
    found = goods()[slug].words(language)["name"] if slug else TITLES[language].get(place, "")
    return f"{found} | {SHOP[language]}" if found else SHOP[language]
