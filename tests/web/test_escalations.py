"""The supervisors' desk: the most urgent first, decided with words, closed to agents."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app import inbox
from app.db import now, reading, transaction
from app.models import Agent, Escalation
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def kobayashi() -> Agent:
    with transaction() as db:
        return factories.supervisor(db, "小林 健")


def escalated(reason: str, kind: str = "refund", *, late: bool = False) -> int:
    with transaction() as db:
        thread = factories.conversation(db)
        made = inbox.escalate(db, thread, kind, reason, agent=factories.agent(db, "田中 翔"))
        if late:
            made.due_at = now() - timedelta(minutes=12)
        return made.id


def state(id: int) -> tuple[str, str]:
    with reading() as db:
        one = db.get_one(Escalation, id)
        return one.state, one.finding


def test_the_overdue_stands_first(kobayashi: Agent) -> None:
    escalated("急がない件"), escalated("遅れている件", "other", late=True)
    html = Browser().come_in(kobayashi).see("/escalations")
    assert html.index("遅れている件") < html.index("急がない件")
    assert 'class="tile alert"' in html


def test_an_empty_desk_says_so(kobayashi: Agent) -> None:
    assert "判断待ちのケースはありません" in Browser().come_in(kobayashi).see("/escalations")


def test_taking_it_shows_who_is_on_it(kobayashi: Agent) -> None:
    id = escalated("返金の判断")
    answer = Browser().come_in(kobayashi).submit(f"/escalations/{id}/taking")
    assert "小林 健が対応中" in answer.text
    assert state(id)[0] == "taken"


def test_two_supervisors_cannot_both_take_it(kobayashi: Agent) -> None:
    with transaction() as db:
        other = factories.supervisor(db)
    id = escalated("返金の判断")
    assert Browser().come_in(other).submit(f"/escalations/{id}/taking").status_code == 200
    assert Browser().come_in(kobayashi).submit(f"/escalations/{id}/taking").status_code == 409


@pytest.mark.parametrize(("path", "becomes"), [("advice", "returned"), ("finding", "resolved")])
def test_it_is_decided_with_words(kobayashi: Agent, path: str, becomes: str) -> None:
    id = escalated("返金の判断")
    browser = Browser().come_in(kobayashi)
    assert browser.submit(f"/escalations/{id}/{path}", {"words": "  "}).status_code == 422
    assert browser.submit(f"/escalations/{id}/{path}", {"words": "返金してよい"}).status_code == 200
    assert state(id) == (becomes, "返金してよい")
    assert "返金してよい" in browser.see("/escalations")


def test_the_thread_opens_beside_the_desk(kobayashi: Agent) -> None:
    id = escalated("返金の判断")
    assert 'role="log"' in Browser().come_in(kobayashi).see(f"/escalations?open={id}")


@pytest.mark.parametrize("path", ["", "/desk", "?open=1"])
def test_for_agents_there_is_no_desk(path: str) -> None:
    escalated("返金の判断")
    with transaction() as db:
        agent = factories.agent(db)
    browser = Browser().come_in(agent)
    assert browser.get(f"/escalations{path}").status_code == 404
    assert browser.submit("/escalations/1/taking").status_code == 404
