"""Mail in a real browser: nothing that came in runs or asks anybody for anything; a mail is written by keyboard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Route, ViewportSize, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import files
from app.auth import sign_in
from app.db import reading, transaction
from app.models import Agent, Channel, Conversation, Message, MessageSource
from channels.email.cleaning import clean_html
from tests import factories
from tests.converting import convert
from tests.test_files import picture
from tests.web.shop import House

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
HOSTILE = json.loads((ROOT / "tests/channels/email/hostile/xss.json").read_text("utf-8"))
HARM = "(window.harmed=1,top.harmed=1,alert(1),fetch('https://far.example/run'))"
WIDE, NARROW = ViewportSize(width=1280, height=800), ViewportSize(width=360, height=740)
TARO = "taro@example.jp"


@pytest.fixture
def house(committed: None) -> Iterator[House]:
    made = House()
    yield made
    made.stop()


class Desk:
    """An agent's window, and what went wrong in it: dialogs, errors, requests to anybody else."""

    def __init__(self, house: House, context: BrowserContext, agent: Agent) -> None:
        self.house, self.agent, self.context = house, agent, context
        self.troubles: list[str] = []
        self.elsewhere: list[str] = []
        context.route("**/*", self._asked)
        self.page: Page = context.new_page()
        self.page.on("dialog", self._refuse)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def _refuse(self, dialog: Dialog) -> None:
        self.troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _asked(self, route: Route) -> None:
        if urlsplit(route.request.url).netloc == urlsplit(self.house.base).netloc:
            return route.fallback()
        self.elsewhere.append(route.request.url)
        return route.fulfill(content_type="image/png", body=picture())

    def opens(self, thread: Conversation) -> Page:
        self.page.goto(f"{self.house.base}/inbox/{thread.id}")
        self.page.wait_for_selector("html[data-ready]")
        return self.page

    def found_by_axe(self) -> list[str]:
        found: list[str] = self.page.evaluate(
            "async () => (await axe.run({resultTypes: ['violations'], iframes: false})).violations"
            ".map(one => `${one.id}: ${one.nodes.map(node => node.target.join(' ')).join(', ')}`)"
        )
        return found


