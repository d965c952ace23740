"""The widget over HTTP: who gets it, what it may do there, and what it weighs."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app import i18n, main
from app.db import transaction
from app.models import Channel
from app.web import widget_assets, widget_look
from tests import factories

SHOP = "https://shop.example.jp"
BUDGET = 15_000  # bytes, gzip, until the visitor can type


@pytest.fixture
def channel(committed: None) -> Channel:
    with transaction() as db:
        settings = {"allowed_origins": [SHOP, "https://*.brand.example"], "brand_colour": "#ffe08a"}
        return factories.channel(db, key="shop", settings=settings)


@pytest.fixture
def client(channel: Channel) -> Iterator[TestClient]:
    with TestClient(main.make()) as client:
        yield client


def test_the_loader_is_one_script_kept_shortly(client: TestClient) -> None:
    answer = client.get("/widget.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=300"
    again = client.get("/widget.js", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_files_of_the_frame_are_kept_for_ever_under_their_content(client: TestClient) -> None:
    page = client.get("/widget/shop/frame").text
    for path in re.findall(r'"(/widget/assets/[^"]+)"', page):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["access-control-allow-origin"] == "*"
    assert "immutable" not in client.get("/widget/assets/0/frame.js").headers["cache-control"]
    assert client.get("/widget/assets/0/../../etc/passwd").status_code == 404


def test_an_allowed_site_gets_a_ticket_for_itself_alone(client: TestClient) -> None:
    for origin in (SHOP, "https://www.brand.example", "http://testserver"):
        answer = client.get("/widget/shop/config", headers={"origin": origin})
        assert answer.headers["access-control-allow-origin"] == origin
        assert "Origin" in answer.headers["vary"]
        assert answer.json()["ticket"]


def test_any_other_site_is_refused_with_a_sentence(client: TestClient) -> None:
    for origin in ("https://evil.example", f"{SHOP}.evil.example", "http://shop.example.jp", "null"):
        answer = client.get("/widget/shop/config?locale=ja", headers={"origin": origin})
        assert answer.status_code == 403
        assert answer.json()["code"] == "origin"
        assert "許可するサイト" in answer.json()["sentence"]


def test_an_unknown_channel_has_no_chat(client: TestClient) -> None:
    for key in ("nobody", "1", "x" * 2000, "%00", "a%2Fb"):
        assert client.get(f"/widget/{key}/config").status_code == 404
        assert client.get(f"/widget/{key}/frame").status_code == 404


def test_a_switched_off_channel_has_no_chat(client: TestClient) -> None:
    with transaction() as db:
        factories.channel(db, key="off", enabled=False)
    assert client.get("/widget/off/config").status_code == 404


def test_the_frame_may_run_only_our_files_inside_allowed_sites(client: TestClient) -> None:
    policy = client.get("/widget/shop/frame").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'self' http://testserver" in policy
    assert f"{SHOP} https://*.brand.example" in policy


def test_the_page_of_the_frame_has_nothing_inline(client: TestClient) -> None:
    page = client.get("/widget/shop/frame").text
    assert not re.search(r"<style|[^-]style=|<script>|\son\w+=", page)
    assert not re.search(r"(src|href)=\"(https?:)?//", page)


def test_the_widget_speaks_the_visitors_language(client: TestClient) -> None:
    for asked, got in (("ja-JP", "ja"), ("en-US", "en"), ("fr", "ja"), ("", "ja")):
        told = client.get("/widget/shop/config", params={"locale": asked}).json()
        assert told["locale"] == got
        assert told["strings"]["send"] == {"ja": "送信", "en": "Send"}[got]


def test_every_word_of_the_widget_is_in_both_languages() -> None:
    for sentence in (widget_look.WORDS | widget_look.MORE_WORDS).values():
        for locale in i18n.LOCALES:
            assert sentence in i18n.catalogue(locale)


def test_what_comes_later_says_nothing_else_by_a_word_that_is_there_already() -> None:
    assert not widget_look.WORDS.keys() & widget_look.MORE_WORDS.keys()


def test_the_scripts_ask_for_no_word_that_is_not_there() -> None:
    scripts = "".join(path.read_text("utf-8") for path in Path(widget_assets.STATIC).rglob("*.js"))
    page = Path("templates/widget/frame.html").read_text("utf-8")
    asked = set(re.findall(r'\bsay\("(\w+)"', scripts)) | set(re.findall(r'data-say="(\w+)', page))
    asked |= set(re.findall(r"strings\.(\w+)", scripts))
    assert asked - set(widget_look.WORDS | widget_look.MORE_WORDS) == set()


def test_everything_until_one_can_type_is_small(client: TestClient) -> None:
    """Counted as it is served; without the minified scripts of the installation a little more is let pass."""
    files = widget_assets.assets()
    small = all(files[name].body.count(b"\n") < 10 for name in ("loader.js", "frame.js"))
    weight = sum(len(files[name].packed) for name in ("loader.js", "frame.js", "frame.css"))
    for path in ("/widget/shop/config?locale=ja", "/widget/shop/frame?locale=ja"):
        weight += len(gzip.compress(client.get(path).content, 6))
    assert weight <= (BUDGET if small else BUDGET * 1.25), weight


@pytest.mark.parametrize(
    "brand", ["#28518f", "#ffe08a", "#ff0000", "#000000", "#ffffff", "#7f7f7f", "#00c2a8"]
)
def test_every_brand_colour_stays_readable(brand: str) -> None:
    told = widget_look.colours(brand)
    assert widget_look.contrast(brand, told["on"]) >= 4.5
    assert widget_look.contrast(told["ink_light"], widget_look.LIGHT) >= 4.5
    assert widget_look.contrast(told["ink_dark"], widget_look.DARK) >= 4.5


def test_joining_modules_leaves_no_name_twice() -> None:
    names: list[str] = []
    for module in widget_assets.MODULES:
        text = (widget_assets.STATIC / "frame" / f"{module}.js").read_text("utf-8")
        names += re.findall(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", text, re.MULTILINE)
    assert len(names) == len(set(names))


def test_squeezing_keeps_addresses_and_drops_comments() -> None:
    assert widget_assets.squeeze('// why\n  a("https://x");  // what\n\n') == 'a("https://x");\n'
    assert widget_assets.squeeze_style("/* why */\na { b : c ;\n d: e }") == "a{b :c;d:e}"
