"""What a platform brings: its requests, the events in them, and who and what these are about.

All values are frozen; all times are aware UTC. What goes the other way stands in `channels.outbound`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

QUIET = frozenset({"auto-reply", "list", "spam", "visited"})  # sorts of `Inbound` that nobody has to answer
UNREADABLE = "unreadable "  # before a digest in hex: the `external_id` of what was not understood
Proof = Literal["claimed", "device", "code", "signed"]
MessageKind = Literal["inbound", "outbound", "call", "store"]
DeliveryState = Literal["sent", "delivered", "read", "failed"]
CallState = Literal["ringing", "answered", "ended"]
CallResult = Literal[
    "", "answered", "missed", "abandoned", "busy", "failed", "voicemail", "after_hours", "transferred"
]


@dataclass(frozen=True)
class Request:
    """One HTTP request as received, so that a captured payload file is a test.

    `headers` have lower-case names; `body` is the exact bytes (signatures are over these).
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")

    def json(self) -> Any:
        """The body as JSON, or None if it is none (parse is total, so nothing is raised)."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True)
class Person:
    """Somebody at the provider.

    `address` is unique within `scope` (for providers whose ids differ by account; "" where they do not).
    `kind` names the sort of identity if it is not `Features.identity_kind`. `email`, `phone`, `card` (the number of
    their loyalty card) and `external_id` (theirs in the CRM) are set only if the provider proved them; what a person
    merely says of themselves goes to `claimed`. `avatar_url` may have a secret in it. `aliases` are addresses
    of the same account, in the same scope, by which it was known before; `becomes` is the one it goes on under.
    """

    address: str
    scope: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    card: str = ""
    external_id: str = ""
    avatar_url: str = field(default="", repr=False)
    locale: str = ""
    kind: str = ""
    proof: Proof = "device"
    claimed: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    becomes: str = ""


@dataclass(frozen=True)
class Attachment:
    """A file. Inbound it has a `url`, its `data`, or a provider's `ref` to fetch it; outbound, data or url.

    `size` is in bytes, None if not told. `content_type` is what the sender says: sniff before trusting it.
    `content_id` is the name that the message's HTML shows it by (`cid:…`), if it does. `preview` is the address of a
    small JPEG of an outbound picture or film, for platforms that fetch it.
    """

    name: str
    content_type: str = "application/octet-stream"
    url: str = ""
    data: bytes | None = None
    size: int | None = None
    ref: str = ""
    content_id: str = ""
    preview: str = ""


@dataclass(frozen=True)
class Participant:
    """Somebody else a message went to: `role` is how ("to", "cc", "bcc"), `address` of the channel's own kind."""

    address: str
    name: str = ""
    role: Literal["to", "cc", "bcc"] = "cc"


@dataclass(frozen=True)
class Inbound:
    """A message. `external_id` is the provider's, unique on its channel: it is what forbids duplicates.

    `kind` is "outbound" for something our own side sent by another tool, else how it reached us. For an
    outbound one `sender` is the customer it was sent to. `client_id` is the sender's own id for it, if any;
    `context` is where they were (page url, title); `auto` marks an automatic reply, which nothing answers.

    `sort` names what it is where it is no ordinary message: "auto-reply", "list", "spam", "visited", "unreadable";
    those of `QUIET` are shown, but ask nothing of anybody. `answers` are the ids of the messages it says it answers,
    the nearest first; `conversation` is our own reference where it proves to belong there (a token of ours, verified).
    `others` are the people it went to besides us; `about_sender` is what was found out about where it comes from
    ({"spf": "pass", …}). `text` is what is new in it, `quoted` and `signature` what it carries along. `history`: it
    was said long ago and is only taken in now, so it asks nothing of anybody any more.
    """

    external_id: str
    sender: Person
    text: str = ""
    html: str = ""
    sent_at: datetime | None = None
    thread: str = ""
    in_reply_to: str = ""
    subject: str = ""
    attachments: tuple[Attachment, ...] = ()
    kind: MessageKind = "inbound"
    client_id: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    auto: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict)
    sort: str = ""
    answers: tuple[str, ...] = ()
    conversation: str = ""
    others: tuple[Participant, ...] = ()
    about_sender: Mapping[str, str] = field(default_factory=dict)
    quoted: str = ""
    signature: str = ""
    history: bool = False


@dataclass(frozen=True)
class Receipt:
    """What became of a message of ours. `external_id` is one of `Sent.external_ids`.

    Where a platform only says "they have read everything up to here", `through` is true, `person` is who
    read, and the mark is `external_id`, or `at` if that is empty. `unreachable`: nothing sent to `person` will
    ever arrive there (the address does not exist, they do not want it). `key` is the `Outbound.key` where the platform
    says that back: then it is known which message this is, even if the answer to its sending was lost.
    """

    external_id: str
    state: DeliveryState
    reason: str = ""
    at: datetime | None = None
    person: Person | None = None
    through: bool = False
    unreachable: bool = False
    key: str = ""


@dataclass(frozen=True)
class Typing:
    sender: Person
    on: bool = True
    at: datetime | None = None


