"""When a rule holds besides the words of a message: where, when and by whom it was written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from bots.situation import Situation
from bots.text import fold, pair_of


@dataclass(frozen=True, slots=True)
class Conditions:
    """All of those that say anything must hold.

    `channels` are kinds or keys of channels, any of them; `hours` is `open` or `closed`; `attributes` are names with
    the value noted of the customer ("": any); `labels` all of them on the conversation; `pages` parts of the address
    of the page, `*` for anything, any of them.
    """

    channels: tuple[str, ...] = ()
    hours: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.channels or self.hours or self.attributes or self.labels or self.pages)

    def hold(self, there: Situation) -> bool:
        """Whether they hold in this situation."""
        return (
            (not self.channels or there.kind in self.channels or there.channel in self.channels)
            and (not self.hours or (self.hours == "open") == there.open)
            and all(_is(there.attributes.get(name), value) for name, value in self.attributes)
            and all(label in there.labels for label in self.labels)
            and (not self.pages or any(_page(one).search(there.page) for one in self.pages))
        )


def conditions_of(params: Mapping[str, str]) -> Conditions:
    """The conditions in the `params` of a rule, where each is lines of text."""
    pairs = map(pair_of, _lines(params, "attributes"))
    hours = params.get("hours", "")
    return Conditions(
        channels=_lines(params, "channels"),
        hours=hours if hours in ("open", "closed") else "",
        attributes=tuple((name, value) for name, value in pairs if name),
        labels=_lines(params, "labels"),
        pages=_lines(params, "pages"),
    )


def _is(noted: str | None, wanted: str) -> bool:
    return bool(noted) and (not wanted or fold(noted or "") == fold(wanted))


def _lines(params: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in params.get(name, "").splitlines() if line.strip())


@lru_cache(500)
def _page(wanted: str) -> re.Pattern[str]:
    """`/sale/*` is found anywhere in an address. Few stars: each makes the search longer."""
    parts = (re.escape(part) for part in re.split(r"\*+", wanted[:500]))
    return re.compile("[^\\s]*?".join(parts) if wanted.count("*") <= 5 else re.escape(wanted), re.IGNORECASE)
