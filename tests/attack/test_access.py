"""Who may come where: every route there is, for nobody, an outsider, an agent and a supervisor."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from starlette.routing import Route, WebSocketRoute

from app.db import transaction
from app.models import Identity
from app.tokens import SCOPES
from app.web.api.framework import ENDPOINTS
from tests import factories
from tests.api.calling import PREFIX, Program, program
from tests.attack.scene import Scene, all_routes, at_length, browser, routes, unharmed

# What anybody may call. Whoever opens one more page to the world writes it here, too.
OPEN = {
    *("/shared/{key}/{mark}/{name}", "/link", "/link/{ticket}", "/continue/{code}", "/chat/{key}"),
    *("/demo", "/demo/products", "/demo/products/{slug}", "/demo/guide", "/demo/stores", "/demo/mypage"),
    *("/demo/call-log.csv", "/demo/telephone"),
    *("/demo/strict", "/demo/login", "/demo/logout", "/login", "/healthz", "/readyz", "/metrics"),
    *("/hooks/{key}", "/static/{digest}/{path:path}", "/widget.js", "/widget/assets/{digest}/{name}"),
    *("/widget/words/{locale}", "/widget/{key}/config", "/widget/{key}/frame", "/widget/{key}/files"),
    *("/widget/files/{file}", "/widget/{key}/frames", "/widget/{key}/events", "/api/v1/openapi.json"),
    *(
        "/pictures/{key}/{stamp}/{signature}",
        "/robots.txt",
        "/help",
        "/help/sitemap.xml",
        "/help/pictures/{id}",
    ),
    *("/help/{language}", "/help/{language}/others", "/help/{language}/topics/{topic:path}"),
    *("/help/{language}/{entry}", "/help/{language}/{entry}/rating", "/widget/{key}/suggestions"),
    "/widget/{key}/suggestions/rating",
}
# Of the conversation itself: whoever may not see it finds nothing there.
SCOPED = (
    "/conversations/{id:int}/",
    "/messages/{id:int}/",
    "/calls/{id:int}/",
    "/inbox/{id:int}",
    "/files/{key}",
)
# Of the settings: what everybody has. All else there is for admins, unless it is named below.
FOR_ALL = ("/settings/me", "/settings/tokens")
# What the bot knows is no secret: agents may read it, and try it out.
READ_BY_ALL = {
    ("GET", f"/settings/{noun}{more}") for noun in ("faq", "rules", "flows") for more in ("", "/{id:int}")
}
READ_BY_ALL |= {("GET", "/settings/faq/{id:int}/picture")}
READ_BY_ALL |= {("GET", f"/settings/{noun}/new") for noun in ("faq", "rules", "flows")} | {
    ("POST", "/settings/bot/preview"),
    ("GET", "/settings/bot/trial"),
    ("POST", "/settings/bot/trial"),
    ("GET", "/settings/flows/{id:int}/toml"),
}
# What supervisors look after, too.
FOR_EDITORS = (
    *("/settings/faq", "/settings/rules", "/settings/flows", "/settings/bot", "/settings/knowledge"),
    *("/settings/labels", "/settings/replies", "/settings/imports"),
)


def test_every_route_but_the_open_ones_asks_who_is_there(scene: Scene) -> None:
    nobody = browser()
    for method, pattern in routes():
        if pattern in OPEN:
            continue
        path = scene.path(pattern)
        answer = nobody.request(method, path)
        assert answer.status_code in (303, 401), (method, path, answer.status_code)
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/login"), path
        program = nobody.request(method, path, headers={"accept": "application/json"})
        assert program.status_code == 401, (method, path, program.status_code)
        assert "秘密" not in answer.text + program.text


def test_every_kind_of_route_is_known_to_these_tests() -> None:
    strange = [route for route in all_routes() if not isinstance(route, Route | WebSocketRoute)]
    assert not strange, "mounted applications are not enumerated here"


def scoped() -> list[tuple[str, str]]:
    return [(method, pattern) for method, pattern in routes() if pattern.startswith(SCOPED)]


def test_an_outsider_finds_nothing_of_anothers_conversation(scene: Scene) -> None:
    outsider = browser(scene.outsider)
    tried = scoped()
    assert len(tried) > 20
    forms: dict[str, Any] = {
        "text": "hello",
        "client_id": "a-client-id",
        "label_id": scene.ids["labels"],
        "take": "1",
    }
    forms |= {"agent_id": scene.outsider.id, "type": "complaint", "reason": "x", "until": "2100-01-01T00:00"}
    for method, pattern in tried:
        path = scene.path(pattern)
        body = {"csrf": outsider.csrf, **forms} if method == "POST" else None
        files = {"file": ("a.txt", b"x")} if pattern.endswith("attachments") else None
        answer = outsider.request(
            method, path, data=body, files=files, headers={"x-csrf-token": outsider.csrf} if not body else {}
        )
        assert answer.status_code == 404, (method, path, answer.status_code)
        assert "秘密" not in answer.text


def test_the_insider_finds_what_the_outsider_does_not(scene: Scene) -> None:
    insider = browser(scene.insider)
    for method, pattern in scoped():
        if method == "GET":
            assert insider.get(scene.path(pattern)).status_code == 200, pattern


def test_lists_searches_and_counts_show_an_outsider_nothing(scene: Scene) -> None:
    outsider = browser(scene.outsider)
    pages = ["/inbox", "/inbox/counts", "/search?q=秘密", "/search?q=東京都", "/search?q=from:佐藤 秘密"]
    pages += [
        f"/inbox/rows?view={view}" for view in ("mine", "unassigned", "teams", "open", "bot", "resolved")
    ]
    for page in pages:
        answer = outsider.get(page)
        assert answer.status_code == 200
        assert f"/inbox/{scene.thread.id}" not in answer.text, page
        assert "千代田区" not in answer.text, page


@pytest.mark.parametrize("role", ["agent", "supervisor"])
def test_pages_of_admins_and_supervisors_are_closed_to_others(scene: Scene, role: str) -> None:
    here = browser(scene.insider if role == "agent" else scene.supervisor)
    for method, pattern in routes():
        if not is_closed(role, method, pattern):
            continue
        path = scene.path(pattern)
        answer = here.request(method, path, headers={"x-csrf-token": here.csrf})
        assert answer.status_code in (403, 404), (method, path, answer.status_code)
        unharmed(answer, path)


def is_closed(role: str, method: str, pattern: str) -> bool:
    """Whether a route is not for this role: a new page of the settings is an admin's until it is named here."""
    if pattern.startswith("/escalations"):
        return role == "agent"
    if (
        not pattern.startswith("/settings/")
        or pattern.startswith(FOR_ALL)
        or (method, pattern) in READ_BY_ALL
    ):
        return False
    return role == "agent" or not pattern.startswith(FOR_EDITORS)


