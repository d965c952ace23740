"""Passwords and sessions, below the web."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app import auth, passwords
from app.auth import signins
from app.auth.cookies import safe_next
from app.db import now, reading, transaction
from app.models import Agent, Event, Signin
from tests import factories


@pytest.fixture
def kei(committed: None) -> Agent:
    with transaction() as db:
        return factories.agent(db, email="kei@shop.example")


def come_in(agent: Agent, password: str = factories.PASSWORD) -> str:
    return auth.sign_in(agent.email, password, "192.0.2.1", "Browser").token


def test_a_password_is_recognised_however_it_is_typed() -> None:
    stored = passwords.hashed("パスワードabc12345")
    assert stored.startswith("$argon2id$")
    assert passwords.verify(stored, "ﾊﾟｽﾜｰﾄﾞａｂｃ12345")
    assert not passwords.verify(stored, "パスワードabc1234")
    assert not passwords.verify(None, "パスワードabc12345")
    assert not passwords.verify("not a hash", "x")
    assert not passwords.verify(stored, "\ud800\x00")


def test_guessing_a_stored_password_costs_what_owasp_says_it_should() -> None:
    """OWASP Password Storage Cheat Sheet, argon2id. Elsewhere in the tests hashes are cheap."""
    assert passwords.as_advised().hash("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_made_up_password_is_a_good_one() -> None:
    assert passwords.problem(passwords.made_up()) == ""
    assert passwords.made_up() != passwords.made_up()


def test_a_hash_of_older_parameters_is_renewed_at_sign_in(kei: Agent) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(factories.PASSWORD)
    with transaction() as db:
        db.get_one(Agent, kei.id).password_hash = old
    assert come_in(kei)
    with reading() as db:
        renewed = db.get_one(Agent, kei.id).password_hash
    assert renewed != old
    assert not passwords.is_outdated(renewed)
    assert come_in(kei)


def test_a_session_ends_when_it_is_not_used(kei: Agent) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        token = come_in(kei)
        for _ in range(3):
            clock.shift(timedelta(hours=11))
            assert auth.find(token)
        clock.shift(timedelta(hours=12, seconds=1))
        assert auth.find(token) is None


def test_a_session_ends_after_two_weeks_in_any_case(kei: Agent) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        token = come_in(kei)
        for _ in range(14 * 24 // 8 - 1):
            clock.shift(timedelta(hours=8))
            assert auth.find(token)
        clock.shift(timedelta(hours=8, seconds=1))
        assert auth.find(token) is None
        with transaction() as db:
            assert auth.prune(db) == 1
            assert db.scalars(select(Signin)).all() == []


def test_using_a_session_writes_seldom(kei: Agent) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        token = come_in(kei)
        first = now()
        clock.shift(60)
        auth.find(token)
        with reading() as db:
            assert db.scalars(select(Signin.last_seen_at)).one() == first
        clock.shift(600)
        auth.find(token)
        with reading() as db:
            assert db.scalars(select(Signin.last_seen_at)).one() > first


@pytest.mark.parametrize("token", ["", "x", "x" * 10_000, "\x00", "\ud800", "ｔｏｋｅｎ"])
def test_a_made_up_token_opens_nothing(kei: Agent, token: str) -> None:
    assert auth.find(token) is None


def test_a_whole_office_signs_in_from_one_address_and_only_what_was_wrong_counts_against_it(
    kei: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signins, "_PER_ADDRESS", (3, 900.0))
    with transaction() as db:
        office = [factories.agent(db) for _ in range(4)]
    assert all(come_in(one) for one in office)
    for one in office[:3]:
        assert not come_in(one, "a wrong one")
    assert auth.sign_in(kei.email, factories.PASSWORD, "192.0.2.1", "Browser").wait > 0
    assert auth.sign_in(kei.email, factories.PASSWORD, "192.0.2.2", "Browser").token


def test_a_password_changed_while_it_was_checked_does_not_count(
    kei: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = passwords.verify

    def slow(stored: str | None, password: str) -> bool:
        with transaction() as db:
            db.get_one(Agent, kei.id).password_hash = passwords.hashed("another one entirely")
        return right(stored, password)

    monkeypatch.setattr(passwords, "verify", slow)
    assert come_in(kei) == ""


def test_attempts_are_on_record_without_what_was_typed(kei: Agent) -> None:
    auth.sign_in("typed-password-here", "kei@shop.example", "192.0.2.1", "Browser")
    auth.sign_in(kei.email, "wrong password", "192.0.2.1", "Browser")
    with reading() as db:
        kept = db.scalars(select(Event).where(Event.kind == "audit.signin_failed").order_by(Event.id)).all()
    assert [event.data["agent_id"] for event in kept] == [None, kei.id]
    assert "typed-password-here" not in str([event.data for event in kept])


@given(st.text(alphabet="/\\:@.?#%ae\t\n ：／", max_size=12))
def test_a_place_to_go_is_always_ours(wanted: str) -> None:
    place = safe_next(wanted)
    assert place.startswith("/")
    assert not place.startswith(("//", "/\\"))
    assert "\\" not in place
    assert place.isprintable()
