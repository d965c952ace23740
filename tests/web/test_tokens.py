"""API tokens in the settings: made with scopes, shown once, revoked by their owner or an admin."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app import tokens
from app.db import reading, transaction
from app.models import Agent, ApiToken
from tests import factories
from tests.api.calling import token_of
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")
LIST = "/settings/tokens"


@pytest.fixture
def sato() -> Agent:
    with transaction() as db:
        return factories.agent(db, "佐藤")


def test_a_token_is_shown_once_and_works(sato: Agent) -> None:
    browser = Browser().come_in(sato)
    made = browser.submit(LIST, {"name": "受注システム", "scope": ["conversations:read", "people:read"]})
    (text,) = re.findall(r'value="(mdg_[\w-]+)"', made.text)
    found = tokens.find(text)
    assert found is not None
    assert found.agent.id == sato.id
    assert found.scopes == {"conversations:read", "people:read"}
    shown = browser.see(LIST)
    assert text not in shown
    assert text[:10] in shown
    assert "受注システム" in shown


def test_without_a_name_or_a_scope_nothing_is_made(sato: Agent) -> None:
    browser = Browser().come_in(sato)
    for form in (
        {"name": "x"},
        {"scope": "people:read"},
        {"name": "x", "scope": "everything"},
        {"name": "あ" * 81},
    ):
        answer = browser.submit(LIST, {"name": "", **form})
        assert answer.status_code == 422
    with reading() as db:
        assert db.scalars(select(ApiToken)).all() == []


def test_others_see_and_end_only_their_own_an_admin_everybodys(sato: Agent) -> None:
    with transaction() as db:
        other, admin = factories.agent(db), factories.agent(db, role="admin")
    text = token_of(sato)
    with reading() as db:
        path = f"{LIST}/{db.scalars(select(ApiToken.id)).one()}/revocation"
    nosy = Browser().come_in(other)
    assert "a program of a test" not in nosy.see(LIST)
    assert nosy.submit(path).status_code == 404
    assert tokens.find(text) is not None
    boss = Browser().come_in(admin)
    assert "佐藤" in boss.see(LIST)
    assert boss.submit(path).status_code == 303
    assert tokens.find(text) is None
    assert "audit.token_revoked" not in boss.see("/settings/audit")


def test_somebody_has_so_many_tokens_and_no_more(sato: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MAX_TOKENS", 1)
    token_of(sato)
    answer = Browser().come_in(sato).submit(LIST, {"name": "x", "scope": "people:read"})
    assert answer.status_code == 422
