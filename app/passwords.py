"""Passwords: hashed with argon2id, checked in constant work, refused when they are too easy to guess."""

import secrets
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN, MAX = 10, 200  # characters; the upper end only bounds the work of normalising
_TOGETHER = threading.BoundedSemaphore(2)  # hashes at once: each takes 19 MiB and a core
_COMMON = frozenset(
    [
        "qwertyuiop",
        "1234567890",
        "0123456789",
        "123456789a",
        "administrator",
        "letmeinplease",
        "madoguchi1",
        "iloveyou12",
        "adminadmin",
        "qwerty1234",
        "password12",
        "password123",
        "changeme123",
        "welcome123",
    ]
)


def as_advised() -> PasswordHasher:
    """With the parameters of the OWASP Password Storage Cheat Sheet for argon2id (m=19 MiB, t=2, p=1)."""
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


_hasher = as_advised()


def hashed(password: str) -> str:
    """The hash to store."""
    with _TOGETHER:
        return _hasher.hash(_prepared(password))


def verify(stored: str | None, password: str) -> bool:
    """Whether `password` is the one `stored` was made of. Without a hash it takes as long, and is False."""
    with _TOGETHER:
        try:
            _hasher.verify(stored or _nobody(), _prepared(password))
            return stored is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's and should be made anew."""
    try:
        return _hasher.check_needs_rehash(stored)
    except InvalidHashError:
        return True


def problem(password: str, *about: str) -> str:
    """Why a new password is refused, as a sentence (an English msgid), or "". `about`: email, name."""
    if len(password) < MIN:
        return "A password has at least 10 characters."
    if len(password) > MAX:
        return "A password has at most 200 characters."
    folded = _prepared(password).casefold()
    known = [part.casefold() for each in about for part in (each, each.partition("@")[0]) if len(part) > 3]
    if (
        folded in _COMMON
        or len(set(folded)) < 4
        or any(folded == part or folded == part * 2 for part in known)
    ):
        return "This password is too easy to guess."
    return ""


def made_up() -> str:
    """A new random password of 20 characters that can be read out."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))[:23]


def _prepared(password: str) -> str:
    # One password typed with a full-width keyboard or on a Mac is the same one (NIST SP 800-63B, 3.1.1.2).
    return unicodedata.normalize("NFKC", password[: MAX * 2]).encode("utf-8", "replace").decode()


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_hex(16))
