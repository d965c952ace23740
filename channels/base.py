"""The contract between the product and every channel.

A connector turns a provider's requests into events and an `Outbound` into one provider call. What a kind
can do beyond the required is told by `Features`, and by the optional protocols at the end, which the product
finds with `isinstance`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatch
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, runtime_checkable

import httpx2

from channels import text as _text
from channels.events import (
    QUIET,
    UNREADABLE,
    Attachment,
    BadSignature,
    Block,
    Bubble,
    ChannelError,
    DeliveryState,
    Edit,
    End,
    Event,
    FilledTemplate,
    Follow,
    Ignored,
    Inbound,
    Linked,
    MessageKind,
    Outbound,
    Participant,
    Person,
    Preview,
    Proof,
    Rating,
    Reaction,
    Receipt,
    Request,
    Sent,
    Typing,
    Unsend,
    utc,
)
from channels.settings import setting
from channels.text import clean

__all__ = [
    "QUIET",
    "UNREADABLE",
    "Acknowledging",
    "Answer",
    "Attachment",
    "BadSignature",
    "Block",
    "Bubble",
    "Challenge",
    "ChannelError",
    "Collected",
    "Collecting",
    "Connector",
    "Consent",
    "Context",
    "DeliveryState",
    "Edit",
    "Embedding",
    "End",
    "Event",
    "Expiring",
    "Features",
    "Fetching",
    "FilledTemplate",
    "Follow",
    "Health",
    "Ignored",
    "Inbound",
    "Linked",
    "Linking",
    "MarksRead",
    "Measure",
    "Measuring",
    "MessageKind",
    "Originals",
    "Outbound",
    "Participant",
    "Person",
    "Polling",
    "Preset",
    "Preview",
    "Previewing",
    "Profile",
    "Proof",
    "Rating",
    "Reaction",
    "Receipt",
    "Refetching",
    "Request",
    "Sent",
    "Template",
    "Templates",
    "Typing",
    "TypingIndicator",
    "Unsend",
    "bubbles",
    "clean",
    "setting",
    "split_text",
    "utc",
]


@dataclass(frozen=True)
class Features:
    """What the rest of the product needs to know of a kind, so that it never asks which kind it is.

    max_length: of one text, in `length_unit`, None for no limit. max_attachment_bytes: 0 means no files.
    attachment_types: accepted content types ("image/*" allowed), empty for any. reply_window: how long after
    the customer's last message one may answer. person_window: the same for what a person wrote, where that is
    longer. window_messages: how many messages the provider takes until the customer writes again (a long text makes
    several, and each file one), None if it does not count them; with `reply_window` only. per_second: how many
    messages a second the provider takes from one channel, None if it does not say.
    push: can start a conversation. needs_public_url: the provider
    must reach us. live: the thread's own socket carries it, so there is no delivery job. idempotent: the
    provider honours `Outbound.key`, for as long as `key_lasts` (None: for good). inbound_only: nothing can be sent.
    posted: a program that the product itself let in may bring messages too, in the JSON that `parse` reads.
    files_by_url: the provider fetches files from
    `Attachment.url` (and `preview`), which must hold for a while. identity_kind: "" means the kind.
    quotes: an answer can quote a message of the customer's. nameless: the provider tells nobody's name. beta: not
    proven in daily work yet. icon: a Lucide icon name; tint: one of the design tokens' colours.
    """

    max_length: int | None = None
    length_unit: _text.Unit = "chars"
    html: bool = False
    subject: bool = False
    max_attachment_bytes: int = 0
    attachment_types: tuple[str, ...] = ()
    max_quick_replies: int = 0
    typing: bool = False
    read_receipts: bool = False
    edits: bool = False
    reactions: bool = False
    quotes: bool = False
    reply_window: timedelta | None = None
    person_window: timedelta | None = None
    window_messages: int | None = None
    nameless: bool = False
    per_second: int | None = None
    push: bool = False
    needs_public_url: bool = False
    live: bool = False
    idempotent: bool = False
    key_lasts: timedelta | None = None
    inbound_only: bool = False
    posted: bool = False
    offline_form: bool = False
    copies: bool = False
    same_everywhere: bool = False
    suggests: bool = False
    files_by_url: bool = False
    beta: bool = False
    max_request_bytes: int = 3 * 1024 * 1024
    identity_kind: str = ""
    icon: str = "message-square"
    tint: Literal["ink", "indigo", "bamboo", "plum", "yamabuki", "vermilion"] = "ink"

    @property
    def attachments(self) -> bool:
        return self.max_attachment_bytes > 0

    @property
    def quick_replies(self) -> bool:
        return self.max_quick_replies > 0

    def carry(self, file: Attachment) -> bool:
        """Whether a file goes along as one; else it goes as a link."""
        if (file.size or 0) > self.max_attachment_bytes:
            return False
        kind = file.content_type.partition(";")[0].strip().lower()
        return not self.attachment_types or any(fnmatch(kind, one) for one in self.attachment_types)


def split_text(text: str, features: Features) -> list[str]:
    """`text` as the messages it takes on a kind with these features, counted in its own unit."""
    if features.max_length is None:
        return [text] if text.strip() else []
    return _text.split(text, features.max_length, features.length_unit)


def bubbles(outbound: Outbound, features: Features) -> tuple[Bubble, ...]:
    """What a message becomes on a kind that has no more to say of it than its `features`."""
    made = [Bubble(piece) for piece in split_text(outbound.text, features)]
    made += [Bubble(file=one.name) for one in outbound.attachments]
    if made and outbound.quick_replies:
        made[-1] = replace(made[-1], choices=outbound.quick_replies)
    return tuple(made)


Secrets = Mapping[str, str]


def _kept_nowhere(work: Callable[[Secrets], Secrets]) -> Secrets:
    return work({})


@dataclass(frozen=True)
class Context:
    """What the product tells a connector of its place: the channel's public key, and our public address, such
    as "https://desk.example.jp" (no slash at the end). `seal_key` is 32 secret bytes of this channel's own, for
    tokens that it wants to know again. `sandbox` is the address of a sandbox that plays the provider, "" for the real
    one. `renew` is for tokens that are good once: its work is handed the stored secrets, while nobody else renews them,
    and what it returns is stored beside them before it counts. `renew` returns them all. It raises what the work
    raises, and `ChannelError` where another process is at it.
    """

    key: str = ""
    public_url: str = ""
    seal_key: bytes = field(default=bytes(32), repr=False)
    sandbox: str = ""
    renew: Callable[[Callable[[Secrets], Secrets]], Secrets] = field(default=_kept_nowhere, repr=False)

    @property
    def webhook_url(self) -> str:
        return f"{self.public_url}/hooks/{self.key}"

    def at(self, url: str) -> str:
        """Where `url`, an https address of the provider, is to be called. The sandbox plays each host of a provider
        under its name: https://api.line.me/v2 is http://127.0.0.1:8100/api.line.me/v2 there."""
        return f"{self.sandbox}/{url.removeprefix('https://')}" if self.sandbox else url

    def is_secure(self, url: str) -> bool:
        """Whether `url`, which the provider told us, may be fetched: over https, or from the sandbox that plays it."""
        return url.startswith("https://") or (bool(self.sandbox) and url.startswith(f"{self.sandbox}/"))


