"""What the bot could learn from what it did not answer well: the questions (`gaps`), gathered and proposed as entries
(`proposing`) with the words agents found for them (`wording`), without anybody's particulars (`masking`)."""

from app.learning import proposing
from app.learning.proposing import look_back

__all__ = ["look_back", "proposing"]
