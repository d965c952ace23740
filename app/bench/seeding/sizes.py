"""How long the conversations are: a few very long, many short."""

from __future__ import annotations

from array import array
from random import Random

LONGEST, ONE_OF = 10_000, 20_000  # one thread of so many messages among so many conversations
CAP = 2_500  # the longest of the others


def sizes(conversations: int, messages: int, random: Random) -> array[int]:
    """The number of messages of each conversation, in no order; they add up to `messages`, each at least one.

    Most have about three, one in a hundred some hundred, and one in :data:`ONE_OF` (at least one) has
    :data:`LONGEST`, or together a twentieth of all where that is fewer. Raises ValueError where they cannot add up.
    """
    if not 0 < conversations <= messages:
        raise ValueError("there must be a conversation, and a message for each of them")
    giants = max(1, conversations // ONE_OF)
    spare = messages - conversations  # so that one is left for each of the others
    long = max(1, min(LONGEST, messages // 20 // giants, spare // giants + 1))
    mean = (messages - giants * long) / max(conversations - giants, 1)
    found = array("l", (_size(random.random(), mean) for _ in range(conversations)))
    places = {int((number + 0.5) * conversations / giants) // 8 for number in range(giants)}
    for place in places:
        found[place] = long  # begun in the first part of the time, so that they have all of it
    _settle(found, messages - sum(found), places, random)
    return found


def _size(dice: float, mean: float) -> int:
    """A Pareto tail over a floor of one to three, cut off, with about this mean."""
    floor = min(int(mean), 2 if dice < 0.5 else 3)
    tail = max(mean - 2.5, 0.0) * 0.5 * ((1 - dice) ** (-1 / 1.45) - 1)
    return min(CAP, max(1, floor) + int(tail))


def _settle(found: array[int], missing: int, fixed: set[int], random: Random) -> None:
    """Add or take single messages here and there until the sum is right."""
    step = 1 if missing > 0 else -1
    while missing:
        at = random.randrange(len(found))
        if at not in fixed and found[at] + step >= 1:
            found[at] += step
            missing -= step
        elif len(found) == len(fixed):
            found[at] += missing
            return