def test_an_unsafe_request_without_the_token_does_nothing(scene: Scene) -> None:
    admin, other = browser(scene.admin), browser(scene.supervisor)
    for method, pattern in routes():
        if method == "GET" or pattern in OPEN - {"/login", "/demo/login", "/demo/logout"}:
            continue
        if pattern.startswith("/api/"):  # no cookie is looked at there
            assert admin.request(method, scene.path(pattern)).status_code == 401, (method, pattern)
            continue
        path = scene.path(pattern)
        for headers in ({}, {"x-csrf-token": "x"}, {"x-csrf-token": other.csrf}):
            assert admin.request(method, path, headers=headers).status_code == 403, (method, path)
        foreign = {"x-csrf-token": admin.csrf, "origin": "https://evil.example"}
        assert admin.request(method, path, headers=foreign).status_code == 403, (method, path)
        null = {"x-csrf-token": admin.csrf, "origin": "null"}
        assert admin.request(method, path, headers=null).status_code == 403, (method, path)
        crossing = {"x-csrf-token": admin.csrf, "sec-fetch-site": "cross-site"}
        assert admin.request(method, path, headers=crossing).status_code == 403, (method, path)


# What the paths of the API name of a conversation: nothing of it is there for whoever may not see it.
OF_A_CONVERSATION = ("conversation_id", "message_id", "case_id", "attachment_id", "customer_id", "call_id")
BODIES: dict[str, Any] = {
    "replies": {"text": "hello"},
    "notes": {"text": "hello"},
    "assignment": {"agent_id": 1},
    "snooze": {"until": "2030-01-01T00:00:00Z"},
    "escalations": {"type": "refund", "reason": "x"},
    "draft": {"text": "x"},
    "merges": {"other_id": 1},
    "customer": {"customer_id": 1},
    "calls": {"client_id": "client-of-an-outsider"},
    "note": {"text": "x"},
    "consents": {"identity_id": 1, "given": False},
    "tasks": {"text": "x", "due_at": "2030-01-01T00:00:00Z"},
}


def of_a_conversation() -> list[tuple[str, str]]:
    """(method, pattern) of what the API tells of and does to a conversation."""
    return [
        (method, pattern)
        for method, pattern in routes()
        if pattern.startswith("/api/") and any(f"{{{name}}}" in pattern for name in OF_A_CONVERSATION)
    ]


