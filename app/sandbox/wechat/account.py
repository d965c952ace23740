"""One official account: its access token, what it may still send to whom, its files."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.sandbox.clock import Clock, Ids
from app.sandbox.files import Files
from app.sandbox.wechat.sealing import Secrets

LASTS, EARLY = 7200, 300  # seconds a token is good; before its end the next is handed out, and both are taken
FORCE_AFTER, FORCES = 30, 20  # seconds between two tokens that are forced; how many a day
WRITTEN, PRESSED = (5, 48 * 3600), (3, 60)  # (messages, seconds) after a message; after anything else they do
DAILY = 500_000


@dataclass
class Tokens:
    """The access tokens of stable_token: everybody is handed the same."""

    ids: Ids
    current: str = ""
    until: float = 0.0
    before: str = ""
    before_until: float = 0.0
    forced_at: float = 0.0
    forced: int = 0
    made: int = 0

    def handed(self, force: bool) -> tuple[str, int]:
        """The token to be used, and for how many seconds."""
        now = self.ids.clock.seconds()
        if force and now - self.forced_at >= FORCE_AFTER and self.forced < FORCES:
            self.forced_at, self.forced = now, self.forced + 1
            self._make(now, keep=False)
        elif self.until - EARLY <= now:
            self._make(now, keep=self.until > now)
        return self.current, int(self.until - now)

    def good(self, token: str) -> bool:
        """Whether a call may be made with it."""
        now = self.ids.clock.seconds()
        held = {self.current: self.until, self.before: self.before_until}
        return bool(token) and held.get(token, 0.0) > now

    def revoke(self) -> None:
        """Another program forced a new one."""
        self._make(self.ids.clock.seconds(), keep=False)

    def _make(self, now: float, *, keep: bool) -> None:
        self.before, self.before_until = (self.current, now + EARLY) if keep else ("", 0.0)
        self.current, self.until = f"80_{self.ids.hex(40)}", now + LASTS
        self.made += 1


@dataclass
class Grant:
    """So many messages may be sent until then, in seconds since 1970."""

    left: int
    until: float


class Allowances:
    """What may be sent to whom: what a customer does gives a number for a time, in place of the last of its kind."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[str, dict[str, Grant]] = {}

    def gain(self, user: str, *, wrote: bool) -> None:
        """They wrote, or did something else that counts."""
        number, seconds = WRITTEN if wrote else PRESSED
        kind = "written" if wrote else "pressed"
        self._held.setdefault(user, {})[kind] = Grant(number, self._clock.seconds() + seconds)

    def lose(self, user: str) -> None:
        """They follow no more."""
        self._held.pop(user, None)

    def spend(self, user: str) -> int:
        """Take one away, of what ends first: 0, or the code with which it is refused."""
        now = self._clock.seconds()
        open_ = [one for one in self._held.get(user, {}).values() if one.until > now]
        if not open_:
            return 45015
        left = sorted((one for one in open_ if one.left > 0), key=lambda one: one.until)
        if not left:
            return 45047
        left[0].left -= 1
        return 0


@dataclass
class Account:
    """`safe`: whether webhooks are sealed. `ip_listed`, `may_send`, `menus`: what the account is allowed."""

    ids: Ids
    secrets: Secrets
    app_secret: str
    name: str = "北風洋品店"
    original_id: str = "gh_7c1e5a9b3d20"
    safe: bool = True
    ip_listed: bool = True
    may_send: bool = True
    menus: bool = True
    used: int = 0
    daily: int = DAILY
    files: Files = field(default_factory=Files)
    shown: dict[str, str] = field(default_factory=dict)  # bubble → file

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.ids)
        self.allowances = Allowances(self.ids.clock)
