"""Chat on the business's own pages and in its apps: the widget's frames in, the thread's socket out.

Nothing reaches this channel by its webhook: the product's socket knows the visitor and hands their frames
over as requests made by `frame`, whose method no HTTP route accepts.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from channels import values
from channels.base import (
    BadSignature,
    Connector,
    End,
    Event,
    Features,
    Ignored,
    Inbound,
    Judged,
    Outbound,
    Person,
    Rating,
    Receipt,
    Request,
    Sent,
    Typing,
    setting,
)
from channels.values import Malformed
from channels.webchat_identity import MIN_SECRET, verify_hash, verify_jwt, vouched

METHOD = "FRAME"
MAX_TEXT = 10_000
MAX_FILES = 10
OLDEST = timedelta(days=7)  # how long a message may have waited in a browser that was offline

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


_WHERE, _WORDS, _LOOK, _LIMITS = "Where", "Words", "Look", "Files and limits"
_HOURS, _SIGNED_IN = "Before the chat and out of hours", "Signed-in customers"


@dataclass(frozen=True)
class WebChatSettings:
    allowed_origins: tuple[str, ...] = setting(
        "Allowed sites",
        group=_WHERE,
        help="The sites that may show this chat, one a line, such as https://shop.example.jp or "
        "https://*.example.jp. Empty: only this installation's own demo page.",
        default=(),
        url=True,
        placeholder="https://shop.example.jp",
    )
    greeting_ja: str = setting("Greeting in Japanese", group=_WORDS, multiline=True, maximum=1000)
    greeting_en: str = setting("Greeting in English", group=_WORDS, multiline=True, maximum=1000)
    quick_replies_ja: tuple[str, ...] = setting(
        "First choices in Japanese", group=_WORDS, help="Buttons under the greeting, one a line.", default=()
    )
    quick_replies_en: tuple[str, ...] = setting(
        "First choices in English", group=_WORDS, help="Buttons under the greeting, one a line.", default=()
    )
    reply_time: str = setting(
        "Usual time to answer",
        group=_WORDS,
        help="Shown at the top of the chat.",
        default="none",
        choices=(
            ("none", "Do not show"),
            ("minutes", "Within a few minutes"),
            ("hours", "Within a few hours"),
            ("day", "Within a day"),
        ),
    )
    suggest: bool = setting(
        "Suggest answers while the first message is typed",
        group=_WORDS,
        help="Up to three published entries, above the box. Nothing that is typed is kept.",
        default=True,
    )
    brand_colour: str = setting(
        "Brand colour",
        group=_LOOK,
        help="Six hex digits. Text on it becomes white or black by itself.",
        default="#28518f",
    )
    logo_url: str = setting("Logo", group=_LOOK, help="Address of a square picture. Empty: none.", url=True)
    position: str = setting(
        "Position", group=_LOOK, default="right", choices=(("right", "Bottom right"), ("left", "Bottom left"))
    )
    prechat: str = setting(
        "Ask before the chat",
        group=_HOURS,
        help="A short form before the first message.",
        default="off",
        choices=(("off", "No form"), ("optional", "A form that can be skipped"), ("required", "A form")),
    )
    ask_name: bool = setting("The form asks for a name", group=_HOURS, default=True)
    ask_email: bool = setting("The form asks for an email address", group=_HOURS, default=True)
    ask_phone: bool = setting("The form asks for a phone number", group=_HOURS, default=False)
    offline: str = setting(
        "Outside business hours",
        group=_HOURS,
        default="form",
        choices=(
            ("form", "Take a message and an address to answer to"),
            ("chat", "Chat as usual"),
            ("hide", "Hide the chat"),
        ),
    )
    identity_secret: str = setting(
        "Identity secret",
        group=_SIGNED_IN,
        help="For signed-in customers: your server signs who they are with it. At least 32 characters.",
        secret=True,
        generate=True,
        minimum=MIN_SECRET,
        maximum=200,
    )
    require_identity: bool = setting(
        "Only signed-in customers",
        group=_SIGNED_IN,
        help="The chat opens only for a customer your server vouches for.",
        default=False,
    )
    identity_scope: str = setting(
        "User ids shared with",
        group=_SIGNED_IN,
        help="Channels with the same word here know a person by the same user id. Empty: only this one.",
        maximum=50,
    )
    max_upload_mb: int = setting(
        "Largest file, in MB", group=_LIMITS, help="0: no files.", default=10, minimum=0, maximum=25
    )
    upload_types: tuple[str, ...] = setting(
        "File types",
        group=_LIMITS,
        help="Content types, one a line; image/* means every picture.",
        default=("image/*", "application/pdf", "text/plain"),
    )
    messages_per_minute: int = setting(
        "Messages a minute from one visitor", group=_LIMITS, default=20, minimum=1, maximum=600
    )
    messages_per_minute_ip: int = setting(
        "Messages a minute from one network address", group=_LIMITS, default=120, minimum=1, maximum=6000
    )

    def problems(self) -> dict[str, str]:
        """What does not hang together: field -> sentence."""
        found = {}
        if not _COLOUR.fullmatch(self.brand_colour):
            found["brand_colour"] = "Write a colour as # and six hex digits, such as #28518f."
        if any(not _is_origin(origin) for origin in self.allowed_origins):
            found["allowed_origins"] = "Write each site without a path, such as https://shop.example.jp."
        if self.prechat != "off" and not (self.ask_name or self.ask_email or self.ask_phone):
            found["prechat"] = "Choose something the form asks for."
        return found


def frame(
    sender: Person, device: str, body: bytes | Mapping[str, Any], received_at: datetime, origin: str = ""
) -> Request:
    """One frame of the widget as the request this channel parses.

    `device` names the browser or app for ever, whoever signs in on it: with the message's own id it makes the
    external id, so a message sent again after a sign-in is still the same message. `origin` is the page's.
    """
    about = {
        "address": sender.address,
        "scope": sender.scope,
        "kind": sender.kind,
        "proof": sender.proof,
        "name": sender.name,
        "email": sender.email,
        "phone": sender.phone,
        "locale": sender.locale,
        "claimed": dict(sender.claimed),
    }
    headers = {
        "x-sender": json.dumps(about),
        "x-device": device,
        "x-received": received_at.astimezone(UTC).isoformat(),
        "origin": origin,
    }
    data = body if isinstance(body, bytes) else json.dumps(dict(body), ensure_ascii=False).encode()
    return Request(METHOD, "", headers, {}, data)


class WebChat(Connector[WebChatSettings]):
    kind = "webchat"
    label = "Web chat"
    help_page = "widget-protocol"
    guide = (
        "List the sites that may show the chat.",
        "Paste the line below into their pages, just before </body>.",
        "If your customers sign in on your site, let your server vouch for them with the identity secret.",
    )
    features = Features(
        max_length=MAX_TEXT,
        max_attachment_bytes=25_000_000,
        max_quick_replies=10,
        rates=True,
        typing=True,
        read_receipts=True,
        live=True,
        idempotent=True,
        offline_form=True,
        identity_kind="visitor",
        icon="message-circle",
        tint="indigo",
    )
    Settings = WebChatSettings

    def verify(self, request: Request) -> None:
        if request.method != METHOD or not request.header("x-device"):
            raise BadSignature("web chat does not come in by the webhook")
        origin = request.header("origin")
        if origin and not self.allows(origin):
            raise BadSignature(f"{origin} may not show this chat")

    def parse(self, request: Request) -> list[Event]:
        try:
            data = values.mapping(request.json(), "frame")
            sender = _sender(request)
            return [_read(data, sender, request)]
        except Malformed as wrong:
            return [Ignored(str(wrong), malformed=True)]

    def send(self, outbound: Outbound) -> Sent:
        """The socket of the thread carries it: being in the thread is being sent."""
        return Sent((outbound.key,))

    def embed(self) -> str:
        return f'<script async src="{self.context.public_url}/widget.js" data-channel="{self.context.key}"></script>'

    def allows(self, origin: str) -> bool:
        """Whether pages of `origin` ("https://shop.example.jp") may show this chat."""
        ours = _origin_of(self.context.public_url)
        return origin == ours or any(_matches(origin, allowed) for allowed in self.settings.allowed_origins)

    def identify(self, now: datetime, *, token: str = "", user_id: str = "", user_hash: str = "") -> Person:
        """The customer the business's server vouches for, by JWT or by hash. Raises `BadSignature`."""
        secret, scope = self.settings.identity_secret, self._scope
        if token:
            return verify_jwt(token, secret, self.context.key, now, scope)
        return verify_hash(user_id, user_hash, secret, scope)

    def customer(self, user_id: str, **about: Any) -> Person:
        """The customer of that id at the business, whose server has proved itself; `about` are fields of `Person`.
        Raises `BadSignature` for what is no id."""
        return vouched(user_id, self._scope, **about)

    @property
    def _scope(self) -> str:
        return self.settings.identity_scope or self.context.key


