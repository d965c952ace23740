"""How often codes of six digits may be tried, so that guessing one is hopeless.

A guess tries all codes that hold at once, so the limits are of the whole house, beside those of a sender, a channel and
a network. A code lets in at once only while next to nothing was guessed wrong today, few codes hold and few are tried;
otherwise it asks to be let in, as the code of an address does. Who makes a channel busy with guesses keeps six digits
from being typed there for a while; the code of an address, which nobody guesses, works there all the same.
"""

from __future__ import annotations

from app import rates

A_DAY = 86400.0
WRONG = 20  # wrong codes in a day, of everybody together, after which codes only ask
AT_ONCE, MINUTE = (
    20,
    60.0,
)  # tried by everybody, right or wrong: so many may be on their way before one is counted
LIVE = 10  # codes that hold at the same time, above which they only ask
SENDER, SENDER_PER = 5, 3600.0  # tried by one address on another channel
CHANNEL, CHANNEL_PER = 100, 600.0  # of six digits tried on one channel
_WRONG, _TRIED = "resume:wrong", "resume:tried"


def wrong() -> None:
    """One was tried that is none."""
    rates.hit(_WRONG, WRONG + AT_ONCE, A_DAY)  # those that were on their way count as well


def quiet() -> bool:
    """Whether so little is guessed that a right code may let in at once. To be asked before the code is looked for.

    Not while processes count alone: each would allow as many as all of them may.
    """
    few = not rates.hit(_TRIED, AT_ONCE, MINUTE)
    return few and rates.room(_WRONG, WRONG + AT_ONCE, A_DAY) > AT_ONCE and rates.shared()


def of_sender(identity_id: int) -> float:
    """Count one more of this sender on another channel: 0.0, or seconds to wait."""
    return rates.hit(f"resume:{identity_id}", SENDER, SENDER_PER)


def on_channel(key: str) -> float:
    """Count six digits tried on the channel with this key: 0.0, or seconds to wait."""
    return rates.hit(f"resume:channel:{key}", CHANNEL, CHANNEL_PER)
