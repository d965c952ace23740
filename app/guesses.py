"""How often codes of six digits may be tried, so that guessing one is hopeless.

A guess tries all codes that hold at once, so the limits are of the whole house, beside those of a sender, a channel and
a network. A code lets in at once only while next to nothing was guessed wrong today, few codes hold and few are tried;
otherwise it asks to be let in, as the code of an address does: nobody is locked out by somebody else's guessing.
"""

from __future__ import annotations

from app import rates

A_DAY = 86400.0
WRONG = 20  # wrong codes in a day, of everybody together, after which codes only ask
AT_ONCE, MINUTE = (
    20,
    60.0,
)  # tried in a minute by everybody, right or wrong: nobody is faster than the count above
LIVE = 10  # codes that hold at the same time, above which they only ask
SENDER, SENDER_PER = 5, 3600.0  # tried by one address on another channel
CHANNEL, CHANNEL_PER = 100, 600.0  # tried on one channel
_WRONG, _TRIED = "resume:wrong", "resume:tried"


def wrong() -> None:
    """One was tried that is none."""
    rates.hit(_WRONG, WRONG, A_DAY)


def quiet() -> bool:
    """Whether so little is guessed that a right code may let in at once. To be asked before the code is looked for."""
    few = not rates.hit(_TRIED, AT_ONCE, MINUTE)
    return few and not rates.left(_WRONG, WRONG, A_DAY)


def too_often(identity_id: int, channel_id: int) -> float:
    """Count one more of this sender on this channel: 0.0, or seconds to wait."""
    return rates.hit(f"resume:{identity_id}", SENDER, SENDER_PER) or on_channel(str(channel_id))


def on_channel(channel: str) -> float:
    """Count one more on this channel: 0.0, or seconds to wait."""
    return rates.hit(f"resume:channel:{channel}", CHANNEL, CHANNEL_PER)
