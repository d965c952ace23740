"""Two at once, with real commits, over files, channels, settings and people: nobody undoes what the other did."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from app import brought, inbox, remote, renewing, switchboard, vault
from app.db import now, reading, transaction
from app.models import Channel, Message, RemoteFile
from channels import base, registry
from channels.amazon_connect.connector import AmazonConnect
from tests import factories as make
from tests.beside import before, result
from tests.test_remote import PICTURE, Fetched

pytestmark = pytest.mark.usefixtures("committed")


def told_of_files() -> list[tuple[str, str]]:
    """What the one message says of its files."""
    with reading() as db:
        return [
            (one["name"], one["state"]) for one in db.scalars(select(Message)).one().context.get("files", ())
        ]


def test_two_files_that_cannot_be_had_at_once_are_both_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(_self: Fetched, file: base.Attachment) -> bytes:
        raise base.ChannelError("This file is no longer there.", permanent=True)

    kinds = {**registry.kinds(), "post": Fetched}
    monkeypatch.setattr(registry, "kinds", lambda: kinds)
    monkeypatch.setattr(Fetched, "fetch", gone)
    with transaction() as db:
        pictures = [base.Attachment(f"{n}.png", "image/png", ref=f"content-{n}", size=70) for n in "ab"]
        make.customer_says(db, make.channel(db, "post"), "これです", attachments=tuple(pictures))
        first, second = db.scalars(select(RemoteFile.id).order_by(RemoteFile.id))
    other = before(monkeypatch, inbox, "hold", lambda: remote.fetch(second))
    assert not remote.fetch(first)
    assert result(other) is False
    assert sorted(told_of_files()) == [(f"{n}.png", "This file is no longer there.") for n in "ab"]


def test_a_transcript_told_of_while_the_recording_arrives_is_all_that_is_still_on_its_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard = base.Attachment("a.png", "image/png", ref="bucket/a.png")
    spoken = base.Attachment("a.json", "application/json", ref="bucket/a.json")
    began = base.Call("call-1", base.Person("+819012345678", kind="phone"), state="ended", at=now())
    told = replace(began, recording=None, transcribed=spoken, known_only=True)
    monkeypatch.setattr(AmazonConnect, "fetch", lambda self, file: PICTURE)
    with transaction() as db:
        line = make.channel(db, "amazon_connect", secrets={"secret": "a-key-for-the-contact-centre"})
        make.accept(db, line, replace(began, recording=heard))
        recording = db.scalars(select(RemoteFile.id)).one()
    other = before(monkeypatch, brought, "_elsewhere", lambda: remote.fetch(recording))
    with transaction() as db:
        make.accept(db, line, told)
    assert result(other) is True
    assert told_of_files() == [("a.json", "coming")]


def test_a_token_renewed_while_an_admin_saves_the_channel_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as db:
        channel = make.channel(db, "api", secrets={"secret": "s" * 20, "refresh_token": "used up"})
    other = before(
        monkeypatch, switchboard, "kept_secrets", lambda: renewing._kept(channel.id, {"refresh_token": "new"})
    )
    with transaction() as db:
        switchboard.change_channel(db, db.get_one(Channel, channel.id), "新しい名前", {})
    result(other)
    assert secrets_of(channel) == {"secret": "s" * 20, "refresh_token": "new"}


def test_what_a_provider_gives_and_what_was_renewed_meanwhile_are_both_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with transaction() as db:
        channel = make.channel(db, "api", secrets={"secret": "s" * 20})
    other = before(
        monkeypatch, switchboard, "kept_secrets", lambda: renewing._kept(channel.id, {"refresh_token": "new"})
    )
    with transaction() as db:
        switchboard.keep_secrets(db, db.get_one(Channel, channel.id), {"page": "given"})
    result(other)
    assert secrets_of(channel) == {"secret": "s" * 20, "refresh_token": "new", "page": "given"}


def secrets_of(channel: Channel) -> dict[str, object]:
    with reading() as db:
        return vault.unseal(db.get_one(Channel, channel.id).secrets)
