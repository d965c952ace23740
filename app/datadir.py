"""The data directory: writable, and of one running installation at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.config import ConfigError


def ensure(folder: Path) -> None:
    """Make the folder (closed to others) and try to write in it. Raises ConfigError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = _why(error)
        raise ConfigError(f"The data directory {folder} cannot be written: {why}. Try --data-dir.") from error


def _why(error: OSError) -> str:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return "this user has no permission"
    if error.errno in {errno.EEXIST, errno.ENOTDIR}:
        return "a file stands where the folder should be"
    return (error.strerror or str(error)).lower()


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder for this supervisor. The lock goes when the process goes, however it goes."""
    lock = folder / "serve.lock"
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigError(f"{lock} cannot be opened: {_why(error)}.") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            process = os.read(handle, 32).decode("ascii", "replace").strip() or "unknown"
            raise ConfigError(
                f"Madoguchi already runs with the data directory {folder} (process {process})."
            ) from error
        except OSError as error:  # some network file systems know no locks
            raise ConfigError(f"{lock} cannot be locked: {_why(error)}.") from error
        os.truncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)
