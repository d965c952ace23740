"""An entry of the FAQ: the questions it is asked by and the answer the shop wrote."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """A page shown below an answer: the words to press and the address behind them."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer and the ways customers ask for it.

    `title` names the entry and is its chip when the bot asks back, so it is matched like a question.
    `language` is a code such as `ja`; an entry answers only questions in its own language.
    """

    id: int
    title: str
    language: str
    questions: tuple[str, ...]
    answer: str
    links: tuple[Link, ...] = ()
    quick_replies: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
