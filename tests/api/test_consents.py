"""What customers agree to, over the API."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.db import reading, transaction
from app.models import Agent, Channel, Conversation, Event
from channels.base import Person
from tests import factories
from tests.api.calling import Program, program

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def cast() -> tuple[Agent, Channel, Conversation, Conversation]:
    """An agent, a mailbox, and two who wrote there; the second is of a team the agent is not in."""
    with transaction() as db:
        agent = factories.agent(db, "佐藤 花子")
        box = factories.channel(db, "email", settings={"address": "shop@example.jp"})
        one, other = (factories.conversation(db, box, sender=Person(f"c{n}@example.jp")) for n in range(2))
        other.team_id = factories.team(db).id
    return agent, box, one, other


@pytest.fixture
def caller(cast: tuple[Agent, Channel, Conversation, Conversation]) -> Program:
    return program(cast[0])


def identity_id(of: Conversation) -> int:
    with reading() as db:
        return factories.identity_of(db, of).id


def agreed(caller: Program, one: Conversation) -> dict[str, bool]:
    found = caller.see(f"/customers/{one.customer_id}/willingness")["items"]
    return {each["purpose"]: each["agreed"] for each in found}


def test_consent_is_recorded_and_told(
    caller: Program, cast: tuple[Agent, Channel, Conversation, Conversation]
) -> None:
    agent, box, one, _ = cast
    assert agreed(caller, one) == {"service": True, "notices": True, "marketing": False}
    at = f"/customers/{one.customer_id}/consents"
    body = {"identity_id": identity_id(one), "given": True, "purpose": "marketing", "channel_id": box.id}
    (made,) = caller.call("POST", at, 201, json={**body, "source": "form", "reason": "会員登録"})["items"]
    assert (made["channel_kind"], made["given"], made["agent_id"]) == ("email", True, agent.id)
    assert agreed(caller, one)["marketing"]
    caller.call("POST", at, 201, json={"identity_id": identity_id(one), "given": False})
    assert agreed(caller, one) == {"service": False, "notices": False, "marketing": False}
    listed = caller.see(at)["items"]
    assert [(each["purpose"], each["given"]) for each in listed] == [("", False), ("marketing", True)]
    with reading() as db:
        kinds = db.scalars(select(Event.kind).where(Event.kind.startswith("consent."))).all()
        assert sorted(kinds) == ["consent.given", "consent.withdrawn"]


def test_a_reply_to_who_wants_none_is_refused(
    caller: Program, cast: tuple[Agent, Channel, Conversation, Conversation]
) -> None:
    one = cast[2]
    replies = f"/conversations/{one.id}/replies"
    refused = caller.refused("POST", replies, 422, json={"text": "セール", "purpose": "marketing"})
    assert "has not agreed" in refused["detail"]
    sent = caller.call("POST", replies, 201, json={"text": "発送しました", "purpose": "notices"})
    assert sent["delivery"]["purpose"] == "notices"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"identity_id": 10**9}, "body.identity_id"),
        ({"channel_id": 10**9}, "body.channel_id"),
        ({"source": "stop"}, "body.source"),
        ({"purpose": "spam"}, ""),
    ],
)
def test_what_cannot_be_recorded_is_refused(
    caller: Program,
    cast: tuple[Agent, Channel, Conversation, Conversation],
    wrong: dict[str, object],
    field: str,
) -> None:
    body = {"identity_id": identity_id(cast[2]), "given": True, "purpose": "marketing", **wrong}
    told = caller.refused("POST", f"/customers/{cast[2].customer_id}/consents", 422, json=body)
    assert field in [each.get("field", "") for each in told.get("errors", [])] or not field


def test_customers_one_may_not_see_have_no_consents(
    caller: Program, cast: tuple[Agent, Channel, Conversation, Conversation]
) -> None:
    other = cast[3]
    for path in ("consents", "willingness"):
        caller.refused("GET", f"/customers/{other.customer_id}/{path}", 404)
    body = {"identity_id": identity_id(other), "given": False}
    caller.refused("POST", f"/customers/{other.customer_id}/consents", 404, json=body)
