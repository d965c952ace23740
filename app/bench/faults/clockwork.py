"""A clock that can be put wrong: the product's processes follow an offset that the fault run writes into a file.

Only processes started through :mod:`app.bench.faults.child` follow it; the product knows nothing of it.
"""

from __future__ import annotations

import datetime as dates
import mmap
import struct
import time
from pathlib import Path
from typing import Any

_FORM = struct.Struct("d")


class Offset:
    """Seconds by which the clock is wrong, shared between processes through a mapped file."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_FORM.pack(0.0))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _FORM.size)

    @property
    def seconds(self) -> float:
        """By how much it is wrong now."""
        value: float = _FORM.unpack_from(self._map)[0]
        return value

    @seconds.setter
    def seconds(self, value: float) -> None:
        _FORM.pack_into(self._map, 0, value)


def follow(offset: Offset) -> None:
    """From now on :func:`app.db.now` and ``time.time`` of this process are wrong by `offset`."""
    from app import db

    real_time, real = time.time, dates.datetime

    class Wrong(dates.datetime):
        @classmethod
        def now(cls, tz: dates.tzinfo | None = None) -> Any:
            return real.now(tz) + dates.timedelta(seconds=offset.seconds)

    vars(db)["datetime"] = Wrong
    time.time = lambda: real_time() + offset.seconds
