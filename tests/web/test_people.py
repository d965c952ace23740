"""People and teams: only admins, never without one, and what changes takes hold at once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, people, queries, tasks
from app.db import as_of, now, reading, transaction
from app.inbox import Refused
from app.models import Agent, Conversation, Event, Signin, Task, Team, TeamMember
from app.realtime import change_of
from app.web.frames import news_of
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def admin() -> Agent:
    with transaction() as db:
        return factories.agent(db, "管理 花", role="admin")


@pytest.fixture
def kei() -> Agent:
    with transaction() as db:
        return factories.agent(db, "佐藤 恵")


def again(agent: Agent) -> Agent:
    with reading() as db:
        return db.get_one(Agent, agent.id)


def kinds(db: Session) -> list[str]:
    return list(db.scalars(select(Event.kind).order_by(Event.id)))


@pytest.mark.parametrize("role", ["agent", "supervisor"])
@pytest.mark.parametrize(
    "path", ["/settings/people", "/settings/people/new", "/settings/people/1", "/settings/teams/new"]
)
def test_only_admins_see_the_pages(role: str, path: str) -> None:
    with transaction() as db:
        agent = factories.agent(db, role=role)
    assert Browser().come_in(agent).get(path).status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/settings/people", "/settings/people/{}", "/settings/people/{}/password", "/settings/people/{}/deactivation",
     "/settings/people/{}/activation", "/settings/teams", "/settings/teams/{}", "/settings/teams/{}/removal"],
)  # fmt: skip
def test_only_admins_change_anything(admin: Agent, kei: Agent, path: str) -> None:
    form = {"name": "Mallory", "email": "m@shop.example", "role": "admin"}
    assert Browser().come_in(kei).submit(path.format(kei.id), form).status_code == 403
    assert again(kei).role == "agent"


def test_an_admin_adds_somebody_who_can_sign_in(admin: Agent) -> None:
    browser = Browser().come_in(admin)
    page = browser.submit(
        "/settings/people", {"name": "新人 太郎", "email": "Taro@Shop.example", "role": "agent"}
    )
    assert page.status_code == 200
    password = re.search(r'id="copy-password" value="([^"]+)"', page.text)
    assert password
    with reading() as db:
        taro = people.by_email(db, "taro@shop.example")
    assert taro is not None
    Browser().come_in(taro, password[1])
    assert password[1] not in browser.see("/settings/people")


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "no address"), ("email", ""), ("name", " \x00 "), ("role", "owner"), ("password", "short"),
     ("password", "aaaaaaaaaaaa"), ("password", "m@shop.example"), ("email", "a@b.c\r\nBcc: x@y.zz")],
)  # fmt: skip
def test_what_is_at_fault_is_said_and_what_was_typed_is_kept(admin: Agent, field: str, value: str) -> None:
    form = {"name": "森 美咲", "email": "m@shop.example", "role": "agent", "password": "long enough words"}
    response = Browser().come_in(admin).submit("/settings/people", form | {field: value})
    assert response.status_code == 422
    assert "problem" in response.text
    assert "long enough words" not in response.text
    if field != "name":
        assert "森 美咲" in response.text


def test_an_address_is_taken_once(admin: Agent, kei: Agent) -> None:
    form = {"name": "Other", "email": kei.email.upper(), "role": "agent"}
    assert Browser().come_in(admin).submit("/settings/people", form).status_code == 422
    response = Browser().come_in(admin).submit(f"/settings/people/{admin.id}", form | {"role": "admin"})
    assert response.status_code == 422


def test_markup_in_a_name_stays_text(admin: Agent) -> None:
    browser = Browser().come_in(admin)
    form = {"name": "<script>alert(1)</script>", "email": "x@shop.example", "role": "agent"}
    assert "<script>alert" not in browser.submit("/settings/people", form).text
    assert "<script>alert" not in browser.see("/settings/people")


def test_another_role_ends_the_sessions_and_is_on_record(admin: Agent, kei: Agent) -> None:
    hers = Browser().come_in(kei)
    form = {"name": kei.name, "email": kei.email, "role": "supervisor"}
    assert Browser().come_in(admin).submit(f"/settings/people/{kei.id}", form).status_code == 303
    assert hers.get("/settings/me").status_code == 303
    assert again(kei).role == "supervisor"
    with reading() as db:
        (event,) = db.scalars(select(Event).where(Event.kind == "audit.role"))
        assert (event.agent_id, event.data["before"], event.data["after"]) == (
            admin.id,
            "agent",
            "supervisor",
        )
        changed = db.scalars(select(Event).where(Event.kind == "agent.changed")).all()
        assert kei.id in [each.data["agent_id"] for each in changed]


def test_switching_off_ends_sessions_and_frees_conversations(admin: Agent, kei: Agent) -> None:
    with transaction() as db:
        conversation = factories.conversation(db)
        inbox.assign(db, kei, conversation, kei)
    hers = Browser().come_in(kei)
    assert Browser().come_in(admin).submit(f"/settings/people/{kei.id}/deactivation").status_code == 303
    assert hers.get("/settings/me").status_code == 303
    with reading() as db:
        assert db.get_one(Conversation, conversation.id).assignee_id is None
        assert db.scalars(select(Signin).where(Signin.agent_id == kei.id)).all() == []
        assert {"audit.deactivated", "agent.changed"} <= set(kinds(db))
    Browser().come_in(admin).submit(f"/settings/people/{kei.id}/activation")
    Browser().come_in(kei)


def test_what_somebody_promised_is_anybodys_once_they_are_switched_off(admin: Agent, kei: Agent) -> None:
    with transaction() as db:
        thread, gone = factories.conversation(db), factories.agent(db)
        due = now() + timedelta(hours=1)
        done = tasks.add(db, thread, "済み", due, kei)
        tasks.finish(db, kei, done)
        mine = tasks.add(db, thread, "折り返す", due, kei)
        shared = tasks.add(db, thread, "調べる", due, None, kei, team=factories.team(db, admin))
        early = tasks.add(db, thread, "前から", due, gone)
        gone.active = False  # before a task of theirs was thought of
    with transaction() as db:
        people.deactivate(db, admin, db.get_one(Agent, kei.id))
        assert {one.id for one in tasks.find(db, admin, "teams").rows} == {mine.id, shared.id}
    with as_of(now() + timedelta(hours=2)):
        tasks.call_due()
    with reading() as db:
        told = {each.data["task"]: each for each in db.scalars(select(Event).where(Event.kind == "task.due"))}
        assert {one: each.data["assignee"] for one, each in told.items()} == {
            mine.id: None,
            shared.id: None,
            early.id: None,
        }
        assert told[shared.id].data["team"] == shared.team_id
        other = db.get_one(Agent, admin.id)
        found = {one.id for one in tasks.find(db, other, "teams").rows}
        assert found == {mine.id, shared.id, early.id}
        for each in told.values():
            news = news_of(db, change_of(each))
            assert news is not None
            assert news.is_for(other, frozenset({shared.team_id or 0}))
        assert db.get_one(Task, done.id).assignee_id == kei.id
    with transaction() as db:
        again = db.get_one(Task, done.id)
        tasks.reopen(db, db.get_one(Agent, admin.id), again)
        assert again.assignee_id is None


def test_who_goes_over_to_a_store_leaves_their_promises_to_others(admin: Agent, kei: Agent) -> None:
    with transaction() as db:
        mine = tasks.add(db, factories.conversation(db), "折り返す", now() + timedelta(hours=1), kei)
        store = factories.channel(db, "store")
        agent = db.get_one(Agent, kei.id)
        people.change_role(db, admin, agent, "store", store)
        assert mine.assignee_id is None
        own = tasks.add(db, factories.conversation(db), "棚を見る", now() + timedelta(hours=1), agent)
        people.change_role(db, admin, agent, "store", factories.channel(db, "store"))
        assert own.assignee_id == kei.id  # they see it at any store


def test_the_last_admin_stays(admin: Agent, kei: Agent) -> None:
    browser = Browser().come_in(admin)
    form = {"name": admin.name, "email": admin.email, "role": "agent"}
    response = browser.submit(f"/settings/people/{admin.id}", form)
    assert response.status_code == 409
    assert "管理者は少なくとも一人必要です" in response.text
    assert browser.submit(f"/settings/people/{admin.id}/deactivation").status_code == 422
    with pytest.raises(Refused), transaction() as db:
        people.deactivate(db, None, db.get_one(Agent, admin.id))
    assert again(admin).role == "admin"
    assert again(admin).active


def test_with_two_admins_one_may_go(admin: Agent) -> None:
    with transaction() as db:
        second = factories.agent(db, role="admin")
    form = {"name": second.name, "email": second.email, "role": "agent"}
    assert Browser().come_in(admin).submit(f"/settings/people/{second.id}", form).status_code == 303


def test_a_reset_password_is_shown_once_and_signs_out(admin: Agent, kei: Agent) -> None:
    hers = Browser().come_in(kei)
    page = Browser().come_in(admin).submit(f"/settings/people/{kei.id}/password")
    password = re.search(r'id="copy-password" value="([^"]+)"', page.text)
    assert password
    assert hers.get("/settings/me").status_code == 303
    Browser().come_in(kei, password[1])


def test_who_is_not_there_is_not_found(admin: Agent) -> None:
    browser = Browser().come_in(admin)
    for path in (
        "/settings/people/999",
        "/settings/people/x",
        "/settings/people/" + "9" * 40,
        "/settings/teams/999",
    ):
        assert browser.get(path).status_code == 404, path


# --- teams --------------------------------------------------------------------------------------------


def test_a_team_is_made_changed_and_removed(admin: Agent, kei: Agent) -> None:
    browser = Browser().come_in(admin)
    assert (
        browser.submit("/settings/teams", {"name": "配送", "member": [str(kei.id), "999", "x"]}).status_code
        == 303
    )
    with reading() as db:
        (team,) = db.scalars(select(Team))
        assert list(db.scalars(select(TeamMember.agent_id))) == [kei.id]
    assert "配送" in browser.see("/settings/people")
    assert browser.submit(f"/settings/teams/{team.id}", {"name": "配送と返品"}).status_code == 303
    with reading() as db:
        assert db.get_one(Team, team.id).name == "配送と返品"
        assert list(db.scalars(select(TeamMember))) == []
    assert browser.submit(f"/settings/teams/{team.id}/removal").status_code == 303
    with reading() as db:
        assert list(db.scalars(select(Team))) == []


def test_leaving_a_team_takes_the_view_of_its_conversations(admin: Agent, kei: Agent) -> None:
    with transaction() as db:
        team = factories.team(db, db.get_one(Agent, kei.id))
        conversation = factories.conversation(db)
        inbox.assign(db, admin, conversation, None, team, keep_team=False)
    with reading() as db:
        assert queries.conversation_for(db, kei, conversation.id).id == conversation.id
    with transaction() as db:
        people.set_members(db, admin, db.get_one(Team, team.id), ())
    with reading() as db:
        with pytest.raises(queries.NotFound):
            queries.conversation_for(db, kei, conversation.id)
        told = db.scalars(select(Event).where(Event.kind == "agent.changed")).all()
        assert [(each.data["agent_id"], each.data["what"]) for each in told] == [(kei.id, "teams")]


def test_a_team_with_conversations_stays(admin: Agent) -> None:
    with transaction() as db:
        team = factories.team(db)
        inbox.assign(db, admin, factories.conversation(db), None, team, keep_team=False)
    assert Browser().come_in(admin).submit(f"/settings/teams/{team.id}/removal").status_code == 409


def test_team_names_are_taken_once(admin: Agent) -> None:
    browser = Browser().come_in(admin)
    assert browser.submit("/settings/teams", {"name": "配送"}).status_code == 303
    assert browser.submit("/settings/teams", {"name": "配送"}).status_code == 422
    assert browser.submit("/settings/teams", {"name": ""}).status_code == 422


# --- shop staff ---------------------------------------------------------------------------------------


def test_shop_staff_are_added_at_their_store() -> None:
    with transaction() as db:
        admin = factories.agent(db, role="admin")
        store, chat = factories.channel(db, "store", name="本店"), factories.channel(db)
    browser = Browser().come_in(admin)
    form = {"name": "中村 愛", "email": "ai@example.jp", "role": "store", "password": "long enough words"}
    assert "店舗スタッフ" in browser.see("/settings/people/new")
    for wrong in ("", str(chat.id), "999999"):
        refused = browser.submit("/settings/people", {**form, "store_id": wrong})
        assert refused.status_code == 422
        assert "勤務する店舗を選んでください" in refused.text
    assert browser.submit("/settings/people", {**form, "store_id": store.id}).status_code == 303
    with reading() as db:
        made = db.scalars(select(Agent).filter_by(email="ai@example.jp")).one()
    assert (made.role, made.store_id, made.serves) == ("store", store.id, False)
    assert "本店" in browser.see("/settings/people")


def test_who_becomes_shop_staff_gives_back_their_conversations_and_is_given_none() -> None:
    with transaction() as db:
        admin, agent = factories.agent(db, role="admin"), factories.agent(db)
        store, thread = factories.channel(db, "store"), factories.conversation(db)
        inbox.assign(db, admin, thread, agent)
    browser = Browser().come_in(admin)
    form = {"name": agent.name, "email": agent.email, "role": "store", "store_id": store.id}
    assert browser.submit(f"/settings/people/{agent.id}", form).status_code == 303
    with transaction() as db:
        head, clerk = db.get_one(Conversation, thread.id), db.get_one(Agent, agent.id)
        assert head.assignee_id is None
        with pytest.raises(Refused, match="works at a counter"):
            inbox.assign(db, admin, head, clerk)
    browser.submit(f"/settings/people/{agent.id}", {**form, "role": "agent"})
    with reading() as db:
        assert (db.get_one(Agent, agent.id).role, db.get_one(Agent, agent.id).store_id) == ("agent", None)
