"""How many messages a text is charged as (3GPP TS 23.038, 6.2.1 and 23.040, 9.2.3.24.1).

In the alphabet of GSM a single message holds 160 characters and each of several 153, some characters counting twice.
With any other character, so with Japanese, it is 70 and 67 units of UTF-16. No character is cut in two.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_ROOM = {"GSM-7": (160, 153), "UCS-2": (70, 67)}  # alone, and in each of several


@dataclass(frozen=True)
class Segments:
    """`parts`: messages charged, 0 for no text. `units`: how long the text is; `left`: how much still goes into the
    last part without another one."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    parts: int
    left: int


def segments(text: str) -> Segments:
    """What `text` is charged as."""
    encoding: Literal["GSM-7", "UCS-2"] = "GSM-7" if is_gsm(text) else "UCS-2"
    costs = [_cost(char, encoding) for char in text]
    units, (alone, each) = sum(costs), _ROOM[encoding]
    if units <= alone:
        return Segments(encoding, units, 1 if units else 0, alone - units)
    parts, used = _filled(costs, each)
    return Segments(encoding, units, parts, each - used)


def is_gsm(text: str) -> bool:
    """Whether all of it can be written in the alphabet of GSM."""
    return all(char in _BASIC or char in _EXTENSION for char in text)


def _cost(char: str, encoding: str) -> int:
    if encoding == "GSM-7":
        return 2 if char in _EXTENSION else 1
    return 2 if char > "\uffff" else 1


def _filled(costs: Iterable[int], room: int) -> tuple[int, int]:
    """How many parts are begun, and how much of the last is used."""
    parts, used = 1, 0
    for cost in costs:
        if used + cost > room:
            parts, used = parts + 1, 0
        used += cost
    return parts, used
