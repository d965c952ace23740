"""The connector of the guide in the product: installed, set up, written to by a signed webhook, answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app import connect, deliver, main, switchboard
from app.db import reading, transaction
from app.models import Delivery, Identity, Message
from tests import factories as make
from tests import guide

pytestmark = pytest.mark.usefixtures("committed")
PAGE: dict[str, Any] = json.loads(guide.files()["tests/fax/page.json"])


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[httpx2.Request]]:
    """The package of the guide is installed; what it calls the fax service with."""
    seen: list[httpx2.Request] = []

    def accept(call: httpx2.Request) -> httpx2.Response:
        seen.append(call)
        return httpx2.Response(200, json={"id": f"f-{len(seen)}"})

    http = httpx2.Client(transport=httpx2.MockTransport(accept))
    monkeypatch.setattr(connect, "http", lambda: http)
    with guide.on_the_path(guide.package(tmp_path)):
        yield seen


def test_a_fax_comes_in_signed_once_and_the_answer_goes_out(calls: list[httpx2.Request]) -> None:
    with transaction() as db:
        channel = switchboard.add_channel(db, "fax", "FAX", {"token": "t0ken"}, "fax-1")
        channel.bot_enabled = False
        number, agent = channel.id, make.agent(db)
    web, body = TestClient(main.make()), PAGE["request"]["body"].encode()
    forged = web.post("/hooks/fax-1", content=body + b" ", headers=PAGE["request"]["headers"])
    good = [web.post("/hooks/fax-1", content=body, headers=PAGE["request"]["headers"]) for _ in range(2)]
    assert [forged.status_code, *(one.status_code for one in good)] == [401, 200, 200]
    with transaction() as db:
        (asked,) = db.scalars(select(Message).filter_by(kind="inbound"))
        assert asked.text == PAGE["events"][0]["text"]
        assert set(db.execute(select(Identity.kind, Identity.address))) == {
            ("fax", "+81312345678"),
            ("phone", "+81312345678"),
        }
        make.reply(db, agent, make.thread_of(db, asked), "今週の金曜日です。")
    deliver.drain(number)
    (call,) = calls
    assert json.loads(call.content) == {"to": "+81312345678", "text": "今週の金曜日です。"}
    assert call.headers["authorization"] == "Bearer t0ken"
    with reading() as db:
        assert [one.state for one in db.scalars(select(Delivery))] == ["sent"]
