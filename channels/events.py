"""What passes between a platform and us: requests and their events one way, `Outbound` and `Sent` the other.

All values are frozen; all times are aware UTC.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

QUIET = frozenset({"auto-reply", "list", "spam"})  # sorts of `Inbound` that nobody has to answer
UNREADABLE = "unreadable "  # before a digest in hex: the `external_id` of what was not understood
Proof = Literal["claimed", "device", "code", "signed"]
MessageKind = Literal["inbound", "outbound", "call", "store"]
DeliveryState = Literal["sent", "delivered", "read", "failed"]


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
    `kind` names the sort of identity if it is not `Features.identity_kind`. `email` and `phone` are set only
    if the provider proved them; what a person merely says of themselves goes to `claimed`. `avatar_url` may have a
    secret in it.
    """

    address: str
    scope: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    avatar_url: str = field(default="", repr=False)
    locale: str = ""
    kind: str = ""
    proof: Proof = "device"
    claimed: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)


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

    `sort` names what it is where it is no ordinary message: "auto-reply", "list", "spam", "unreadable"; those of
    `QUIET` are shown, but ask nothing of anybody. `answers` are the ids of the messages it says it answers, the
    nearest first; `conversation` is our own reference where it proves to belong there (a token of ours, verified).
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


Event = (
    Inbound | Receipt | Typing | Unsend | Edit | Reaction | Follow | Block | End | Rating | Linked | Ignored
)


@dataclass(frozen=True)
class Bubble:
    """One message as the reader's program shows it: words, or a file by its name, with words below it or without; and
    what can be chosen for an answer."""

    text: str = ""
    file: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preview:
    """A message as whoever gets it will read it: `html` is "" where it goes as plain `text` alone. `bubbles` are what
    it becomes where a platform knows messages rather than letters."""

    text: str
    html: str = ""
    sender: Person | None = None
    people: tuple[Participant, ...] = ()
    subject: str = ""
    bubbles: tuple[Bubble, ...] = ()


@dataclass(frozen=True)
class FilledTemplate:
    """A template of the provider's (see `base.Template`) and what stands in its variables."""

    name: str
    language: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outbound:
    """One message to send. `key` is ours, the same on every attempt, and the idempotency key if there is one.

    `conversation` is our reference for it, `author` the name to sign with, `last_inbound_at` when the
    customer last wrote (for reply windows), `automatic` that no person wrote it, `interrupted` that an attempt before
    this one was cut off, nobody knows how far it came. `others` also get it; `signature`
    is the author's own; `last` is the context of what is answered, as `parse` gave it; `references` are the ids of
    the messages before it in the thread, the oldest first, ours and theirs; `quote` is what they wrote, to be
    quoted below (empty: nothing is), `quote_at` when, on the shop's clock, `quote_by` who. `locale` is the language of
    who reads it. `template` goes instead of the text, which says the same, where only templates may be sent.
    `quoted_id` names the message of the customer that this one quotes, `quoted` is its context as `parse` gave it; ""
    where it quotes none, or the kind has no `Features.quotes`.
    """

    key: str
    to: Person
    text: str
    html: str = ""
    thread: str = ""
    in_reply_to: str = ""
    subject: str = ""
    attachments: tuple[Attachment, ...] = ()
    quick_replies: tuple[str, ...] = ()
    author: str = ""
    conversation: str = ""
    locale: str = ""
    automatic: bool = False
    interrupted: bool = False
    last_inbound_at: datetime | None = None
    others: tuple[Participant, ...] = ()
    signature: str = ""
    last: Mapping[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    quote: str = ""
    quote_at: datetime | None = None
    quote_by: str = ""
    template: FilledTemplate | None = None
    quoted_id: str = ""
    quoted: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sent:
    """The provider has it. One message may have become several there (a long text, files).

    `refused`: those of `Outbound.others` it did not take, with its words; the first recipient did get it.
    """

    external_ids: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


class ChannelError(Exception):
    """Sending failed. `sentence` is for the agent, one of a few fixed English ones that can be translated;
    `detail` is what varies: a status, the provider's own words.

    `permanent`: trying again cannot help. `retry_after`: seconds the provider asked us to wait.
    `ambiguous`: it may have arrived (the answer was lost), so only an idempotent kind may retry by itself; with
    `permanent` nobody may. `unreachable`: nothing sent to this person will ever arrive.
    `everybody`: it is about the channel, not about this message or its recipient (a token that was revoked, a quota
    used up): the message waits, and all others of the channel with it. `reauthorise`: somebody has to sign in at the
    provider again.
    """

    reauthorise: ClassVar[bool] = False

    def __init__(
        self,
        sentence: str,
        *,
        detail: str = "",
        permanent: bool = False,
        retry_after: float | None = None,
        ambiguous: bool = False,
        unreachable: bool = False,
        everybody: bool = False,
    ) -> None:
        super().__init__(f"{sentence} ({detail})" if detail else sentence)
        self.sentence = sentence
        self.detail = detail
        self.permanent = permanent
        self.retry_after = retry_after
        self.ambiguous = ambiguous
        self.unreachable = unreachable
        self.everybody = everybody


class BadSignature(Exception):
    """The request does not come from whom it says. The text is for our log, never for the sender."""


def utc(value: datetime) -> datetime:
    """An aware time in UTC; a naive one is refused, because guessing the zone is how times go wrong."""
    if value.tzinfo is None:
        raise ValueError("a time without a zone")
    return value.astimezone(UTC)