def _read(data: Mapping[str, Any], sender: Person, request: Request) -> Event:
    kind = data.get("t")
    at = _received(request)
    if kind == "send":
        return _message(data, sender, request)
    if kind == "typing":
        return Typing(sender, values.flag(data, "on", True), at)
    if kind == "read":
        return Receipt(
            values.words(data, "message", required=True), "read", at=at, person=sender, through=True
        )
    if kind == "end":
        return End(sender, at)
    if kind == "helped":
        message = values.number(data, "message", 1, 2**63 - 1)
        if message is None:
            raise Malformed("message: this is required")
        return Judged(sender, str(message), values.flag(data, "yes", False), at)
    if kind == "rate":
        score = values.number(data, "score", 1, 5)
        if score is None:
            raise Malformed("score: this is required")
        return Rating(sender, score, values.words(data, "comment", 2000), at)
    raise Malformed(
        f"t: {kind!r} is unknown" if isinstance(kind, str) and len(kind) < 50 else "t: a word is expected"
    )


def _message(data: Mapping[str, Any], sender: Person, request: Request) -> Inbound:
    own = values.words(data, "id", 100, required=True)
    text = values.words(data, "text", MAX_TEXT)
    files = tuple(_file(told) for told in values.items(data, "files", MAX_FILES))
    if not text.strip() and not files:
        raise Malformed("text: a message needs a text or a file")
    page = values.mapping(data.get("page"), "page")
    context = {
        name: values.words(page, name, values.MAX_URL)[:500] for name in ("url", "title") if page.get(name)
    }
    return Inbound(
        external_id=f"{request.header('x-device')}:{own}",
        sender=sender,
        text=text,
        sent_at=_written_at(data, request),
        attachments=files,
        client_id=own,
        context=context,
        in_reply_to=values.words(data, "in_reply_to"),
    )


