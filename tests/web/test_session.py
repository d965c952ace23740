"""Signing in and out as a browser does it, and what the guard turns away."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import WebSocketDenialResponse, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from app.config import configure, settings
from app.db import reading, transaction
from app.models import Agent, Event, Signin
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def kei() -> Agent:
    with transaction() as db:
        agent = factories.agent(db, "佐藤 恵", email="kei@shop.example")
    return agent


def sign_in_by_form(browser: Browser, email: str, password: str, after: str = "") -> Any:
    browser.see("/login")
    return browser.submit("/login", {"email": email, "password": password, "next": after})


def test_the_right_password_opens_the_door(kei: Agent) -> None:
    browser = Browser()
    response = browser.get("/settings/me")
    assert response.status_code == 303
    assert response.headers["location"] == "/login?next=%2Fsettings%2Fme"
    page = browser.see(response.headers["location"])
    assert 'value="/settings/me"' in page
    form = {"email": " KEI@shop.example ", "password": factories.PASSWORD, "next": "/settings/me"}
    response = browser.submit("/login", form)
    assert (response.status_code, response.headers["location"]) == (303, "/settings/me")
    assert "佐藤 恵" in browser.see("/settings/me")
    with reading() as db:
        assert db.scalars(select(Event.kind).order_by(Event.id.desc())).first() == "audit.signin"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(kei: Agent) -> None:
    browser = Browser("https://testserver")
    browser.see("/login")
    response = browser.submit("/login", {"email": kei.email, "password": factories.PASSWORD})
    (cookie,) = [
        value for value in response.headers.get_list("set-cookie") if value.startswith("__Host-madoguchi=")
    ]
    for flag in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert flag in cookie
    assert "Domain" not in cookie


def test_only_the_hash_of_the_token_is_stored(kei: Agent) -> None:
    browser = Browser().come_in(kei)
    with reading() as db:
        (signin,) = db.scalars(select(Signin))
    assert browser.cookies["madoguchi"] not in (signin.token_hash, signin.csrf)


@pytest.mark.parametrize("email", ["kei@shop.example", "nobody@shop.example", "", "a" * 5000, "\x00' OR 1=1"])
def test_a_refusal_says_the_same_whoever_it_is(kei: Agent, email: str) -> None:
    browser = Browser()
    response = sign_in_by_form(browser, email, "not the password")
    assert response.status_code == 422
    assert "正しくありません" in response.text
    assert "madoguchi" not in browser.cookies
    assert "not the password" not in response.text


def test_a_switched_off_person_is_refused_like_a_stranger(kei: Agent) -> None:
    with transaction() as db:
        db.get_one(Agent, kei.id).active = False
    response = sign_in_by_form(Browser(), kei.email, factories.PASSWORD)
    assert response.status_code == 422


def test_guessing_is_slowed_down(kei: Agent) -> None:
    browser = Browser()
    answers = [sign_in_by_form(browser, kei.email, f"guess number {n}") for n in range(8)]
    assert [answer.status_code for answer in answers] == [422] * 6 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 60
    right = sign_in_by_form(browser, kei.email, factories.PASSWORD)
    assert right.status_code == 429


def test_signing_in_forgives_earlier_typing_errors(kei: Agent) -> None:
    for _ in range(3):
        for _ in range(4):
            assert sign_in_by_form(Browser(), kei.email, "mistyped it").status_code == 422
        assert sign_in_by_form(Browser(), kei.email, factories.PASSWORD).status_code == 303


def test_the_login_page_speaks_the_language_of_the_browser() -> None:
    assert 'lang="en"' in Browser().see("/login", headers={"accept-language": "en-GB,en;q=0.9"})
    assert "ログイン" in Browser().see("/login", headers={"accept-language": "ja"})


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
     "javascript:alert(1)", "http:evil", "/login?next=/", "/logout", "", " /inbox", "///evil.example"],
)  # fmt: skip
def test_nobody_is_sent_elsewhere_after_signing_in(kei: Agent, elsewhere: str) -> None:
    response = sign_in_by_form(Browser(), kei.email, factories.PASSWORD, elsewhere)
    assert response.headers["location"] == "/inbox"


def test_a_token_planted_before_is_not_raised_to_a_session(kei: Agent) -> None:
    browser = Browser().come_in(kei)
    planted = browser.cookies["madoguchi"]
    with transaction() as db:
        other = factories.agent(db, email="other@shop.example")
    victim = Browser()
    victim.carry(planted)
    victim.csrf = browser.csrf
    response = victim.submit("/login", {"email": other.email, "password": factories.PASSWORD})
    assert response.status_code == 303
    assert victim.cookies.get("madoguchi") != planted
    assert browser.get("/settings/me").status_code == 303


def test_signing_out_ends_the_session_on_the_server(kei: Agent) -> None:
    browser = Browser().come_in(kei)
    stolen = browser.cookies["madoguchi"]
    assert browser.submit("/logout").headers["location"] == "/login"
    thief = Browser()
    thief.carry(stolen)
    assert thief.get("/settings/me").status_code == 303


# --- the guard ----------------------------------------------------------------------------------------


def test_everything_unnamed_is_closed() -> None:
    for path in ("/", "/inbox", "/settings", "/no/such/page", "/conversations/1"):
        assert Browser().get(path).status_code == 303, path
    assert Browser().post("/conversations/1/replies").status_code == 401


def test_a_program_is_told_in_json_and_htmx_is_sent_to_the_door() -> None:
    response = Browser().get("/inbox", headers={"accept": "application/json"})
    assert response.status_code == 401
    assert response.json() == {"error": "先にログインしてください。"}
    headers = {"hx-request": "true", "hx-current-url": "http://testserver/inbox?view=mine"}
    response = Browser().get("/inbox/list", headers=headers)
    assert (response.status_code, response.headers["hx-redirect"]) == (
        401,
        "/login?next=%2Finbox%3Fview%3Dmine",
    )


def test_a_form_without_the_token_is_refused(kei: Agent) -> None:
    browser = Browser().come_in(kei)
    for form in ({}, {"csrf": ""}, {"csrf": "x" * 32}, {"csrf": "\ud800".encode("utf-8", "surrogatepass")}):
        response = browser.post("/settings/me", data=form)
        assert response.status_code == 403, form
    assert browser.post("/settings/me", headers={b"x-csrf-token": b"\xe9"}).status_code == 403


def test_the_token_of_another_session_is_worth_nothing(kei: Agent) -> None:
    with transaction() as db:
        other = factories.agent(db)
    stolen = Browser().come_in(other).csrf
    browser = Browser().come_in(kei)
    assert browser.post("/settings/me", data={"csrf": stolen}).status_code == 403
    assert browser.post("/settings/me", headers={"x-csrf-token": stolen}).status_code == 403


def test_who_signed_in_again_beside_a_page_is_told_its_new_token_and_no_other_site_is(kei: Agent) -> None:
    page = Browser().come_in(kei)
    stale = {"x-csrf-token": page.csrf}
    page.come_in(kei)
    told = page.post("/settings/me", headers=stale)
    assert (told.status_code, told.headers["x-csrf-token"]) == (403, page.csrf)
    assert told.headers["x-viewer"] == str(kei.id)
    assert told.headers["cache-control"] == "no-store"
    assert (
        page.post("/settings/me", headers={"x-csrf-token": told.headers["x-csrf-token"]}).status_code == 422
    )
    for elsewhere in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert "x-csrf-token" not in page.post("/settings/me", headers=stale | elsewhere).headers
    assert "x-csrf-token" not in page.post("/settings/me", data={"csrf": "x" * 32}).headers
    assert "x-csrf-token" not in Browser().post("/login", headers=stale).headers


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
     {"sec-fetch-site": "same-site"}, {"origin": "http://testserver.evil.example"}],
)  # fmt: skip
def test_a_request_of_another_site_is_refused_whatever_it_knows(kei: Agent, headers: dict[str, str]) -> None:
    browser = Browser().come_in(kei)
    assert browser.submit("/settings/me", headers=headers).status_code == 403
    assert browser.submit("/login", headers=headers).status_code == 403


def test_our_own_pages_are_let_through(kei: Agent) -> None:
    browser = Browser().come_in(kei)
    form = {"name": "佐藤", "locale": "ja", "timezone": "Asia/Tokyo", "theme": "auto", "send_key": "enter"}
    for origin in ("http://testserver", settings().public_url):
        response = browser.submit(
            "/settings/me", form, headers={"origin": origin, "sec-fetch-site": "same-origin"}
        )
        assert response.status_code == 303


def test_a_multipart_form_brings_its_token_too(kei: Agent) -> None:
    browser = Browser().come_in(kei)
    fields = {
        "csrf": browser.csrf,
        "name": "恵",
        "locale": "ja",
        "timezone": "UTC",
        "theme": "auto",
        "send_key": "enter",
    }
    files = {name: (None, value) for name, value in fields.items()}
    assert browser.post("/settings/me", files=files).status_code == 303
    with reading() as db:
        assert db.get_one(Agent, kei.id).name == "恵"


def test_a_socket_needs_a_session_and_our_own_page(kei: Agent) -> None:
    for browser, headers in ((Browser(), {}), (Browser().come_in(kei), {"origin": "https://evil.example"})):
        with (
            pytest.raises((WebSocketDisconnect, WebSocketDenialResponse)),
            browser.websocket_connect("/inbox/socket", headers=headers),
        ):
            pass


def closing_code(socket: WebSocketTestSession) -> int:
    """The code the server closes with, whatever it says before."""
    while True:
        message = socket.receive()
        if message["type"] == "websocket.close":
            return int(message["code"])


def test_signing_out_closes_the_socket(kei: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.live.TICK_EVERY", 0.2)
    here, there = Browser().come_in(kei), Browser().come_in(kei)
    with (
        here,
        here.websocket_connect("/inbox/socket") as mine,
        here.websocket_connect("/inbox/socket") as other,
    ):
        there.submit("/logout")
        assert mine.receive_json()["t"] == "tick"  # looked, and lives
        here.submit("/logout")
        for socket in (mine, other):
            assert closing_code(socket) == 4401


def test_a_body_that_is_too_large_is_refused_in_a_sentence(kei: Agent) -> None:
    browser = Browser().come_in(kei)
    response = browser.submit("/settings/me", {"name": "あ" * 1_200_000})
    assert response.status_code == 413
    assert "大きすぎ" in response.text
    assert Browser().post("/login", content=b"x" * 10_000_000).status_code == 413
    assert Browser().post("/hooks/none", content=b"x" * 10_000_000).status_code == 404  # nobody reads it


def test_a_large_body_of_unknown_length_is_refused_too(kei: Agent) -> None:
    browser = Browser().come_in(kei)
    pieces = (b"x" * 100_000 for _ in range(100))
    headers = {"x-csrf-token": browser.csrf, "content-type": "application/x-www-form-urlencoded"}
    assert browser.post("/settings/me", content=pieces, headers=headers).status_code == 413


def test_every_answer_tells_the_browser_what_it_may_do(kei: Agent) -> None:
    browser = Browser().come_in(kei)
    for path in ("/settings/me", "/login", "/no/such/page", "/healthz"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "strict-transport-security" not in headers
    assert "strict-transport-security" in Browser("https://testserver").get("/login").headers


def test_a_forged_host_does_not_reach_the_policy() -> None:
    headers = Browser().get("/login", headers={"host": "x; script-src *"}).headers
    assert "script-src" not in headers["content-security-policy"]


def test_errors_are_sentences_in_the_form_their_reader_can_use(kei: Agent) -> None:
    browser = Browser().come_in(kei)
    page = browser.get("/no/such/page")
    assert page.status_code == 404
    assert "<html" in page.text
    plain = browser.get("/no/such/page", headers={"hx-request": "true"})
    assert plain.headers["content-type"].startswith("text/plain")
    program = browser.get("/no/such/page", headers={"accept": "application/json"})
    assert "error" in program.json()


def test_a_failure_shows_no_trace(kei: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret reason")

    browser = Browser().come_in(kei)
    monkeypatch.setattr("app.web.profile.zones", broken)
    page = browser.get("/settings/me")
    assert page.status_code == 500
    assert "secret reason" not in page.text
    assert "Traceback" not in page.text
    assert page.headers["x-content-type-options"] == "nosniff"


def test_behind_https_the_public_address_counts_as_ours(kei: Agent) -> None:
    configure(**{"public_url": "https://inbox.shop.example", "data_dir": settings().data_dir,
                 "redis_url": settings().redis_url, "database_url": settings().database_url,
                 "secret": settings().secret})  # fmt: skip
    browser = Browser().come_in(kei)
    response = browser.submit("/logout", headers={"origin": "https://inbox.shop.example"})
    assert response.status_code == 303
