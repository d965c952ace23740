"""The list of customers, the composer's purposes and what is written in forms, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from sqlalchemy import delete, select

from app import inbox
from app.auth import sign_in
from app.db import reading, transaction
from app.models import Agent, Consent, Conversation, FaqEntry, Label, Signin
from channels.base import Person
from tests import factories
from tests.web.shop import House

pytestmark = pytest.mark.browser


@dataclass
class Desk:
    base: str
    page: Page
    heads: list[Conversation]


@pytest.fixture
def desk(committed: None, chromium: Browser) -> Iterator[Desk]:
    house = House()
    with transaction() as db:
        agent = factories.agent(db, "田中", role="supervisor", locale="en")
        box = factories.channel(db, "email", name="Mail", settings={"address": "shop@example.jp"})
        names = ("山田 花子", "佐藤 健")
        heads = [factories.conversation(db, box, sender=Person(f"{n}@example.jp", name=n)) for n in names]
    token = sign_in(agent.email, factories.PASSWORD, "127.0.0.1", "Chromium").token
    context = chromium.new_context(viewport=ViewportSize(width=1280, height=800), locale="en")
    context.add_cookies([{"name": "madoguchi", "value": token, "url": house.base}])
    yield Desk(house.base, context.new_page(), heads)
    context.close()
    house.stop()


def test_the_list_is_narrowed_walked_opened_and_exported(desk: Desk) -> None:
    page = desk.page
    page.goto(f"{desk.base}/customers")
    page.wait_for_selector("html[data-ready]")
    expect(page.locator(".row-link")).to_have_text(["佐藤 健", "山田 花子"])
    page.keyboard.press("j")
    expect(page.locator(".row-link").first).to_be_focused()
    page.locator("input[name=q]").fill("花子")
    expect(page.locator(".row-link")).to_have_text(["山田 花子"])
    with page.expect_download() as taken:
        page.get_by_role("button", name="Export as CSV").click()
    rows = Path(taken.value.path()).read_text("utf-8-sig").splitlines()
    assert [row.split(",")[1] for row in rows] == ["Name", "山田 花子"]
    page.keyboard.press("Escape")
    page.locator("body").click(position={"x": 700, "y": 30})
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{desk.base}/inbox/{desk.heads[0].id}")


def test_what_is_not_agreed_to_cannot_be_sent_until_it_is_noted(desk: Desk) -> None:
    page = desk.page
    page.goto(f"{desk.base}/inbox/{desk.heads[0].id}")
    page.wait_for_selector("html[data-ready]")
    notice, field = page.locator("[data-unwanted-way]"), page.locator("[data-compose] textarea[name=text]")
    expect(notice).to_be_hidden()
    page.locator("select[name=purpose].way").select_option("marketing")
    expect(notice).to_be_visible()
    expect(field).to_be_hidden()
    page.locator("details.consent summary").first.click()
    form = page.locator(".consent-form").first
    form.locator("[name=purpose]").select_option("marketing")
    form.locator("[name=given]").select_option("yes")
    form.locator("[name=reason]").fill("店頭で署名")
    form.get_by_role("button", name="Record").click()
    expect(notice).to_be_hidden()
    expect(field).to_be_visible()
    with reading() as db:
        assert db.scalars(select(Consent)).one().reason == "店頭で署名"


def test_a_note_is_written_on_without_loading_the_page_anew(desk: Desk) -> None:
    page, head = desk.page, desk.heads[0]
    page.goto(f"{desk.base}/inbox/{head.id}")
    page.wait_for_selector("html[data-ready]")
    page.route("**/panel", lambda route: route.abort())
    field, seen = page.locator("#customer-note"), page.locator(".panel [name=seen]")
    for words in ("羊毛は苦手", "羊毛は苦手\nギフトが多い"):
        before = seen.input_value()
        field.fill(words)
        field.press("Tab")
        expect(seen).not_to_have_value(before)
        expect(seen).to_have_count(1)
    with reading() as db:
        assert factories.customer_of(db, head).note == words


def test_what_is_written_in_the_panel_outlives_what_happens_meanwhile(desk: Desk) -> None:
    page, head = desk.page, desk.heads[0]
    page.goto(f"{desk.base}/inbox/{head.id}")
    page.wait_for_selector("html[data-ready]")
    asked: list[str] = []
    told = page.locator(".thread").get_attribute("data-last-event") or ""
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/panel") else None)
    page.locator("details.consent summary").first.click()
    reason = page.locator(".consent-form [name=reason]").first
    reason.fill("店頭で")
    page.locator("[data-log]").focus()
    with transaction() as db:
        label = Label(name="VIP")
        db.add(label)
        db.flush()
        inbox.put_label(db, db.get_one(Conversation, head.id), label, agent=factories.agent(db))
    expect(page.locator(".thread")).not_to_have_attribute("data-last-event", told)
    page.wait_for_timeout(600)  # longer than the panel waits for who leaves it
    assert asked == []
    expect(reason).to_have_value("店頭で")
    reason.fill("")
    page.locator("#customer-note").fill("羊毛は苦手")
    page.locator("#customer-note").press("Tab")
    page.locator("[data-log]").focus()
    expect(page.locator(".panel")).to_contain_text("VIP")
    expect(page.locator("#customer-note")).to_have_value("羊毛は苦手")


def test_what_was_written_in_a_form_is_saved_by_who_signs_in_again_beside_it(desk: Desk) -> None:
    page = desk.page
    page.goto(f"{desk.base}/settings/faq/new")
    page.wait_for_selector("html[data-ready]")
    for field, words in (("title", "Postage"), ("questions", "How much is postage?"), ("answer", "600 yen.")):
        page.locator(f"#faq-form [name={field}]").fill(words)
    with transaction() as db:
        email = db.scalars(select(Agent.email)).one()
        db.execute(delete(Signin))
    page.locator("#faq-form .btn.primary").click()
    expect(page.locator(".toast.bad")).to_contain_text("signed out")
    expect(page.locator("#faq-form [name=answer]")).to_have_value("600 yen.")
    with transaction() as db:
        other = factories.supervisor(db, "鈴木").email
    for who in (other, email):  # as somebody else they cannot go on here
        expect(page.locator("#faq-form [name=answer]")).to_have_value("600 yen.")
        token = sign_in(who, factories.PASSWORD, "127.0.0.1", "Chromium").token
        page.context.add_cookies([{"name": "madoguchi", "value": token, "url": desk.base}])
        with page.expect_response("**/session"):
            page.locator("#faq-form .btn.primary").click()
    page.wait_for_url(re.compile(r"/settings/faq/\d+$"))
    with reading() as db:
        assert db.scalars(select(FaqEntry.answer)).all() == ["600 yen."]
