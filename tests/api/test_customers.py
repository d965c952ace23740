"""Customers and their addresses over the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app import customers, inbox
from app.db import as_of, reading, transaction
from app.models import Agent, Conversation, Customer, Event, Identity, Label
from channels.base import Person
from tests import factories
from tests.api.calling import Program, program

pytestmark = pytest.mark.usefixtures("committed")

START = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def cast() -> tuple[Agent, list[Conversation]]:
    """An agent, and the threads of three customers; the last is of a team the agent is not in."""
    with transaction() as db:
        agent, shop = factories.agent(db, "佐藤 花子"), factories.channel(db)
        threads = []
        for n, name in enumerate(("髙橋 一郎", "山田 花", "鈴木 次郎")):
            with as_of(START + timedelta(days=n)):
                threads.append(factories.conversation(db, shop, sender=Person(f"v{n}", name=name)))
        threads[2].team_id = factories.team(db).id
    return agent, threads


@pytest.fixture
def caller(cast: tuple[Agent, list[Conversation]]) -> Program:
    return program(cast[0])


def names(caller: Program, **query: object) -> list[str]:
    return [one["name"] for one in caller.see("/customers", **query)["items"]]


def tag(caller: Program, path: str) -> dict[str, str]:
    """The header for a write of what is there now."""
    return {"if-match": caller.get(f"/api/v1{path}").headers["etag"]}


def test_customers_are_found_by_name_address_and_change(caller: Program) -> None:
    assert names(caller) == ["山田 花", "髙橋 一郎"]
    assert names(caller, q="高橋") == ["髙橋 一郎"]
    assert names(caller, address="v1") == ["山田 花"]
    assert names(caller, address="v1", kind="email") == []
    assert names(caller, updated_after=START.isoformat()) == ["山田 花"]
    assert names(caller, updated_after="2026-10-31T00:00:00+09:00") == ["髙橋 一郎", "山田 花"]
    page = caller.see("/customers", limit=1)
    assert names(caller, limit=1, after=page["next"]) == ["髙橋 一郎"]


def test_one_is_told_with_their_addresses(cast: tuple[Agent, list[Conversation]], caller: Program) -> None:
    thread = cast[1][0]
    told = caller.see(f"/customers/{thread.customer_id}")
    assert (told["name"], told["conversation_id"]) == ("髙橋 一郎", thread.id)
    assert [one["address"] for one in told["identities"]] == ["v0"]
    assert told["updated_at"] == "2026-11-01T00:00:00Z"
    listed = caller.see(f"/customers/{thread.customer_id}/identities")
    assert listed == {"items": told["identities"], "next": None}
    assert caller.see("/identities", address="v0")["items"] == told["identities"]


def test_who_may_not_be_seen_does_not_exist(cast: tuple[Agent, list[Conversation]], caller: Program) -> None:
    hidden = cast[1][2].customer_id
    for path in (f"/customers/{hidden}", f"/customers/{hidden}/identities", "/customers/999", "/customers/x"):
        caller.refused("GET", path, 404)
    caller.refused("PATCH", f"/customers/{hidden}", 404, json={"note": "x"}, headers={"if-match": "*"})
    assert caller.see("/identities", address="v2") == {"items": [], "next": None}
    assert names(caller, q="鈴木") == names(caller, address="v2") == []


def test_a_customer_is_corrected_once_and_told_as_one_event(
    cast: tuple[Agent, list[Conversation]], caller: Program
) -> None:
    path = f"/customers/{cast[1][0].customer_id}"
    seen, key = tag(caller, path), caller.key()
    change = {"name_kana": "タカハシ イチロウ", "note": "常連\u0000さん", "attributes": {"会員番号": "A-12"}}
    told = caller.call("PATCH", path, json=change, headers={**seen, **key})
    assert (told["name"], told["name_kana"], told["note"]) == ("髙橋 一郎", "タカハシ イチロウ", "常連さん")
    assert told["attributes"]["会員番号"]["value"] == "A-12"
    assert caller.call("PATCH", path, json=change, headers={**seen, **key}) == told
    assert names(caller, q="A-12") == ["髙橋 一郎"]
    long = {"attributes": {"希望": "長" * 500}}
    caller.call("PATCH", path, json=long, headers=tag(caller, path))
    assert names(caller, attribute="希望", attribute_value="長" * 500) == ["髙橋 一郎"]
    caller.call("PATCH", path, json={"attributes": {"希望": None}}, headers=tag(caller, path))
    told = caller.call("PATCH", path, json={"attributes": {"会員番号": None}}, headers=tag(caller, path))
    assert told["attributes"] == {}
    with reading() as db:
        kinds = db.scalars(select(Event.data).where(Event.kind == "customer.changed")).all()
    assert [one["fields"] for one in kinds] == [["name_kana", "note", "attributes"], *[["attributes"]] * 3]


def test_of_two_who_correct_at_once_the_second_is_told(
    cast: tuple[Agent, list[Conversation]], caller: Program
) -> None:
    path = f"/customers/{cast[1][0].customer_id}"
    seen = tag(caller, path)
    caller.call("PATCH", path, json={"note": "一人目"}, headers=seen)
    told = caller.refused("PATCH", path, 412, json={"note": "二人目"}, headers=seen)
    assert told["errors"][0]["field"] == "header.If-Match"
    caller.refused("PATCH", path, 428, json={"note": "二人目"})
    assert caller.see(path)["note"] == "一人目"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "名" * 201}, "body.name"),
        ({"locale": "日本語"}, "body.locale"),
        ({"nickname": "x"}, "body.nickname"),
        ({"note": 5}, "body.note"),
        ({"attributes": {"x": "長" * 501}}, "body.attributes"),
        ({"attributes": {" ": "x"}}, "body.attributes"),
    ],
)
def test_what_is_wrong_is_named(
    cast: tuple[Agent, list[Conversation]], caller: Program, change: dict[str, object], field: str
) -> None:
    path = f"/customers/{cast[1][0].customer_id}"
    told = caller.refused("PATCH", path, 422, json=change, headers=tag(caller, path))
    assert told["errors"][0]["field"].startswith(field)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/customers?after=x", "query.after"),
        ("/customers?limit=0", "query.limit"),
        ("/customers?updated_after=yesterday", "query.updated_after"),
        ("/customers?nmae=x", "query.nmae"),
        ("/identities", "query.address"),
    ],
)
def test_a_question_that_cannot_be_understood_names_its_parameter(
    caller: Program, path: str, field: str
) -> None:
    assert caller.refused("GET", path, 422)["errors"][0]["field"] == field


def test_a_token_reads_or_writes_what_its_scopes_say(cast: tuple[Agent, list[Conversation]]) -> None:
    reader = program(cast[0], "customers:read")
    path = f"/customers/{cast[1][0].customer_id}"
    told = reader.refused("PATCH", path, 403, json={"note": "x"}, headers=tag(reader, path))
    assert told["type"].endswith("insufficient-scope")
    program(cast[0], "people:read").refused("GET", path, 403)


def test_the_address_of_a_visitor_is_unique_in_its_scope(
    cast: tuple[Agent, list[Conversation]], caller: Program
) -> None:
    with transaction() as db:
        factories.conversation(db, factories.channel(db), sender=Person("v0", scope="elsewhere"))
        scopes = db.scalars(select(Identity.scope).where(Identity.address == "v0")).all()
    found = [caller.see("/identities", address="v0", scope=scope)["items"] for scope in scopes]
    assert [len(one) for one in found] == [1, 1]


# --- one person ---------------------------------------------------------------------------------------------


def test_two_are_previewed_merged_and_taken_apart(
    cast: tuple[Agent, list[Conversation]], caller: Program
) -> None:
    ours, theirs, hidden = cast[1]
    preview = caller.see(f"/customers/{ours.customer_id}/merges/{theirs.customer_id}")
    assert preview["ours"]["customer_ids"] == [ours.customer_id]
    assert preview["differences"] == [
        {"name": "name", "ours": "髙橋 一郎", "theirs": "山田 花", "wins": "髙橋 一郎"}
    ]
    merges = f"/customers/{ours.customer_id}/merges"
    body = {"other_id": theirs.customer_id, "reason": "told on the phone"}
    made = caller.call("POST", merges, 201, json=body, headers=caller.key())
    assert (made["child_id"], made["evidence"]["reason"]) == (theirs.customer_id, "told on the phone")
    assert caller.see(f"/customers/{theirs.customer_id}")["conversation_id"] == ours.id
    caller.refused("POST", merges, 409, json=body)
    assert caller.see(f"{merges}/{theirs.customer_id}")["one_already"]
    caller.refused("POST", merges, 404, json={"other_id": hidden.customer_id})
    caller.refused("POST", merges, 422, json={"other_id": ours.customer_id})
    for _ in range(2):
        undone = caller.call("DELETE", f"/customer-links/{made['id']}")
        assert undone["undone_by"] == cast[0].id
    assert caller.see(f"/customer-links/{made['id']}") == undone
    assert caller.see(f"/customers/{theirs.customer_id}")["conversation_id"] == theirs.id


def test_what_contradicts_is_merged_only_when_confirmed(
    cast: tuple[Agent, list[Conversation]], caller: Program
) -> None:
    ours, theirs, _ = cast[1]
    for one, day in ((ours, "1990-04-01"), (theirs, "1985-12-24")):
        path = f"/customers/{one.customer_id}"
        caller.call("PATCH", path, json={"attributes": {"birthday": day}}, headers={"if-match": "*"})
    preview = caller.see(f"/customers/{ours.customer_id}/merges/{theirs.customer_id}")
    assert [one["what"] for one in preview["contradictions"]] == ["birth"]
    merges, body = (
        f"/customers/{ours.customer_id}/merges",
        {"other_id": theirs.customer_id, "reason": "checked"},
    )
    caller.refused("POST", merges, 409, json=body)
    caller.call("POST", merges, 201, json={**body, "confirmed": True})


def test_an_address_is_taken_out_and_a_message_moved_and_both_put_back(
    cast: tuple[Agent, list[Conversation]], caller: Program
) -> None:
    ours, theirs, hidden = cast[1]
    with transaction() as db:
        customer = db.get_one(Customer, ours.customer_id)
        assert customers.add_identity(db, customer, "email", "", "taro@example.jp", 0)
    (_, mail) = caller.see(f"/customers/{ours.customer_id}/identities")["items"]
    out = caller.call("POST", f"/identities/{mail['id']}/separation", 201, json={"reason": "his wife's"})
    assert caller.see("/identities", address="taro@example.jp")["items"][0]["customer_id"] == out["to_id"]
    caller.refused("POST", f"/identities/{mail['id']}/separation", 422, json={})
    (said,) = caller.see(f"/conversations/{theirs.id}/messages")["items"]
    place = f"/messages/{said['id']}/customer"
    moved = caller.call("PUT", place, json={"customer_id": ours.customer_id})
    assert (moved["from_id"], moved["to_id"]) == (theirs.customer_id, ours.customer_id)
    caller.refused("PUT", place, 409, json={"customer_id": ours.customer_id})
    caller.refused("PUT", place, 422, json={"customer_id": hidden.customer_id})
    for one in (moved, out):
        assert caller.call("DELETE", f"/relocations/{one['id']}")["undone_at"] is not None
        assert caller.see(f"/relocations/{one['id']}")["undone_by"] == cast[0].id
    assert caller.see("/identities", address="taro@example.jp")["items"][0]["customer_id"] == ours.customer_id
    for path in ("/customer-links/999", "/relocations/999"):
        caller.refused("DELETE", path, 404)
    caller.refused("POST", "/identities/999/separation", 404, json={})


def test_who_may_be_the_same_is_told_until_it_is_denied(
    cast: tuple[Agent, list[Conversation]], caller: Program
) -> None:
    ours, theirs, _ = cast[1]
    with transaction() as db:
        for one in (ours, theirs):
            customer = db.get_one(Customer, one.customer_id)
            customer.name = "髙橋 一郎"
            customers.describe(db, customer, {"phone": "090-1234-5678"}, proved=False)
    place = f"/customers/{ours.customer_id}"
    (found,) = caller.see(f"{place}/suggestions")
    assert found["customer_id"] == theirs.customer_id
    assert "same_phone" in [one["code"] for one in found["reasons"]]
    caller.call("PUT", f"{place}/strangers/{theirs.customer_id}", 204)
    assert caller.see(f"{place}/suggestions") == []


def test_customers_are_found_by_what_is_true_of_the_person(
    caller: Program, cast: tuple[Agent, list[Conversation]]
) -> None:
    agent, threads = cast
    with transaction() as db:
        one = db.get_one(Conversation, threads[0].id)
        label = Label(name="VIP")
        db.add(label)
        db.flush()
        inbox.put_label(db, one, label, agent=db.get_one(Agent, agent.id))
        channel_id = one.last_channel_id
        label_id = label.id
    assert names(caller, label_ids=label_id) == ["髙橋 一郎"]
    assert names(caller, channel_id=channel_id) == ["山田 花", "髙橋 一郎"]
    assert names(caller, consent="marketing") == []
    assert names(caller, has_open_case=True, escalation="any") == []
    assert names(caller, created_since="2026-11-02") == ["山田 花"]
    for wrong in ({"consent": "nothing"}, {"channel_id": 10**6}, {"created_since": "soon"}):
        told = caller.refused("GET", "/customers", 422, params=wrong)
        assert told["errors"][0]["field"] == f"query.{next(iter(wrong))}"
