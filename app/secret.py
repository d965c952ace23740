"""The master secret's file."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from app.options import ConfigError


def read_or_create(path: Path) -> bytes:
    """The secret in `path`; made with mode 0600 when absent. Raises ConfigError."""
    try:
        if not path.exists():
            _create(path)
        secret = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"The secret key {path} cannot be read or made: {error.strerror}.") from error
    if len(secret) < 32:
        raise ConfigError(f"The secret key {path} is damaged: it should hold at least 32 characters.")
    return secret


def _create(path: Path) -> None:
    """Linking a finished file lets one of several starting processes win, and no one read half a key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_urlsafe(48).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
