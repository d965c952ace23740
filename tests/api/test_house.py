"""People, teams, channels, cases, the desk and search over the API."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app import audit, inbox, tokens, vault
from app.auth import sign_in
from app.db import reading, transaction
from app.models import Agent, Channel, Conversation
from tests import factories
from tests.api.calling import Program, program

pytestmark = pytest.mark.usefixtures("committed")

SECRET = "a-shared-secret-of-the-api-channel"


@pytest.fixture
def admin() -> Program:
    with transaction() as db:
        boss = factories.agent(db, "管理 者", role="admin", email="admin@example.jp")
    return program(boss)


@pytest.fixture
def agent() -> Agent:
    with transaction() as db:
        return factories.agent(db, "佐藤 花子", email="hanako@example.jp")


def tag(caller: Program, path: str) -> dict[str, str]:
    return {"if-match": caller.get(f"/api/v1{path}").headers["etag"]}


# --- people -------------------------------------------------------------------------------------------


def test_a_token_tells_whom_it_acts_as_whatever_its_scopes(agent: Agent) -> None:
    with transaction() as db:
        team = factories.team(db, agent)
    told = program(agent, "people:read").see("/me")
    assert told["agent"] | {"id": 0} == {
        "id": 0, "name": "佐藤 花子", "role": "agent", "active": True, "email": "hanako@example.jp",
        "store_id": None,
    }  # fmt: skip
    assert (told["team_ids"], told["scopes"]) == ([team.id], ["people:read"])
    assert program(agent, "events:read").see("/me")["scopes"] == ["events:read"]
    Program().refused("GET", "/me", 401)


def test_addresses_of_people_are_told_to_admins_only(admin: Program, agent: Agent) -> None:
    assert admin.see(f"/agents/{agent.id}")["email"] == "hanako@example.jp"
    caller = program(agent)
    assert [one["email"] for one in caller.see("/agents")["items"]] == [None, None]
    assert caller.see("/agents", active="false")["items"] == []
    assert "password" not in str(admin.see("/agents"))


def test_somebody_is_added_corrected_and_let_in_no_more_by_admins(admin: Program, agent: Agent) -> None:
    wanted = {"name": "伊藤 翔", "email": "Sho@Example.jp", "password": "corner-lantern-42"}
    made = admin.call("POST", "/agents", 201, json=wanted)
    assert (made["name"], made["email"], made["role"], made["active"]) == (
        "伊藤 翔", "sho@example.jp", "agent", True,
    )  # fmt: skip
    assert "corner-lantern" not in str(made)
    assert sign_in("sho@example.jp", wanted["password"], "127.0.0.1", "").token
    path = f"/agents/{made['id']}"
    program(agent).refused("POST", "/agents", 403, json=wanted)
    program(agent).refused("PATCH", path, 403, json={"role": "admin"}, headers=tag(admin, path))
    assert admin.refused("POST", "/agents", 422, json=wanted)["errors"][0]["field"] == "body.email"
    easy = admin.refused("POST", "/agents", 422, json={**wanted, "email": "a@example.jp", "password": "1234"})
    assert easy["errors"][0]["field"] == "body.password"
    with transaction() as db:
        theirs = factories.conversation(db)
        theirs.assignee_id = made["id"]
    seen = tag(admin, path)
    changed = admin.call("PATCH", path, json={"role": "supervisor", "active": False}, headers=seen)
    assert changed == {**made, "role": "supervisor", "active": False}
    admin.refused("PATCH", path, 412, json={"name": "x"}, headers=seen)
    assert not sign_in("sho@example.jp", wanted["password"], "127.0.0.1", "").token
    with reading() as db:
        assert db.get_one(Conversation, theirs.id).assignee_id is None
    again = admin.call("PATCH", path, json={"name": "伊藤 翔太", "active": True}, headers=tag(admin, path))
    assert again == {**changed, "name": "伊藤 翔太", "active": True}


def test_without_a_password_nobody_signs_in_as_somebody_new(admin: Program) -> None:
    admin.call("POST", "/agents", 201, json={"name": "伊藤 翔", "email": "sho@example.jp"})
    assert not sign_in("sho@example.jp", "", "127.0.0.1", "").token


def test_the_last_admin_stays_one(admin: Program) -> None:
    path = f"/agents/{admin.see('/me')['agent']['id']}"
    admin.refused("PATCH", path, 409, json={"role": "agent"}, headers=tag(admin, path))
    admin.refused("PATCH", path, 422, json={"active": False}, headers=tag(admin, path))
    assert admin.see(path)["role"] == "admin"
    assert admin.see(path)["active"]


def test_a_team_is_made_changed_and_removed_by_admins(admin: Program, agent: Agent) -> None:
    made = admin.call("POST", "/teams", 201, json={"name": "返品係", "member_ids": [agent.id, 999]})
    assert made["member_ids"] == [agent.id]
    path = f"/teams/{made['id']}"
    program(agent).refused("POST", "/teams", 403, json={"name": "x"})
    seen = tag(admin, path)
    changed = admin.call("PATCH", path, json={"member_ids": []}, headers=seen)
    assert changed == {**made, "member_ids": []}
    admin.refused("PATCH", path, 412, json={"name": "x"}, headers=seen)
    taken = admin.refused("POST", "/teams", 422, json={"name": "返品係"})
    assert taken["errors"][0]["field"] == "body.name"
    assert program(agent).see("/teams")["items"] == [changed]
    with transaction() as db:
        factories.conversation(db).team_id = made["id"]
    admin.refused("DELETE", path, 409, headers=tag(admin, path))
    with transaction() as db:
        db.scalars(select(Conversation)).one().team_id = None
    admin.call("DELETE", path, 204, headers=tag(admin, path))
    assert admin.see("/teams") == {"items": [], "next": None}


# --- channels -----------------------------------------------------------------------------------------


def test_the_secrets_of_a_channel_go_in_and_never_come_out(admin: Program, agent: Agent) -> None:
    body = {"kind": "api", "name": "自社アプリ", "settings": {"secret": SECRET}, "bot_enabled": False}
    made = admin.call("POST", "/channels", 201, json=body)
    assert (made["name"], made["enabled"], made["bot_enabled"]) == ("自社アプリ", True, False)
    with reading() as db:
        assert vault.unseal(db.scalars(select(Channel)).one().secrets)["secret"] == SECRET
    for answer in (made, admin.see("/channels"), admin.see(f"/channels/{made['id']}")):
        assert SECRET not in str(answer)
    assert program(agent).see("/channels", kind="api")["items"] == [made]
    assert program(agent).see("/channels", kind="webchat")["items"] == []


def test_a_channel_is_switched_off_by_admins_only(admin: Program, agent: Agent) -> None:
    with transaction() as db:
        path = f"/channels/{factories.channel(db).id}"
    caller = program(agent)
    caller.refused("PATCH", path, 403, json={"enabled": False}, headers=tag(caller, path))
    off = admin.call("PATCH", path, json={"enabled": False}, headers=tag(admin, path))
    assert off == caller.see(path)
    assert not off["enabled"]


def test_a_setting_that_cannot_be_used_is_named(admin: Program) -> None:
    told = admin.refused("POST", "/channels", 422, json={"kind": "fax", "name": "ファックス"})
    assert told["errors"][0]["field"] == "body.kind"
    told = admin.refused("POST", "/channels", 422, json={"kind": "api", "name": "x", "settings": {}})
    assert told["errors"][0]["field"] == "body.settings.secret"
    assert admin.see("/channels")["items"] == []


# --- cases and the desk ---------------------------------------------------------------------------------


def test_cases_are_narrowed_by_status_and_time(agent: Agent) -> None:
    with transaction() as db:
        first, second, hidden = (factories.conversation(db) for _ in range(3))
        hidden.team_id = factories.team(db).id
        inbox.resolve(db, agent, first)
    caller = program(agent)

    def threads(**query: object) -> list[int]:
        return [one["conversation_id"] for one in caller.see("/cases", **query)["items"]]

    assert threads() == [second.id, first.id]
    assert threads(status="resolved") == threads(resolved_after="2020-01-01T00:00:00Z") == [first.id]
    assert threads(opened_before="2020-01-01T00:00:00Z") == []
    page = caller.see("/cases", limit=1)
    assert threads(limit=1, after=page["next"]) == [first.id]
    (case,) = page["items"]
    assert caller.see(f"/cases/{case['id']}") == case
    assert threads(number=case["number"], conversation_id=second.id) == [second.id]
    caller.refused("GET", f"/cases?conversation_id={hidden.id}", 404)
    assert caller.refused("GET", "/cases?status=done", 422)["errors"][0]["field"] == "query.status"


def test_a_case_of_another_team_does_not_exist(agent: Agent) -> None:
    with transaction() as db:
        hidden = factories.conversation(db)
        hidden.team_id = factories.team(db).id
        boss = factories.supervisor(db)
    (case,) = program(boss).see("/cases")["items"]
    program(agent).refused("GET", f"/cases/{case['id']}", 404)


def test_the_desk_is_worked_by_supervisors(agent: Agent) -> None:
    with transaction() as db:
        thread = factories.conversation(db)
        escalation = inbox.escalate(db, thread, "legal", "弁護士からの手紙", agent=agent)
        boss, other = factories.supervisor(db, "小林 健"), factories.supervisor(db)
    path = f"/escalations/{escalation.id}"
    for method, place, body in (
        ("GET", "", None),
        ("POST", "/taking", None),
        ("POST", "/advice", {"advice": "x"}),
    ):
        program(agent).refused(method, path + place, 403, json=body)
    program(agent).refused("GET", "/escalations", 403)
    caller = program(boss)
    assert [one["reason"] for one in caller.see("/escalations")["items"]] == ["弁護士からの手紙"]
    taken = caller.call("POST", f"{path}/taking")
    assert (taken["state"], taken["taken_by"]) == ("taken", boss.id)
    program(other).refused("POST", f"{path}/taking", 409)
    told = caller.refused("POST", f"{path}/advice", 422, json={"advice": "  "})
    assert told["detail"]
    returned = caller.call("POST", f"{path}/advice", json={"advice": "返金してください"})
    assert (returned["state"], returned["finding"]) == ("returned", "返金してください")
    caller.refused("POST", f"{path}/finding", 409, json={"finding": "x"})
    assert caller.see("/escalations")["items"] == []
    assert caller.see("/escalations", state="returned")["items"] == [caller.see(path)]


def test_the_desk_closes_with_a_finding(agent: Agent) -> None:
    with transaction() as db:
        escalation = inbox.escalate(db, factories.conversation(db), "refund", "高額", agent=agent)
        boss = factories.supervisor(db)
    path = f"/escalations/{escalation.id}"
    assert program(boss).call("POST", f"{path}/finding", json={"finding": "返金済み"})["state"] == "resolved"
    program(boss).refused("GET", "/escalations/999", 404)


# --- search -------------------------------------------------------------------------------------------


def test_search_finds_what_the_search_box_finds(agent: Agent) -> None:
    with transaction() as db:
        shop = factories.channel(db)
        threads = [factories.conversation(db, shop, f"商品券は使えますか {n}") for n in range(3)]
        threads[2].team_id = factories.team(db).id
    caller = program(agent)
    first = caller.see("/search", q="券", limit=1)
    second = caller.see("/search", q="券", limit=1, after=first["next"])
    found = [*first["messages"], *second["messages"]]
    assert [one["conversation_id"] for one in found] == [threads[1].id, threads[0].id]
    hit = found[0]
    (span,) = hit["spans"]
    assert hit["excerpt"][slice(*span)] == "券"
    within = caller.see("/search", q="券", conversation_id=threads[0].id)
    assert [one["conversation_id"] for one in within["messages"]] == [threads[0].id]
    caller.refused("GET", f"/search?q=券&conversation_id={threads[2].id}", 404)
    assert caller.refused("GET", "/search", 422)["errors"][0]["field"] == "query.q"
    number = caller.see("/cases")["items"][0]["number"]
    assert [one["number"] for one in caller.see("/search", q=f"#{number}")["cases"]] == [number]


# --- audit --------------------------------------------------------------------------------------------


def test_the_trail_is_told_to_admins_page_by_page(admin: Program, agent: Agent) -> None:
    admin.call("POST", "/teams", 201, json={"name": "返品係"})
    admin.call("POST", "/labels", 201, json={"name": "急ぎ"})
    first = admin.see("/audit", limit=1)
    assert [one["kind"] for one in first["items"]] == ["audit.label_added"]
    assert first["items"][0]["data"]["name"] == "急ぎ"
    assert admin.see("/audit", limit=1, after=first["next"])["items"][0]["kind"] == "audit.team_added"
    assert [one["kind"] for one in admin.see("/audit", group="people")["items"]] == ["audit.team_added"]
    assert admin.see("/audit", group="settings", agent_id=agent.id)["items"] == []
    for group in audit.GROUPS:
        admin.see("/audit", group=group)
    program(agent).refused("GET", "/audit", 403)
    assert admin.refused("GET", "/audit?after=x", 422)["errors"][0]["field"] == "query.after"


def test_shop_staff_are_added_and_moved_over_the_api_and_enter_nowhere_with_a_token() -> None:
    with transaction() as db:
        admin = factories.agent(db, role="admin")
        store, other = factories.channel(db, "store"), factories.channel(db, "store")
        chat = factories.channel(db)
    caller = program(admin)
    body = {"name": "中村 愛", "email": "ai@example.jp", "role": "store", "store_id": store.id}
    caller.refused("POST", "/agents", 422, json={**body, "store_id": chat.id})
    made = caller.call("POST", "/agents", 201, json=body)
    assert (made["role"], made["store_id"]) == ("store", store.id)
    with transaction() as db:
        token = tokens.make(db, db.get_one(Agent, made["id"]), "a program", tokens.SCOPES)[1]
    Program(token).refused("GET", "/me", 403)
    path = f"/agents/{made['id']}"
    tag = caller.get("/api/v1" + path).headers["etag"]
    moved = caller.call("PATCH", path, json={"store_id": other.id}, headers={"if-match": tag})
    assert moved["store_id"] == other.id
