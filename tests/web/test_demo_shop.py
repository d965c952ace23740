"""The demo shop in a browser: its pages, its customers, and that it is closed where it was not loaded."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
from sqlalchemy import select

from app import passwords, tokens
from app.config import configure, settings
from app.db import now, reading, transaction
from app.demo import goods, shop
from app.models import Agent, Call, RawReceipt, Setting
from app.web.api import door
from tests.api.calling import Program, token_of
from tests.web.visiting import Browser

PAGES = (
    "",
    "/products",
    "/guide",
    "/stores",
    "/mypage",
    "/strict",
    "/telephone",
    *(f"/products/{slug}" for slug in goods.goods()),
)
ACCOUNTS = [
    {"name": "田中 美咲", "role": "agent", "email": "agent@demo.example", "password": "kitakaze-demo"}
]


@pytest.fixture
def browser(committed: None) -> Browser:
    with transaction() as db:
        shop.make(db, now())
        db.add(Setting(key="demo", value={"accounts": ACCOUNTS}))
    return Browser()


@pytest.mark.parametrize("tongue", ["ja", "en"])
def test_every_page_is_there_in_both_languages_with_the_chat_and_no_inline_code(
    browser: Browser, tongue: str
) -> None:
    for page in PAGES:
        html = browser.see(f"/demo{page}", headers={"accept-language": tongue})
        assert f'<html lang="{tongue}">' in html
        assert f'<script async src="/widget.js" data-channel="demo" data-locale="{tongue}"></script>' in html
        assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", html)


def test_the_line_rings_from_a_page_is_answered_and_hung_up(browser: Browser) -> None:
    browser.see("/demo/telephone")
    call = {"who": "C-10871", "call": ""}
    for state in ("ringing", "answered", "ended"):
        gone = browser.submit("/demo/telephone", {**call, "state": state})
        call["call"] = dict(parse_qsl(urlsplit(gone.headers["location"]).query)).get("call", "")
        with reading() as db:
            told = db.scalars(select(Call)).one()
        assert told.state == state
        browser.see(gone.headers["location"])
    assert (told.result, told.number) == ("answered", "090-5550-1187")
    assert browser.submit("/demo/telephone", {"state": "dancing"}).status_code == 422


def test_the_language_chosen_is_kept(browser: Browser) -> None:
    assert '<html lang="ja">' in browser.see("/demo?lang=ja", headers={"accept-language": "en"})
    assert '<html lang="ja">' in browser.see("/demo/stores", headers={"accept-language": "en"})


def test_the_front_page_tells_who_can_sign_in(browser: Browser) -> None:
    html = browser.see("/demo")
    assert "agent@demo.example" in html
    assert "kitakaze-demo" in html


def test_a_customer_who_logs_in_is_vouched_for_and_one_who_logs_out_is_forgotten(browser: Browser) -> None:
    browser.see("/demo/mypage")
    assert browser.submit("/demo/login", {"user": "C-10234"}).status_code == 303
    html = browser.see("/demo/mypage")
    token = re.search(r'data-identity="([^"]+)"', html)
    assert token
    told = jwt.decode(token[1], options={"verify_signature": False})
    assert (told["sub"], told["aud"], told["name"]) == ("C-10234", "demo", "山田 太郎")
    assert told["exp"] - told["iat"] == 600
    assert "data-leave" not in html
    assert browser.submit("/demo/logout").status_code == 303
    html = browser.see("/demo/mypage")
    assert "data-identity" not in html
    assert "data-leave" in html  # the chat is told to forget, once
    assert "data-leave" not in browser.see("/demo/mypage")


def test_nobody_becomes_somebody_who_is_no_customer_nor_without_the_pages_own_token(browser: Browser) -> None:
    browser.see("/demo/mypage")
    assert browser.submit("/demo/login", {"user": "C-99999"}).status_code == 422
    assert browser.post("/demo/login", data={"user": "C-10234"}).status_code == 403
    browser.cookies.set("demo_customer", "C-99999", domain="testserver.local", path="/demo")
    assert "data-identity" not in browser.see("/demo/mypage")


def test_the_strict_page_is_sent_with_the_policy_it_shows(browser: Browser) -> None:
    response = browser.get("/demo/strict")
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "unsafe" not in policy


def test_what_the_shop_does_not_sell_is_not_found(browser: Browser) -> None:
    assert browser.get("/demo/products/umbrella").status_code == 404


def go_public(**others: Any) -> None:
    """Loaded on this machine alone, now reached by others."""
    before = settings()
    configure(
        data_dir=before.data_dir,
        database_url=before.database_url,
        redis_url=before.redis_url,
        secret="a secret for the tests only, 0123",
        **others,
    )


@pytest.mark.parametrize("said", [{"demo": False}, {"public_url": "https://desk.example.jp"}])
def test_where_the_demo_is_not_shown_nobody_is_let_in_with_the_password_that_everybody_knows(
    browser: Browser, said: dict[str, Any]
) -> None:
    before = Browser()
    before.see("/login")
    known = {"email": "admin@demo.example", "password": "kitakaze-demo"}
    assert before.submit("/login", known).status_code == 303
    before.see("/inbox")
    go_public(**said)
    assert before.get("/inbox").status_code == 303  # who came in before does not stay
    assert "kitakaze-demo" not in browser.see("/login")
    refused = browser.submit("/login", known)
    assert (refused.status_code, "demo.example" in refused.text) == (422, True)
    with transaction() as db:
        admin = db.scalars(select(Agent).filter_by(email="admin@demo.example")).one()
        admin.password_hash = passwords.hashed("known to one alone")
    assert browser.submit("/login", {**known, "password": "known to one alone"}).status_code == 303


def test_where_the_demo_is_not_shown_no_program_acts_as_one_of_its_people(browser: Browser) -> None:
    with reading() as db:
        admin = db.scalars(select(Agent).filter_by(email="admin@demo.example")).one()
    token = token_of(admin)
    theirs, known = Program(token), tokens.find(token)
    assert known
    theirs.see("/me")
    go_public(demo=False)
    theirs.refused("GET", "/me", 401)
    with reading() as db:
        assert door.still(db, known.token_id) is None  # a stream ends


def test_where_the_demo_is_not_shown_nobody_rings_from_its_pages(browser: Browser) -> None:
    browser.see("/demo/telephone")
    go_public(demo=False)
    ringing = {"who": "C-10871", "call": "", "state": "ringing"}
    assert browser.submit("/demo/telephone", ringing).status_code == 404
    assert browser.submit("/demo/login", {"user": "C-10234"}).status_code == 404
    with reading() as db:
        assert db.scalars(select(RawReceipt)).all() == []


def test_there_is_no_shop_where_it_was_not_loaded_or_is_not_wanted(browser: Browser) -> None:
    go_public(demo=False)
    response = browser.get("/demo")
    assert response.status_code == 404
    assert "kitakaze-demo" not in response.text
    assert "/widget.js" not in response.text


def test_an_installation_without_the_demo_says_so(committed: None) -> None:
    assert Browser().get("/demo").status_code == 404


def test_who_comes_from_line_signs_in_and_is_vouched_for_with_their_token(browser: Browser) -> None:
    html = browser.see("/demo/mypage?linkToken=t-1")
    assert 'name="link_token" value="t-1"' in html
    answer = browser.submit("/demo/login", {"user": "C-10234", "link_token": "t-1"})
    assert answer.headers["location"] == "/demo/mypage?linkToken=t-1"
    html = browser.see("/demo/mypage?linkToken=t-1")
    form = html[html.index('action="/link"') :]
    found = re.search(r'name="jwt" value="([^"]+)"', form)
    assert found is not None
    assert jwt.decode(found[1], options={"verify_signature": False})["sub"] == "C-10234"
    assert 'action="/link"' not in browser.see("/demo/mypage")
