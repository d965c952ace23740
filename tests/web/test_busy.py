"""A database that is busy or comes back in a moment is said to be so, and nothing is half done."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from app import inbox
from app.auth import signins
from app.db import reading, transaction
from app.models import Message
from app.models.message import OUTBOUND
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


def test_a_reply_that_met_a_busy_database_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as db:
        agent, thread = factories.agent(db), factories.conversation(db)

    def deadlocked(*_: object, **__: object) -> None:
        raise OperationalError("update", {}, Exception("deadlock detected"))

    browser = Browser().come_in(agent)
    form = {"text": "はい", "client_id": "client-0001"}
    with monkeypatch.context() as patch:
        patch.setattr(inbox, "reply", deadlocked)
        answer = browser.submit(f"/conversations/{thread.id}/replies", form)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert browser.submit(f"/conversations/{thread.id}/replies", form).status_code == 200
    with reading() as db:
        assert db.scalar(select(func.count(Message.id)).where(Message.kind == OUTBOUND)) == 1


def test_a_database_that_is_away_before_it_is_known_who_asks_is_told_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("select", {}, Exception("not currently accepting connections"))

    with transaction() as db:
        agent = factories.agent(db)
    browser = Browser().come_in(agent)
    monkeypatch.setattr(signins, "find", away)
    for path in ("/inbox", "/inbox/rows"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
