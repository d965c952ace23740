"""The phones of Meta's platforms in a real browser; nothing for axe to find."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from channels.events import Inbound, Person, Reaction, Receipt
from channels.outbound import Outbound
from tests.sandbox.meta import PLATFORMS, Meta
from tests.sandbox.test_phone import SIZES, Phone

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_customer_chats_taps_and_reacts(chromium: Browser, meta: Meta, platform: str, scheme: str) -> None:
    who = meta.somebody(platform)
    size = SIZES["phone" if scheme == "light" else "desk"]
    context = chromium.new_context(viewport=size, locale="ja-JP", color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    phone = Phone(context.new_page(), meta.sandbox, platform, who)
    phone.field.fill("在庫はありますか")
    phone.field.press("Enter")
    expect(phone.said("customer")).to_have_count(1)
    said = meta.heard(platform, 1)[0]
    assert isinstance(said, Inbound)
    connector = meta.connector(platform)
    connector.send(Outbound("1", Person(who), "どのサイズでしょう", quick_replies=("M", "L")))
    expect(phone.said("shop")).to_have_text(["お店どのサイズでしょう"])
    assert phone.violations() == []
    phone.page.get_by_role("button", name="L", exact=True).click()
    expect(phone.said("customer")).to_have_count(2)
    theirs = phone.log.locator(".said.shop")
    theirs.hover()
    theirs.locator("summary").click()
    theirs.get_by_role("button", name="❤️").click()
    expect(phone.log.locator(".reaction")).to_have_text("❤️")
    meta.sandbox.settle(platform)
    heard = meta.heard(platform, 4)
    assert [one.text for one in heard if isinstance(one, Inbound)] == ["在庫はありますか", "L"]
    assert "read" in [one.state for one in heard if isinstance(one, Receipt)]
    assert [one.on for one in heard if isinstance(one, Reaction)] == [False, True]
    assert phone.violations() == []
    places = phone.page.locator("[data-place]")
    assert places.count() == (0 if platform == "instagram" else 1)
    assert phone.strange == []
    assert phone.errors == []
    context.close()
