"""What some connectors can do beyond the required: each a protocol, which the product finds with `isinstance`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from channels.events import Attachment, Call, Event, Person, Request
from channels.outbound import Outbound, Preview

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


@dataclass(frozen=True)
class Turn:
    """What one of those who speak in a call said: "customer" or "agent", as far as that is known, or by `name`."""

    text: str
    who: str = ""
    name: str = ""


@runtime_checkable
class Transcribing(Protocol):
    """Files tell what was said in calls (`Call.transcribed`)."""

    def turns(self, data: bytes) -> list[Turn]:
        """What was said, in its order, as such a file tells it; nothing where it tells nothing. Total, no network."""


@dataclass(frozen=True)
class Card:
    """Something worth knowing about a customer, in the words of whoever tells it: rows of (label, value)."""

    title: str
    rows: tuple[tuple[str, str], ...] = ()
    url: str = ""


@runtime_checkable
class Informing(Protocol):
    """Tells about a customer while somebody looks at them."""

    def informs(self) -> bool:
        """Whether it is set up to. No network."""

    def inform(self, customer: str, people: Sequence[Person]) -> list[Card]:
        """What is known there of `customer` (our number), whose addresses these are; within seconds. Raises
        `ChannelError`."""


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
class Popping(Protocol):
    """Its telephones can open the thread of whoever calls, by an address that the system signs."""

    def popped(self, query: Mapping[str, str]) -> Call:
        """The call that such an address names. Raises `BadSignature`."""


@runtime_checkable
class Opening(Protocol):
    """Can be opened by an address, with something ready to be sent."""

    def opening(self, text: str) -> str:
        """An address that opens a talk with this account on the reader's device, `text` written already; "" where the
        settings do not tell how. No network."""


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
