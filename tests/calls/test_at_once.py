"""The same call told by several at once: one entry, which knows everything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app import intake, verify
from app.db import reading, transaction
from app.models import Call, Conversation, Message
from channels import base
from tests import factories as make
from tests.calls.told import answered_call
from tests.connectors import installed


@pytest.mark.usefixtures("committed")
def test_tellings_that_come_at_once_make_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [*answered_call("c-1"), *answered_call("c-2", number="", withheld="非通知")] * 3
    with installed(monkeypatch, telephone=True, identity_kind="phone", inbound_only=True) as kind:
        kind.read = staticmethod(lambda request: [told[int(request.body)]])
        with transaction() as db:
            line = make.channel(db, kind.kind)
            bodies = [base.Request("POST", "", body=str(index).encode()) for index in range(len(told))]
            ids = [one.id for one in intake.store_all(db, [(line, body, "") for body in bodies])]
        with ThreadPoolExecutor(8) as pool:
            read = list(pool.map(intake.read_receipt, reversed(ids)))
        left = [one.id for one in read if one.state == "new"]
        assert [intake.read_receipt(id).state for id in left] == ["parsed"] * len(left)
        with reading() as db:
            found = db.scalars(select(Call).order_by(Call.external_id)).all()
            assert [(one.external_id, one.result, one.talk_seconds) for one in found] == [
                ("c-1", "answered", 372),
                ("c-2", "answered", 372),
            ]
            assert len(db.scalars(select(Message.id).where(Message.kind == "call")).all()) == 2
            assert len(db.scalars(select(Conversation.id)).all()) == 2
            report = verify.report(db)
        assert report.clean, str(report)