@pytest.fixture(params=["ja-light", "en-dark"])
def look(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def desk(house: House, chromium: Browser) -> Iterator[Desk]:
    made = _desk(house, chromium, "ja-light")
    yield made
    made.context.close()


def _desk(house: House, chromium: Browser, look: str) -> Desk:
    locale = look.partition("-")[0]
    with transaction() as db:
        agent = factories.agent(db, "田中", role="admin", locale=locale, email=f"{locale}@example.jp")
    return _signed_in(house, chromium, look, agent)


def _signed_in(house: House, chromium: Browser, look: str, agent: Agent) -> Desk:
    token = sign_in(agent.email, factories.PASSWORD, "127.0.0.1", "Chromium").token
    context = chromium.new_context(
        locale=agent.locale,
        color_scheme="dark" if look.endswith("dark") else "light",
        viewport=WIDE,
        reduced_motion="reduce",
    )
    context.add_cookies([{"name": "madoguchi", "value": token, "url": house.base}])
    context.add_init_script(path=AXE)
    return Desk(house, context, agent)


def mailbox(db: Session) -> Channel:
    own = {"address": "shop@example.jp", "name": "ひだまり商店", "smtp_host": "smtp.example.jp"}
    return factories.channel(db, "email", name="Mailbox", settings=own)


def mail(db: Session, channel: Channel, text: str, html: str = "", **told: Any) -> Message:
    """A mail of Taro's. `html` is stored as it is."""
    context = told.pop("context", {})
    said = factories.customer_says(db, channel, text, TARO, subject=told.pop("subject", "ほつれ"))
    said.context = {**said.context, **context}
    source = db.get(MessageSource, said.id)
    if source is None:
        source = MessageSource(message_id=said.id, answers=[], checked={}, refused={})
        db.add(source)
    source.html, source.quoted = html, told.pop("quoted", "")
    db.flush()
    return said


def test_no_hostile_mail_runs_or_loads_anything_in_the_thread_or_in_its_frame(desk: Desk) -> None:
    harmful = [html.replace("P(1)", HARM) for html in HOSTILE]
    with transaction() as db:
        said = _all_at_once(db, mailbox(db), harmful)
        thread = factories.thread_of(db, said[0])
    page = desk.opens(thread)
    _load_all(page, len(said))
    for each in page.locator(".carried summary").all()[:20]:
        each.evaluate("one => one.click()")
    frames = [f"/messages/{one.id}/html" for one in said]
    for start in range(0, len(frames), 48):
        _show_frames(page, frames[start : start + 48])
        assert _markers(page) == []
    with transaction() as db:  # and what no cleaning has seen: the frame is a wall of its own
        for one, html in zip(said, harmful, strict=True):
            db.get_one(MessageSource, one.id).html = html
    _show_frames(page, frames[::4])
    assert _markers(page) == []
    assert desk.troubles == []
    assert desk.elsewhere == []


def _all_at_once(db: Session, channel: Channel, harmful: list[str]) -> list[Message]:
    """Mails that say it in every place there is."""
    events = [
        factories.inbound(
            html, TARO, subject=html[:120], html=clean_html(html) or "<p>x</p>", quoted=html, signature=html
        )
        for html in harmful
    ]
    outcomes = factories.accept(db, channel, *events)
    return [db.get_one(Message, one["message"]) for one in outcomes]


def _load_all(page: Page, count: int) -> None:
    """Every entry of the thread, page by page."""
    entries = page.locator(".e.inbound")
    while (shown := entries.count()) < count:
        page.locator("[data-older]").first.evaluate("one => one.click()")
        expect(entries).not_to_have_count(shown)


def _show_frames(page: Page, paths: list[str]) -> None:
    """Each in a frame as the thread has it, instead of those before; back when all have loaded."""
    page.evaluate("document.querySelectorAll('[data-log] > iframe').forEach(old => old.remove())")
    page.evaluate(
        """paths => Promise.all(paths.map(path => new Promise(done => {
            const frame = document.createElement('iframe');
            frame.sandbox = 'allow-popups allow-popups-to-escape-sandbox';
            frame.addEventListener('load', done);
            frame.src = path;
            document.querySelector('[data-log]').append(frame);
        })))""",
        paths,
    )


def _markers(page: Page) -> list[str]:
    """The frames in which something ran."""
    return [frame.url for frame in page.frames if frame.evaluate("() => Boolean(window.harmed)")]


def test_pictures_inside_are_shown_and_pictures_from_elsewhere_only_when_asked_for(desk: Desk) -> None:
    with transaction() as db:
        html = clean_html(
            '<p>ほつれ</p><img src="cid:a@b"><img src="https://far.example/banner.png" alt="x">'
        )
        said = mail(db, mailbox(db), "ほつれ", html)
        kept = files.store(db, picture(), "a.png", limit=10**6)
        kept.message_id, kept.content_id = said.id, "a@b"
        thread = factories.thread_of(db, said)
    page = desk.opens(thread)
    page.locator(".formatted summary").click()
    inside = page.frame_locator(".mail-frame iframe")
    first = inside.locator("img").first
    expect(first).to_be_visible()
    assert first.evaluate("one => one.complete && one.naturalWidth") == 40
    assert desk.elsewhere == []
    page.locator(".frame-line button").click()
    expect(inside.locator("img[src*='far.example']")).to_be_visible()
    assert desk.elsewhere == ["https://far.example/banner.png"]
    assert desk.troubles == []


def test_a_thread_of_mails_is_accessible_at_every_width(house: House, chromium: Browser, look: str) -> None:
    desk = _desk(house, chromium, look)
    others = [{"address": f"{name}@example.jp", "name": name * 30, "role": "cc"} for name in ("a", "b", "c")]
    with transaction() as db:
        channel = mailbox(db)
        for n, sort in enumerate(("", "auto-reply", "list", "spam", "unreadable")):
            said = mail(
                db,
                channel,
                f"本文 {n}",
                "<p>a</p>",
                quoted="> " + "x" * 200,
                context={"others": others, "sort": sort},
            )
        thread = factories.thread_of(db, said)
        factories.identity_of(db, thread).unreachable = "550 5.1.1 user unknown"
        source = db.get_one(MessageSource, said.id)
        source.checked = {"dmarc": "fail"}
    page = desk.opens(thread)
    for each in page.locator(".carried summary, .people summary").all():
        each.click()
    page.locator(".formatted summary").last.click()
    expect(page.locator(".mail-frame iframe")).to_be_visible()
    page.locator("[data-reply-all]").click()
    page.locator("[data-row-show=bcc]").click()
    page.locator("[data-compose] textarea").fill("**添付**します")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".guard")).to_be_visible()
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        assert desk.found_by_axe() == []
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    page.locator("[data-guard-back]").click()
    page.locator("[data-preview-toggle]").click()
    expect(page.locator(".preview-mail strong")).to_have_text("添付")
    assert desk.found_by_axe() == []
    for path in (f"/settings/channels/{channel.id}", "/settings/channels/new/email?preset=microsoft"):
        page.goto(house.base + path)
        assert desk.found_by_axe() == []
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert desk.troubles == []
    desk.context.close()


