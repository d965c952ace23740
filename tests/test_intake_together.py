"""What arrives at once is taken in together, and stands as if each had come alone."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app import intake
from app.db import reading, transaction
from app.models import Conversation, Message
from channels import base
from tests import factories as make
from tests.connectors import Post
from tests.statements import recorded
from tests.test_intake import arrive, assert_clean, post

__all__ = ["post"]
pytestmark = pytest.mark.usefixtures("committed")


def _batch(first: int, size: int) -> list[base.Event]:
    """`size` messages of as many people, half of them new."""
    return [
        make.inbound(f"質問 {number}", base.Person(f"p{number % (size // 2) + first // 2}"), id=f"{number}")
        for number in range(first, first + size)
    ]


def test_forty_messages_at_once_cost_the_statements_of_ten() -> None:
    with transaction() as db:
        channel = make.channel(db, "api")
    costs = []
    for first, size in ((0, 10), (1000, 40)):
        with recorded() as said, transaction() as db:
            outcomes = intake.accept(db, db.merge(channel, load=False), _batch(first, size))
        assert [one["new"] for one in outcomes] == [True] * size
        costs.append(len([one for one in said if not one.startswith("INSERT")]))  # SQLite inserts row by row
    assert costs[0] == costs[1]


def test_messages_taken_together_stand_as_if_they_had_come_singly(post: type[Post]) -> None:
    names = ["a", "b", "a", "c", "b", "a"]
    events: list[base.Event] = [
        make.inbound(f"{name} {number}", base.Person(name), id=str(number))
        for number, name in enumerate(names)
    ]
    post.read = staticmethod(lambda request: events)
    receipt = intake.read_receipt(arrive())
    assert [one["new"] for one in receipt.outcome] == [True] * 6
    with reading() as db:
        rows = db.execute(select(Message.conversation_id, Message.text).order_by(Message.id)).all()
        counts = sorted(db.scalars(select(Conversation.inbound_count)))
    of: dict[int, list[str]] = {}
    for conversation_id, said in rows:
        of.setdefault(conversation_id, []).append(said)
    assert sorted(of.values()) == [["a 0", "a 2", "a 5"], ["b 1", "b 4"], ["c 3"]]
    assert counts == [1, 2, 3]
    assert_clean()


def test_requests_of_several_are_read_together_and_a_broken_one_alone(post: type[Post]) -> None:
    def read(request: base.Request) -> list[base.Event]:
        if request.body == b"broken":
            raise KeyError("not what we expected")
        return [make.inbound("届く", base.Person(request.body.decode()), id=request.body.decode())]

    post.read = staticmethod(read)
    with transaction() as db:
        channel = make.channel(db, "post")
        calls = [base.Request("POST", "", body=body) for body in (b"1", b"broken", b"3")]
        ids = [receipt.id for receipt in intake.store_all(db, [(channel, call, "") for call in calls])]
    assert [receipt.state for receipt in intake.read_receipts(ids)] == ["parsed", "failed", "parsed"]
    assert_clean()
