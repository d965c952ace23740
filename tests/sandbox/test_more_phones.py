"""A customer's phone on Telegram, and with SMS: what is there and nowhere else, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.sandbox import Sandbox
from tests.sandbox.conftest import Bot
from tests.sandbox.test_phone import SIZES, Phone
from tests.serving import until

pytestmark = pytest.mark.browser

EMILY, JAPAN = "+14155550142", "+819012345678"


class Opened:
    """A browser in which phones are opened."""

    def __init__(self, chromium: Browser, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.context = chromium.new_context(
            viewport=SIZES["phone"], locale="ja-JP", bypass_csp=True, color_scheme="dark"
        )
        self.context.set_default_timeout(10_000)
        self.phones: list[Phone] = []

    def on(self, platform: str, user: str) -> Phone:
        self.phones.append(Phone(self.context.new_page(), self.sandbox, platform, user))
        return self.phones[-1]


@pytest.fixture
def opened(chromium: Browser, sandbox: Sandbox, bot: Bot) -> Iterator[Opened]:
    made = Opened(chromium, sandbox)
    yield made
    assert [one.strange + one.errors for one in made.phones] == [[]] * len(made.phones)
    made.context.close()


def call(sandbox: Sandbox, method: str, **told: Any) -> Any:
    token = sandbox.state("telegram")["settings"]["token"]
    answer = sandbox.http.post(f"/api.telegram.org/bot{token}/{method}", json=told)
    return answer.raise_for_status().json()["result"]


def updates(sandbox: Sandbox, kind: str) -> list[Any]:
    return [one[kind] for one in call(sandbox, "getUpdates") if kind in one]


def test_a_chat_with_a_bot_is_begun_answered_by_buttons_changed_and_reacted_to(
    opened: Opened, sandbox: Sandbox
) -> None:
    who = sandbox.state("telegram")["customers"][0]["id"]
    call(
        sandbox,
        "getUpdates",
        allowed_updates=["message", "edited_message", "callback_query", "message_reaction"],
    )
    phone = opened.on("telegram", who)
    phone.page.get_by_role("button", name="開始").click()
    expect(phone.said("customer")).to_have_count(1)
    assert [one["text"] for one in updates(sandbox, "message")] == ["/start"]
    inline = {"inline_keyboard": [[{"text": "交換", "callback_data": "swap"}]]}
    call(sandbox, "sendMessage", chat_id=who, text="どちらですか", reply_markup=inline)
    phone.page.get_by_role("button", name="交換").click()
    until(lambda: updates(sandbox, "callback_query"), "the button is told")
    assert updates(sandbox, "callback_query")[0]["data"] == "swap"
    call(sandbox, "sendMessage", chat_id=who, text="色は", reply_markup={"keyboard": [["赤", "青"]]})
    assert phone.violations() == []
    phone.page.get_by_role("button", name="赤").click()
    expect(phone.said("customer")).to_have_count(2)
    mine = phone.log.locator(".said.customer").last
    mine.hover()
    mine.locator("summary").click()
    mine.get_by_role("button", name="編集").click()
    expect(phone.field).to_have_value("赤")
    phone.field.fill("青")
    phone.field.press("Enter")
    expect(phone.said("customer").last).to_contain_text("青")
    assert [one["text"] for one in updates(sandbox, "edited_message")] == ["青"]
    theirs = phone.log.locator(".said.shop").last
    theirs.hover()
    theirs.locator("summary").click()
    theirs.get_by_role("button", name="👍").click()
    until(lambda: updates(sandbox, "message_reaction"), "the reaction is told")


def test_a_telephone_in_japan_can_only_read(opened: Opened, sandbox: Sandbox) -> None:
    own = sandbox.state("twilio")["settings"]
    for to in (EMILY, JAPAN):
        sandbox.http.post(
            f"/api.twilio.com/2010-04-01/Accounts/{own['account_sid']}/Messages.json",
            data={"To": to, "From": own["number"], "Body": "発送しました"},
            auth=(own["account_sid"], own["auth_token"]),
        ).raise_for_status()
    here = opened.on("twilio", JAPAN)
    expect(here.said("shop")).to_have_text(["お店発送しました"])
    expect(here.field).to_be_hidden()
    assert here.violations() == []
    there = opened.on("twilio", EMILY.replace("+", "%2B"))
    there.field.fill("Thank you")
    there.field.press("Enter")
    expect(there.said("customer")).to_have_text(["あなたThank you"])
    assert there.violations() == []
