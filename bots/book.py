"""The book the bot answers from: entries, rules and settings of one version."""

from __future__ import annotations

from dataclasses import dataclass

from bots.entry import Entry
from bots.rule import Rule


@dataclass(frozen=True, slots=True)
class Settings:
    """How sure the bot must be. Scores run from 0 to 100.

    From `threshold_answer` up it answers, provided the runner-up is `margin` behind; from
    `threshold_ask` up it asks back; below it says it does not know, and at `max_misses` unknown
    messages in a row it hands over. `languages` are those it speaks, the shop's first one first.
    """

    threshold_answer: float = 60.0
    threshold_ask: float = 40.0
    margin: float = 5.0
    max_misses: int = 2
    languages: tuple[str, ...] = ("ja", "en")


class Book:
    """An immutable version of the bot. Build it once per version; threads may share it."""

    def __init__(
        self,
        entries: tuple[Entry, ...],
        rules: tuple[Rule, ...] = (),
        settings: Settings | None = None,
        version: int = 0,
    ) -> None:
        self.entries = entries
        self.rules = tuple(sorted(rules, key=lambda rule: (rule.position, rule.id)))
        self.settings = settings or Settings()
        self.version = version
