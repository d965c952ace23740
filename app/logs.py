"""What a process writes for the person who runs it: one line per event, on standard error."""

from __future__ import annotations

import logging
import logging.config


def set_up(level: str, *, supervised: bool = False) -> None:
    """Log to standard error from `level` up. A supervised process leaves the name to its supervisor."""
    form = "%(levelname)s %(message)s" if supervised else "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"format": form}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"level": level.upper(), "handlers": ["stderr"]},
            "loggers": {name: {"level": "WARNING"} for name in _quiet(level)},
        }
    )


def _quiet(level: str) -> tuple[str, ...]:
    """Libraries that tell more than a person wants to read; at any level those that tell the addresses that are called,
    because secrets stand in some of them (Telegram's have the bot's token)."""
    telling = ("httpx2", "httpcore2")
    return telling if level == "debug" else (*telling, "uvicorn", "rq", "alembic", "PIL", "asyncio")
