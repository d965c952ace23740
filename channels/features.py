"""What a kind can do and where its limits are, as data, and what becomes of a message by them."""

from dataclasses import dataclass, replace
from datetime import timedelta
from fnmatch import fnmatch
from typing import Literal

from channels import text as _text
from channels.events import Attachment
from channels.outbound import Bubble, Outbound


@dataclass(frozen=True)
class Features:
    """What the rest of the product needs to know of a kind, so that it never asks which kind it is.

    max_length: of one text, in `length_unit`, None for no limit. max_attachment_bytes: 0 means no files.
    attachment_types: accepted content types ("image/*" allowed), empty for any. reply_window: how long after
    the customer's last message one may answer. person_window: the same for what a person wrote, where that is
    longer. window_messages: how many messages the provider takes until the customer writes again (a long text
    makes several, and each file one), None if it does not count them; with `reply_window` only. per_second:
    how many messages a second the provider takes from one channel, None if it does not say. push: can start a
    conversation. needs_public_url: the provider must reach us. live: the thread's own socket carries it, so
    there is no delivery job. idempotent: the provider honours `Outbound.key`, for as long as `key_lasts`
    (None: for good). inbound_only: nothing can be sent. sends_with: the setting without which nothing can be
    sent, either. posted: a program that the product itself let in may bring messages too, in the JSON that
    `parse` reads. files_by_url: the provider fetches files from `Attachment.url` (and `preview`), which must
    hold for a while. quotes: an answer can quote a message of the customer's. nameless: the provider tells
    nobody's name. rates: below an answer it can be asked whether it helped, and what is pressed is no
    message. telephone: it brings calls, where no bot answers. counter: staff note there what was said in a
    shop. proof_header: the request's header that is itself the secret by which the sender is known; it is not
    kept. beta: not proven in daily work yet. identity_kind: "" means the kind. icon: a Lucide icon name;
    tint: one of the design tokens' colours.
    """

    max_length: int | None = None
    length_unit: _text.Unit = "chars"
    html: bool = False
    subject: bool = False
    max_attachment_bytes: int = 0
    attachment_types: tuple[str, ...] = ()
    max_quick_replies: int = 0
    rates: bool = False
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
    sends_with: str = ""
    posted: bool = False
    offline_form: bool = False
    copies: bool = False
    same_everywhere: bool = False
    suggests: bool = False
    telephone: bool = False
    counter: bool = False
    files_by_url: bool = False
    proof_header: str = ""
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
