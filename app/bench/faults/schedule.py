"""Which faults come, in which order, and after how much work: derived from the seed alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

KILLS = {"web": 8, "worker": 5, "clock": 2, "redis": 4, "everything": 1}  # who is killed, by weight
OTHERS = {  # how many of each to twenty kills (one at least)
    "wipe redis": 2,
    "cut every line": 2,
    "freeze web": 1,
    "freeze worker": 3,
    "freeze clock": 1,
    "freeze redis": 1,
    "fill the disk": 2,
    "refuse the database": 2,
    "clock forward": 2,
    "clock back": 2,
}
KINDS = (*(f"kill {name}" for name in KILLS), *OTHERS)
SURE = tuple(f"kill {name}" for name in KILLS)  # in every run of as many kills or more


@dataclass(frozen=True)
class Fault:
    """One fault: after `gap` more acknowledged messages and `delay` seconds, for `seconds` where it lasts.

    `which`: a number that chooses among several processes; `jump`: how wrong the clock is then, in seconds.
    """

    kind: str
    gap: int
    delay: float
    seconds: float = 0.0
    which: int = 0
    jump: float = 0.0


def schedule(seed: int, kills: int, lease: float, only: Sequence[str] = ()) -> list[Fault]:
    """The faults of a run with so many kill -9, in order; the same for the same arguments.

    `only`: of these kinds, in turn, as many as there would be kills.
    """
    chance = random.Random(f"faults {seed} {kills}")
    kinds = [only[n % len(only)] for n in range(kills)] if only else _mixed(chance, kills)
    return [_fault(chance, kind, lease) for kind in kinds]


def _mixed(chance: random.Random, kills: int) -> list[str]:
    kinds = [*_killed(chance, kills)]
    for kind, share in OTHERS.items():
        kinds += [kind] * max(1, round(share * kills / 20))
    chance.shuffle(kinds)
    return kinds


def _killed(chance: random.Random, kills: int) -> Iterator[str]:
    sure = SURE if kills >= len(SURE) else ()
    yield from sure
    names, weights = list(KILLS), list(KILLS.values())
    for name in chance.choices(names, weights, k=kills - len(sure)):
        yield f"kill {name}"


def _fault(chance: random.Random, kind: str, lease: float) -> Fault:
    gap, delay, which = chance.randint(4, 12), chance.uniform(0, 0.3), chance.randrange(1000)
    span = chance.uniform(0, 1)
    jump = chance.uniform(30, 250) * {"clock forward": 1, "clock back": -1}.get(kind, 0)
    return Fault(kind, gap, delay, _seconds(kind, span, lease), which, round(jump, 1))


def _seconds(kind: str, span: float, lease: float) -> float:
    """How long it lasts. A freeze goes past the lease; a database that refuses, past SQLite's patience."""
    if kind.startswith("freeze"):
        return lease + 0.5 + 2 * span if kind in ("freeze worker", "freeze clock") else 2 + 2 * span
    if kind in ("fill the disk", "refuse the database"):
        return 2.2 + 1.5 * span
    return 0.0


# --- cutting ------------------------------------------------------------------------------------------

STEPS = tuple(
    (way, after, part) for way in ("up", "down") for after in range(6) for part in ("whole", "part")
)


@dataclass(frozen=True)
class Cut:
    """Where a line is cut: after so many pieces in a direction, before the next one or in the middle of it."""

    way: str
    after: int
    part: str


def cuts(seed: int, kind: str) -> Iterator[Cut]:
    """The cuts of the lines of a kind, one line after the other: every step comes, and between two early ones
    a line that lives for a while, so that work goes on."""
    chance = random.Random(f"cuts {seed} {kind}")
    while True:
        steps = [*STEPS]
        chance.shuffle(steps)
        for way, after, part in steps:
            yield Cut(way, after, part)
            yield Cut(chance.choice(("up", "down")), chance.randint(12, 60), chance.choice(("whole", "part")))
