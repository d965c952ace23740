"""The sandbox's own time, which tests may put forward, and ids that repeat with the same seed."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass
class Clock:
    """Now, plus what was put forward."""

    ahead: float = 0.0

    def seconds(self) -> float:
        """Since 1970."""
        return time.time() + self.ahead

    def milliseconds(self) -> int:
        """Since 1970."""
        return int(self.seconds() * 1000)

    def iso(self) -> str:
        """ISO 8601 with milliseconds, UTC."""
        return (
            datetime.fromtimestamp(self.seconds(), UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z")
        )


@dataclass
class Ids:
    """Ids of the shapes that platforms use. The same seed gives the same ids in the same order."""

    clock: Clock
    seed: int
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """From the first id again."""
        self.chance = random.Random(self.seed)

    def hex(self, length: int = 32) -> str:
        """Lower-case hexadecimal digits."""
        return f"{self.chance.getrandbits(4 * length):0{length}x}"

    def digits(self, length: int) -> str:
        """Decimal digits, the first of them no zero."""
        return str(self.chance.randrange(10 ** (length - 1), 10**length))

    def uuid(self) -> str:
        """In its usual form of 36 characters."""
        digits = self.hex(32)
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def ulid(self) -> str:
        """26 characters: 48 bits of time, 80 of chance (github.com/ulid/spec)."""
        bits = self.clock.milliseconds() << 80 | self.chance.getrandbits(80)
        return "".join(CROCKFORD[bits >> 5 * place & 31] for place in range(25, -1, -1))
