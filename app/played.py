"""The platforms at which the demo has accounts, played by its sandbox: their names for people."""

from __future__ import annotations

import hashlib

CONNECTED = {"line": "LINE", "instagram": "Instagram", "telegram": "Telegram"}


def line_id(name: str) -> str:
    """The id at LINE of one of the sandbox's first customers: the same at each start."""
    return "U" + hashlib.sha256(name.encode()).hexdigest()[:32]
