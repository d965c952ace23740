"""Where and when a question is asked, and by whom: everything the bot may look at besides the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a message: the number the caller has for the message, and whether it is a picture."""

    message: int
    picture: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """What surrounds one message of a customer; everything may be unknown, as in an evaluation.

    `channel` is the channel's key and `kind` its kind (`web_chat`, `line`); `on` is the day in the shop's zone;
    `open` whether the shop is open now; `signed_in` whether the customer has proved who they are. `labels` are those
    of the conversation, `attributes` what is noted of the customer by name, `page` the address of the page they write
    from.
    """

    channel: str = ""
    kind: str = ""
    on: date | None = None
    open: bool = True
    signed_in: bool = False
    labels: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    page: str = ""
