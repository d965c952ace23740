"""One's own settings."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.db import reading, transaction
from app.models import Agent, Signin
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")
CHOICES = {
    "name": "Kei Sato",
    "locale": "en",
    "timezone": "Europe/Rome",
    "theme": "dark",
    "send_key": "enter",
    "signature": "Kei Sato\nHidamari",
}


@pytest.fixture
def kei() -> Agent:
    with transaction() as db:
        return factories.agent(db, "佐藤 恵")


def test_choices_are_kept_and_take_hold_at_once(kei: Agent) -> None:
    browser = Browser().come_in(kei)
    assert 'lang="ja"' in browser.see("/settings/me")
    assert browser.submit("/settings/me", CHOICES).status_code == 303
    page = browser.see("/settings/me")
    assert 'lang="en"' in page
    assert 'data-theme="dark"' in page
    with reading() as db:
        kept = db.get_one(Agent, kei.id)
        assert {name: getattr(kept, name) for name in CHOICES} == CHOICES
    browser.submit("/settings/me", CHOICES | {"theme": "auto"})
    assert "data-theme=" not in browser.see("/settings/me").partition("<head>")[0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("locale", "tlh"),
        ("timezone", "../../etc/passwd"),
        ("theme", "neon"),
        ("send_key", "space"),
        ("signature", "x" * 2001),
    ],
)
def test_a_choice_not_offered_is_refused(kei: Agent, field: str, value: str) -> None:
    response = Browser().come_in(kei).submit("/settings/me", CHOICES | {field: value})
    assert response.status_code == 422
    with reading() as db:
        assert db.get_one(Agent, kei.id).name == "佐藤 恵"


def test_nobody_raises_their_own_role(kei: Agent) -> None:
    Browser().come_in(kei).submit("/settings/me", CHOICES | {"role": "admin", "active": "1", "id": "1"})
    with reading() as db:
        assert db.get_one(Agent, kei.id).role == "agent"


def test_a_new_password_renews_this_session_and_ends_the_others(kei: Agent) -> None:
    here, there = Browser().come_in(kei), Browser().come_in(kei)
    before = here.cookies["madoguchi"]
    form = {"current": factories.PASSWORD, "password": "four words are better"}
    assert here.submit("/settings/me/password", form).status_code == 303
    assert here.cookies["madoguchi"] != before
    here.see("/settings/me")
    assert there.get("/settings/me").status_code == 303
    Browser().come_in(kei, "four words are better")


@pytest.mark.parametrize(
    ("current", "password"),
    [
        ("wrong one here", "four words are better"),
        (factories.PASSWORD, "too few"),
        (factories.PASSWORD, "x" * 300),
    ],
)
def test_a_password_is_changed_only_by_who_knows_it_and_to_a_good_one(
    kei: Agent, current: str, password: str
) -> None:
    browser = Browser().come_in(kei)
    response = browser.submit("/settings/me/password", {"current": current, "password": password})
    assert response.status_code == 422
    assert password not in response.text
    Browser().come_in(kei)


def test_signing_out_everywhere_else_keeps_this_one(kei: Agent) -> None:
    here, there = Browser().come_in(kei), Browser().come_in(kei)
    assert here.submit("/settings/me/sessions").status_code == 303
    here.see("/settings/me")
    assert there.get("/settings/me").status_code == 303
    with reading() as db:
        assert len(db.scalars(select(Signin)).all()) == 1
