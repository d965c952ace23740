"""`madoguchi mail import`: mails in files come in by the same door, once."""

from __future__ import annotations

import errno
import os
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from app import verify
from app.cli import cli
from app.collecting import files
from app.db import reading, transaction
from app.models import Channel, Message, RawReceipt
from channels import base, registry
from channels.base import Collected
from tests import factories as make
from tests.connectors import Post, installed


def read(request: base.Request) -> list[base.Event]:
    """The last line is the text and the id; what is sent by us is outbound."""
    text = request.body.decode().strip().splitlines()[-1]
    if text == "broken":
        raise ValueError("no mail at all")
    if text == "bounce":
        return [base.Ignored("a bounce")]
    kind: base.MessageKind = "outbound" if request.header("folder") == "sent" else "inbound"
    return [make.inbound(text, "yamada", id=text, kind=kind)]


@pytest.fixture
def shop(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    """A mailbox."""

    class Mailbox(Post):
        features = base.Features(max_request_bytes=100_000)
        read = staticmethod(read)

        def collect(self, cursor: Mapping[str, Any], stop: Callable[[], bool]) -> Iterator[Collected]:
            yield from ()

    with installed(monkeypatch):
        known = {**registry.kinds(), "post": Mailbox}
        monkeypatch.setattr(registry, "kinds", lambda: known)
        with transaction() as db:
            channel = make.channel(db, "post", key="shop")
            make.channel(db, "api", key="api")
        yield channel


def take_in(*arguments: str | Path) -> Result:
    given = ["mail", "import", *map(str, arguments)]
    return CliRunner().invoke(cli, given, prog_name="madoguchi", catch_exceptions=False)


def texts() -> list[str]:
    with reading() as db:
        return sorted(db.scalars(select(Message.text).where(Message.external_id.is_not(None))))


def receipts() -> int:
    with reading() as db:
        return db.scalar(select(func.count()).select_from(RawReceipt)) or 0


MBOX = b"""From a@example.jp Mon Jan  1 10:00:00 2024
Subject: one

one

From - Tue Jan  2 10:00:00 2024
Subject: two

>From here on it is the second.
From me, without an empty line before it.

From nowhere, with an empty one but without a date.
two

From b@example.jp  Wed, 3 Jan 2024 10:00:00 +0900
Subject: three

three
"""


@pytest.mark.usefixtures("shop")
def test_an_mbox_is_taken_in_and_the_second_time_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "old.mbox").write_bytes(MBOX)
    told = take_in(tmp_path / "old.mbox", "--channel", "shop")
    assert told.exit_code == 0, told.output
    assert "3 mails: 3 taken in, 0 there already" in told.output
    assert texts() == ["one", "three", "two"]
    again = take_in(tmp_path / "old.mbox", "--channel", "shop")
    assert "3 mails: 0 taken in, 3 there already" in again.output
    assert (len(texts()), receipts()) == (3, 3)
    with reading() as db:
        assert verify.report(db).clean


@pytest.mark.usefixtures("shop")
def test_a_folder_is_read_through_and_its_problems_are_listed(tmp_path: Path) -> None:
    tmp_path = tmp_path / "mails"
    for folder in ("cur", "new", ".hidden"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "cur" / "1:2,S").write_bytes(b"Subject: x\n\nseen")
    (tmp_path / "new" / "2").write_bytes(b"Subject: x\r\n\r\nunseen")
    (tmp_path / "new" / "3").write_bytes(b"Subject: x\n\nbroken")
    (tmp_path / "new" / "4").write_bytes(b"x" * 200_000)
    (tmp_path / "new" / "5").write_bytes(b"")
    (tmp_path / "new" / "6.eml").write_bytes(b"Subject: x\n\nbounce")
    (tmp_path / "7.emlx").write_bytes(b"17      \nSubject: x\n\napple<?xml version='1.0'?>")
    (tmp_path / "index.msf").write_bytes(b"no mail")
    (tmp_path / ".hidden" / "9").write_bytes(b"Subject: x\n\nhidden")
    told = take_in(tmp_path, "--channel", "shop")
    assert told.exit_code == 1
    assert texts() == ["apple", "seen", "unseen"]
    assert "7 mails: 3 taken in, 0 there already, 1 that are no message, 3 with problems" in told.output
    assert "3: ValueError: no mail at all" in told.output
    assert "4: It is larger than 0 MB." in told.output
    assert "5: There is nothing in it." in told.output


