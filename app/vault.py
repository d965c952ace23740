"""Secrets at rest: encrypted with a key derived from the master secret, never rendered back or logged."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from app.config import settings


class Unreadable(Exception):
    """What is stored was encrypted under another key: the secret key of this installation was changed or lost."""


def seal(secrets: Mapping[str, Any]) -> bytes:
    """`secrets` (JSON values) as an encrypted token; empty bytes for none."""
    return _box().encrypt(json.dumps(dict(secrets)).encode()) if secrets else b""


def unseal(sealed: bytes) -> dict[str, Any]:
    """What :func:`seal` was given. Raises :class:`Unreadable`."""
    if not sealed:
        return {}
    try:
        opened: dict[str, Any] = json.loads(_box().decrypt(sealed))
    except InvalidToken as error:
        raise Unreadable(
            "The stored secrets of this channel cannot be read with the present secret key. "
            "Put the old key back, or enter the secrets again."
        ) from error
    return opened


def _box() -> Fernet:
    return _made(settings().secret_key)


@lru_cache(1)
def _made(_master: bytes) -> Fernet:
    """Deriving the key takes longer than opening what is sealed with it."""
    return Fernet(base64.urlsafe_b64encode(settings().key("secrets at rest")))
