"""Telegram: one bot by the Bot API (core.telegram.org/bots/api), and who writes to it."""

from app.sandbox.telegram.platform import Telegram

__all__ = ["Telegram"]
