"""An entry of the FAQ: the questions it is asked by and the answer the shop wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bots.situation import Situation


@dataclass(frozen=True, slots=True)
class Link:
    """A page shown below an answer: the words to press and the address behind them."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture shown with an answer: the number of the caller's file, and what it shows, in words."""

    id: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer and the ways customers ask for it.

    `title` names the entry and is its chip when the bot asks back, so it is matched like a question.
    `language` is a code such as `ja`; an entry answers only questions in its own language.
    `since` and `until` are the first and the last day it holds. `kinds` and `channels` (keys) are where it holds, both
    empty: everywhere. `signed_in` keeps it for customers who have proved who they are.
    `follow_ups` are entries offered below the answer. `translation_of` is the entry that says the same in another
    language. `listed` is for the caller: whether it stands in the help centre. `flow` is a form that begins after the
    answer.
    """

    id: int
    title: str
    language: str
    questions: tuple[str, ...]
    answer: str
    links: tuple[Link, ...] = ()
    quick_replies: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    kinds: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    signed_in: bool = False
    follow_ups: tuple[int, ...] = ()
    translation_of: int | None = None
    listed: bool = True
    picture: Picture | None = None
    flow: int | None = None

    @property
    def subject(self) -> int:
        """The same for an entry and its translations."""
        return self.translation_of or self.id

    @property
    def for_everybody(self) -> bool:
        """Whether anybody may read it, wherever they ask."""
        return not (self.kinds or self.channels or self.signed_in)

    def on(self, day: date | None) -> bool:
        """Whether it holds that day; on an unknown one every entry does."""
        return day is None or ((self.since or day) <= day <= (self.until or day))

    def holds(self, situation: Situation) -> bool:
        """Whether it may be said there. Where nothing is known of the place, as in an evaluation, it may."""
        if not self.on(situation.on):
            return False
        if self.for_everybody or not (situation.channel or situation.kind):
            return True
        here = not (self.kinds or self.channels)
        here = here or situation.kind in self.kinds or situation.channel in self.channels
        return here and (situation.signed_in or not self.signed_in)
