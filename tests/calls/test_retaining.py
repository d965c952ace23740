"""Recordings are kept for as long as the house says, and the entry of the call says that they are gone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app import files, general
from app.calls import retaining
from app.db import as_of, now, reading, transaction
from app.models import Attachment, Event, Message
from tests import factories as make
from tests.calls.told import answered_call
from tests.web.visiting import Browser

SOUND = b"ID3\x03" + bytes(200)


def with_recordings(*days_ago: int) -> list[int]:
    """Calls whose recordings came in so many days ago: their entries."""
    made = []
    with transaction() as db:
        line = make.channel(db, "call", name="代表電話")
        for number, days in enumerate(days_ago):
            outcome = make.accept(db, line, answered_call(f"c-{number}")[2])[0]
            with as_of(now() - timedelta(days=days)):
                sound = files.store(db, SOUND + bytes([number]), "call.mp3", limit=10_000)
            sound.message_id = outcome["message"]
            made.append(outcome["message"])
    return made


@pytest.mark.usefixtures("committed")
def test_recordings_are_taken_away_when_their_time_is_over_and_not_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retaining, "_next", 0.0)
    monkeypatch.setattr(files, "RESTING", -1.0)
    old, young = with_recordings(31, 29)
    assert retaining.forget_recordings() == 0  # they are kept for good unless somebody says otherwise
    with transaction() as db:
        admin = make.agent(db, "北川", role="admin")
        paths = [files.path_of(one) for one in db.scalars(select(Attachment).order_by(Attachment.message_id))]
    page = Browser().come_in(admin)
    assert (
        page.submit("/settings/general/calls", {"dispositions": "", "recording_days": "31"}).status_code
        == 422
    )
    assert (
        page.submit("/settings/general/calls", {"dispositions": "", "recording_days": "30"}).status_code
        == 303
    )
    monkeypatch.setattr(retaining, "_next", 0.0)
    assert retaining.forget_recordings() == 1
    with reading() as db:
        assert general.recording_days(db) == 30
        assert [one.message_id for one in db.scalars(select(Attachment))] == [young]
        assert db.get_one(Message, old).context["recording_gone"] == 30
        assert "recording_gone" not in db.get_one(Message, young).context
        thread = db.get_one(Message, old).conversation_id
        assert db.scalars(select(Event.message_id).filter_by(kind="call.changed")).all()[-1] == old
    assert [Path.exists(one) for one in paths] == [False, True]
    shown = page.see(f"/inbox/{thread}")
    assert shown.count("録音は、保存期間（30日間）を過ぎたため削除されました。") == 1
    assert shown.count("<audio") == 1
    assert retaining.forget_recordings() == 0  # not before an hour is over
