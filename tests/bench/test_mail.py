"""`madoguchi bench mail` in small: what it makes is mail, all of it is taken in, and the figures are of that."""

from __future__ import annotations

import json
from email import message_from_bytes
from typing import Any

import pytest
from sqlalchemy import func, select

from app import verify
from app.bench import load
from app.bench.letters import TEMPLATES, letters
from app.db import reading
from app.models import Message, RawReceipt


def test_the_same_numbers_make_the_same_mails_and_other_ones_others() -> None:
    first = list(letters(40, 1))
    assert first == list(letters(40, 1))
    assert not set(first) & set(letters(40, 2))
    heads = [message_from_bytes(raw) for raw in first]
    assert len({head["Message-ID"] for head in heads}) == 40
    charsets = {part.get_content_charset() for head in heads for part in head.walk()}
    assert {"iso-2022-jp", "shift_jis", "utf-8"} <= charsets
    assert any("application/pdf" in {part.get_content_type() for part in head.walk()} for head in heads)


@pytest.mark.usefixtures("committed")
def test_every_mail_is_there_and_the_books_add_up() -> None:
    benchmark: Any = load("mail")
    mails = 2 * len(TEMPLATES)
    for _ in range(2):  # a second run makes other mails
        found = {one.name: one for one in benchmark.results(["--mails", str(mails)])}
    assert set(found) == {"mail.rate", "mail.batch", "mail.memory", "mail.growth"}
    assert found["mail.rate"].settings["mails"] == mails
    assert found["mail.rate"].budgets
    json.dumps([one.as_json() for one in found.values()])
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(RawReceipt)) == 2 * mails
        assert db.scalar(select(func.count(Message.id)).where(Message.external_id.is_not(None))) == 2 * (
            mails - 2
        )
        report = verify.report(db)
    assert report.clean, str(report)
