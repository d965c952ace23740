"""The call log of the demo shop lands in the threads of the demo's people."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from app import customers, tables
from app.calllog import columns
from app.db import now, reading, transaction
from app.demo import call_log, shop
from app.models import Call, Identity, Message
from tests import factories as make
from tests.imports.logs import run

PEOPLE = {"佐々木 真理": 2, "松本 隆": 2, "斎藤 浩二": 2, "後藤 幸子": 1}


@pytest.mark.usefixtures("committed")
def test_the_call_log_of_the_demo_lands_in_the_threads_of_its_people(tmp_path: Path) -> None:
    numbers = {one["name"]: one["phone"] for one in shop.told("talks.ja")["talk"] if one.get("phone")}
    known: dict[str, int] = {}
    with transaction() as db:
        make.channel(db, "call", key="phone", secrets={"secret": "a secret of the telephones"})
        for name in PEOPLE:
            number = "+81" + numbers[name].replace("-", "")[1:]
            known[name] = customers.identify(
                db, customers.Contact(("phone", "", number), name=name)
            ).customer_id
    path = tmp_path / call_log.NAME
    path.write_bytes(call_log.csv_of(now(), "Asia/Tokyo"))
    result = run(path)
    assert "Read as cp932" in result.output
    assert "11 rows: 9 calls taken in, 0 there already, 1 within the house, 1 with problems." in result.output
    with reading() as db:
        whose = select(Identity.customer_id).join(Message, Message.identity_id == Identity.id)
        found = list(db.scalars(whose.join(Call, Call.message_id == Message.id)))
    assert {name: found.count(id) for name, id in known.items()} == PEOPLE
    assert len(set(found)) == len(PEOPLE) + 2


def test_every_column_of_it_is_known(tmp_path: Path) -> None:
    path = tmp_path / call_log.NAME
    path.write_bytes(call_log.csv_of(now(), "Asia/Tokyo"))
    with tables.open_table(path, columns.known) as table:
        assert len(columns.guess(table.header)) == len(call_log.HEADER)
