"""Who may come where: every route there is, for nobody, an outsider, an agent and a supervisor."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.routing import Route, WebSocketRoute

from tests.attack.scene import Scene, all_routes, browser, routes, unharmed

# What anybody may call. Whoever opens one more page to the world writes it here, too.
OPEN = {
    *("/demo", "/demo/products", "/demo/products/{slug}", "/demo/guide", "/demo/stores", "/demo/mypage"),
    *("/demo/strict", "/demo/login", "/demo/logout", "/login", "/healthz", "/readyz", "/metrics"),
    *("/hooks/{key}", "/static/{digest}/{path:path}", "/widget.js", "/widget/assets/{digest}/{name}"),
    *("/widget/words/{locale}", "/widget/{key}/config", "/widget/{key}/frame", "/widget/{key}/files"),
    *("/widget/files/{file}", "/widget/{key}/frames", "/widget/{key}/events"),
}
# Of the conversation itself: whoever may not see it finds nothing there.
SCOPED = ("/conversations/{id:int}/", "/messages/{id:int}/", "/inbox/{id:int}", "/files/{key}")
# Of the settings: what everybody has. All else there is for admins, unless it is named below.
FOR_ALL = ("/settings/me",)
# What the bot knows is no secret: agents may read it, and try it out.
READ_BY_ALL = {("GET", f"/settings/{noun}{more}") for noun in ("faq", "rules") for more in ("", "/{id:int}")}
READ_BY_ALL |= {("GET", f"/settings/{noun}/new") for noun in ("faq", "rules")} | {
    ("POST", "/settings/bot/preview")
}
# What supervisors look after, too.
FOR_EDITORS = ("/settings/faq", "/settings/rules", "/settings/bot", "/settings/labels", "/settings/replies")


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
        path = scene.path(pattern)
        for headers in ({}, {"x-csrf-token": "x"}, {"x-csrf-token": other.csrf}):
            assert admin.request(method, path, headers=headers).status_code == 403, (method, path)
        foreign = {"x-csrf-token": admin.csrf, "origin": "https://evil.example"}
        assert admin.request(method, path, headers=foreign).status_code == 403, (method, path)
        null = {"x-csrf-token": admin.csrf, "origin": "null"}
        assert admin.request(method, path, headers=null).status_code == 403, (method, path)
        crossing = {"x-csrf-token": admin.csrf, "sec-fetch-site": "cross-site"}
        assert admin.request(method, path, headers=crossing).status_code == 403, (method, path)