@dataclass(frozen=True)
class Preset:
    """What is filled in for who uses a certain provider: setting → value, and the steps to take there."""

    name: str
    label: str
    values: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[str, ...] = ()


S = TypeVar("S")


class Connector(ABC, Generic[S]):
    """One channel of one kind.

    Built per use from its settings; keeps nothing between calls. `http` is the product's `guard.Client`.
    `label` and the steps of `guide` (what to do where, to set a channel up) are English and translated by the
    product; `help_page` names the page of the help that tells more. `presets` are the providers to choose from.
    """

    kind: ClassVar[str]
    label: ClassVar[str]
    help_page: ClassVar[str] = ""
    guide: ClassVar[tuple[str, ...]] = ()
    presets: ClassVar[tuple[Preset, ...]] = ()
    features: ClassVar[Features]
    Settings: ClassVar[type[Any]]

    def __init__(self, settings: S, http: httpx2.Client, context: Context | None = None) -> None:
        self.settings = settings
        self.http = http
        self.context = context or Context()

    @abstractmethod
    def verify(self, request: Request) -> None:
        """Return if `request` provably comes from the provider, else raise `BadSignature`. No network."""

    @abstractmethod
    def parse(self, request: Request) -> list[Event]:
        """What a verified request says.

        Pure and total: the same request gives the same events, junk gives none or `Ignored`, one bad part
        never costs its neighbours, and our own echoes are not events.
        """

    @abstractmethod
    def send(self, outbound: Outbound) -> Sent:
        """Hand `outbound` to the provider, with a time-out. Raises `ChannelError`, nothing else."""