def ask(caller: Program, scene: Scene, method: str, pattern: str) -> Any:
    body = BODIES.get(pattern.rpartition("/")[2], {}) if method in ("POST", "PUT", "PATCH") else None
    return caller.request(method, scene.path(pattern), json=body, headers={"if-match": "*"})


def test_an_outsiders_token_finds_nothing_of_anothers_conversation(scene: Scene) -> None:
    outsider = program(scene.outsider)
    tried = of_a_conversation()
    assert len(tried) > 25
    for method, pattern in tried:
        answer = ask(outsider, scene, method, pattern)
        assert answer.status_code == 404, (method, pattern, answer.status_code, answer.text[:200])
        assert "秘密" not in answer.text


def test_the_insiders_token_finds_what_the_outsiders_does_not(scene: Scene) -> None:
    insider = program(scene.insider)
    for method, pattern in of_a_conversation():
        if method == "GET":
            assert ask(insider, scene, method, pattern).status_code == 200, pattern


def test_what_a_body_names_is_looked_up_as_its_sender(scene: Scene) -> None:
    """A thread of one's own is no way to what stands in another."""
    with transaction() as db:
        mine = factories.customer_says(db, scene.shop, "こんにちは", "v-mine")
        thread = factories.thread_of(db, mine)
        address = db.scalars(select(Identity.id).filter_by(customer_id=scene.thread.customer_id)).first()
    theirs, owner, here = scene.ids, scene.thread.customer_id, f"/conversations/{thread.id}"
    outsider = program(scene.outsider)
    for method, path, body in (
        ("POST", f"{here}/replies", {"text": "x", "quotes": theirs["message"]}),
        ("POST", f"{here}/replies", {"text": "x", "attachment_ids": [theirs["attachment"]]}),
        ("POST", f"{here}/notes", {"text": "x", "attachment_ids": [theirs["attachment"]]}),
        ("POST", f"{here}/tasks", {"text": "x", "due_at": "2030-01-01T00:00:00Z", "message_id": theirs["message"]}),
        ("POST", f"/customers/{thread.customer_id}/merges", {"other_id": owner}),
        ("POST", f"/customers/{thread.customer_id}/consents", {"identity_id": address, "given": True}),
        ("PUT", f"/messages/{mine.id}/customer", {"customer_id": owner}),
        ("GET", f"{here}/messages?around={theirs['message']}", None),
        ("GET", f"/cases?conversation_id={scene.thread.id}", None),
        ("GET", f"/search?q=x&conversation_id={scene.thread.id}", None),
    ):  # fmt: skip
        answer = outsider.request(method, PREFIX + path, json=body)
        assert answer.status_code in (404, 422), (method, path, answer.status_code, answer.text[:300])
        assert "秘密" not in answer.text, path
        assert "千代田区" not in answer.text, path


def test_no_list_of_the_api_shows_an_outsider_anything(scene: Scene) -> None:
    """Every list there is, with what it must be asked."""
    outsider = program(scene.outsider)
    for method, pattern in routes():
        if method != "GET" or not pattern.startswith("/api/") or "{" in pattern or pattern in NO_LISTS:
            continue
        answer = outsider.get(pattern, params={"q": "千代田区"} if pattern.endswith("/search") else {})
        assert answer.status_code in (200, 403, 422), (pattern, answer.status_code)
        assert "千代田区" not in answer.text.replace('"q"', ""), pattern
        assert f'"conversation_id":{scene.thread.id},' not in answer.text, pattern


NO_LISTS = {"/api/v1/openapi.json", "/api/v1/events/stream"}


def test_a_token_does_what_its_scope_says_and_no_more(scene: Scene) -> None:
    for scope in SCOPES:
        with at_length(program(scene.admin, scope)) as caller:
            for one in ENDPOINTS:
                if one.scope not in ("", scope):
                    answer = caller.request(one.method, scene.path("/api/v1" + one.path))
                    assert answer.status_code == 403, (scope, one.method, one.path, answer.status_code)


@pytest.mark.parametrize("role", ["agent", "supervisor"])
def test_what_is_for_admins_and_supervisors_is_closed_to_other_tokens(scene: Scene, role: str) -> None:
    caller = program(scene.insider if role == "agent" else scene.supervisor)
    closed = [one for one in ENDPOINTS if one.roles and role not in one.roles]
    assert closed
    for one in closed:
        answer = caller.request(one.method, scene.path("/api/v1" + one.path))
        assert answer.status_code == 403, (role, one.method, one.path, answer.status_code)
