"""Files that lie with a provider: brought over, tried again, told of where they cannot be had."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import files, inbox, remote
from app.db import as_of, now, reading, transaction
from app.models import Attachment, Channel, Conversation, Event, Message, RemoteFile
from channels import base, registry
from tests import factories as make
from tests.connectors import Post
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c63f8cfc0f01f00050001ff89993d1d0000000049454e44ae426082"
)


class Fetched(Post):
    """A provider that keeps what customers send; `give` is what it answers."""

    give: Callable[[base.Attachment], bytes] = staticmethod(lambda file: PICTURE)

    def fetch(self, attachment: base.Attachment) -> bytes:
        return type(self).give(attachment)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> type[Fetched]:
    made = type("Fetched", (Fetched,), {"sent": []})
    known = {**registry.kinds(), "post": made}
    monkeypatch.setattr(registry, "kinds", lambda: known)
    return made


@dataclass(frozen=True)
class Sent:
    """A message with a picture, and the row of the picture."""

    channel: Channel
    message: Message
    file: int

    def shown(self) -> Message:
        with reading() as db:
            return db.get_one(Message, self.message.id)

    def told(self) -> object:
        return self.shown().context.get("files")

    def stored(self) -> list[Attachment]:
        with reading() as db:
            return files.of_message(db, self.message.id)

    def row(self) -> RemoteFile | None:
        with reading() as db:
            return db.get(RemoteFile, self.file)


@pytest.fixture
def sent(provider: type[Fetched]) -> Sent:
    with transaction() as db:
        channel = make.channel(db, "post")
        picture = base.Attachment("写真.png", "image/png", ref="content-1", size=70)
        message = make.customer_says(db, channel, "これです", attachments=(picture,))
        return Sent(channel, message, db.scalars(select(RemoteFile.id)).one())


def test_a_file_is_brought_over_and_shown(sent: Sent, provider: type[Fetched]) -> None:
    asked: list[base.Attachment] = []

    def give(file: base.Attachment) -> bytes:
        asked.append(file)
        return PICTURE

    provider.give = staticmethod(give)
    assert sent.told() == [{"name": "写真.png", "remote": sent.file, "state": "coming"}]
    assert remote.fetch(sent.file)
    (stored,) = sent.stored()
    assert (stored.name, stored.content_type, stored.is_image) == ("写真.png", "image/png", True)
    assert (sent.told(), sent.row()) == (None, None)
    assert [(one.ref, one.size) for one in asked] == [("content-1", 70)]
    with reading() as db:
        assert db.scalar(select(Event.message_id).where(Event.kind == "message.files")) == sent.message.id


def test_the_clock_brings_it_once_however_often_it_rings(sent: Sent, provider: type[Fetched]) -> None:
    asked: list[str] = []

    def give(file: base.Attachment) -> bytes:
        asked.append(file.ref)
        return PICTURE

    provider.give = staticmethod(give)
    assert remote.fetch(sent.file)
    assert not remote.fetch(sent.file)
    assert remote.fetch_due() == 0
    assert asked == ["content-1"]


def test_what_is_not_ready_is_asked_for_again(sent: Sent, provider: type[Fetched]) -> None:
    def later(file: base.Attachment) -> bytes:
        raise base.ChannelError("It is still being prepared.", retry_after=30)

    provider.give = staticmethod(later)
    assert not remote.fetch(sent.file)
    row = sent.row()
    assert row is not None
    assert row.next_at is not None
    assert row.next_at > now() + timedelta(seconds=25)
    assert not remote.fetch(sent.file)  # not before its time
    provider.give = staticmethod(lambda file: PICTURE)
    with as_of(now() + timedelta(seconds=40)):
        assert remote.fetch(sent.file)
    assert len(sent.stored()) == 1


def test_what_cannot_be_had_now_is_asked_for_about_two_hours(sent: Sent, provider: type[Fetched]) -> None:
    def away(file: base.Attachment) -> bytes:
        raise base.ChannelError("It is not answering.")

    provider.give = staticmethod(away)
    begun = last = now()
    while (row := sent.row()) and row.next_at:
        last = max(row.next_at, last)
        with as_of(last):
            assert not remote.fetch(sent.file)
    assert timedelta(hours=1.5) < last - begun < timedelta(hours=3)


def test_one_that_a_dead_process_had_in_hand_is_brought_by_the_next(
    sent: Sent, provider: type[Fetched]
) -> None:
    def dies(file: base.Attachment) -> bytes:
        raise SystemExit

    provider.give = staticmethod(dies)
    with pytest.raises(SystemExit):
        remote.fetch(sent.file)
    provider.give = staticmethod(lambda file: PICTURE)
    assert not remote.fetch(sent.file)
    with as_of(now() + remote.LEASE + timedelta(seconds=1)):
        assert remote.fetch(sent.file)


def test_what_can_never_be_had_says_why_and_can_be_asked_for_again(
    sent: Sent, provider: type[Fetched]
) -> None:
    def gone(file: base.Attachment) -> bytes:
        raise base.ChannelError("This file is no longer there.", permanent=True)

    provider.give = staticmethod(gone)
    assert not remote.fetch(sent.file)
    assert sent.told() == [
        {"name": "写真.png", "remote": sent.file, "state": "This file is no longer there."}
    ]
    with as_of(now() + timedelta(days=3)):
        assert remote.fetch_due() == 0
    with transaction() as db:
        tanaka = make.agent(db)
    browser = Browser().come_in(tanaka)
    page = browser.see(f"/inbox/{sent.message.conversation_id}")
    assert f'hx-post="/messages/{sent.message.id}/files/{sent.file}"' in page
    headers = {"x-csrf-token": browser.csrf, "hx-request": "true"}
    again = browser.post(f"/messages/{sent.message.id}/files/{sent.file}", headers=headers)
    assert (again.status_code, "写真.pngを取り込んでいます" in again.text) == (200, True)
    provider.give = staticmethod(lambda file: PICTURE)
    assert remote.fetch(sent.file)
    assert browser.post(f"/messages/{sent.message.id}/files/{sent.file}", headers=headers).status_code == 409


def test_what_is_no_safe_file_is_refused_in_the_readers_words(sent: Sent, provider: type[Fetched]) -> None:
    provider.give = staticmethod(lambda file: b"MZ" + bytes(500))
    assert not remote.fetch(sent.file)
    assert sent.stored() == []
    with transaction() as db:
        tanaka = make.agent(db)
    page = Browser().come_in(tanaka).see(f"/inbox/{sent.message.conversation_id}")
    assert "写真.pngを取り込めません：「写真.png」は受け付けられません。" in page


def test_a_connector_that_breaks_over_a_file_costs_the_message_nothing(
    sent: Sent, provider: type[Fetched]
) -> None:
    def broken(file: base.Attachment) -> bytes:
        raise RuntimeError("a bug")

    provider.give = staticmethod(broken)
    assert not remote.fetch(sent.file)
    assert sent.shown().text == "これです"
    assert sent.shown().context["files"][0]["state"] == "The connector failed."


def test_a_picture_of_a_message_taken_back_is_not_brought(sent: Sent, provider: type[Fetched]) -> None:
    def taken_back(file: base.Attachment) -> bytes:
        with transaction() as db:
            message = db.get_one(Message, sent.message.id)
            inbox.unsend(db, db.get_one(Conversation, message.conversation_id), message)
        return PICTURE

    provider.give = staticmethod(taken_back)
    remote.fetch(sent.file)
    assert sent.stored() == []
    assert sent.row() is None
    with reading() as db:
        assert db.scalars(select(Attachment.id)).all() == []


def test_a_stranger_cannot_ask_for_anothers_file(sent: Sent) -> None:
    with transaction() as db:
        outsider = make.agent(db, "佐藤")
        team = make.team(db, make.agent(db, "田中"))
        head = db.get_one(Conversation, sent.message.conversation_id)
        inbox.assign(db, make.supervisor(db), head, None, team, keep_team=False)
    browser = Browser().come_in(outsider)
    headers = {"x-csrf-token": browser.csrf}
    answer = browser.post(f"/messages/{sent.message.id}/files/{sent.file}", headers=headers)
    assert answer.status_code == 404
