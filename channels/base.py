"""The contract between the product and every channel.

A connector turns a provider's requests into events and an `Outbound` into one provider call. What a kind
can do beyond the required is told by its `Features`, and by the optional protocols of `channels.protocols`, which
the product finds with `isinstance`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import httpx2

from channels.events import (
    QUIET,
    UNREADABLE,
    Attachment,
    BadSignature,
    Block,
    Call,
    DeliveryState,
    Edit,
    End,
    Event,
    Follow,
    Ignored,
    Inbound,
    Judged,
    Linked,
    MessageKind,
    Participant,
    Permission,
    Person,
    Proof,
    Rating,
    Reaction,
    Receipt,
    Request,
    Touch,
    Typing,
    Unsend,
    utc,
)
from channels.features import Features, bubbles, split_text
from channels.outbound import Bubble, ChannelError, FilledTemplate, Outbound, Preview, Sent
from channels.protocols import (
    Acknowledging,
    Answer,
    Card,
    Challenge,
    Collected,
    Collecting,
    Consent,
    Embedding,
    Expiring,
    Fetching,
    Health,
    Informing,
    Linking,
    MarksRead,
    Measure,
    Measuring,
    Opening,
    Originals,
    Polling,
    Popping,
    Previewing,
    Profile,
    Refetching,
    Template,
    Templates,
    Transcribing,
    Turn,
    TypingIndicator,
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
    "Call",
    "Card",
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
    "Informing",
    "Judged",
    "Linked",
    "Linking",
    "MarksRead",
    "Measure",
    "Measuring",
    "MessageKind",
    "Opening",
    "Originals",
    "Outbound",
    "Participant",
    "Permission",
    "Person",
    "Polling",
    "Popping",
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
    "Touch",
    "Transcribing",
    "Turn",
    "Typing",
    "TypingIndicator",
    "Unsend",
    "bubbles",
    "clean",
    "setting",
    "split_text",
    "utc",
]


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
