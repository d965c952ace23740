"""The settings pages of channels: what an admin sees and changes, and what nobody ever sees."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from app import connect, vault
from app.config import configure, settings
from app.db import reading, transaction
from app.models import Channel, Event, Message, RawReceipt
from tests import factories
from tests.channels.servers import Answer, serving
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")

SECRET = "a-signing-secret-of-thirty-two-letters"


@pytest.fixture
def admin() -> Browser:
    with transaction() as db:
        agent = factories.agent(db, "管理者", role="admin", locale="en")
    return Browser().come_in(agent)


@pytest.fixture
def channel() -> Channel:
    with transaction() as db:
        return factories.channel(db, "api", key="shop", name="Order system")


def only_channel() -> Channel:
    with reading() as db:
        return db.scalars(select(Channel)).one()


def notes() -> list[str]:
    with reading() as db:
        kinds = db.scalars(select(Event.kind).where(Event.kind.like("audit.channel%")).order_by(Event.id))
        return list(kinds)


def filled(html: str) -> dict[str, str]:
    """The form's fields as a browser would send them back."""
    form: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", html):
        told = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" in told and (
            told.get("type") not in ("checkbox", "radio") or re.search(r"\bchecked\b", tag)
        ):
            form[told["name"]] = unescape(told.get("value", ""))
    for name, value in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', html, re.S):
        form[name] = unescape(value)
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', html, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        form[name] = chosen[1] if chosen else ""
    return form


@pytest.mark.parametrize("role", ["agent", "supervisor"])
def test_only_admins_may_come_near(role: str, channel: Channel) -> None:
    with transaction() as db:
        person = factories.agent(db, role=role)
    browser = Browser().come_in(person)
    here = f"/settings/channels/{channel.id}"
    for path in ("/settings/channels", "/settings/channels/new", "/settings/channels/new/api", here):
        assert browser.get(path).status_code == 403
    for path in ("/settings/channels/new/api", here, f"{here}/test", f"{here}/deactivation"):
        assert browser.submit(path, {"name": "x"}).status_code == 403
    assert only_channel().enabled


def test_a_new_web_chat_needs_a_name_alone(admin: Browser) -> None:
    assert "/settings/channels/new/webchat" in admin.see("/settings/channels/new")
    form = filled(admin.see("/settings/channels/new/webchat")) | {"name": "オンラインショップ"}
    response = admin.submit("/settings/channels/new/webchat", form)
    made = only_channel()
    assert (response.status_code, response.headers["location"]) == (303, f"/settings/channels/{made.id}")
    assert (made.name, made.kind, made.enabled, made.bot_enabled) == (
        "オンラインショップ",
        "webchat",
        True,
        True,
    )
    assert made.settings["ask_name"] is True
    assert made.settings["upload_types"] == ["image/*", "application/pdf", "text/plain"]
    assert notes() == ["audit.channel_added"]


def test_the_line_for_the_pages_is_there_to_copy(admin: Browser) -> None:
    with transaction() as db:
        made = factories.channel(db, "webchat", key="chat-key")
    html = unescape(admin.see(f"/settings/channels/{made.id}"))
    assert '<script async src="http://127.0.0.1:8000/widget.js" data-channel="chat-key"></script>' in html
    assert "/hooks/chat-key" not in html


def test_what_was_saved_is_what_the_form_shows(admin: Browser) -> None:
    form = filled(admin.see("/settings/channels/new/webchat")) | {
        "name": "Shop",
        "set_allowed_origins": "https://shop.example.jp\r\nhttps://*.example.com\r\n",
        "set_greeting_ja": "いらっしゃいませ。\r\n<b>ご用件</b>をどうぞ。",
        "set_position": "left",
        "set_max_upload_mb": "5",
    }
    form.pop("set_ask_phone", None)
    form.pop("set_ask_email")
    form.pop("bot")
    admin.submit("/settings/channels/new/webchat", form)
    made = only_channel()
    again = filled(admin.see(f"/settings/channels/{made.id}"))
    assert again["set_allowed_origins"] == "https://shop.example.jp\nhttps://*.example.com"
    assert again["set_greeting_ja"] == "いらっしゃいませ。\n<b>ご用件</b>をどうぞ。"
    assert (again["set_position"], again["set_max_upload_mb"]) == ("left", "5")
    assert "set_ask_email" not in again
    assert "bot" not in again
    before = made.settings
    assert admin.submit(f"/settings/channels/{made.id}", again).status_code == 303
    assert only_channel().settings == before


def test_a_wrong_answer_is_told_at_its_field_and_what_was_typed_stays(admin: Browser) -> None:
    form = {"name": "", "set_secret": "short", "set_callback_url": "not an address"}
    response = admin.submit("/settings/channels/new/api", form)
    assert response.status_code == 422
    assert "A channel needs a name." in response.text
    assert "At least 16 characters." in response.text
    assert 'value="not an address"' in response.text
    assert 'short"' not in response.text
    with reading() as db:
        assert db.scalars(select(Channel)).all() == []


