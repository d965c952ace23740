"""What the bot is asked: the words, and the little it must remember from its last turn."""

from __future__ import annotations

from dataclasses import dataclass, field

from bots.earlier import Earlier
from bots.progress import Progress
from bots.situation import File, Situation


@dataclass(frozen=True, slots=True)
class Question:
    """One message of a customer.

    `language` is the visitor's locale (`ja`, `en-GB`) and only a hint: the script of the text decides.
    `misses` and `asked` are what the previous `Decision` of this conversation returned under those names.
    `situation` is where, when and by whom it is asked.
    `earlier` are the bot's own last turns in this conversation, oldest first, as far back as they are remembered.
    `flow` is how far the conversation is in a form, `resumed` whether that was long ago.
    `files` are what came with the words.
    `letter`: it is a mail, to be answered by one: a form asks for everything at once there.
    `history` holds earlier messages of the customer, oldest first; the bot does not use it yet.
    """

    text: str
    language: str | None = None
    misses: int = 0
    asked: tuple[int, ...] = ()
    history: tuple[str, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    situation: Situation = field(default_factory=Situation)
    flow: Progress | None = None
    resumed: bool = False
    letter: bool = False
    files: tuple[File, ...] = ()
