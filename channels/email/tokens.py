"""Signed marks in what we send, by which an answer proves to which conversation it belongs.

A mark is `c<conversation in base 36>-<16 letters of HMAC-SHA256>`: it stands in our Message-IDs and, where the mailbox
takes such addresses, behind a plus in the address to answer to. Programs change the case of addresses and hang
things onto ids, so a mark is looked for in any text, in either case; a guessed or changed one is none.
"""

import base64
import hashlib
import hmac
import re
import string

_MARK = re.compile(r"(?<![a-z0-9])c([0-9a-z]{1,13})-([a-z2-7]{16})(?![a-z0-9])", re.IGNORECASE)
_MOST = 200  # marks looked at in one text
_DIGITS = string.digits + string.ascii_lowercase


def mark(key: bytes, conversation: str) -> str:
    """The mark of a conversation (our reference: a number) under a channel's `seal_key`."""
    short = _base36(int(conversation))
    return f"c{short}-{_seal(key, short)}"


def conversation_of(key: bytes, *texts: str) -> str:
    """The conversation of the first right mark in these texts, "" if there is none."""
    for text in texts:
        for number, found in enumerate(_MARK.finditer(text)):
            if number >= _MOST:
                break
            short, seal = found[1].lower(), found[2].lower()
            if hmac.compare_digest(_seal(key, short), seal):
                return str(int(short, 36))
    return ""


def message_id(key: bytes, conversation: str, message: str, domain: str) -> str:
    """The Message-ID (RFC 5322, 3.6.4) of a message of ours: the same on every attempt to send it."""
    marked = f".{mark(key, conversation)}" if conversation.isdecimal() else ""
    return f"<{message}{marked}.{_seal(key, message)[:8]}@{domain}>"


def is_ours(key: bytes, id: str) -> bool:
    """Whether this Message-ID was made by :func:`message_id` under this key."""
    found = re.fullmatch(
        r"<([^.@<>]+)(?:\.c[0-9a-z]+-[a-z2-7]{16})?\.([a-z2-7]{8})@[^<>]+>", id.strip(), re.I
    )
    return found is not None and hmac.compare_digest(_seal(key, found[1])[:8], found[2].lower())


def _seal(key: bytes, text: str) -> str:
    made = hmac.new(key, b"mail " + text.encode(), hashlib.sha256).digest()
    return base64.b32encode(made[:10]).decode().lower()


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
        if not number:
            return digits
