"""Webhooks by the API: for admins' tokens, with the secret told once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.db import transaction
from app.events import record
from app.models import Agent
from app.webhooks.fanout import fan_out
from tests import factories
from tests.api.calling import Program, program
from tests.webhooks.receiver import Receiver, allow_private, deliveries, end_of_feed, pump, receiving

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def caller() -> Program:
    allow_private()
    with transaction() as db:
        admin = factories.agent(db, role="admin")
    return program(admin)


@pytest.fixture
def other(caller: Program) -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def make(caller: Program, url: str, *kinds: str) -> dict[str, Any]:
    made: dict[str, Any] = caller.call(
        "POST", "/webhooks", 201, json={"name": "CRM", "url": url, "kinds": kinds}
    )
    return made


def happen(times: int = 1) -> None:
    for _ in range(times):
        with transaction() as db:
            record(db, "label.created")


def test_a_webhook_is_made_and_its_secret_told_once(caller: Program, other: Receiver) -> None:
    made = make(caller, other.url, "label.created")
    assert made["secret"].startswith("whsec_")
    known = {name: value for name, value in made.items() if name != "secret"}
    assert caller.see(f"/webhooks/{made['id']}") == known
    assert caller.see("/webhooks")["items"] == [known]
    happen()
    pump(made["id"])
    assert other.heard[0].signed_with(made["secret"])


def test_it_is_changed_by_who_has_seen_how_it_is(caller: Program, other: Receiver) -> None:
    place = f"/webhooks/{make(caller, other.url)['id']}"
    seen = caller.get(f"/api/v1{place}").headers["etag"]
    caller.refused("PATCH", place, 428, json={"enabled": False})
    changed = caller.call(
        "PATCH", place, json={"enabled": False, "kinds": ["rated"]}, headers={"If-Match": seen}
    )
    assert (changed["enabled"], changed["kinds"]) == (False, ["rated"])
    caller.refused("PATCH", place, 412, json={"enabled": True}, headers={"If-Match": seen})
    caller.call("DELETE", place, 204)
    caller.refused("GET", place, 404)


def test_what_it_is_told_meanwhile_is_no_change_of_it(caller: Program, other: Receiver) -> None:
    place = f"/webhooks/{make(caller, other.url, 'label.created')['id']}"
    seen = caller.get(f"/api/v1{place}")
    happen()
    while fan_out():
        pass
    later = caller.get(f"/api/v1{place}", headers={"If-None-Match": seen.headers["etag"]})
    assert later.json()["cursor"] > seen.json()["cursor"]
    tag = {"If-Match": seen.headers["etag"]}
    changed = caller.call("PATCH", place, json={"name": "CRM 2"}, headers=tag)
    assert changed["name"] == "CRM 2"
    caller.refused("PATCH", place, 412, json={"name": "CRM 3"}, headers=tag)


def test_what_cannot_be_names_its_field(caller: Program) -> None:
    for field, wrong in (("url", "https://"), ("name", " "), ("kinds", ["nonsense"])):
        body = {"name": "CRM", "url": "https://example.jp/", "kinds": [], field: wrong}
        told = caller.refused("POST", "/webhooks", 422, json=body)
        assert told["errors"][0]["field"] == f"body.{field}"


def test_keys_are_exchanged(caller: Program, other: Receiver) -> None:
    made = make(caller, other.url, "label.created")
    place = f"/webhooks/{made['id']}"
    again = caller.call("POST", f"{place}/key", 201)
    assert again["secret"] != made["secret"]
    assert again["old_key_until"]
    caller.call("DELETE", f"{place}/key/previous", 204)
    assert caller.see(place)["old_key_until"] is None


def test_deliveries_are_listed_shown_and_sent_again(caller: Program, other: Receiver) -> None:
    id = make(caller, other.url, "label.created")["id"]
    began = end_of_feed()
    happen(3)
    pump(id)
    page = caller.see(f"/webhooks/{id}/deliveries", limit=2, state="sent")
    rest = caller.see(f"/webhooks/{id}/deliveries", limit=2, after=page["next"])
    assert [len(page["items"]), len(rest["items"]), rest["next"]] == [2, 1, None]
    one = caller.see(f"/webhooks/{id}/deliveries/{rest['items'][0]['id']}")
    assert (one["status"], one["request"]["headers"]["Webhook-Id"]) == (204, other.heard[0].id)
    again = f"/webhooks/{id}/resendings"
    assert caller.call("POST", again, 201, json={"delivery_id": one["id"]}) == {"events": 1}
    assert caller.call("POST", again, 201, json={"after": began, "upto": end_of_feed()}) == {"events": 3}
    stretch = {"since": "2020-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
    assert caller.call("POST", again, 201, json=stretch)["events"] == 3
    caller.refused("POST", again, 422, json={"since": "2020-01-01T00:00:00Z"})
    pump(id)
    assert len(other.taken) == 6


def test_a_test_event_is_sent_after_the_answer_was_kept(caller: Program, other: Receiver) -> None:
    id = make(caller, other.url, "rated")["id"]
    key = caller.key()
    first = caller.call("POST", f"/webhooks/{id}/tests", 201, headers=key)
    assert caller.call("POST", f"/webhooks/{id}/tests", 201, headers=key) == first
    assert [one.told["kind"] for one in other.heard] == ["webhook.test"]
    assert deliveries(id)[0].state == "sent"


@pytest.mark.parametrize("role", ["agent", "supervisor"])
def test_only_tokens_of_admins_come_here(caller: Program, role: str) -> None:
    id = make(caller, "https://example.jp/")["id"]
    with transaction() as db:
        somebody: Agent = factories.agent(db, role=role)
    outsider = program(somebody)
    for method, path in (("GET", ""), ("GET", f"/{id}"), ("GET", f"/{id}/deliveries"), ("DELETE", f"/{id}")):
        outsider.refused(method, f"/webhooks{path}", 403)
    outsider.refused("POST", "/webhooks", 403, json={"name": "x", "url": "https://example.jp/"})
