"""The pictures of the README, taken from the running product: `make screenshots`.

Starts `madoguchi serve` in a folder of its own with the demo, looks at it in a real Chromium, and writes small WebP
files to static/docs/.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app.demo import shop
from tests.run import find_chromium
from tests.serving import serving

DOCS = Path(__file__).parent.parent / "static" / "docs"
WIDE, PHONE = (1280, 800), (390, 844)
QUALITY = 82
FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]


def main() -> None:
    """Every picture, or those named on the command line."""
    wanted = set(sys.argv[1:]) or set(PICTURES)
    DOCS.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="mado-") as folder,
        serving(Path(folder) / "data", "--demo") as house,
        sync_playwright() as player,
    ):
        path = os.environ.get("MADOGUCHI_TEST_CHROMIUM") or find_chromium()
        browser = player.chromium.launch(executable_path=path, args=FLAGS)
        for name in PICTURES:
            if name in wanted:
                _save(name, PICTURES[name](browser, house.base))
        browser.close()


def _save(name: str, picture: bytes) -> None:
    path = DOCS / f"{name}.webp"
    Image.open(io.BytesIO(picture)).convert("RGB").save(path, "WEBP", quality=QUALITY, method=6)
    print(f"{path.name}: {path.stat().st_size // 1024} kB")  # noqa: T201  # a script


@contextmanager
def looking(
    browser: Browser, size: tuple[int, int], locale: str = "ja", scheme: str = "light"
) -> Iterator[tuple[BrowserContext, Page]]:
    """A window as a person of this language would have it."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=locale,
        timezone_id="Asia/Tokyo",
        color_scheme=scheme,  # type: ignore[arg-type]  # "light" or "dark"
        reduced_motion="reduce",
    )
    yield context, context.new_page()
    context.close()


def sign_in(page: Page, base: str, who: str) -> None:
    """Through the sign-in page."""
    page.goto(f"{base}/login")
    page.fill("input[name=email] >> nth=0", f"{who}@demo.example")
    page.fill("input[type=password] >> nth=0", shop.password())
    page.press("input[type=password] >> nth=0", "Enter")
    page.wait_for_url("**/inbox*")


def settled(page: Page) -> bytes:
    """The page once nothing moves any more."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(700)
    return page.screenshot()


def inbox(browser: Browser, base: str) -> bytes:
    """An agent in the middle of their morning."""
    with looking(browser, WIDE) as (_, page):
        sign_in(page, base, "agent")
        page.get_by_role("link", name="佐々木 真理").first.click()
        page.wait_for_selector("form.composer, [data-compose]")
        return settled(page)


def inbox_en_dark(browser: Browser, base: str) -> bytes:
    """The same in English, at night."""
    with looking(browser, WIDE, "en", "dark") as (_, page):
        sign_in(page, base, "emily")
        page.get_by_role("link", name="Marco Rossi").first.click()
        page.wait_for_selector("form.composer, [data-compose]")
        return settled(page)


def shop_page(browser: Browser, base: str) -> bytes:
    """A customer asks, the bot answers."""
    with looking(browser, WIDE) as (_, page):
        page.goto(f"{base}/demo")
        chat(page, "返品したい", "人と話したい")
        return settled(page)


def phone(browser: Browser, base: str) -> bytes:
    """The chat on a phone, in English."""
    with looking(browser, PHONE, "en") as (_, page):
        page.goto(f"{base}/demo/products/wool-coat")
        chat(page, "Can I exchange the size?")
        return settled(page)


def chat(page: Page, *words: str) -> None:
    """Open the chat and say something."""
    page.locator("[data-chat]").first.click()
    frame = page.frame_locator("madoguchi-chat iframe")
    for said in words:
        frame.locator("textarea").fill(said)
        frame.locator("textarea").press("Enter")
        page.wait_for_timeout(1500)


def escalations(browser: Browser, base: str) -> bytes:
    """What the supervisor sees first."""
    with looking(browser, WIDE) as (_, page):
        sign_in(page, base, "supervisor")
        page.goto(f"{base}/escalations")
        page.locator("#desk").get_by_text("佐々木 真理").first.click()
        return settled(page)


def faq(browser: Browser, base: str) -> bytes:
    """Editing an entry."""
    with looking(browser, WIDE) as (_, page):
        sign_in(page, base, "admin")
        page.goto(f"{base}/settings/faq")
        page.get_by_role("link", name="返品").first.click()
        page.wait_for_load_state()
        asked = page.locator("#try")
        asked.fill("返品の送料はいくら？")
        asked.press("Enter")
        return settled(page)


PICTURES: dict[str, Callable[[Browser, str], bytes]] = {
    "inbox": inbox,
    "shop": shop_page,
    "escalations": escalations,
    "inbox-en-dark": inbox_en_dark,
    "faq": faq,
    "phone": phone,
}

if __name__ == "__main__":
    main()