Answer = tuple[int, dict[str, str], bytes]


@runtime_checkable
class Challenge(Protocol):
    """Answers the provider's own questions on the webhook (hub.challenge, url_verification)."""

    def answer(self, request: Request) -> Answer | None:
        """(status, headers, body) to send instead of the usual, or None if this is an ordinary request."""


@runtime_checkable
class Acknowledging(Protocol):
    """Answers an accepted request in the provider's own way."""

    def acknowledge(self, request: Request) -> Answer | None:
        """(status, headers, body) for a request that is stored, None for the usual answer. No network."""


@dataclass(frozen=True)
class Measure:
    """What a text costs to send: in how many parts it is charged, and how many `unit` are `left` in the last of them.
    `note` is what whoever writes it should know of sending to this person, an English sentence or ""."""

    parts: int
    left: int
    unit: str
    note: str = ""


@runtime_checkable
class Measuring(Protocol):
    """Is charged by the parts a text makes."""

    def measure(self, text: str, to: Person) -> Measure:
        """What it would cost to send them that. No network."""


@runtime_checkable
class Polling(Protocol):
    """Is asked instead of calling us."""

    def poll(self, cursor: Mapping[str, Any]) -> tuple[list[Event], dict[str, Any]]:
        """What is new since `cursor` ({} at first) and the next cursor, JSON. Raises `ChannelError`."""


@dataclass(frozen=True)
class Collected:
    """What was brought in: a request to be stored before it is understood (None: nothing new), and the cursor to go
    on from once it is. `left`: how many more are known to wait there, `total` of how many in all (for progress)."""

    cursor: dict[str, Any]
    request: Request | None = None
    left: int = 0
    total: int = 0


@runtime_checkable
class Collecting(Protocol):
    """Holds a line to the provider, over which everything new is handed out one by one."""

    def collect(self, cursor: Mapping[str, Any], stop: Callable[[], bool]) -> Iterator[Collected]:
        """All that is new since `cursor` ({} at first), oldest first; then waits for more until `stop()`.

        Gives a sign of life (the cursor alone) every fifteen seconds at least. The next one is asked for only
        after the last was stored, so that a crash between the two brings it again, never loses it. The requests
        have the method "MAIL", which no HTTP call has, and may have a header "history-before" (ISO 8601): what was said
        earlier is history, see `Inbound`. Raises `ChannelError`: `permanent` where only the admin can
        help (a wrong password), else with the provider's own words as `detail`; the product asks again later.
        """


@runtime_checkable
class Fetching(Protocol):
    """Files come by reference."""

    def fetch(self, attachment: Attachment) -> bytes:
        """The bytes of an inbound attachment. Raises `ChannelError`."""


@runtime_checkable
class Profile(Protocol):
    """Can look a person up."""

    def lookup(self, address: str) -> Person | None:
        """What the provider tells of them now, None if it does not know them. Raises `ChannelError`."""


