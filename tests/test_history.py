"""Old mail that is taken in afterwards stands in the thread, and opens nothing: the matter is long past."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app import intake, verify
from app.cli import cli
from app.db import now, reading, transaction
from app.models import Case, Channel, Conversation, Event, Message
from channels import base
from tests import factories as make

pytestmark = pytest.mark.usefixtures("committed")

SHOP = "shop@example.jp"


@pytest.fixture
def mailbox(committed: None) -> Channel:
    """A mailbox on which the bot answers by itself whatever it has an answer to."""
    with transaction() as db:
        make.faq(db)
        settings = {"address": SHOP, "bot_answers": True, "bot_certainty": 50}
        return make.channel(db, "email", key="mail", bot=True, settings=settings)


def written(at: datetime | None, text: str = "送料はいくらですか", sender: str = "hana@example.jp") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, SHOP, "送料"
    mail["Message-ID"] = f"<{at.timestamp() if at else 0}@example.jp>"
    if at:
        mail["Date"] = format_datetime(at)
    mail.set_content(text)
    return mail.as_bytes()


def taken_in(folder: Path, *mails: bytes, options: tuple[str, ...] = ()) -> None:
    folder = folder / "mails"
    folder.mkdir(exist_ok=True)
    for number, raw in enumerate(mails):
        (folder / f"{number}.eml").write_bytes(raw)
    given = ["mail", "import", str(folder), "--channel", "mail", *options]
    told = CliRunner().invoke(cli, given, prog_name="madoguchi", catch_exceptions=False)
    assert told.exit_code == 0, told.output


def thread() -> Conversation:
    with reading() as db:
        return db.scalars(select(Conversation)).one()


def cases() -> int:
    with reading() as db:
        return len(db.scalars(select(Case.id)).all())


def assert_books() -> None:
    with reading() as db:
        report = verify.report(db)
    assert report.clean, str(report)


@pytest.mark.usefixtures("mailbox")
def test_imported_old_mail_opens_no_case_rings_nobody_and_the_bot_is_silent(tmp_path: Path) -> None:
    taken_in(tmp_path, written(now() - timedelta(days=400)), written(now() - timedelta(days=4)))
    head = thread()
    assert (head.status, head.waiting_since, head.inbound_count, cases()) == ("resolved", None, 0, 0)
    with reading() as db:
        assert {one.kind for one in db.scalars(select(Message))} == {"inbound"}
        told = db.scalars(select(Event).where(Event.kind == "message.received")).all()
        assert [one.data["quiet"] for one in told] == [True, True]
    assert_books()


@pytest.mark.usefixtures("mailbox")
def test_imported_mail_of_the_last_days_is_as_any_other(tmp_path: Path) -> None:
    taken_in(tmp_path, written(now() - timedelta(days=400)), written(now() - timedelta(hours=3)))
    head = thread()
    assert (head.status, head.inbound_count, cases()) == ("open", 1, 1)
    with reading() as db:
        assert {one.author for one in db.scalars(select(Message))} == {"customer", "bot"}
    assert_books()


@pytest.mark.usefixtures("mailbox")
@pytest.mark.parametrize(("days", "opened"), [("0", 0), ("1", 1), ("1000", 1)])
def test_how_old_is_a_switch_of_the_command(tmp_path: Path, days: str, opened: int) -> None:
    taken_in(tmp_path, written(now() - timedelta(hours=3)), options=("--history-after", days))
    assert cases() == opened


@pytest.mark.usefixtures("mailbox")
def test_an_imported_mail_without_any_date_is_old(tmp_path: Path) -> None:
    taken_in(tmp_path, written(None))
    assert cases() == 0
    assert_books()


def test_history_leaves_what_is_open_as_it_is(tmp_path: Path, mailbox: Channel) -> None:
    with transaction() as db:
        request = base.Request(
            "MAIL", "imap://there", body=written(now() - timedelta(minutes=5), "届きません")
        )
        id = intake.store(db, mailbox, request).id
    intake.read_receipt(id)
    before = thread()
    taken_in(tmp_path, written(now() - timedelta(days=30)))
    after = thread()
    assert (after.status, after.inbound_count, after.waiting_since) == ("open", 1, before.waiting_since)
    assert (after.last_message_id, after.owner) == (before.last_message_id, before.owner)
    assert cases() == 1
    assert_books()


def test_a_sender_cannot_call_a_mail_of_today_history(mailbox: Channel) -> None:
    raw = b"History-Before: 2999-01-01T00:00:00+00:00\r\n" + written(now())
    with transaction() as db:
        id = intake.store(db, mailbox, base.Request("MAIL", "imap://there", body=raw)).id
    intake.read_receipt(id)
    assert cases() == 1
