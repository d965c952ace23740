"""How many messages a text is on the air (3GPP TS 23.038, 23.040)."""

from __future__ import annotations

BASIC = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = set("\f^{}\\[~]|€")


def count(text: str) -> int:
    """160 letters of GSM alone or 153 in each of several; of all other letters 70 and 67. At least one."""
    plain = all(one in BASIC or one in EXTENDED for one in text)
    widths = [_width(one, plain) for one in text]
    alone, each = (160, 153) if plain else (70, 67)
    if sum(widths) <= alone:
        return 1
    parts, used = 1, 0
    for width in widths:
        if used + width > each:
            parts, used = parts + 1, 0
        used += width
    return parts


def _width(letter: str, plain: bool) -> int:
    if plain:
        return 2 if letter in EXTENDED else 1
    return len(letter.encode("utf-16-le")) // 2
