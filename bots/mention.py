"""Words of a form in a sentence that wants it, and in one that only speaks of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SPOKEN_OF_BEHIND = re.compile(
    r"(?:の?(?:申し?込み?|手続き?|申請|予約|日時|日程|時間|内容))?"
    r"(?:を|は|が|も|って)? ?(?:もう|すでに|既に|先日|昨日)?"
    r"(?:きゃんせる|取り?消|とりけ|変更|変え|やめ|止め|済|すま|終わ|終え|完了|しました|したのに|したん|したけど|している|していない"
    r"|なしで|なしに|せず|しないで|しなくて|不要|いら|要ら|(?:必要|要る?)(?:です|なの|なん|でしょう)*か|必要(?:ない|あり)"
    r"|しない(?:と|で|ほう|方)|しなければ)"
    r"| (?:was|has been|is|already) (?:cancel|already|needed|required|necessary|sent|made|booked)"
)
_SPOKEN_OF_BEFORE = re.compile(
    r"(?:cancel|change|reschedule|move|withdraw|postpone|already|without|do i (?:need|have)|necessary|must i)\w*"
    r"(?: (?:on|my|a|an|the|to|it|made|make|get|for|any|booked|booking|visit)){0,3} $"
)


def wants(folded: str, words: str) -> bool:
    """Whether a folded message holds the words, and somewhere says nothing about them that makes another matter of it:
    来店予約をキャンセルしたい, `do I need to book a visit`."""
    return any(
        not (
            _SPOKEN_OF_BEHIND.match(folded, at + len(words))
            or _SPOKEN_OF_BEFORE.search(folded[max(at - 60, 0) : at])
        )
        for at in _places(folded, words)
    )


def _places(folded: str, words: str) -> Iterator[int]:
    """Where the words stand; Latin ones as whole words."""
    pattern = rf"(?<![a-z0-9]){re.escape(words)}(?![a-z0-9])" if words.isascii() else re.escape(words)
    return (found.start() for found in re.finditer(pattern, folded))