@pytest.mark.usefixtures("shop")
def test_what_was_sent_by_us_is_told(tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_bytes(b"Subject: x\n\nours")
    assert take_in(tmp_path / "1.eml", "--channel", "shop", "--sent").exit_code == 0
    with reading() as db:
        message = db.scalars(select(Message).where(Message.text == "ours")).one()
        receipt = db.scalars(select(RawReceipt)).one()
    assert message.kind == "outbound"
    assert (receipt.method, receipt.headers["folder"]) == ("MAIL", "sent")
    assert receipt.url.startswith("file:1.eml;sha256=")


@pytest.mark.usefixtures("shop")
def test_only_a_mailbox_takes_mails_in(tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_bytes(b"Subject: x\n\nhello")
    assert "is no mailbox" in take_in(tmp_path / "1.eml", "--channel", "api").output
    assert "There is no channel" in take_in(tmp_path / "1.eml", "--channel", "nobody").output
    assert receipts() == 0


def test_a_large_mbox_is_read_a_mail_at_a_time(tmp_path: Path) -> None:
    one = b"From a@example.jp Mon Jan  1 10:00:00 2024\n\n" + b"x" * 200_000 + b"\n" * 2
    bomb = b"From a@example.jp Mon Jan  1 10:00:00 2024\n\n" + b"y" * 8_000_000 + b"\n" * 2
    with (tmp_path / "large.mbox").open("wb") as file:
        for _ in range(20):
            file.write(one)
        file.write(bomb + one)
    tracemalloc.start()
    try:
        found = [
            (len(each.raw or b""), each.problem) for each in files.mails([tmp_path / "large.mbox"], 1_000_000)
        ]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == [(200_002, "")] * 20 + [(0, "It is larger than 1 MB."), (200_002, "")]
    assert peak < 4_000_000


def test_where_a_file_ends_up_is_known(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"Subject: x\n\n1")
    (tmp_path / "b.mbox").write_bytes(MBOX)
    found = list(files.mails([tmp_path], 1000))
    assert [one.name for one in found] == ["a", "b.mbox#1", "b.mbox#2", "b.mbox#3"]
    assert found[-1].read == files.size_of([tmp_path])


def test_a_folder_that_cannot_be_read_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"Subject: x\n\n1")
    (tmp_path / "locked").mkdir()
    listed = os.listdir

    def of(path: Path) -> list[str]:
        if path.name == "locked":
            raise PermissionError(errno.EACCES, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "listdir", of)
    assert [(one.name, bool(one.problem)) for one in files.mails([tmp_path], 1000)] == [
        ("a", False),
        ("locked", True),
    ]
    assert files.size_of([tmp_path]) > 0


@pytest.mark.parametrize("piece", [1, 7, 64, 100_000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_mbox_is_the_same_however_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int, end: bytes
) -> None:
    monkeypatch.setattr(files, "PIECE", piece)
    (tmp_path / "b.mbox").write_bytes(MBOX.replace(b"\n", end))
    one, two, three = (found.raw for found in files.mails([tmp_path / "b.mbox"], 1000))
    assert one == b"Subject: one\n\none\n".replace(b"\n", end)
    assert two == (
        b"Subject: two\n\nFrom here on it is the second.\nFrom me, without an empty line before it.\n\n"
        b"From nowhere, with an empty one but without a date.\ntwo\n"
    ).replace(b"\n", end)
    assert three == b"Subject: three\n\nthree\n".replace(b"\n", end)
