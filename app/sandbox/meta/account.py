"""What an Instagram account, a page and a WhatsApp number have in common."""

from __future__ import annotations

import hashlib
import hmac
import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.routing import BaseRoute

from app.sandbox import files
from app.sandbox.files import File, Files
from app.sandbox.hooks import NotFetched
from app.sandbox.house import House, Platform
from app.sandbox.meta import trouble
from app.sandbox.meta.calls import Call
from app.sandbox.meta.graph import FACES, Graph
from app.sandbox.talks import Bubble, Customer

Event = dict[str, Any]
DAY = 86_400.0
WINDOW, PERSON_WINDOW = DAY, 7 * DAY
FILE_BYTES = 25 * 1024 * 1024
SHOP = "北風洋品店"


class Account(Platform):
    """`object` and `id` are as webhooks name them. `guarded`: its files are had with the token only. `people`: who has
    a phone at the start, name and language."""

    object: ClassVar[str]
    id: ClassVar[str]
    guarded: ClassVar[bool] = False
    scopes: ClassVar[tuple[str, ...]]
    people: ClassVar[tuple[tuple[str, str], ...]] = (
        ("佐藤 美咲", "ja"),
        ("鈴木 一郎", "ja"),
        ("Emily Carter", "en"),
    )
    within = 5.0
    settable = frozenset({"expires_at", "revoked"})
    refusals: ClassVar[Mapping[str, Callable[[], trouble.Refused]]] = {
        "expired_token": trouble.expired,
        "error": trouble.down,
    }

    def __init__(self, house: House, hooks_url: str, graph: Graph, token: str) -> None:
        super().__init__(house, hooks_url)
        self.graph, self._token = graph, token
        graph.accounts.append(self)
        self.begin()

    def begin(self) -> None:
        self.token, self.revoked, self.expires_at = self._token, False, 0
        self.files = Files()
        self.last: dict[str, float] = {}  # customer → when they wrote, seconds since 1970
        for name, language in self.people:
            made = Customer(self._id_of(name), name, language)
            self.talks.customers[made.id] = made

    @abstractmethod
    async def call(self, call: Call) -> dict[str, Any]:
        """What a call comes to. Raises `Refused`."""

    @abstractmethod
    def envelope(self, events: list[Event]) -> dict[str, Any]:
        """The body of the webhook that tells these events."""

    @abstractmethod
    def _id_of(self, name: str) -> str:
        """The id of somebody who is there from the start."""

    def hosts(self) -> Mapping[str, list[BaseRoute]]:
        return self.graph.hosts()

    @property
    def shop(self) -> tuple[str, str]:
        return SHOP, self.face("shop")

    def face(self, id: str) -> str:
        return f"/{FACES}/platform/profilepic/{id}"

    def request(self, events: list[Event]) -> tuple[dict[str, str], bytes]:
        """Other letters than ASCII and slashes are escaped, and the signature is over just that."""
        body = json.dumps(self.envelope(events), separators=(",", ":")).replace("/", "\\/").encode()
        signature = hmac.new(self.graph.app.secret.encode(), body, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": f"sha256={signature}",
        }, body

    def good(self, token: str) -> bool:
        """Whether a call may be made with it."""
        return not self.revoked and hmac.compare_digest(token.encode(), self.token.encode())

    def current(self, request: Request) -> bool:
        """Whether the address of a file still holds."""
        return True

    def file_of(self, message: str) -> File | None:
        return self.files.find(message)

    @property
    def holder(self) -> Any:
        return self

    def about(self) -> dict[str, Any]:
        app = {"app_id": self.graph.app.id, "app_secret": self.graph.app.secret}
        return {"account_id": self.id, "access_token": self.token, **app}

    def change(self, name: str, value: Any) -> bool:
        if name == "access_token":
            self.token, self.revoked = str(value), False
        return name == "access_token"

    def open_until(self, customer: Customer, seconds: float = WINDOW) -> bool:
        """Whether they wrote so lately that they may be answered."""
        return self.house.clock.seconds() - self.last.get(customer.id, 0.0) <= seconds

    def wrote(self, customer: Customer) -> None:
        """The window to answer opens."""
        self.last[customer.id] = self.house.clock.seconds()

    def keep(self, customer: Customer, id: str, action: Mapping[str, Any], usual: str) -> File:
        """The file of an action: `content` in base64, `type` its media type, `name`. Raises `BadAct`."""
        file = files.of_act(customer.id, action, usual, FILE_BYTES)
        self.files.keep(id, file)
        return file

    async def fetched(self, user: str, url: str) -> File:
        """A file at an address of the product's. Raises `Refused`, with Meta's sentence for it."""
        try:
            media_type, body = await self.hooks.fetch(url)
        except NotFetched as error:
            raise trouble.parameter("Failed to fetch the file from the url", 2018008) from error
        name = url.partition("?")[0].rpartition("/")[2]
        return File(user, name, media_type.partition(";")[0], body)

    def show(self, customer: Customer, bubble: Bubble) -> None:
        """On the phone of who has not blocked us."""
        if customer.friend:
            self.talks.show(customer, bubble)

    def writing(self, customer: Customer, seconds: float) -> None:
        """Dots on the phone for so long."""
        customer.typing_until = self.house.clock.seconds() + seconds if seconds else 0.0
        self.talks.show_state(customer)

    def mark_read(self, customer: Customer, until: str = "") -> None:
        """The customer sees that what they wrote was read: up to a message, or all of it."""
        for bubble in list(customer.bubbles.values()):
            if bubble.by == "customer" and not bubble.read:
                bubble.read = True
                self.talks.show(customer, bubble)
            if bubble.id == until:
                return


def number(name: str, length: int) -> str:
    """Digits that stand for a name, always the same."""
    digits = int(hashlib.sha256(name.encode()).hexdigest(), 16) % (9 * 10 ** (length - 1))
    return str(digits + 10 ** (length - 1))
