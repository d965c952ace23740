"""A fault run has room for what it is to live through, and is over when nothing more comes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.bench.faults import command, running, stage
from app.bench.faults.schedule import schedule
from app.db import now
from app.models import BotCall, BotPause
from tests import factories as make

SAID = 12  # messages acknowledged between two faults, as a run of 200 kills had them
EACH = 6_000  # bytes that one of them was in the database of that run, with what was told of it


class Asked(Exception):
    """No further."""


def test_a_thousand_kills_have_room_for_what_is_said_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def staged(_url: Any, _webs: Any, _lease: Any, _also: Any, disk_size: int = stage.DISK) -> None:
        sizes.append(disk_size)
        raise Asked

    monkeypatch.setattr(running, "stage", staged)
    for kills in (30, 1000):
        with pytest.raises(Asked):
            running.run(1, kills, say=print)
        assert sizes[-1] > 1.5 * len(schedule(1, kills, running.LEASE)) * SAID * EACH
    assert sizes[0] < 128 * 1024 * 1024


def test_it_waits_for_what_the_bot_has_still_to_say(db: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def reading() -> Iterator[Session]:
        yield db

    monkeypatch.setattr(running, "reading", reading)
    assert running.moving() == ""
    channel = make.channel(db, bot=True, bot_pause=3)
    message = make.customer_says(db, channel, "在庫はありますか")
    pause = db.get(BotPause, message.conversation_id)
    assert pause is not None, "the bot waits for what else is said"
    assert running.moving() == "1 answers of the bot"
    asked = BotCall(
        conversation_id=pause.conversation_id,
        message_id=message.id,
        identity_id=pause.identity_id,
        channel_id=channel.id,
        webhook_id=1,
        epoch=pause.epoch,
        asked={},
        made_at=now(),
    )
    db.delete(pause)
    db.add(asked)
    assert running.moving() == "1 answers of the bot"
    asked.state = "done"
    assert running.moving() == ""


def test_the_command_that_is_told_has_the_same_faults_on_the_same_server() -> None:
    only, server = ("kill web", "cut every line"), "postgresql://somebody{}@db/postgres"
    told = command.again(9, 7, 2, only, server.format(":hidden-word"))
    asked = command.command.make_context("faults", shlex.split(told)[3:]).params
    same = {"seed": 9, "kills": 7, "webs": 2, "only": only, "database_url": server.format("")}
    assert same.items() <= asked.items()
    assert command.again(9, 200, 1, (), None) == "madoguchi bench faults --seed 9 --kills 200 --web 1"