@runtime_checkable
class TypingIndicator(Protocol):
    """Can show that somebody is writing."""

    def typing(self, to: Person, last: Mapping[str, Any]) -> None:
        """Show it to who wrote the message with this context (as `parse` gave it) last; never raises, losing it costs
        nothing."""


@runtime_checkable
class MarksRead(Protocol):
    """Can show the customer that their messages were read."""

    def mark_read(self, last: Mapping[str, Any]) -> None:
        """All up to the message with this context (as `parse` gave it) were read. Raises `ChannelError`."""


@runtime_checkable
class Linking(Protocol):
    """Lets a person prove, from their chat, which customer of the business they are. They are sent to a page of the
    business with a token, sign in there, and go on to `link_page`; `Linked` brings the nonce back."""

    def link_token(self, to: Person) -> str:
        """Stands for this person for some minutes, once. Raises `ChannelError`."""

    def link_page(self, token: str, nonce: str) -> str:
        """Where to send the browser of who signed in; `nonce` is a new secret that names them, 16 bytes at least."""


@runtime_checkable
class Embedding(Protocol):
    """Is put on the business's own pages."""

    def embed(self) -> str:
        """The HTML to paste there."""


@runtime_checkable
class Health(Protocol):
    """Can be tested from the settings page."""

    def check(self) -> str:
        """A sentence on what was found working. Raises `ChannelError` with the provider's own words."""


@runtime_checkable
class Expiring(Protocol):
    """Has an access token that ends some day."""

    def look_after(self) -> datetime | None:
        """Renew the token where that can be done and is due (:attr:`Context.renew`); when the one there is now ends,
        None for never, or where nobody tells. Asked once a day. Raises `ChannelError` with the provider's own words."""


@runtime_checkable
class Consent(Protocol):
    """Somebody agrees at the provider, in a browser, instead of giving us a password (OAuth 2.0, RFC 6749)."""

    def consent_url(self, redirect_uri: str, state: str, verifier: str) -> str:
        """Where to send the browser; it comes back to `redirect_uri` with a code and the same `state`. `verifier`
        is for PKCE (RFC 7636). "" where the settings ask for no such thing."""

    def consented(self, code: str, redirect_uri: str, verifier: str) -> Mapping[str, str]:
        """The secrets to be stored among the settings. Raises `ChannelError` with the provider's own words."""


@runtime_checkable
class Refetching(Protocol):
    """What was left at the provider, or handed over in part, can be asked for again."""

    def lacks(self, request: Request) -> bool:
        """Whether a stored request holds less than there was. No network."""

    def fetch_again(self, request: Request) -> Request:
        """That request as a whole. Raises `ChannelError` with a sentence where it cannot be had."""


@runtime_checkable
class Previewing(Protocol):
    """Makes more of what was written than :func:`bubbles` would: a letter, links in the place of files, captions."""

    def preview(self, outbound: Outbound) -> Preview:
        """What :meth:`Connector.send` would send, by the same code. No network. Raises `ChannelError`."""


@runtime_checkable
class Originals(Protocol):
    """What comes in has an original that people may want to keep."""

    def original(self, request: Request) -> bytes | None:
        """The message in a stored request as it was written, None if there is none."""


@dataclass(frozen=True)
class Template:
    """A message the provider has approved, sent as `Outbound.template` where the time to answer is over.

    `language` is the provider's code ("ja", "en_US"), `text` what the customer reads, its variables in it by their
    names, as `{{1}}`; `variables` are their names, which `FilledTemplate.values` has to have all of. `examples` are
    values for them, `labels` English words for those that do not stand in the text. `approved`: may be sent now.
    """

    name: str
    language: str
    text: str
    variables: tuple[str, ...] = ()
    examples: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    category: str = ""
    approved: bool = True


@runtime_checkable
class Templates(Protocol):
    """Has templates, which may be sent at any time."""

    def templates(self) -> list[Template]:
        """All of them as they are at the provider now. Raises `ChannelError`."""
