"""The platforms at which the demo has accounts, played by its sandbox: their names for people."""

from __future__ import annotations

CONNECTED = {"line": "LINE", "instagram": "Instagram", "telegram": "Telegram"}
