"""What we give a platform: a message of ours, how it will look there, and what became of the call.

All values are frozen; all times are aware UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from channels.events import Attachment, Participant, Person


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
    `judged` are the labels (yes, no) of the buttons that ask whether it helped, on kinds with `Features.rates`; what is
    pressed comes back as `Judged` and never as a message. `quoted_id` names the message of the
    customer that this one quotes, `quoted` is its context as `parse` gave it; "" where it quotes none, or the kind has
    no `Features.quotes`.
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
    judged: tuple[str, ...] = ()
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
