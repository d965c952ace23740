"""Who of a call is one of us: by the names of channels and the length of numbers."""

import re
from dataclasses import dataclass
from datetime import tzinfo
from zoneinfo import ZoneInfo

# "PJSIP/201-0000001a", "SIP/trunk-00000007", "Local/201@from-queue-0001;2"
_CHANNEL = re.compile(r"[A-Za-z0-9]+/(?P<peer>[^-@/;]+)")
_LOCAL = "Local/"
JAPAN = ZoneInfo("Asia/Tokyo")


@dataclass(frozen=True)
class House:
    """`digits`: of the longest extension. `recordings` is where their folder is shown, "" for nowhere."""

    zone: tzinfo = JAPAN
    digits: int = 5
    recordings: str = ""

    def is_inside(self, number: str) -> bool:
        """Whether this is an extension, or a code that the house understands (*98)."""
        bare = number.strip().lstrip("*#")
        return bare.isascii() and bare.isdecimal() and len(bare) <= self.digits

    def extension(self, channel: str) -> str:
        """Whose telephone this is; "" for a line to outside."""
        found = _CHANNEL.match(channel)
        peer = found["peer"] if found else ""
        return peer if self.is_inside(peer) else ""


def is_local(channel: str) -> bool:
    """Whether it is one that Asterisk makes for itself, to pass a call on."""
    return channel.startswith(_LOCAL)
