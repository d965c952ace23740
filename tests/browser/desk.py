"""An agent's desk in a real browser: two threads of a web chat, of which one is open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Locator, Page, expect

from app.auth import sign_in
from app.db import transaction
from app.models import Conversation
from tests import factories
from tests.web.shop import House

PATIENT = (
    "document.querySelector('[data-compose]').dataset.undo = 60"  # a test may be slower than five seconds
)


@dataclass
class Desk:
    base: str
    page: Page
    here: Conversation
    there: Conversation

    @property
    def field(self) -> Locator:
        return self.page.locator("[data-compose] textarea")

    def opens(self, thread: Conversation) -> None:
        """By its row, as one does."""
        self.page.locator(f"#row-{thread.id} a.row").click()
        expect(self.page.locator(f"[data-compose][data-conversation='{thread.id}']")).to_be_visible()

    def sends(self, text: str) -> None:
        """With the seconds in which it may be taken back."""
        self.field.fill(text)
        self.page.evaluate(PATIENT)
        self.field.press("Control+Enter")
        expect(self.field).to_have_value("")


@contextmanager
def at_the_desk(chromium: Browser) -> Iterator[Desk]:
    """The page of 田中, who is an admin."""
    house = House()
    with transaction() as db:
        agent = factories.agent(db, "田中", role="admin", locale="ja")
        chat = factories.channel(db)
        here, there = (
            factories.conversation(db, chat, "届きません"),
            factories.conversation(db, chat, "色違い"),
        )
    token = sign_in(agent.email, factories.PASSWORD, "127.0.0.1", "Chromium").token
    context = chromium.new_context(locale="ja", viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "madoguchi", "value": token, "url": house.base}])
    made = Desk(house.base, context.new_page(), here, there)
    made.page.goto(f"{house.base}/inbox/{here.id}?view=open")
    made.page.wait_for_selector("html[data-ready]")
    yield made
    context.close()
    house.stop()
