"""What stands on the customers' phones, and who is looking."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT = 300  # bubbles a phone shows
BEHIND = 500  # news a page may be behind before it is sent to load again


@dataclass
class Bubble:
    """One entry of a talk. `by`: "customer", "shop" or "system". `at`: milliseconds. `data`: what the kind needs."""

    id: str
    by: str
    kind: str
    at: int
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    quoted: str = ""
    unsent: bool = False
    read: bool = False


@dataclass
class Customer:
    """Somebody with a phone. `friend`: has added the shop and not blocked it. `typing_until`: seconds since 1970.
    `moment`: the millisecond they last did something in; nobody does two things in one."""

    id: str
    name: str
    language: str = "ja"
    status: str = ""
    friend: bool = True
    ever: bool = True
    typing_until: float = 0.0
    acted: int = 0
    moment: int = 0
    bubbles: dict[str, Bubble] = field(default_factory=dict)

    def reads(self) -> list[Bubble]:
        """What the shop wrote is read from now on; what of it was not."""
        unread = [one for one in self.bubbles.values() if one.by == "shop" and not one.read]
        for bubble in unread:
            bubble.read = True
        return unread

    def told(self) -> dict[str, Any]:
        """Without the talk, as JSON."""
        return {
            "id": self.id,
            "name": self.name,
            "language": self.language,
            "friend": self.friend,
            "typing_until": self.typing_until,
        }


class Talks:
    """The customers of one platform and the pages that show their phones."""

    def __init__(self) -> None:
        self.customers: dict[str, Customer] = {}
        self._pages: dict[str, set[asyncio.Queue[dict[str, Any]]]] = {}

    def show(self, customer: Customer, bubble: Bubble) -> Bubble:
        """Put a bubble on the phone, or show it as it is now."""
        customer.bubbles[bubble.id] = bubble
        if len(customer.bubbles) > KEPT:
            del customer.bubbles[next(iter(customer.bubbles))]
        self.tell(customer.id, {"type": "bubble", "bubble": asdict(bubble)})
        return bubble

    def show_state(self, customer: Customer) -> None:
        """Name, friendship and typing have changed."""
        self.tell(customer.id, {"type": "state", "customer": customer.told()})

    def tell(self, user: str, news: dict[str, Any]) -> None:
        """To every page that shows this phone; one that is too far behind is sent to load again."""
        for page in self._pages.get(user, ()):
            if page.full():
                while not page.empty():
                    page.get_nowait()
                news = {"type": "reload"}
            page.put_nowait(news)

    def whole(self, customer: Customer) -> dict[str, Any]:
        """Everything on the phone."""
        bubbles = [asdict(bubble) for bubble in customer.bubbles.values()]
        return {"type": "talk", "customer": customer.told(), "bubbles": bubbles}

    def reload(self) -> None:
        """Every page begins anew."""
        for user in list(self._pages):
            self.tell(user, {"type": "reload"})

    def watched(self, user: str) -> bool:
        """Whether somebody looks at this phone."""
        return user in self._pages

    @contextmanager
    def watching(self, user: str) -> Iterator[asyncio.Queue[dict[str, Any]]]:
        """News of this phone while inside."""
        page: asyncio.Queue[dict[str, Any]] = asyncio.Queue(BEHIND)
        self._pages.setdefault(user, set()).add(page)
        try:
            yield page
        finally:
            self._pages[user].discard(page)
            if not self._pages[user]:
                del self._pages[user]
