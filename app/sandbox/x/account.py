"""One account on X and the app that speaks for it: tokens that are good once, limits, uploads, webhooks."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.clock import Ids
from app.sandbox.files import Files
from app.sandbox.x import trouble

ACCESS_SECONDS = 7200
QUARTER, DAY = 900.0, 86_400.0
NAME, USERNAME, ID = "北風洋品店", "kitakaze", "2244994945"
EVENTS = ("dm.received", "dm.sent", "dm.read", "dm.indicate_typing", "chat.received", "chat.sent")

Object = dict[str, Any]


@dataclass(frozen=True)
class App:
    """As it stands in X's developer console. `access`, `refresh`: what somebody was given who signed in."""

    client_id: str
    client_secret: str
    bearer: str
    access: str
    refresh: str


@dataclass
class Limit:
    """So many in so many seconds."""

    most: int
    seconds: float
    times: deque[float] = field(default_factory=deque)

    def left(self, now: float) -> int:
        while self.times and self.times[0] <= now - self.seconds:
            self.times.popleft()
        return max(0, self.most - len(self.times))

    def reset(self, now: float) -> int:
        """When there are more, in seconds since 1970."""
        return int((self.times[0] if self.times else now) + self.seconds) + 1


@dataclass
class Account:
    """`refreshes`: the refresh token that is good now, "" once the permission was taken back. `webhooks`: as X keeps
    them. `subscriptions`: kind of event → the webhook it goes to. `uploads`: files that wait for a message;
    `films`: how often one has to be asked after. `files`: of messages, by the id of the medium."""

    app: App
    ids: Ids
    per_quarter: int = 15
    per_day: int = 1440
    access: dict[str, float] = field(default_factory=dict)
    refresh: str = ""
    webhooks: dict[str, Object] = field(default_factory=dict)
    subscriptions: dict[str, str] = field(default_factory=dict)
    events: list[Object] = field(default_factory=list)
    uploads: Files = field(default_factory=Files)
    kinds: dict[str, tuple[str, int]] = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    unready: dict[str, int] = field(default_factory=dict)
    files: Files = field(default_factory=Files)
    links: dict[str, str] = field(default_factory=dict)
    usernames: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.access[self.app.access] = self.ids.clock.seconds() + ACCESS_SECONDS
        self.refresh = self.app.refresh
        self.limits: dict[str, tuple[Limit, Limit]] = {}

    def good(self, token: str) -> bool:
        """Whether the account may be spoken for with it."""
        return self.access.get(token, 0.0) > self.ids.clock.seconds()

    def renew(self) -> Object:
        """A token beside those that are still good, and the next refresh token: the old one is good for nothing."""
        token, self.refresh = self.ids.hex(48), self.ids.hex(48)
        self.access[token] = self.ids.clock.seconds() + ACCESS_SECONDS
        scope = "dm.read dm.write tweet.read users.read media.write offline.access"
        about = {"token_type": "bearer", "expires_in": ACCESS_SECONDS, "scope": scope}
        return {**about, "access_token": token, "refresh_token": self.refresh}

    def revoke(self) -> None:
        """The account has taken its permission back."""
        self.access, self.refresh = {}, ""

    def spend(self, call: str) -> Object:
        """One more of a sort of call; the headers that tell what is left. Raises `Refused`."""
        now = self.ids.clock.seconds()
        quarter, day = self.limits.setdefault(
            call, (Limit(self.per_quarter, QUARTER), Limit(self.per_day, DAY))
        )
        quarter.most, day.most = self.per_quarter, self.per_day
        if not quarter.left(now) or not day.left(now):
            raise trouble.too_many(_headers(quarter, day, now))
        for one in (quarter, day):
            one.times.append(now)
        return _headers(quarter, day, now)

    def short(self, url: str) -> str:
        """As X shortens a link."""
        return self.links.setdefault(url, f"https://t.co/{self.ids.hex(10)}")


def _headers(quarter: Limit, day: Limit, now: float) -> dict[str, str]:
    told = {}
    for prefix, one in (("x-rate-limit", quarter), ("x-user-limit-24hour", day)):
        told[f"{prefix}-limit"] = str(one.most)
        told[f"{prefix}-remaining"] = str(one.left(now))
        told[f"{prefix}-reset"] = str(one.reset(now))
    return told
