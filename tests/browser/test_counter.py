"""The counter on a phone, and the inbox beside it: a card is read, a visit noted, a promise kept, live and once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import segno
from playwright.sync_api import Browser, Page, ViewportSize, expect
from sqlalchemy import func, select

from app import customers, search, tasks
from app.auth import sign_in
from app.db import now, reading, transaction
from app.models import Agent, Conversation, Message, Task
from app.models.customer import SIGNED
from tests import factories
from tests.serving import until
from tests.web.shop import House

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
PHONE, DESK = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=800)
CARD = "210001023400"
CAMERA = """
navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 64 });
  canvas.getContext("2d").fillRect(0, 0, 64, 64);
  setInterval(() => canvas.getContext("2d").fillRect(0, 0, Math.random() * 64, 64), 50);
  return canvas.captureStream(10);
};
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code", "ean_13"]; }
  async detect() { return [{ rawValue: "https://shop.example/card/2100-0102-3400" }]; }
};
"""

NO_DETECTOR = """
delete window.BarcodeDetector;
navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 320 });
  const pen = canvas.getContext("2d");
  setInterval(() => {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, 320, 320);
    pen.fillStyle = "#000";
    %s.forEach((row, y) => row.forEach((dark, x) => dark && pen.fillRect(40 + x * 9, 40 + y * 9, 9, 9)));
  }, 50);
  return canvas.captureStream(10);
};
"""


@pytest.fixture
def house(committed: None) -> Iterator[House]:
    made = House()
    yield made
    made.stop()


@pytest.fixture
def cast() -> tuple[Agent, Agent, Conversation]:
    """中村 at the counter, 田中 in the office, and 山田 who has a card."""
    with transaction() as db:
        store = factories.channel(db, "store", name="本店")
        clerk = factories.agent(db, "中村 愛", role="store", store_id=store.id)
        office = factories.agent(db, "田中 翔")
        thread = factories.conversation(db, text="コートの件です")
        customer = factories.customer_of(db, thread)
        customer.name = "山田 太郎"
        customers.add_identity(db, customer, "card", "", CARD, SIGNED)
        search.index_customer(db, customer)
    return clerk, office, thread


class Window:
    """Somebody's browser, and what went wrong in it."""

    def __init__(
        self, chromium: Browser, house: House, agent: Agent, size: ViewportSize, script: str = ""
    ) -> None:
        self.house = house
        self.context = chromium.new_context(viewport=size, locale="ja-JP")
        token = sign_in(agent.email, factories.PASSWORD, "127.0.0.1", "Browser of a test").token
        self.context.add_cookies([{"name": "madoguchi", "value": token, "url": house.base}])
        if script:
            self.context.add_init_script(script)
        self.troubles: list[str] = []
        self.elsewhere: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", lambda asked: self._asked(asked.url))

    def _asked(self, url: str) -> None:
        if url.startswith("http") and urlsplit(url).netloc != urlsplit(self.house.base).netloc:
            self.elsewhere.append(url)

    def open(self, path: str) -> Page:
        self.page.goto(self.house.base + path)
        self.page.locator("html[data-ready=yes]").wait_for()
        return self.page

    def accessible(self) -> list[str]:
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("axe.run()")
        return [one["id"] for one in found["violations"]]

    def fine(self) -> None:
        assert (self.troubles, self.elsewhere) == ([], [])
        self.context.close()


def test_a_visit_noted_on_a_phone_stands_in_the_open_thread_at_once_and_a_kept_one_is_sent_once(
    chromium: Browser, house: House, cast: tuple[Agent, Agent, Conversation]
) -> None:
    clerk, office, thread = cast
    desk = Window(chromium, house, office, DESK)
    desk.open(f"/inbox/{thread.id}")
    until(lambda: desk.page.evaluate("document.documentElement.dataset.ready") == "yes", "the inbox is ready")
    phone = Window(chromium, house, clerk, PHONE, CAMERA)
    page = phone.open("/counter")
    page.locator("[data-scan]").click()
    expect(page.locator(".visitor h2")).to_contain_text("山田 太郎")
    expect(page.locator(".visitor h2")).to_be_focused()
    assert phone.accessible() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator("[name=asked]").fill("傘はありますか")
    page.locator("[name=answered]").fill("2階にあります")
    page.locator(".visit .primary").click()
    expect(page.locator("[data-noted]")).to_contain_text("記録しました")
    expect(page.locator("[data-noted]")).to_be_focused()
    card = desk.page.locator(".e.store").filter(has_text="2階にあります")
    expect(card).to_have_count(1)
    expect(card).to_contain_text("中村 愛")

    page.locator(".find form[hx-post='/counter/visitor'] button").click()
    page.locator("[name=asked]").fill("手袋はありますか")
    page.locator("[data-scan]").click()  # they find their card after all
    expect(page.locator(".visitor h2")).to_contain_text("山田 太郎")
    expect(page.locator("[name=asked]")).to_have_value("手袋はありますか")
    phone.context.set_offline(True)
    page.locator(".visit .primary").click()
    expect(page.locator("[data-kept]")).to_be_visible()
    expect(page.locator("[data-kept-words]")).to_contain_text("1件")
    phone.context.set_offline(False)
    expect(page.locator("[data-noted]")).to_contain_text("記録しました")
    expect(page.locator("[data-kept]")).to_be_hidden()
    expect(desk.page.locator(".e.store").filter(has_text="手袋")).to_have_count(1)
    page.reload()
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(Message).filter_by(kind="store")) == 2
    phone.fine()
    desk.fine()


