"""The one door out: deliveries are claimed, sent outside any transaction, and their outcome written down.

``drain`` is what a wake-up runs, ``sweep`` what the clock does for whatever was left behind.
"""

from app.deliver.claiming import Claimed, channel_is_open, ready
from app.deliver.draining import drain
from app.deliver.outcomes import wait
from app.deliver.standing import climb, held, tell
from app.deliver.sweeping import sweep

__all__ = [
    "Claimed",
    "channel_is_open",
    "climb",
    "drain",
    "held",
    "ready",
    "sweep",
    "tell",
    "wait",
]
