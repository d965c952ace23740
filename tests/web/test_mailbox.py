"""A mailbox in the settings: choosing the provider, how far it is read, signing in at the provider."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from app import i18n, vault
from app.db import now, reading, transaction
from app.models import Channel, Collector, Message, RawReceipt, Setting
from channels import base, guard, registry
from channels.email.connector import Email
from channels.email.settings import EmailSettings
from tests import factories
from tests.connectors import Post, installed
from tests.mailservers import PASSWORD, USER, ImapServer, SmtpServer, imap_server, smtp_server
from tests.web.visiting import Browser

PRESETS = (
    base.Preset("big", "Big mail", {"server": "big.example"}, ("Make a password there.",)),
    base.Preset("own", "Own server"),
)


class Signing(Post):
    """Asks for a sign-in at the provider, and is collected from."""

    presets = PRESETS
    given: list[tuple[str, str, str]] = []

    def consent_url(self, redirect_uri: str, state: str, verifier: str) -> str:
        return f"https://provider.example/auth?state={state}&back={redirect_uri}"

    def consented(self, code: str, redirect_uri: str, verifier: str) -> Mapping[str, str]:
        if code == "bad":
            raise base.ChannelError("The provider does not let us sign in.", detail="400 invalid_grant")
        self.given.append((code, redirect_uri, verifier))
        return {"refresh_token": f"token for {code}"}

    def collect(self, cursor: Any, stop: Any) -> Iterator[base.Collected]:
        yield base.Collected({})


@pytest.fixture
def channel(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    with installed(monkeypatch):
        known = {**registry.kinds(), "post": Signing}
        monkeypatch.setattr(registry, "kinds", lambda: known)
        monkeypatch.setattr(Signing, "given", [])
        with transaction() as db:
            made = factories.channel(db, "post", name="Mailbox", secrets={"password": "old"})
        yield made


@pytest.fixture
def admin(channel: Channel) -> Browser:
    with transaction() as db:
        agent = factories.agent(db, role="admin", locale="en")
    return Browser().come_in(agent)


def begin(admin: Browser, channel: Channel) -> str:
    """The state that the provider is to bring back."""
    response = admin.get(f"/settings/channels/{channel.id}/oauth")
    assert response.status_code == 303
    place = urlsplit(response.headers["location"])
    assert place.netloc == "provider.example"
    return parse_qs(place.query)["state"][0]


def back(admin: Browser, channel: Channel, **query: str) -> str:
    """The sentence the admin reads on their return."""
    response = admin.get(f"/settings/channels/{channel.id}/oauth/return", params=query)
    assert response.status_code == 303
    assert response.headers["location"] == f"/settings/channels/{channel.id}"
    return str(response.cookies.get("toast", ""))


def secrets(channel: Channel) -> dict[str, Any]:
    with reading() as db:
        return vault.unseal(db.get_one(Channel, channel.id).secrets)


def test_a_provider_fills_in_its_servers_and_tells_what_to_do_there(admin: Browser, channel: Channel) -> None:
    page = admin.see("/settings/channels/new/post?preset=big")
    assert "Make a password there." in page
    assert 'href="/settings/channels/new/post?preset=own"' in page
    assert "Make a password there." not in admin.see("/settings/channels/new/post?preset=own")


def test_signing_in_at_the_provider_stores_what_it_gives(admin: Browser, channel: Channel) -> None:
    assert "Sign in at the provider" in admin.see(f"/settings/channels/{channel.id}")
    state = begin(admin, channel)
    assert "signed%20in" in back(admin, channel, state=state, code="good")
    assert secrets(channel) == {"password": "old", "refresh_token": "token for good"}
    (code, redirect, verifier) = Signing.given[0]
    assert (code, len(verifier)) == ("good", 64)
    assert redirect.endswith(f"/settings/channels/{channel.id}/oauth/return")
    assert "Sign in again at the provider" in admin.see(f"/settings/channels/{channel.id}")


def test_an_answer_that_was_not_asked_for_is_not_taken(admin: Browser, channel: Channel) -> None:
    assert "not%20begun%20here" in back(admin, channel, state="x", code="good")
    state = begin(admin, channel)
    assert "not%20begun%20here" in back(admin, channel, state=f"{state}x", code="good")
    assert "not%20begun%20here" in back(admin, channel, state=state, code="good")  # it was good for once
    assert "refresh_token" not in secrets(channel)


def test_another_admin_cannot_finish_what_one_began_nor_anybody_too_late(
    admin: Browser, channel: Channel
) -> None:
    with transaction() as db:
        other = factories.agent(db, role="admin")
    state = begin(admin, channel)
    back(Browser().come_in(other), channel, state=state, code="good")
    state = begin(admin, channel)
    with transaction() as db:
        row = db.scalars(select(Setting)).one()
        assert state not in str(row.value)
        row.value = {**row.value, "until": (now() - timedelta(seconds=1)).isoformat()}
    assert "not%20begun%20here" in back(admin, channel, state=state, code="good")
    assert "refresh_token" not in secrets(channel)


def test_what_the_provider_refuses_is_told_in_its_words(admin: Browser, channel: Channel) -> None:
    assert "access_denied" in back(admin, channel, state=begin(admin, channel), error="access_denied")
    assert "invalid_grant" in back(admin, channel, state=begin(admin, channel), code="bad")


def test_a_channel_without_such_a_sign_in_says_so(admin: Browser, channel: Channel) -> None:
    with transaction() as db:
        plain = factories.channel(db, "api")
    response = admin.get(f"/settings/channels/{plain.id}/oauth")
    assert response.headers["location"] == f"/settings/channels/{plain.id}"


def test_progress_is_shown_while_mail_is_fetched_and_asked_for_no_longer(
    admin: Browser, channel: Channel
) -> None:
    with transaction() as db:
        db.add(
            Collector(
                channel_id=channel.id, left=320, total=1200, holder="w", until=now() + timedelta(minutes=1)
            )
        )
        db.add(RawReceipt(channel_id=channel.id, headers={}, body=b"", outcome=[]))
    page = admin.see(f"/settings/channels/{channel.id}")
    for words in ('max="1200" value="880"', 'hx-trigger="every 2s"', "Connected"):
        assert words in page
    with transaction() as db:
        db.get_one(Collector, channel.id).left = 0
    part = admin.see(f"/settings/channels/{channel.id}/progress")
    assert "hx-trigger" not in part
    assert "<progress" not in part


def test_a_mailbox_that_waits_says_when_it_tries_again_and_what_is_to_be_done(
    admin: Browser, channel: Channel
) -> None:
    with transaction() as db:
        db.add(Collector(channel_id=channel.id, failures=2, retry_at=now() + timedelta(minutes=5)))
        one = db.get_one(Channel, channel.id)
        one.health, one.health_text, one.health_at = "reauthorise", "Sign in (invalid_grant)", now()
    page = admin.see(f"/settings/channels/{channel.id}")
    assert "Next try" in page
    assert "Sign in again" in page
    assert "Sign in again" in admin.see("/settings/channels")


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_every_word_about_a_provider_is_translated(locale: str) -> None:
    known = i18n.catalogue(locale)
    presets = [one for kind in registry.kinds().values() for one in kind.presets]
    assert len(presets) > 4
    assert [words for one in presets for words in (one.label, *one.steps) if words not in known] == []


@pytest.mark.usefixtures("committed", "private_allowed")
def test_test_now_says_what_both_servers_said_with_a_wrong_password_and_with_the_right_one() -> None:
    with imap_server() as box, smtp_server() as post:
        with transaction() as db:
            agent = factories.agent(db, role="admin", locale="ja")
            made = factories.channel(
                db, "email", settings=_settings(box, post), secrets={"password": "wrong"}
            )
        admin, here = Browser().come_in(agent), f"/settings/channels/{made.id}"
        admin.submit(f"{here}/test")
        told = admin.see(here)
        assert "ユーザー名かパスワードが違います。" in told
        assert (
            f"IMAP: {box.host}:{box.port}: [AUTHENTICATIONFAILED] Invalid authentication credentials." in told
        )
        assert "SMTP: " in told
        assert "535 5.7.8" in told
        admin.submit(here, {"name": "メール", "set_password": PASSWORD, **_typed(_settings(box, post))})
        admin.submit(f"{here}/test")
        told = admin.see(here)
    assert "受信も送信も正常に動作しています。" in told
    assert f"IMAP: {box.host}:{box.port} INBOX 0, no Sent, IDLE; SMTP: " in told
    assert "2.7.0 Authentication successful" in told


def _settings(box: ImapServer, post: SmtpServer) -> dict[str, Any]:
    own = {"address": "shop@example.jp", "user": USER, "imap_security": "none", "smtp_security": "none"}
    return {
        **own,
        "imap_host": box.host,
        "imap_port": box.port,
        "smtp_host": post.host,
        "smtp_port": post.port,
    }


def _typed(answers: Mapping[str, Any]) -> dict[str, Any]:
    return {f"set_{name}": value for name, value in answers.items()}


def test_the_server_that_works_is_told_of_beside_the_one_that_does_not() -> None:
    with smtp_server() as post:
        own = EmailSettings(
            address=USER,
            password=PASSWORD,
            imap_host="127.0.0.1",
            imap_port=1,
            imap_security="none",
            smtp_host=post.host,
            smtp_port=post.port,
            smtp_security="none",
        )
        with pytest.raises(base.ChannelError) as caught:
            Email(own, guard.Client(allow_private=True)).check()
    assert caught.value.sentence == "The mail server cannot be reached."
    assert caught.value.detail.startswith("IMAP: 127.0.0.1:1: Connection refused; SMTP: ")
    assert "2.7.0 Authentication successful" in caught.value.detail


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize(
    ("sign", "status", "there"), [("Basic", 200, 1), ("Bearer", 200, 1), ("wrong", 401, 0)]
)
def test_a_raw_mail_is_pushed_by_who_knows_the_secret_and_once(sign: str, status: int, there: int) -> None:
    secret = "a secret of the push door"
    with transaction() as db:
        made = factories.channel(
            db, "email", settings={"address": "shop@example.jp"}, secrets={"push_secret": secret}
        )
    basic = base64.b64encode(f"mail:{secret}".encode()).decode()
    told = {"Basic": f"Basic {basic}", "Bearer": f"Bearer {secret}", "wrong": "Bearer another secret"}[sign]
    raw = b"From: taro@example.jp\r\nSubject: =?utf-8?B?5rOo5paH?=\r\nMessage-ID: <p@x>\r\n\r\nhello\r\n"
    headers = {"authorization": told, "content-type": "message/rfc822"}
    for _ in range(2):
        assert Browser().post(f"/hooks/{made.key}", content=raw, headers=headers).status_code == status
    with reading() as db:
        said = db.scalars(select(Message)).all()
        assert [(one.subject, one.text) for one in said] == [("注文", "hello")] * there
