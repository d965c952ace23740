"""The people of the browser tests: a customer with the widget before them, an agent at the inbox."""

from __future__ import annotations

import re

from playwright.sync_api import (
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    FrameLocator,
    Locator,
    Page,
    expect,
)
from playwright.sync_api import Error as PlaywrightError

from tests import factories
from tests.serving import until

PATIENCE = 20_000  # milliseconds a thing may take to appear, restarts of the server included

LOOKED_AT = (
    "(({seen, lastEvent}) => Number(seen) >= Number(lastEvent))"
    "(document.querySelector('.thread[data-conversation]').dataset)"
)


class Person:
    """Somebody with a browser of their own. `troubles` holds every error it reported."""

    def __init__(self, context: BrowserContext) -> None:
        context.set_default_timeout(PATIENCE)
        self.context = context
        self.page: Page = context.new_page()
        self.troubles: list[str] = []
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.troubles.append(said.text)

    def serious(self) -> list[str]:
        """Troubles that are not a cut line or a restarting server."""
        cut = re.compile(
            r"ERR_|WebSocket|Failed to load resource: (net|the server responded with a status of 50)"
        )
        return [trouble for trouble in self.troubles if not cut.search(trouble)]


class Customer(Person):
    """Writes in the widget."""

    def visit(self, url: str) -> Customer:
        """Open a page and the chat on it."""
        self.page.goto(url)
        self.launcher.click()
        expect(self.field).to_be_visible(timeout=PATIENCE)
        return self

    @property
    def launcher(self) -> Locator:
        return self.page.locator("madoguchi-chat button")

    @property
    def chat(self) -> FrameLocator:
        return self.page.frame_locator("madoguchi-chat iframe")

    @property
    def field(self) -> Locator:
        return self.chat.locator("#text")

    def says(self, text: str) -> None:
        """Type and send with Enter."""
        self.field.fill(text)
        self.field.press("Enter")

    def sees(self, text: str, times: int = 1) -> None:
        """`text` stands in the thread, so many times."""
        expect(self.chat.locator("#log .t").filter(has_text=text)).to_have_count(times, timeout=PATIENCE)

    def words(self) -> list[str]:
        """Everything said in the thread, in its order."""
        return self.chat.locator("#log .t").all_inner_texts()

    def keyboard(self) -> CDPSession:
        """The input methods of the frame, which runs in a process of its own where the browser isolates it."""
        frame = next(one for one in self.page.frames if "/widget/" in one.url)
        try:
            return self.context.new_cdp_session(frame)
        except PlaywrightError as error:
            if "does not have a separate CDP session" not in str(error):
                raise
            return self.context.new_cdp_session(self.page)


class Staff(Person):
    """Works at the inbox."""

    def comes_in(self, base: str, email: str) -> Staff:
        """Sign in as a person would."""
        self.base = base
        self.page.goto(f"{base}/login")
        self.page.fill("input[name=email]", email)
        self.page.fill("input[name=password]", factories.PASSWORD)
        self.page.press("input[name=password]", "Enter")
        self.page.wait_for_url("**/inbox*")
        return self

    def looks_at(self, view: str) -> None:
        self.page.goto(f"{self.base}/inbox?view={view}")

    def row(self, words: str) -> Locator:
        """The row whose last words are these."""
        return self.page.locator("li[id^=row-]").filter(has_text=words)

    def opens(self, words: str) -> None:
        self.row(words).locator("a.row").click()
        expect(self.composer).to_be_visible(timeout=PATIENCE)

    @property
    def composer(self) -> Locator:
        return self.page.locator("form[data-compose] textarea")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    def takes_over(self) -> None:
        self.page.locator("[data-part=header] [data-key=t]").click()

    def answers(self, text: str) -> None:
        """Type, send with Ctrl+Enter, and do not wait for the seconds of undoing."""
        self.composer.fill(text)
        self.composer.press("Control+Enter")
        self.page.locator("[data-flush]").last.click()

    def sees(self, text: str, times: int = 1) -> None:
        found = self.log.locator("article .b").filter(has_text=text)
        expect(found).to_have_count(times, timeout=PATIENCE)

    def words(self) -> list[str]:
        """Everything said in the open thread, in its order."""
        return self.log.locator("article:not(.note) .b").all_inner_texts()

    def resolves(self) -> None:
        """Once what stands there was looked at: a press sooner than that is refused, as it is meant to be."""
        until(lambda: self.page.evaluate(LOOKED_AT), "what came was looked at")
        self.page.locator("[data-part=header] [data-key=e]").click()
