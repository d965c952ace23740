"""Making what is right wrong: bytes, trees of JSON and headers, by a seeded random."""

from __future__ import annotations

import json
import random
import re
from typing import Any

HUGE = [
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    10**40,
    10**400,
    -1,
    0,
    1e308,
    float("inf"),
    float("nan"),
]
TEXTS = [
    "", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "‮gnp.exe", "​", "👩‍👩‍👧‍👦" * 40, "<script>alert(1)</script>",
    "' OR 1=1 --", "%", "_", "*", '"', "NEAR(", "a" * 70_000, "9" * 5000, "-1", "NaN", "１２３", "﷽" * 500,
    "javascript:alert(1)", "//evil.example", "\r\nSet-Cookie: x=1", "{{7*7}}", "%(name)s", "%s%n", "[", "../..",
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z", "2026-13-45", "İ" * 300, "٪", "\u2028", "null", "true",
    "from:佐藤", 'has:file before:2020-99-99 "', "東京 OR", "c:#99999999999999999999", "\x1b[2J",
    "\uffff", "\U0010ffff",
    "http://169.254.169.254/", "http://[::1]:80", "http://" + "a" * 3000, "xn--", "a@b", "@", "ﬀ" * 2000,
]  # fmt: skip
TOKENS = [
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"[" * 20_000, b'{"a":' * 5_000, b"9" * 5_000, b"\\ud800", b'"', b"}", b",",
    b"NaN", b"-", b"1e999", b"\r\n", b"--", b"%00", b"%", b"&", b"=", b"\xef\xbb\xbf", b"true", b"null", b"\x1f\x8b",
]  # fmt: skip


def bytes_of(data: bytes, rolls: random.Random) -> bytes:
    """`data` with up to eight things done to it."""
    made = bytearray(data)
    for _ in range(rolls.choice((1, 1, 2, 4, 8))):
        at = rolls.randrange(len(made) + 1)
        match rolls.randrange(6):
            case 0 if made:
                made[at % len(made)] ^= 1 << rolls.randrange(8)
            case 1:
                made[at:at] = rolls.choice(TOKENS)
            case 2:
                del made[at : at + rolls.randrange(1, 40)]
            case 3:
                made[at:at] = made[at : at + rolls.randrange(1, 200)]
            case 4:
                made[at : at + 4] = rolls.randbytes(4)
            case _:
                del made[at:]
    return bytes(made)


def tree(value: Any, rolls: random.Random) -> Any:
    """A copy of a JSON value in which up to three places are something else."""
    for _ in range(rolls.choice((0, 1, 1, 1, 2, 3))):
        value = _changed(value, rolls)
    return value


def _changed(value: Any, rolls: random.Random) -> Any:
    inside = isinstance(value, dict | list) and value
    if not inside or rolls.random() < 0.15:
        return junk(rolls)
    if isinstance(value, list):
        made = list(value)
        at = rolls.randrange(len(made))
        made[at] = _changed(made[at], rolls)
        return made * (30 if rolls.random() < 0.2 and len(repr(made)) < 5_000 else 1)
    copy = dict(value)
    name = rolls.choice(list(copy))
    match rolls.randrange(5):
        case 0:
            del copy[name]
        case 1:
            copy[rolls.choice(TEXTS)[:300]] = junk(rolls)
        case _:
            copy[name] = _changed(copy[name], rolls)
    return copy


def junk(rolls: random.Random, depth: int = 0) -> Any:
    """Anything JSON can say, and some that it cannot."""
    match rolls.randrange(8 if depth < 3 else 5):
        case 0 | 1 | 2:
            return text(rolls)
        case 3:
            return rolls.choice(HUGE)
        case 4:
            return rolls.choice((None, True, False, 1.5))
        case 5:
            return [junk(rolls, depth + 1) for _ in range(rolls.randrange(4))]
        case 6:
            return {text(rolls)[:50]: junk(rolls, depth + 1) for _ in range(rolls.randrange(4))}
        case _:
            return deep(rolls.choice((50, 500)))


def deep(levels: int) -> Any:
    """A list in a list in a list."""
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


def text(rolls: random.Random) -> str:
    if rolls.random() < 0.7:
        return rolls.choice(TEXTS)
    return "".join(
        chr(rolls.choice((rolls.randrange(32, 127), rolls.randrange(0x110000)))) for _ in range(12)
    )


def packed(value: Any, rolls: random.Random) -> bytes:
    """As JSON: surrogates as escapes, or as bytes of nonsense; what cannot be written at all is `null`."""
    try:
        return json.dumps(value, ensure_ascii=rolls.random() < 0.5).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return b"null"


def headers(rolls: random.Random) -> list[tuple[bytes, bytes]]:
    """A few that nobody asked for, of the bytes that a server lets through (llhttp refuses control characters)."""
    wild = [
        (
            rolls.choice(HEADERS),
            rolls.choice((text(rolls).encode("utf-8", "replace")[:4000], rolls.randbytes(8))),
        )
        for _ in range(rolls.choice((0, 0, 1, 2)))
    ]
    return [(name, sendable(value)) for name, value in wild]


def sendable(value: bytes) -> bytes:
    """What of a header's value a server hands on."""
    return _CONTROLS.sub(b"", value)


_CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
HEADERS = [
    b"accept", b"accept-language", b"content-type", b"content-length", b"cookie", b"origin", b"range", b"if-match",
    b"if-none-match", b"if-modified-since", b"idempotency-key", b"authorization", b"x-forwarded-for", b"hx-request",
    b"hx-current-url", b"transfer-encoding", b"x-csrf-token", b"last-event-id", b"sec-fetch-site", b"user-agent",
    b"x-madoguchi-signature", b"referer", b"host", b"expect", b"content-encoding", b"prefer",
]  # fmt: skip
