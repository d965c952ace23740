"""What may become an entry, as a page or a file has it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from unicodedata import normalize

from app.text import clean, one_line
from bots.language import guess
from bots.text import fold

MOST = 400  # of one page or file
COMMA = re.compile("[,，、､]")
"""What stands between topics."""
LANGUAGES = ("ja", "en")
MOST_ANSWERS = 5  # to one question
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Item:
    """`key` is the same whenever it is read again: of its own id, else of its first question. `more` are other fields
    of an entry that the file tells, as an entry keeps them; entries are named by their titles there."""

    key: str
    title: str
    language: str
    questions: tuple[str, ...]
    answer: str
    links: tuple[dict[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def item(
    questions: Sequence[str],
    answer: str,
    *,
    title: str = "",
    language: str = "",
    links: Sequence[Mapping[str, str]] = (),
    tags: Sequence[str] = (),
    id: str = "",
    more: Mapping[str, Any] | None = None,
) -> Item:
    """Made from what was read; its first question stands for a title it lacks."""
    asked = tuple(dict.fromkeys(line for one in questions if (line := one_line(one, 500))))[:200]
    named = id or fold(asked[0]) or asked[0]
    spoken = language if language in LANGUAGES else _spoken(f"{asked[0]} {answer}")
    return Item(
        key=hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:40],
        title=one_line(title or asked[0], 200),
        language=spoken,
        questions=asked,
        answer=clean(answer).strip()[:8000],
        links=tuple({"label": one["label"], "url": one["url"]} for one in links),
        tags=tuple(line for one in tags if (line := one_line(one, 40)))[:20],
        more=dict(more or {}),
    )


def _spoken(text: str) -> str:
    """The one of our languages it is in, or looks most like: an entry in another would never be found."""
    told = guess(text, None, LANGUAGES).language
    return told if told in LANGUAGES else "ja" if _JAPANESE.search(text) else "en"


def same_words(one: str, other: str) -> bool:
    """Whether two answers say the same: 「○」 and 「×」 do not, nor “¥500” and “$500”, however they are spaced."""
    return "".join(normalize("NFKC", one).split()) == "".join(normalize("NFKC", other).split())


def distinct(found: Iterable[Item]) -> list[Item]:
    """Each question once, or once for each of its answers where it has several: which is right, people see."""
    items: dict[str, Item] = {}
    for one in found:
        key = one.key
        for n in range(2, MOST_ANSWERS + 2):
            if key not in items or same_words(items[key].answer, one.answer):
                items.setdefault(key, replace(one, key=key))
                break
            key = f"{one.key[:36]}-{n}"
    return list(items.values())


def item_of(stored: Mapping[str, Any]) -> Item:
    """An item as it is kept."""
    lists = {name: tuple(stored[name]) for name in ("questions", "links", "tags")}
    return Item(**{**stored, **lists})
