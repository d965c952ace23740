"""A mail as we understand it: plain values, whatever the bytes were."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Address:
    """A mailbox: `address` as it is written to (local part as given, domain in lower case), `name` decoded."""

    address: str
    name: str = ""


@dataclass(frozen=True)
class File:
    """A part that is no text to be read: decoded bytes, and how the mail names and shows it.

    `name` is decoded, NFC, without path or control characters, "" if it has none. `content_id` stands without its
    angle brackets. `inline`: the HTML shows it, by that id.
    """

    name: str
    media_type: str
    data: bytes = field(repr=False)
    inline: bool = False
    content_id: str = ""


@dataclass(frozen=True)
class Mail:
    """`text` is the whole plain text (made from the HTML where there is no plain part), `html` as it came, decoded,
    not cleaned. `headers` are by lower-case name, each with all its values, decoded to text, unfolded. `ids` stand
    with their angle brackets. `delivered_to`: envelope recipients that the mail tells (Delivered-To, X-Original-To …).

    `reports` are the blocks of a multipart/report part (RFC 3464, 5965, 8098), header name → value; `returned` is
    what can be read of the mail that a report is about. `received_at` is when the last server on the way says it got
    the mail, for where `date` is missing or the sender's clock is off. `problems`: what was wrong with the bytes, one
    sentence each.
    """

    sender: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    delivered_to: tuple[str, ...] = ()
    subject: str = ""
    date: datetime | None = None
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = ""
    html: str = ""
    files: tuple[File, ...] = ()
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    media_type: str = "text/plain"
    report_type: str = ""
    reports: tuple[Mapping[str, str], ...] = ()
    returned: "Mail | None" = None
    problems: tuple[str, ...] = ()
    received_at: datetime | None = None

    def header(self, name: str) -> str:
        """The first value of a header, "" if it is absent."""
        return next(iter(self.headers.get(name.lower(), ())), "")
