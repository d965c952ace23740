"""Tokens that end some day are renewed ahead, kept, and warned of where that does not help; Meta is a script."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from app import connect, switchboard, upkeep, vault
from app.db import as_of, now, reading, transaction
from app.models import Channel
from channels.meta import renewal
from tests import factories as make

pytestmark = pytest.mark.usefixtures("committed")

EXPIRED = {"error": {"code": 190, "error_subcode": 463, "message": "Session has expired."}}
SETTINGS: dict[str, dict[str, str]] = {
    "instagram": {"account_id": "17841", "app_id": "1234567890", "login": "instagram"},
    "messenger": {"page_id": "1020", "app_id": "1234567890"},
    "whatsapp": {"phone_number_id": "1065", "waba_id": "1022", "app_id": "1234567890"},
}


class Account:
    """A channel whose Meta answers with `told`: (status, JSON)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kind: str = "instagram", **settings: str) -> None:
        self.told: Callable[[], tuple[int, Any]] = lambda: (200, {})
        self.asked: list[httpx2.URL] = []
        http = httpx2.Client(transport=httpx2.MockTransport(self._answer))
        monkeypatch.setattr(connect, "http", lambda: http)
        monkeypatch.setattr(upkeep, "_next", {})
        secrets = {"access_token": "token-1", "app_secret": "s" * 32, "verify_token": "v" * 12}
        with transaction() as db:
            told = {**SETTINGS[kind], **settings}
            self.id = make.channel(db, kind, settings=told, secrets=secrets).id

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url)
        status, told = self.told()
        return httpx2.Response(status, json=told)

    def renews(self, token: str = "token-2", days: float = 60) -> None:
        self.told = lambda: (
            200,
            {"access_token": token, "token_type": "bearer", "expires_in": days * 86_400},
        )

    def ends(self, days: float) -> None:
        at = int((now() + timedelta(days=days)).timestamp())
        data = {"is_valid": True, "app_id": "1234567890", "expires_at": at}
        self.told = lambda: (200, {"data": data})

    def look(self) -> Channel:
        upkeep.look_after(self.id)
        with reading() as db:
            return db.get_one(Channel, self.id)

    def secrets(self) -> dict[str, Any]:
        with reading() as db:
            return vault.unseal(db.get_one(Channel, self.id).secrets)


def test_a_token_of_instagram_login_is_renewed_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch)
    account.renews()
    assert account.look().health_text == ""
    (url,) = account.asked
    assert (url.host, url.path) == ("graph.instagram.com", "/refresh_access_token")
    assert dict(url.params) == {"grant_type": "ig_refresh_token", "access_token": "token-1"}
    kept = account.secrets()
    assert (kept["access_token"], kept["app_secret"]) == ("token-2", "s" * 32)
    ends = renewal.until("token-2", kept["access_until"])
    assert ends is not None
    assert timedelta(days=59) < ends - now() < timedelta(days=61)


def test_it_is_asked_again_only_a_month_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch)
    account.renews(days=60)
    account.look()
    account.look()
    assert len(account.asked) == 1
    account.renews("token-3", days=29)
    with transaction() as db:
        channel = db.get_one(Channel, account.id)
        secrets = renewal.secrets_of({"access_token": "token-2", "expires_in": 29 * 86_400})
        channel.secrets = vault.seal({**vault.unseal(channel.secrets), **secrets})
    account.look()
    assert account.secrets()["access_token"] == "token-3"


def test_a_token_that_an_admin_enters_is_a_new_one_whose_end_nobody_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = Account(monkeypatch)
    account.renews()
    account.look()
    with transaction() as db:
        switchboard.keep_secrets(db, db.get_one(Channel, account.id), {"access_token": "by hand"})
    account.renews("token-9")
    account.look()
    assert [url.params["access_token"] for url in account.asked] == ["token-1", "by hand"]
    assert account.secrets()["access_token"] == "token-9"


def test_what_cannot_be_renewed_is_warned_of_two_weeks_ahead_and_no_more_once_it_could(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = Account(monkeypatch)
    account.renews(days=20)
    account.look()
    account.told = lambda: (500, {"error": {"code": 2, "message": "down"}})
    assert account.look().health != "action"
    account.renews("token-2", days=13)
    with transaction() as db:
        channel = db.get_one(Channel, account.id)
        secrets = renewal.secrets_of({"access_token": "token-2", "expires_in": 13 * 86_400})
        channel.secrets = vault.seal({**vault.unseal(channel.secrets), **secrets})
    account.told = lambda: (400, {"error": {"code": 100, "message": "no"}})
    warned = account.look()
    assert warned.health == "action"
    assert warned.health_text.startswith(upkeep.ENDS)
    account.renews("token-4")
    after = account.look()
    assert (after.health, after.health_text) == ("ok", "")


def test_a_token_that_meta_takes_no_more_wants_somebody_to_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch)
    account.told = lambda: (401, EXPIRED)
    assert account.look().health == "reauthorise"
    assert account.secrets()["access_token"] == "token-1"


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"access_token": ""},
        {"access_token": "x" * 2000, "expires_in": 5},
        {"access_token": "t", "expires_in": "x"},
    ],
)
def test_junk_in_the_place_of_a_token_changes_nothing(monkeypatch: pytest.MonkeyPatch, told: Any) -> None:
    account = Account(monkeypatch)
    account.told = lambda: (200, told)
    assert account.look().health == "unknown"
    assert account.secrets()["access_token"] == "token-1"
    assert "access_until" not in account.secrets()


@pytest.mark.parametrize(
    ("kind", "more"), [("messenger", {}), ("whatsapp", {}), ("instagram", {"login": "facebook"})]
)
def test_where_meta_says_when_a_token_ends_that_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, kind: str, more: dict[str, str]
) -> None:
    account = Account(monkeypatch, kind, **more)
    account.ends(days=40)
    assert account.look().health == "unknown"
    account.ends(days=5)
    assert account.look().health_text.startswith(upkeep.ENDS)
    assert {url.path.rpartition("/")[2] for url in account.asked} == {"debug_token"}


def test_the_clock_looks_once_a_day_and_sooner_where_nobody_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, "messenger")
    account.ends(days=40)
    assert [upkeep.look_after_tokens() for _ in range(2)] == [1, 0]
    account.told = lambda: (503, {})
    monkeypatch.setattr(upkeep, "_next", {})
    monkeypatch.setattr(upkeep, "AGAIN", 0.0)
    assert [upkeep.look_after_tokens() for _ in range(2)] == [1, 1]


@pytest.mark.parametrize("days", [40, 3])
def test_other_words_about_a_channel_stay(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    account = Account(monkeypatch, "messenger")
    with transaction() as db:
        channel = db.get_one(Channel, account.id)
        channel.health, channel.health_text = "failing", "Something else is wrong."
    account.ends(days=days)
    seen = account.look()
    assert (seen.health, seen.health_text) == ("failing", "Something else is wrong.")


def test_the_end_of_another_token_is_not_believed() -> None:
    with as_of(now()):
        kept = renewal.secrets_of({"access_token": "a", "expires_in": 86_400})["access_until"]
    assert renewal.until("a", kept) is not None
    assert [
        renewal.until(*one) for one in (("b", kept), ("", kept), ("a", ""), ("a", "x " + kept[-16:]))
    ] == [None] * 4
