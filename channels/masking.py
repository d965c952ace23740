"""Numbers of payment cards, in what somebody typed or a till told: they are kept nowhere but for their last digits.

A card's number has 13 to 19 digits, of which the last proves the others (ISO/IEC 7812-1, annex B: Luhn), and begins as
those of its network do. What merely looks like one, such as the number of an article (JAN), stays as it is.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

SHOWN = 4  # digits that stay readable
_SIGN = r"[ \u3000\u00a0\n._\-‐‑‒–—―−ー－ｰ]{0,2}"  # between digits, as keyboards give them
_RUN = re.compile(rf"(?<![\d０-９])(?:[0-9０-９]{_SIGN}){{12,}}[0-9０-９](?![\d０-９])")
_SORTS = {" ": " ", "\u3000": " ", "\u00a0": " ", "\n": "\n", ".": ".", "_": "_"}  # and hyphens, all one sort
_GROUP = re.compile(r"[0-9０-９]+")
_WRITTEN_AS = ((4, 4, 4, 4, 3), (4, 4, 4, 4), (4, 6, 5), (4, 6, 4))  # digits of the groups on a card
# Visa; Mastercard; American Express; Diners; JCB; Discover; UnionPay; Maestro.
_NETWORK = re.compile(r"4|5[0-8]|2[2-7]|3[47]|30[0-5]|3[689]|35|6[0245789]")
_LENGTHS = {"3": (14, 15, 16, 19), "4": (13, 16, 19), "2": (16,), "5": (13, 14, 15, 16, 17, 18, 19)}


def mask_cards(text: str) -> tuple[str, int]:
    """The text with each card's number masked but for its last digits, and how many there were."""
    masked, count, end = [], 0, 0
    for run in _RUN.finditer(text):
        for start, stop in _cards_in(run):
            masked += [text[end:start], f"•••• {_digits(text[start:stop])[-SHOWN:]}"]
            end, count = stop, count + 1
    return "".join([*masked, text[end:]]), count


def _cards_in(run: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Where cards stand in a run of digits: all of it, or groups of it beside a date, a code, a telephone number.

    Only groups as cards are written: one of any thirteen digits in ten would pass for a card's.
    """
    groups = [(run.start() + one.start(), run.start() + one.end()) for one in _GROUP.finditer(run[0])]
    if "\n" not in run[0] and _one_sign(run, groups) and is_card(_digits(run[0])):
        yield run.span()
        return
    place = 0
    while place < len(groups):
        near = groups[place : place + 5]
        taken = next(
            (n for n in _widths(near) if _one_sign(run, near[:n]) and is_card(_together(run, near[:n]))), 0
        )
        if taken:
            yield groups[place][0], groups[place + taken - 1][1]
        place += taken or 1


def _widths(groups: list[tuple[int, int]]) -> Iterator[int]:
    """How many groups from the first on may be one card."""
    lengths = tuple(stop - start for start, stop in groups)
    yield from (len(one) for one in _WRITTEN_AS if lengths[: len(one)] == one)
    if lengths[0] > 12:
        yield 1


def _one_sign(run: re.Match[str], groups: list[tuple[int, int]]) -> bool:
    """Whether one sort of sign is between all of them, as on a card: two numbers beside each other have two sorts. A
    space or a new line beside a sign is a slip."""
    between = (run.string[one[1] : other[0]] for one, other in pairwise(groups))
    sorts = ({_SORTS.get(sign, "-") for sign in signs} for signs in between)
    return len({frozenset(one - {" ", "\n"} or one) for one in sorts}) <= 1


def _together(run: re.Match[str], groups: list[tuple[int, int]]) -> str:
    return _digits(run.string[groups[0][0] : groups[-1][1]])


def _digits(text: str) -> str:
    return "".join(str(int(sign)) for sign in text if sign.isdecimal())


def is_card(digits: str) -> bool:
    """Whether these digits are the number of a payment card."""
    usual = _LENGTHS.get(digits[:1], range(13, 20))
    return bool(_NETWORK.match(digits)) and len(digits) in usual and _luhn(digits) and not _is_jan(digits)


def _luhn(digits: str) -> bool:
    doubled = [int(one) * 2 for one in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(one - 9 * (one > 9) for one in doubled)) % 10 == 0


def _is_jan(digits: str) -> bool:
    """A Japanese article's number: EAN-13 with the prefix 45 or 49."""
    if len(digits) != 13 or digits[:2] not in ("45", "49"):
        return False
    weighed = sum(int(one) * (3 if place % 2 else 1) for place, one in enumerate(digits))
    return weighed % 10 == 0
