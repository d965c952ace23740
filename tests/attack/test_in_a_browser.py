"""The same in a real browser: nothing that was written runs, and nothing that was named stops our scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page

from app.auth import sign_in
from app.db import transaction
from app.models import Agent
from tests import factories
from tests.attack.scene import Scene
from tests.attack.test_texts import NASTY, SCRIPT
from tests.serving import until
from tests.web.shop import House

pytestmark = pytest.mark.browser


@pytest.fixture
def house(scene: Scene) -> Iterator[House]:
    made = House()
    yield made
    made.stop()


@pytest.fixture
def troubles() -> list[str]:
    return []


@pytest.fixture
def page(scene: Scene, house: House, troubles: list[str], chromium: Browser) -> Iterator[Page]:
    """The supervisor's window; what goes wrong in it is noted."""

    def refuse(dialog: Dialog) -> None:
        troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    token = sign_in(scene.supervisor.email, factories.PASSWORD, "127.0.0.1", "Chromium").token
    context = chromium.new_context(locale="ja")
    context.add_cookies([{"name": "madoguchi", "value": token, "url": house.base}])
    made = context.new_page()
    made.on("dialog", refuse)
    made.on("pageerror", lambda error: troubles.append(str(error)))
    made.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    yield made
    context.close()


def test_hostile_words_run_nothing_where_agents_see_them(
    scene: Scene, house: House, page: Page, troubles: list[str]
) -> None:
    with transaction() as db:
        db.get_one(Agent, scene.insider.id).name = SCRIPT[:90]
        for n, text in enumerate(NASTY):
            told: dict[str, Any] = {"url": "javascript:alert(3)", "title": text}
            factories.customer_says(db, scene.shop, text, "v-secret", id=f"n{n}", context=told)
    for path in (f"/inbox/{scene.thread.id}", "/inbox?view=open", "/escalations", "/search?q=alert"):
        page.goto(house.base + path)
        page.wait_for_load_state("networkidle")
    page.goto(f"{house.base}/inbox/{scene.thread.id}")
    page.wait_for_function("() => document.body.dataset.line !== 'lost'")
    with transaction() as db:
        factories.customer_says(db, scene.shop, f"live {SCRIPT}", "v-secret", id="live")
    page.get_by_text("live <script>").first.wait_for()
    assert not troubles


@pytest.mark.parametrize(
    "cookie", ["50%25%20%E5%89%B2%E5%BC%95", "50%", "%ff", "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E"]
)
def test_no_notice_stops_the_scripts_of_a_page(
    scene: Scene, house: House, page: Page, troubles: list[str], cookie: str
) -> None:
    page.context.add_cookies([{"name": "toast", "value": cookie, "url": house.base}])
    page.goto(house.base + "/inbox")
    until(lambda: "toast=" not in page.evaluate("document.cookie"), "the notice was taken")
    if cookie.startswith("50%25"):
        assert "50% 割引" in page.inner_text("[data-toasts]")
    assert not troubles