@dataclass(frozen=True)
class Unsend:
    """The sender took a message back: its text and files are to be forgotten, a tombstone stays. `sender` is set where
    this may come before the message itself."""

    external_id: str
    at: datetime | None = None
    sender: Person | None = None


@dataclass(frozen=True)
class Edit:
    """The sender changed a message. Edits come in any order: the latest `at` wins."""

    external_id: str
    text: str
    html: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Reaction:
    """`emoji` put on (or, with `on` false, off) the message `external_id`, which may be one of ours.

    "" taken off means all that `sender` had put there: where a platform lets people have one only, that comes before
    another one, with the same `at`.
    """

    external_id: str
    sender: Person
    emoji: str
    on: bool = True
    at: datetime | None = None


@dataclass(frozen=True)
class Follow:
    """They can be written to (again)."""

    sender: Person
    at: datetime | None = None


@dataclass(frozen=True)
class Block:
    """They cannot be written to any more."""

    sender: Person
    at: datetime | None = None


@dataclass(frozen=True)
class Permission:
    """They say whether they want to be written to here: for a `purpose`, by its key, or ("") in general. `message` is
    the `external_id` of the message they said it in."""

    sender: Person
    given: bool
    purpose: str = ""
    at: datetime | None = None
    message: str = ""


@dataclass(frozen=True)
class End:
    """They say the matter is over."""

    sender: Person
    at: datetime | None = None


@dataclass(frozen=True)
class Rating:
    """How content they are, 1 to 5."""

    sender: Person
    score: int
    comment: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Judged:
    """Whether a message of ours helped them, as they said below it. `key` is its `Outbound.key`."""

    sender: Person
    key: str
    helped: bool
    at: datetime | None = None


@dataclass(frozen=True)
class Linked:
    """The platform says that `sender` is who was given `nonce` when they signed in with the business. Not `ok`: it did
    not come about (they gave up, or somebody else tried), and the platform may not say who it was."""

    sender: Person | None
    nonce: str
    at: datetime | None = None
    ok: bool = True


@dataclass(frozen=True)
class Ignored:
    """Part of a request that deliberately becomes nothing, and why; kept with the raw receipt.

    `malformed` says it broke the documented format (the sender is told), else it is merely not for us.
    """

    reason: str
    malformed: bool = False


@dataclass(frozen=True)
class Call:
    """A telephone call, or what is new about one: told several times, each telling completes what is known.

    `external_id` names the whole call however many legs it has (Asterisk's `linkedid`, the parent `CallSid` …).
    `sender` is the customer's side, also of a call that we made: its `address` is the number as the telephone system
    tells it, of kind "phone". `withheld` says in the system's own words why there is none (非通知, anonymous); the
    address is "" then. `at` is when this was told: of two tellings that contradict, the later one holds. `state` only
    climbs. `line` is our number or the name of the line, `agent` who took it (an extension, a login, a name), `queue`
    the group it waited for; seconds are whole, None where not told. `text` is what the agent wrote down, `summary` and
    `transcript` what a machine made of what was said; `transcribed` is the file it is in, where it is not told itself.
    `leg` names the part of the call this is about, where it has several. `known_only`: it tells something besides of a
    call that others told of, and begins none.
    """

    external_id: str
    sender: Person
    state: CallState
    at: datetime | None = None
    direction: Literal["in", "out"] = "in"
    withheld: str = ""
    line: str = ""
    agent: str = ""
    queue: str = ""
    leg: str = ""
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ring_seconds: int | None = None
    talk_seconds: int | None = None
    hold_seconds: int | None = None
    wrap_seconds: int | None = None
    result: CallResult = ""
    transferred_to: str = ""
    disposition: str = ""
    category: str = ""
    text: str = ""
    summary: str = ""
    transcript: str = ""
    recording: Attachment | None = None
    transcribed: Attachment | None = None
    callback_due: datetime | None = None
    history: bool = False
    known_only: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Touch:
    """Something a customer did that is no message: an order, a visit, points. `external_id` is the source's own, unique
    there; told again with a later `at`, the same one is something new about it (an order that was shipped).

    `people` are the addresses its customer is known by, each with its `kind`; the first that somebody has counts. With
    `create` a new customer begins where nobody has any of them, else it waits until somebody does. `amount` is in the
    smallest unit of `currency` (ISO 4217); `reference` is the number people call it by. Of `history`, long past, nobody
    is told.
    """

    external_id: str
    kind: str
    people: tuple[Person, ...]
    at: datetime | None = None
    title: str = ""
    reference: str = ""
    amount: int | None = None
    currency: str = ""
    points: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    create: bool = False
    history: bool = False


Event = (
    Inbound
    | Call
    | Receipt
    | Typing
    | Unsend
    | Edit
    | Reaction
    | Follow
    | Block
    | End
    | Rating
    | Judged
    | Permission
    | Linked
    | Touch
    | Ignored
)


class BadSignature(Exception):
    """The request does not come from whom it says. The text is for our log, never for the sender."""


def utc(value: datetime) -> datetime:
    """An aware time in UTC; a naive one is refused, because guessing the zone is how times go wrong."""
    if value.tzinfo is None:
        raise ValueError("a time without a zone")
    return value.astimezone(UTC)