def test_a_secret_is_never_shown_again(admin: Browser) -> None:
    form = {"name": "Orders", "set_secret": SECRET, "set_callback_url": "https://example.jp/in"}
    admin.submit("/settings/channels/new/api", form)
    made = only_channel()
    assert vault.unseal(made.secrets) == {"secret": SECRET}
    assert SECRET.encode() not in made.secrets
    pages = [admin.see("/settings/channels"), admin.see(f"/settings/channels/{made.id}")]
    refused = admin.submit(f"/settings/channels/{made.id}", {"name": "", "set_secret": SECRET + "2"})
    assert all(SECRET not in html for html in (*pages, refused.text))
    with reading() as db:
        assert SECRET not in str([event.data for event in db.scalars(select(Event))])


def test_a_secret_left_empty_stays_and_an_old_one_can_be_removed(admin: Browser) -> None:
    old = "the-secret-of-last-year"
    admin.submit("/settings/channels/new/api", {"name": "O", "set_secret": SECRET, "set_old_secret": old})
    here = f"/settings/channels/{only_channel().id}"
    admin.submit(here, {"name": "O2"})
    assert vault.unseal(only_channel().secrets) == {"secret": SECRET, "old_secret": old}
    admin.submit(here, {"name": "O2", "forget_old_secret": "1"})
    assert vault.unseal(only_channel().secrets) == {"secret": SECRET}
    assert admin.submit(here, {"name": "O2", "forget_secret": "1"}).status_code == 422
    assert vault.unseal(only_channel().secrets) == {"secret": SECRET}


def test_secrets_stored_under_another_key_can_be_entered_again(admin: Browser, channel: Channel) -> None:
    with transaction() as db:
        db.get_one(Channel, channel.id).secrets = b"sealed with a key that is gone"
    here = f"/settings/channels/{channel.id}"
    assert "cannot be read with the present secret key" in admin.see(here)
    assert admin.submit(here, {"name": "Shop"}).status_code == 422
    assert admin.submit(here, {"name": "Shop", "set_secret": SECRET}).status_code == 303
    assert vault.unseal(only_channel().secrets) == {"secret": SECRET}


def test_a_channel_is_switched_off_and_on(admin: Browser, channel: Channel) -> None:
    here = f"/settings/channels/{channel.id}"
    assert admin.submit(f"{here}/deactivation").status_code == 303
    assert not only_channel().enabled
    assert "Switched off" in admin.see("/settings/channels")
    admin.submit(f"{here}/activation")
    assert only_channel().enabled
    assert notes() == ["audit.channel_off", "audit.channel_on"]


def test_testing_a_channel_keeps_what_was_found(admin: Browser, channel: Channel) -> None:
    here = f"/settings/channels/{channel.id}"
    with serving(Answer(204), Answer(401)) as server:
        configure_private()
        admin.submit(here, {"name": "Shop", "set_callback_url": server.url})
        admin.submit(f"{here}/test")
        assert only_channel().health == "ok"
        assert "The callback address answered." in admin.see(here)
        admin.submit(f"{here}/test")
    assert (only_channel().health, only_channel().health_text.endswith("(401)")) == ("failing", True)
    assert "Not working" in admin.see("/settings/channels")


def test_testing_a_channel_where_nobody_has_signed_in_asks_for_the_sign_in(admin: Browser) -> None:
    with transaction() as db:
        made = factories.channel(
            db,
            "x",
            key="x",
            name="X",
            settings={"client_id": "our-app"},
            secrets={"client_secret": "their-secret"},
        )
    admin.submit(f"/settings/channels/{made.id}/test")
    found = only_channel()
    assert (found.health, found.health_text) == ("reauthorise", "Nobody has signed in at the provider yet.")
    assert "Sign in again" in admin.see("/settings/channels")


def test_a_request_that_could_not_be_read_is_shown_and_read_again(admin: Browser, channel: Channel) -> None:
    with transaction() as db:
        body = b'{"type":"message","id":"m-1","from":{"id":"u-1"},"text":"<script>hi</script>"}'
        receipt = RawReceipt(
            channel_id=channel.id, url="/hooks/shop", headers={}, body=body, state="failed", error="KeyError: x",
            outcome=[],
        )  # fmt: skip
        db.add(receipt)
    here = f"/settings/channels/{channel.id}"
    html = admin.see(here)
    assert "KeyError: x" in html
    assert "&lt;script&gt;hi" in html
    assert "<script>hi" not in html
    assert admin.submit(f"{here}/receipts/{receipt.id}/reading").status_code == 303
    with reading() as db:
        assert db.scalars(select(Message.text)).all() == ["<script>hi</script>"]
    assert "KeyError" not in admin.see(here)
    assert admin.submit(f"{here}/receipts/{receipt.id}/reading").status_code == 404


