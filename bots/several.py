"""Two questions in one message: each is answered, where the bot is sure of every one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bots import sayings
from bots.decision import Decision
from bots.matcher import Match
from bots.turn import Turn

_MOST, _LONGEST = 3, 600
_SENTENCE = re.compile(r"(?<=[。．！？!?])\s*|(?<=[.;])\s+|[\r\n]+")
_MORE = "あと|それと|それから|ついでに|加えて|もう(?:一|ひと|1)つ|また"
_AND = re.compile(
    rf"(?<=[、,，かがど])[、,，\s]*(?:{_MORE})(?=[、,，\s]|[一-龥ァ-ヶ])[、,，]?"
    r"|[,;]? (?:and|plus|also|and also)(?= (?:also |then )?(?:how|what|when|where|who|why|which|can|could|do|does|is"
    r"|are|will|would|should|may|i want|i need|i'd like)\b)",
    re.IGNORECASE,
)
_LINK = re.compile(rf"^(?:(?:{_MORE})[、,，\s]*|(?:(?:and|also|then|plus)\b[,\s]*)+)", re.IGNORECASE)
_ASKS = re.compile(
    r"[?？]|(?:か|たい|ください|下さい|欲しい|ほしい|教えて|お願いします|できる|ある|いくら|どこ|いつ|何時)"
    r"(?:です|ですが|のですが|んですが|んですけど|けど|が|は|の|のと)?[。．！!、]*\s*$"
    r"|^(?:please |hi |hello )*(?:how|what|when|where|who|why|which|can|could|do|does|did|is|are|will|would|should|may"
    r"|tell|i want|i need|i would|i'd like|i'm looking)\b",
    re.IGNORECASE,
)

_SHORT = 60
_BOTH = re.compile(
    r"(?P<one>[^、,。?？]{2,24}?)(?:(?<![るすくうつぬぶむぐだ])(?<!ない)と|、?および|、?及び)[、,]?(?P<other>[^、,。?？と]{2,24}?)"
    r"(?P<asked>(?:を|について|に関して|は|も|が)(?:[^、。?？をも]{0,14})?)[?？。!！]?"
    r"|(?:what about |tell me about )?(?P<first>[a-z' ]{4,40}?),? (?:and|&) (?P<second>[a-z' ]{4,40}?)[?.!]?",
    re.IGNORECASE,
)
_SURE, _SURE_OF_A_STORY = 50.0, 80.0  # of each half: any two halves of an English story are joined by “and”
_STORY = re.compile(r"\b(?:i|i'm|it|my|we|he|she|they|is|was|has|does|did)\b", re.IGNORECASE)
_WISH = re.compile("(?<=たい)(?:の|ん)?$")


def answered(turn: Turn, label: str | None) -> Decision | None:
    """The answers to the questions of a message, one below the other, if there are several and all have one."""
    if turn.exact:
        return None
    parts = list(questions(turn.question.text))
    joined = _joined(turn.question.text) if len(parts) < 2 else []
    parts = joined or parts
    if not 2 <= len(parts) <= _MOST:
        return None
    found = _found(turn, parts)
    if joined and not _belong(turn, found):
        return None
    if len({match.entry.id for match in found}) != len(parts) or any(one.entry.id < 0 for one in found):
        return None
    decisions = [sayings.answered(turn, label, match.entry, match.score) for match in found]
    first = decisions[0]
    return replace(
        first,
        text="\n\n".join(decision.text for decision in decisions),
        links=tuple(dict.fromkeys(link for decision in decisions for link in decision.links)),
        quick_replies=tuple(dict.fromkeys(chip for decision in decisions for chip in decision.quick_replies)),
        score=min(decision.score for decision in decisions),
        also=tuple(decision.entry_id for decision in decisions[1:] if decision.entry_id is not None),
    )


def _belong(turn: Turn, found: list[Match]) -> bool:
    """Whether what was found for two halves is what the whole is about, and sure."""
    heads = {match.entry.id for match in turn.matches[:2]}
    least = _SURE_OF_A_STORY if _STORY.search(turn.question.text) else _SURE
    return all(match.score >= least for match in found) and any(match.entry.id in heads for match in found)


def questions(text: str) -> Iterator[str]:
    """The questions of a message in their order. What only tells something is none."""
    for sentence in _SENTENCE.split(text[:_LONGEST]):
        for part in _AND.split(sentence):
            matter = _LINK.sub("", part.strip())
            if _ASKS.search(matter):
                yield matter


def _joined(text: str) -> list[str]:
    """The two matters of one question, each with what is asked of both: 営業時間と送料を教えて."""
    found = _BOTH.fullmatch(text.strip()) if len(text) <= _SHORT else None
    if found is None:
        return []
    one, other, asked = (
        found["one"] or found["first"],
        found["other"] or found["second"],
        found["asked"] or "",
    )
    return [_WISH.sub("", one) + ("" if _WISH.search(one) else asked), other + asked]


def _found(turn: Turn, parts: list[str]) -> list[Match]:
    """The surest entries of the parts; of those that have one."""
    turns = [Turn(replace(turn.question, text=part), turn.book) for part in parts]
    return [one.answer for one in turns if one.answer is not None]
