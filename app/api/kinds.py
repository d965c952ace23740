"""The small types that shapes are made of."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

BIGGEST_ID = 2**63 - 1

Id = Annotated[int, Meta(ge=1, le=BIGGEST_ID)]
"""The number of a thing of ours, as somebody names it."""

Seen = Annotated[Id, Meta(description="The newest event of the conversation that you know of")] | None
"""What was seen by whoever decides (`last_event_id`)."""

Time = Annotated[datetime, Meta(tz=True)]
"""A moment, RFC 3339 with its zone; ours are in UTC."""


class Shape(Struct):
    """Something we say. Fields may be added to it one day: whoever reads it must not mind. `moving` are those that
    change by themselves, which nobody has to have seen to change it."""

    moving: ClassVar[tuple[str, ...]] = ()


class Given(Struct, forbid_unknown_fields=True):
    """Something we are told: a body, or the parameters of a query. A field we do not know is refused, not
    overlooked: it may be a misspelt one."""
