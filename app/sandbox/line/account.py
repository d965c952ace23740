"""One official account: what it is set to, what it has sent, its reply tokens, retry keys and files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.clock import Ids
from app.sandbox.files import Files
from app.sandbox.line.tokens import Tokens

RETRY_SECONDS = 24 * 3600
REPLY_SECONDS = 60
REPLY_AGAIN = 20 * 60  # since the event; a redelivered webhook gives no reply token any more after it
LINK_SECONDS = 10 * 60


@dataclass
class ReplyToken:
    """A right to answer once. `event_at`, `until`: seconds since 1970."""

    user: str
    event_at: float
    until: float


@dataclass
class Accepted:
    """A request that was carried out under a retry key."""

    request_id: str
    sent: list[dict[str, str]]
    at: float


@dataclass
class Account:
    """Everything one official account has. `quota`: messages a month, None for no limit. `pending`: how often a file
    is still said to be in preparation, by its message."""

    ids: Ids
    tokens: Tokens
    name: str = "北風洋品店"
    basic_id: str = "@kitakaze"
    quota: int | None = None
    used: int = 0
    chat_mode: str = "chat"
    mark_as_read_mode: str = "manual"
    mode: str = "active"
    replies: dict[str, ReplyToken] = field(default_factory=dict)
    accepted: dict[str, Accepted] = field(default_factory=dict)
    read_tokens: dict[str, tuple[str, str]] = field(default_factory=dict)  # token → user, message
    quotes: dict[str, tuple[str, str]] = field(default_factory=dict)  # quote token → user, message
    links: dict[str, tuple[str, float]] = field(default_factory=dict)  # link token → user, until
    files: Files = field(default_factory=Files)
    pending: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.user_id = "U" + hashlib.sha256(self.tokens.channel_id.encode()).hexdigest()[:32]

    def reply_token(self, user: str) -> str:
        """A new one, good for a minute."""
        token, now = self.ids.hex(32), self.ids.clock.seconds()
        self.replies[token] = ReplyToken(user, now, now + REPLY_SECONDS)
        return token

    def renew(self, token: str) -> None:
        """The webhook is sent again: a token that was not used is good for a minute more, within 20 minutes."""
        held, now = self.replies.get(token), self.ids.clock.seconds()
        if held and now <= held.event_at + REPLY_AGAIN:
            held.until = now + REPLY_SECONDS

    def redeem(self, token: str) -> str | None:
        """Whom the token lets us answer, once; None if nobody."""
        held = self.replies.get(token)
        if held is None or held.until < self.ids.clock.seconds():
            return None
        del self.replies[token]
        return held.user

    def known(self, key: str) -> Accepted | None:
        """What was accepted under this retry key in the last 24 hours."""
        found = self.accepted.get(key)
        return found if found and found.at + RETRY_SECONDS > self.ids.clock.seconds() else None

    def over_quota(self) -> bool:
        """Whether this month's messages are used up."""
        return self.quota is not None and self.used >= self.quota

    def told(self) -> dict[str, Any]:
        """What is to be entered, as JSON."""
        return {
            "channel_id": self.tokens.channel_id,
            "channel_secret": self.tokens.secret,
            "access_token": self.tokens.long_lived,
            "user_id": self.user_id,
            "basic_id": self.basic_id,
        }