def _file(told: Any) -> Any:
    """A file uploaded before: its reference, or an object with one."""
    return values.attachment({"ref": told} if isinstance(told, str | int) else told)


def _written_at(data: Mapping[str, Any], request: Request) -> datetime | None:
    """When it was written: by the browser's clock if that can be true, else when we received it.

    `age` (milliseconds it has waited) is better than `sent_at`, since it does not depend on that clock.
    """
    received = _received(request)
    if received is None:
        return None
    age = data.get("age")
    if (
        isinstance(age, int | float)
        and not isinstance(age, bool)
        and 0 <= age <= OLDEST.total_seconds() * 1000
    ):
        return received - timedelta(milliseconds=age)
    try:
        told = values.when(data, "sent_at")
    except Malformed:
        return received
    return told if told and received - OLDEST <= told <= received else received


def _received(request: Request) -> datetime | None:
    return values.when({"at": request.header("x-received") or None}, "at")


def _sender(request: Request) -> Person:
    try:
        told = json.loads(request.header("x-sender"))
        return Person(**told)
    except (ValueError, TypeError, RecursionError):
        raise Malformed("a frame without a visitor") from None


def _is_origin(value: str) -> bool:
    return value == _origin_of(value)


def _origin_of(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}".lower()
    except ValueError:
        return ""


def _matches(origin: str, allowed: str) -> bool:
    """Exact, or by a leading "*." that stands for one or more labels of the name."""
    if "://*." not in allowed:
        return origin == allowed
    scheme, _, rest = allowed.partition("://*")
    return (
        origin.startswith(f"{scheme}://")
        and origin.endswith(rest)
        and len(origin) > len(scheme) + 3 + len(rest)
    )
