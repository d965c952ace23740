"""The book the bot answers from: entries, rules and settings of one version, ready to be searched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bots.embedder import Embedder
from bots.entry import Entry
from bots.flow import Flow, check_flow
from bots.lexicon import Lexicon
from bots.matcher import Match, match
from bots.mention import wants
from bots.rule import ReadyRule, Rule, ready
from bots.text import fold

if TYPE_CHECKING:
    from bots.index import Index


@dataclass(frozen=True, slots=True)
class Settings:
    """How sure the bot must be. A score is how likely an entry is right, from 0 to 100.

    From `threshold_answer` up it answers unless the next is nearly as likely; from
    `threshold_ask` up it asks back; below it says it does not know, and at `max_misses` unknown
    messages in a row it hands over. `languages` are those it speaks, the shop's first one first.
    `embeddings` is the name of the sentence model it was switched to ("": none): for whoever hands in an embedder.
    """

    threshold_answer: float = 32.0
    threshold_ask: float = 15.0
    max_misses: int = 2
    languages: tuple[str, ...] = ("ja", "en")
    embeddings: str = ""


class Book:
    """An immutable version of the bot, compiled. Build it once per version; threads may share it.

    Some hundred questions take less than a second to build, thousands some seconds; see the README.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        rules: Iterable[Rule] = (),
        settings: Settings | None = None,
        version: int = 0,
        lexicon: Lexicon | None = None,
        flows: Iterable[Flow] = (),
        before: Sequence[Book] = (),
        embedder: Embedder | None = None,
        quick: bool = False,
    ) -> None:
        """Compile. A rule whose pattern `check_pattern` refuses keeps only its keywords.

        Of books made `before`, what was learned of a language is taken over where nothing that is matched has changed
        in it: the very same would be learned again, and so is what was read of each text. A `quick` book of many
        questions is ready sooner and somewhat less exact (`is_quick`); it, too, follows from what it is made of alone.
        With an `embedder` texts are compared by what they mean, too.
        """
        self.entries = tuple(entries)
        self.rules = tuple(sorted(rules, key=lambda rule: (rule.position, rule.id)))
        self.settings = settings or Settings()
        self.version = version
        self.flows = tuple(flow for flow in flows if not check_flow(flow))
        matched = (*self.entries, *(asked for flow in self.flows if (asked := flow.asked)))
        self._by_id = {entry.id: entry for entry in matched}
        self._told = {(entry.subject, entry.language): entry for entry in self.entries}
        self._flows = {flow.id: flow for flow in self.flows}
        self._flow_words = {
            flow.id: tuple(word for one in flow.keywords if (word := fold(one)))
            for flow in self._flows.values()
        }
        self._ready = tuple(ready(rule) for rule in self.rules)
        self.lexicon = lexicon or Lexicon()
        self.embedder = embedder
        self._indexes = _indexes(matched, self.lexicon, before, embedder, quick)

    @property
    def is_quick(self) -> bool:
        """Whether the same would be answered more exactly by a book that was not to be `quick`."""
        return any(index.is_quick for index in self._indexes.values())

    @property
    def lacking(self) -> str:
        """The name of the sentence model it was switched to and was not handed ("": none)."""
        return "" if self.embedder else self.settings.embeddings

    def entry(self, entry_id: int) -> Entry | None:
        """The entry with this id, if this version has it; one below 0 stands for a form (:attr:`Flow.asked`)."""
        return self._by_id.get(entry_id)

    def translation(self, entry: Entry, language: str) -> Entry | None:
        """What says the same as `entry` in `language`, if this version has it."""
        return self._told.get((entry.subject, language))

    def flow(self, flow_id: int) -> Flow | None:
        """The flow with this id, if this version has it and it can be used."""
        return self._flows.get(flow_id)

    def flow_meant(self, folded: str, language: str) -> Flow | None:
        """The first flow in this language that a folded message wants by one of its words."""
        for flow in self._flows.values():
            words = self._flow_words[flow.id]
            if flow.language in ("", language) and any(wants(folded, word) for word in words):
                return flow
        return None

    def ready_rules(self) -> tuple[ReadyRule, ...]:
        """The rules in the order they run."""
        return self._ready

    def search(self, text: str, language: str, said: str = "") -> tuple[Match, ...]:
        """The entries in `language` that may answer `text`, the surest first. `said` is the whole message."""
        return tuple(one for one in self.meant(text, language, said) if one.entry.id >= 0)

    def meant(self, text: str, language: str, said: str = "") -> tuple[Match, ...]:
        """:meth:`search`, and the forms that `text` may mean among them."""
        index = self._indexes.get(language)
        return match(index, text, said) if index else ()


def _indexes(
    entries: tuple[Entry, ...],
    lexicon: Lexicon,
    before: Sequence[Book],
    embedder: Embedder | None,
    quick: bool,
) -> dict[str, Index]:
    """An index for each language. Its arithmetic takes 20 MB, which a process that answers nobody is spared."""
    if not entries:
        return {}
    from bots.index import Index

    found = {}
    for language in dict.fromkeys(entry.language for entry in entries):
        own = tuple(entry for entry in entries if entry.language == language)
        known = [
            book._indexes[language]
            for book in before
            if language in book._indexes and book.lexicon == lexicon
        ]
        same = next((index for index in known if index.learned_of(own, embedder, quick)), None)
        read = known[0] if known else None
        found[language] = same.of(own) if same else Index(own, language, lexicon, embedder, read, quick)
    return found