def test_where_a_browser_cannot_read_codes_ours_does_and_what_is_being_written_stays(
    chromium: Browser, house: House, cast: tuple[Agent, Agent, Conversation]
) -> None:
    clerk, _, _ = cast
    phone = Window(chromium, house, clerk, PHONE, NO_DETECTOR % json.dumps(_code("2100-0102-3400")))
    page = phone.open("/counter")
    page.locator("[data-scan]").click()
    expect(page.locator(".visitor h2")).to_contain_text("山田 太郎")

    page.locator("[name=asked]").fill("傘")
    phone.context.set_offline(True)
    page.locator(".visit .primary").click()
    expect(page.locator("[data-kept]")).to_be_visible()
    page.evaluate("""for (const key of Object.keys(localStorage).filter((one) => one.startsWith("counter-notes"))) {
      const [note] = JSON.parse(localStorage[key]);
      const forged = { ...note, client_id: "client-0002", token: "1-forged", asked: "手袋" };
      localStorage[key] = JSON.stringify([note, forged]);
    }""")
    writing = "<form data-visit><textarea aria-label=x>途中</textarea></form>"
    page.evaluate("writing => (document.querySelector('#found').innerHTML = writing)", writing)
    phone.context.set_offline(False)
    refused = page.locator("[data-refused] article")
    expect(refused).to_contain_text("手袋")  # not taken, and not lost either
    expect(page.locator("[data-kept]")).to_be_hidden()
    expect(page.locator("#work")).to_contain_text("傘")
    expect(page.locator("#found textarea")).to_have_value("途中")
    assert phone.accessible() == []
    page.reload()
    expect(refused).to_contain_text("手袋")
    refused.locator("[data-discard]").click()
    expect(refused).to_have_count(0)
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(Message).filter_by(kind="store")) == 1
    phone.fine()


def _code(text: str) -> list[list[int]]:
    """A QR code as rows of dark and light."""
    return [list(row) for row in segno.make(text, micro=False).matrix]


def test_a_promise_is_made_from_a_note_called_when_it_is_due_and_finished_by_one_key(
    chromium: Browser, house: House, cast: tuple[Agent, Agent, Conversation]
) -> None:
    _, office, thread = cast
    desk = Window(chromium, house, office, DESK)
    page = desk.open(f"/inbox/{thread.id}")
    page.keyboard.press("n")
    page.locator("[data-compose] textarea").fill("コートの仕上がりを折り返す")
    page.locator("[data-note-task]").click()
    expect(page.locator("#task-what")).to_have_value("コートの仕上がりを折り返す")
    page.locator("#task .primary").click()
    expect(page.locator("[data-part=tasks] .promise")).to_contain_text("コートの仕上がり")
    expect(page.locator("[data-compose] textarea")).to_have_value("")
    expect(page.locator(".e.system").filter(has_text="タスクを追加しました")).to_have_count(1)
    with transaction() as db:
        task = db.scalars(select(Task)).one()
        task.due_at = now() - timedelta(minutes=1)
    assert tasks.call_due() == 1
    expect(page.locator(".toast")).to_contain_text("期限になりました")
    expect(page.locator("[data-badge=tasks]")).to_have_text("1")

    page = desk.open("/tasks")
    assert desk.accessible() == []
    page.keyboard.press("e")  # no row has the focus: nothing is finished by it
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(page.locator("#tasks .empty")).to_be_visible()
    with reading() as db:
        assert db.get_one(Task, task.id).done_by == office.id
    desk.fine()