def test_a_receipt_of_another_channel_is_not_there(admin: Browser, channel: Channel) -> None:
    with transaction() as db:
        other = factories.channel(db, "api")
        receipt = RawReceipt(channel_id=other.id, headers={}, state="failed", outcome=[])
        db.add(receipt)
    path = f"/settings/channels/{channel.id}/receipts/{receipt.id}/reading"
    assert admin.submit(path).status_code == 404


def test_a_channel_whose_connector_is_gone_can_still_be_seen_and_switched_off(admin: Browser) -> None:
    with transaction() as db:
        made = factories.channel(db, "fax", secrets={})
    here = f"/settings/channels/{made.id}"
    assert "Not installed" in admin.see("/settings/channels")
    assert "not installed any more" in admin.see(here)
    assert admin.submit(here, {"name": "x"}).status_code == 404
    admin.submit(f"{here}/deactivation")
    assert not only_channel().enabled


@pytest.mark.parametrize(
    "path", ["/settings/channels/9", "/settings/channels/new/fax", "/settings/channels/x"]
)
def test_what_does_not_exist_is_not_found(admin: Browser, path: str) -> None:
    assert admin.get(path).status_code == 404


def test_hostile_answers_are_refused_or_shown_as_text(admin: Browser) -> None:
    nasty: dict[str, Any] = {
        "name": "<script>alert(1)</script>\u0000 \u202e",
        "set_secret": SECRET,
        "set_callback_url": "javascript:alert(1)",
        "set_unknown": "x",
        "set_identity_scope": "y" * 100_000,
    }
    refused = admin.submit("/settings/channels/new/api", nasty)
    assert refused.status_code == 422
    assert "<script>alert" not in refused.text
    saved = admin.submit(
        "/settings/channels/new/api", nasty | {"set_callback_url": "", "set_identity_scope": ""}
    )
    assert saved.status_code == 303
    assert "<script>alert" not in admin.see("/settings/channels")


def test_the_pages_speak_japanese() -> None:
    with transaction() as db:
        agent = factories.agent(db, role="admin", locale="ja")
        made = factories.channel(db, "webchat")
    browser = Browser().come_in(agent)
    html = browser.see(f"/settings/channels/{made.id}")
    for words in ("ウェブチャット", "設置を許可するサイト", "右下", "設定の手順", "営業時間外"):
        assert words in html
    assert "Allowed sites" not in html


def configure_private() -> None:
    """This installation may call private addresses from here on (the fixture puts it back)."""
    now = settings()
    configure(
        data_dir=now.data_dir, database_url=now.database_url, redis_url=now.redis_url, secret=now.secret,
        allow_private=True,
    )  # fmt: skip
    connect.http.cache_clear()


@pytest.fixture(autouse=True)
def _http() -> Iterator[None]:
    yield
    connect.http.cache_clear()


def test_the_everyday_questions_stand_open_and_the_rare_ones_are_folded(admin: Browser) -> None:
    page = admin.see("/settings/channels/new/email")
    folded = re.findall(r'<details class="sheet folded"( open)?>\s*<summary><h2>([^<]+)', page)
    assert [name for _, name in folded] == [
        "Signing in with Google or Microsoft",
        "More about receiving and sending",
        "Bot",
        "More",
    ]
    assert not any(opened for opened, _ in folded)
    for name in ("set_address", "set_imap_host", "set_smtp_host", "set_signature"):
        assert page.index(f'id="{name}"') < page.index("<details class=")


def test_a_folded_group_with_something_wrong_or_of_ones_own_in_it_is_open(admin: Browser) -> None:
    admin.see("/settings/channels/new/email")
    form = {"name": "メール", "set_address": "shop@example.jp", "set_poll_seconds": "3", "set_tenant": "mine"}
    answer = admin.submit("/settings/channels/new/email", form)
    assert answer.status_code == 422
    opened = re.findall(r'<details class="sheet folded" open>\s*<summary><h2>([^<]+)', answer.text)
    assert opened == ["Signing in with Google or Microsoft", "More about receiving and sending"]


def test_a_kind_that_is_not_proven_yet_says_so_before_and_after_it_is_added(admin: Browser) -> None:
    page = admin.get("/settings/channels/new").text
    rows = dict(re.findall(r'/settings/channels/new/(\w+)".*?</td>\s*<td>(.*?)</td>', page, re.S))
    assert ("beta" in rows["x"], "beta" in rows["line"]) == (True, False)
    with transaction() as db:
        made = factories.channel(db, "x", key="x", name="X account")
    for page in ("/settings/channels", f"/settings/channels/{made.id}"):
        assert '<span class="chip">beta</span>' in admin.get(page).text