def test_a_mail_is_written_by_keyboard_and_asked_about_before_it_goes_wrong(desk: Desk) -> None:
    with transaction() as db:
        others = [{"address": "boss@example.jp", "name": "上司", "role": "cc"}]
        thread = factories.thread_of(db, mail(db, mailbox(db), "届きません", context={"others": others}))
    page = desk.opens(thread)
    page.locator("[data-reply-all]").focus()
    page.keyboard.press("Enter")
    tokens = page.locator("[data-row=cc] .token")
    expect(tokens).to_have_text(["上司×"])
    page.locator("[data-recipient=cc]").focus()
    page.keyboard.type("x@exmaple.jp,")
    expect(tokens).to_have_count(2)
    page.keyboard.press("Backspace")  # taken back into the field, to be changed
    expect(page.locator("[data-recipient=cc]")).to_have_value("x@exmaple.jp")
    page.keyboard.press("Enter")
    page.evaluate(_PASTE, "山田 太郎 <y@example.jp>; z@example.jp\nnonsense")
    expect(tokens).to_have_count(4)
    expect(page.locator("[data-recipient=cc]")).to_have_value("nonsense")

    field = page.locator("[data-compose] textarea")
    field.focus()
    page.keyboard.type("至急")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+b")
    expect(field).to_have_value("**至急**")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-problem]")).to_contain_text("nonsense")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    field.focus()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".guard")).to_contain_text("exmaple.jp")
    expect(page.locator("[data-guard-back]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).to_be_focused()
    page.locator("[data-row=cc] .token button").nth(1).press("Enter")
    field.focus()
    page.keyboard.press("Control+Enter")
    expect(field).to_have_value("")
    page.locator("[data-flush]").last.click()
    expect(page.locator(".e.out strong")).to_have_text("至急")
    expect(page.locator("[data-row=cc]")).to_be_hidden()
    with reading() as db:
        sent = db.scalars(select(Message).where(Message.kind == "outbound")).one()
    assert [one["address"] for one in sent.context["others"]] == [
        "boss@example.jp",
        "y@example.jp",
        "z@example.jp",
    ]
    assert sent.subject == "Re: ほつれ"
    assert desk.troubles == []


def test_a_mail_that_was_begun_is_there_in_another_browser_and_gone_when_it_was_sent(
    house: House, chromium: Browser
) -> None:
    here = _desk(house, chromium, "ja-light")
    with transaction() as db:
        others = [{"address": "boss@example.jp", "name": "上司", "role": "cc"}]
        thread = factories.thread_of(db, mail(db, mailbox(db), "届きません", context={"others": others}))
    page = here.opens(thread)
    page.locator("[data-reply-all]").click()
    page.locator("[data-row-show=bcc]").click()
    page.keyboard.type("log@example.jp,")
    page.locator("[data-subject]").fill("ほつれの件")
    page.locator("[data-compose] textarea").fill("ただいま")
    expect(page.locator("[data-draft-state]")).to_have_text("下書きを保存しました")

    there = _signed_in(house, chromium, "ja-light", here.agent)
    other = there.opens(thread)
    expect(other.locator("[data-compose] textarea")).to_have_value("ただいま")
    expect(other.locator("[data-row=cc] .token")).to_have_text(["上司×"])
    expect(other.locator("[data-row=bcc] .token")).to_have_text(["log@example.jp×"])
    expect(other.locator("[data-subject]")).to_have_value("ほつれの件")
    expect(other.locator("[data-reply-all]")).to_have_attribute("aria-pressed", "true")
    other.locator("[data-reply-all]").click()
    expect(other.locator("[data-row=cc]")).to_be_hidden()
    other.locator("[data-compose] textarea").press("Control+Enter")
    other.locator("[data-flush]").last.click()
    expect(other.locator(".e.out:not(.pending)")).to_contain_text("ただいま")

    page = here.opens(thread)
    expect(page.locator("[data-compose] textarea")).to_have_value("")
    expect(page.locator("[data-row=bcc] .token")).to_have_count(0)
    expect(page.locator("[data-subject]")).to_have_value("Re: ほつれ")
    with reading() as db:
        sent = db.scalars(select(Message).where(Message.kind == "outbound")).one()
    assert [one["address"] for one in sent.context["others"]] == ["log@example.jp"]
    assert sent.subject == "ほつれの件"
    assert here.troubles == there.troubles == []
    here.context.close()
    there.context.close()


_PASTE = """words => {
    const data = new DataTransfer();
    data.setData('text/plain', words);
    const about = {clipboardData: data, bubbles: true, cancelable: true};
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', about));
}"""


def test_a_name_being_converted_is_no_address_yet(desk: Desk) -> None:
    with transaction() as db:
        thread = factories.thread_of(db, mail(db, mailbox(db), "届きません"))
    page = desk.opens(thread)
    page.locator("[data-row-show=cc]").click()
    keyboard = desk.context.new_cdp_session(page)
    convert(keyboard, "やまだ", "山田")
    expect(page.locator("[data-row=cc] .token")).to_have_count(0)
    page.keyboard.type(" <y@example.jp>")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row=cc] .token")).to_have_text(["山田×"])
    assert desk.troubles == []
