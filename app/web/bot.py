"""Asking the bot without anybody hearing it: suggestions for agents, and the preview in the settings."""

from sqlalchemy.orm import Session

import bots
from app import answers


def try_out(db: Session, text: str, language: str | None, misses: int = 0) -> bots.Decision:
    """What the bot of the present version would say to these words."""
    return bots.decide(bots.Question(text, language, misses, ()), answers.book(db))
