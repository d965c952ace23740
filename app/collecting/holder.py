"""Who holds a lease, in a word: told so that another process on the same machine sees at once that the holder is dead.

Without that a process that was killed would leave its mailboxes alone until its leases lapse.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from functools import cache
from pathlib import Path

_PROC = Path("/proc")


def word() -> str:
    """A word of our own for one lease: a secret, and where Linux tells them the machine, the process and its start."""
    return ":".join([secrets.token_hex(8), *_us(os.getpid())])


@cache
def _us(pid: int) -> tuple[str, ...]:
    """Asked for by the id of the process, which is another in a child that was forked."""
    place, began = _place(), _began(pid)
    return (place, str(pid), began) if place and began else ()


def is_gone(holder: str) -> bool:
    """Whether the process that gave this word certainly lives no more. Of another machine nobody knows."""
    secret, *told = holder.split(":")
    if len(told) != 3 or not secret or told[0] != _place() or not told[1].isdecimal():
        return False
    return _began(int(told[1])) != told[2]


@cache
def _place() -> str:
    """This machine since it was started, and the space in which its process ids mean something (a container has its
    own); "" where that cannot be known."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return hashlib.sha256(f"{boot} {os.readlink(_PROC / 'self/ns/pid')}".encode()).hexdigest()[:12]
    except OSError:
        return ""


def _began(pid: int) -> str:
    """When a process that lives was started, in ticks since the machine was; "" where there is none (proc(5), stat)."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return ""
    return "" if len(fields) < 20 or fields[0] in ("Z", "X") else fields[19]
