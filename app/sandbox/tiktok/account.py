"""One business account and the app that speaks for it: its tokens, its conversations, and what was uploaded."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.clock import Ids
from app.sandbox.files import Files
from app.sandbox.talks import Customer

DAY = 86_400
ACCESS_SECONDS, REFRESH_SECONDS = DAY, 365 * DAY
WINDOW = 2 * DAY
MOST = 10  # messages of the business until the customer writes again
NAME, USERNAME = "北風洋品店", "kitakaze_shop"


@dataclass(frozen=True)
class App:
    """As it stands in TikTok's portal. `token`, `refresh`: what somebody was given who signed in."""

    id: str
    secret: str
    token: str
    refresh: str


@dataclass
class Account:
    """`access`: token → until when it is good, in seconds since 1970. `refresh`: the one that is good now, "" once the
    permission was taken back. `wrote`: customer → when they last wrote. `sent`: how much they got since then."""

    app: App
    ids: Ids
    access: dict[str, float] = field(default_factory=dict)
    refresh: str = ""
    refresh_until: float = 0.0
    wrote: dict[str, float] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    talks: dict[str, str] = field(default_factory=dict)  # conversation → customer
    names: dict[str, str] = field(default_factory=dict)  # customer → the name on TikTok
    files: Files = field(default_factory=Files)  # what customers sent, by message
    uploads: Files = field(default_factory=Files)

    def __post_init__(self) -> None:
        self.id = f"_000{hashlib.sha256(self.app.id.encode()).hexdigest()[:28]}"
        now = self.ids.clock.seconds()
        self.access[self.app.token] = now + ACCESS_SECONDS
        self.refresh, self.refresh_until = self.app.refresh, now + REFRESH_SECONDS

    def good(self, token: str) -> bool:
        """Whether a call may be made with it."""
        return self.access.get(token, 0.0) > self.ids.clock.seconds()

    def renew(self) -> dict[str, Any]:
        """Tokens in the place of those that were; the old refresh token is good for nothing any more."""
        now = self.ids.clock.seconds()
        token, self.refresh = f"act.{self.ids.hex(40)}", f"rft.{self.ids.hex(40)}"
        self.access = {token: now + ACCESS_SECONDS}
        self.refresh_until = now + REFRESH_SECONDS
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
            "refresh_token": self.refresh,
            "refresh_token_expires_in": REFRESH_SECONDS,
            "open_id": self.id,
            "scope": "message.list.read,message.list.send,message.list.manage",
        }

    def revoke(self) -> None:
        """The account has taken its permission back."""
        self.access, self.refresh = {}, ""

    def conversation(self, customer: Customer) -> str:
        """Its id, the same as long as both are there."""
        digest = hashlib.sha256(f"{self.id} {customer.id}".encode()).digest()
        id = base64.b64encode(b"01:1:" + digest[:19]).decode()
        self.talks[id] = customer.id
        return id

    def username(self, customer: Customer) -> str:
        """The name on TikTok, which messages tell."""
        return self.names.get(customer.id) or f"user{customer.id[-8:]}"

    def hears(self, customer: Customer) -> None:
        """They wrote: for two days they get ten messages."""
        self.wrote[customer.id], self.sent[customer.id] = self.ids.clock.seconds(), 0

    def takes(self, customer: Customer) -> bool:
        """Whether a message may be sent to them now."""
        late = self.ids.clock.seconds() - self.wrote.get(customer.id, 0.0) > WINDOW
        return customer.friend and not late and self.sent.get(customer.id, 0) < MOST

    def told(self) -> dict[str, Any]:
        """What is to be entered, as JSON."""
        return {
            "app_id": self.app.id,
            "app_secret": self.app.secret,
            "business_id": self.id,
            "access_token": next(iter(self.access), ""),
            "refresh_token": self.refresh,
        }
