"""Numbers of payment cards, in what somebody typed or a till told: they are kept nowhere but for their last digits.

A card's number has 13 to 19 digits, of which the last proves the others (ISO/IEC 7812-1, annex B: Luhn), and begins as
those of its network do. What merely looks like one, such as the number of an article (JAN), stays as it is.
"""

import re

SHOWN = 4  # digits that stay readable
_RUN = re.compile(r"(?<![\d０-９])(?:[0-9０-９][ 　\-‐‑–—−－]?){12,18}[0-9０-９](?![\d０-９])")
# Visa; Mastercard; American Express; Diners; JCB; Discover; UnionPay; Maestro.
_NETWORK = re.compile(r"4|5[0-8]|2[2-7]|3[47]|30[0-5]|3[689]|35|6[0245789]")
_LENGTHS = {"3": (14, 15, 16, 19), "4": (13, 16, 19), "2": (16,), "5": (13, 14, 15, 16, 17, 18, 19)}


def mask_cards(text: str) -> tuple[str, int]:
    """The text with each card's number masked but for its last digits, and how many there were."""
    masked, count = [], 0
    end = 0
    for found in _RUN.finditer(text):
        digits = "".join(str(int(sign)) for sign in found[0] if sign.isdigit())
        if is_card(digits):
            masked += [text[end : found.start()], f"•••• {digits[-SHOWN:]}"]
            end, count = found.end(), count + 1
    return "".join([*masked, text[end:]]), count


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
