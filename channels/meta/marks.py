"""The mark on what we send, which Meta says back: Messenger in the echo (`metadata`, 1,000 characters), WhatsApp in
every status (`biz_opaque_callback_data`, 512). By it a message is known even where the answer to its sending was lost.
"""

import re
from dataclasses import dataclass
from typing import Any

_MARK = re.compile(r"madoguchi:([\w-]{0,64}):([\w-]{1,64}):(\d{1,4})/(\d{1,4})", re.ASCII)


@dataclass(frozen=True)
class Mark:
    """`key` is `Outbound.key`; one message may have become several there, of which this is the `number`th."""

    key: str
    number: int = 1
    of: int = 1

    @property
    def last(self) -> bool:
        """Whether all of the message is there: its parts are sent one after the other."""
        return self.number == self.of


def write(channel: str, mark: Mark) -> str:
    return f"madoguchi:{channel}:{mark.key}:{mark.number}/{mark.of}"


def read(channel: str, told: Any) -> Mark | None:
    """The mark if it is one of this channel's."""
    found = _MARK.fullmatch(told) if isinstance(told, str) else None
    if found is None or found[1] != channel:
        return None
    return Mark(found[2], int(found[3]), int(found[4]))
