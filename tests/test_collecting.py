"""Lines to mailboxes: what comes over them is stored once, by one holder, whatever happens meanwhile."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app import collecting, intake, verify
from app.collecting import Lines, Lost, holder, lease
from app.db import now, reading, transaction
from app.models import Channel, Collector, Message, RawReceipt
from channels import base, registry
from channels.base import ChannelError, Collected
from tests import factories as make
from tests.connectors import Post, installed
from tests.serving import until

pytestmark = pytest.mark.usefixtures("committed")


@dataclass
class Mailbox:
    """A mailbox somewhere else. `trouble` is raised by whoever looks into it; `generation` is its UIDVALIDITY."""

    mails: list[str] = field(default_factory=list)
    generation: int = 1
    trouble: BaseException | None = None
    news: threading.Event = field(default_factory=threading.Event)
    visits: int = 0

    def arrive(self, *texts: str) -> None:
        self.mails += texts
        self.news.set()

    def collect(self, cursor: Mapping[str, Any], stop: Callable[[], bool]) -> Iterator[Collected]:
        """As IMAP does: by numbers, which mean nothing any more in another generation."""
        self.visits += 1
        while not stop():
            seen = int(cursor.get("uid", 0)) if cursor.get("generation") == self.generation else 0
            if self.trouble is not None:
                raise self.trouble
            there = list(self.mails)
            for uid in range(seen + 1, len(there) + 1):
                cursor = {"generation": self.generation, "uid": uid}
                request = base.Request("MAIL", f"imap://there/INBOX;UID={uid}", body=there[uid - 1].encode())
                yield Collected(cursor, request, left=len(there) - uid, total=len(there))
            yield Collected(dict(cursor))
            self.news.wait(0.05)
            self.news.clear()


def read(request: base.Request) -> list[base.Event]:
    """A mail is "sender: text"; its id is what it says."""
    sender, _, text = request.body.decode().partition(": ")
    if text == "broken":
        raise ValueError("no mail at all")
    return [make.inbound(text, sender, id=request.body.decode())]


@pytest.fixture
def boxes(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Mailbox]]:
    """Mailboxes by the keys of the channels that collect from them."""
    found: dict[str, Mailbox] = {}

    class Collector(Post):
        read = staticmethod(read)

        def collect(self, cursor: Mapping[str, Any], stop: Callable[[], bool]) -> Iterator[Collected]:
            return found.setdefault(self.context.key, Mailbox()).collect(cursor, stop)

    with installed(monkeypatch):
        known = {**registry.kinds(), "post": Collector}
        monkeypatch.setattr(registry, "kinds", lambda: known)
        monkeypatch.setattr("app.collecting.lines.ROUND", 0.02)
        monkeypatch.setattr("app.collecting.lease.FIRST_WAIT", 0.01)
        yield found


def mailbox(boxes: dict[str, Mailbox], key: str = "shop", *mails: str, **columns: Any) -> Channel:
    """A channel that collects from a mailbox which holds these."""
    boxes[key] = Mailbox(list(mails))
    with transaction() as db:
        return make.channel(db, "post", key=key, **columns)


def line_to(channel: Channel) -> collecting.Line:
    """The line, taken up by us."""
    with reading() as db:
        line = collecting.claim(channel.id, db.get(Collector, channel.id))
    assert line is not None
    return line


def texts() -> list[str]:
    with reading() as db:
        return list(
            db.scalars(select(Message.text).where(Message.external_id.is_not(None)).order_by(Message.id))
        )


def state(channel: Channel) -> tuple[str, str]:
    with reading() as db:
        row = db.get_one(Channel, channel.id)
        return row.health, row.health_text


def clean() -> bool:
    with reading() as db:
        return verify.report(db).clean


def test_what_is_there_and_what_comes_is_stored_and_read_in_order(boxes: dict[str, Mailbox]) -> None:
    channel = mailbox(boxes, "shop", *(f"yamada: {n}" for n in range(250)))
    with collecting.running():
        until(lambda: len(texts()) == 250, "the old mails are there", 30)
        boxes["shop"].arrive("sato: new")
        until(lambda: len(texts()) == 251, "the new mail is there", 10)
    assert texts() == [*map(str, range(250)), "new"]
    assert state(channel) == ("ok", "")
    with reading() as db:
        assert db.get_one(Channel, channel.id).cursor == {"generation": 1, "uid": 251}
        row = db.get_one(Collector, channel.id)
        assert (row.holder, row.until) == ("", None)  # hung up: the next one need not wait
    assert clean()


def test_a_second_process_waits_for_its_turn(boxes: dict[str, Mailbox]) -> None:
    channel = mailbox(boxes, "shop", "yamada: hello")
    first, second = Lines(), Lines()
    assert (first.look(), second.look()) == (1, 0)
    until(lambda: texts() == ["hello"], "the first stores it", 10)
    first.hang_up()
    assert second.look() == 1
    boxes["shop"].arrive("yamada: again")
    until(lambda: texts() == ["hello", "again"], "the second goes on from there", 10)
    second.hang_up()
    assert state(channel)[0] == "ok"


def test_who_was_frozen_past_the_lease_stores_nothing(boxes: dict[str, Mailbox]) -> None:
    channel = mailbox(boxes, "shop", "yamada: hello")
    frozen = line_to(channel)
    came = Collected({"uid": 1}, base.Request("MAIL", "imap://there", body=b"yamada: hello"))
    with transaction() as db:
        db.get_one(Collector, channel.id).until = now() - timedelta(seconds=1)
    awake = line_to(channel)
    with pytest.raises(Lost):
        collecting.keep(frozen, [came])
    collecting.let_go(frozen)  # takes nothing away from the other
    assert collecting.keep(awake, [came])
    with reading() as db:
        assert len(db.scalars(select(RawReceipt)).all()) == 1


def test_a_line_that_waits_for_its_server_is_let_go_of_when_we_stop(
    boxes: dict[str, Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it brings afterwards is not stored: the next holder goes on at once, from where it was."""
    channel = mailbox(boxes, "shop", "yamada: hello")
    stuck, begun = threading.Event(), threading.Event()
    real = Mailbox.collect

    def waits(self: Mailbox, cursor: Mapping[str, Any], stop: Callable[[], bool]) -> Iterator[Collected]:
        begun.set()
        stuck.wait(30)
        yield from real(self, cursor, lambda: False)

    monkeypatch.setattr(Mailbox, "collect", waits)
    monkeypatch.setattr("app.collecting.lines.PATIENCE", 0.05)
    first, second = Lines(), Lines()
    first.look()
    (thread,) = [thread for _, thread in first._held.values()]
    until(begun.is_set, "it waits", 10)
    first.hang_up()
    assert thread.is_alive()
    assert _holder(channel) == ""
    monkeypatch.setattr(Mailbox, "collect", real)
    assert second.look() == 1
    until(lambda: texts() == ["hello"], "the second brings it", 10)
    stuck.set()
    until(lambda: not thread.is_alive(), "the first gives up", 10)
    assert texts() == ["hello"]
    second.hang_up()
    assert clean()


def test_stopping_reaches_the_lines_at_once_whatever_the_clock_is_busy_with(
    boxes: dict[str, Mailbox],
) -> None:
    channel, stop = mailbox(boxes), threading.Event()
    with collecting.running(stop):
        until(lambda: state(channel)[0] == "ok", "it is held", 10)
        stop.set()
        until(lambda: _holder(channel) == "", "it is let go of", 10)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are told by /proc")
def test_the_lease_of_a_process_that_died_on_this_machine_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        with monkeypatch.context() as patch:
            patch.setattr("os.getpid", lambda: child.pid)
            word = holder.word()
        held = Collector(channel_id=1, holder=word, until=now() + timedelta(seconds=40))
        assert len(word) <= 64
        assert not lease.is_free(held, "ok")
        child.kill()
        until(lambda: lease.is_free(held, "ok"), "it is found dead, even before it was waited for", 10)
    assert lease.is_free(held, "ok")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are told by /proc")
def test_of_a_process_elsewhere_and_of_an_older_word_nothing_is_known() -> None:
    secret, place, pid, began = holder.word().split(":")
    assert not holder.is_gone(f"{secret}:{place}:{pid}:{began}")
    assert holder.is_gone(f"{secret}:{place}:{pid}:{int(began) - 1}")  # the number is another's by now
    assert not holder.is_gone(f"{secret}:another:{pid}:{int(began) - 1}")
    for word in ("", "x", secret, f"{secret}:{place}", f"{secret}:{place}:../1:{began}", "::::"):
        assert not holder.is_gone(word)


def test_of_two_that_find_it_free_one_gets_it(boxes: dict[str, Mailbox]) -> None:
    channel = mailbox(boxes, "shop")
    assert collecting.claim(channel.id, None)
    assert collecting.claim(channel.id, None) is None
    with transaction() as db:
        db.get_one(Collector, channel.id).until = now() - timedelta(seconds=1)
    with reading() as db:
        seen = db.get_one(Collector, channel.id)
    assert collecting.claim(channel.id, seen)
    assert collecting.claim(channel.id, seen) is None


def test_a_server_that_is_gone_is_told_in_its_own_words_and_waited_for(boxes: dict[str, Mailbox]) -> None:
    channel = mailbox(boxes, "shop", "yamada: hello")
    boxes["shop"].trouble = ChannelError("The server closed the connection.", detail="BYE going down")
    with collecting.running():
        until(lambda: boxes["shop"].visits >= 3, "it is tried again", 10)
        assert state(channel) == ("failing", "The server closed the connection. (BYE going down)")
        boxes["shop"].trouble = None
        until(lambda: texts() == ["hello"], "the mail comes", 10)
    assert state(channel) == ("ok", "")
    with reading() as db:
        row = db.get_one(Collector, channel.id)
        assert (row.failures, row.retry_at) == (0, None)


def test_a_wrong_password_is_not_tried_over_and_over_until_it_is_changed(boxes: dict[str, Mailbox]) -> None:
    channel = mailbox(boxes, "shop")
    boxes["shop"].trouble = ChannelError("The server refused the password.", permanent=True)
    with collecting.running():
        until(lambda: state(channel)[0] == "action", "it is told", 10)
        with transaction() as db:
            row = db.get_one(Channel, channel.id)
            row.settings, row.health = {"password": "right"}, "unknown"  # as the settings page does
        boxes["shop"].trouble = None
        until(lambda: state(channel)[0] == "ok", "it is tried with the new one at once", 10)
    assert boxes["shop"].visits == 2


def test_a_mail_that_cannot_be_parsed_stops_nothing(boxes: dict[str, Mailbox]) -> None:
    mailbox(boxes, "shop", "yamada: 1", "yamada: broken", "yamada: 3")
    with collecting.running():
        until(lambda: len(texts()) == 2, "its neighbours are there", 10)
    assert texts() == ["1", "3"]
    with reading() as db:
        assert db.scalars(select(RawReceipt.state).order_by(RawReceipt.id)).all() == [
            "parsed",
            "failed",
            "parsed",
        ]


def test_a_mailbox_with_new_numbers_doubles_nothing(boxes: dict[str, Mailbox]) -> None:
    channel = mailbox(boxes, "shop", "yamada: 1", "yamada: 2")
    with collecting.running():
        until(lambda: len(texts()) == 2, "both are there", 10)
        boxes["shop"].generation = 7
        boxes["shop"].arrive("yamada: 3")
        until(lambda: len(texts()) == 3, "the new one, too", 10)
    assert texts() == ["1", "2", "3"]
    with reading() as db:
        assert db.get_one(Channel, channel.id).cursor == {"generation": 7, "uid": 3}
    assert clean()


def test_a_line_follows_its_channel(boxes: dict[str, Mailbox]) -> None:
    with collecting.running():
        channel = mailbox(boxes, "shop")
        until(lambda: boxes["shop"].visits == 1, "it is taken up", 10)
        with transaction() as db:
            db.get_one(Channel, channel.id).settings = {"host": "elsewhere"}
        until(lambda: boxes["shop"].visits == 2, "it is made anew", 10)
        with transaction() as db:
            db.get_one(Channel, channel.id).enabled = False
        until(lambda: _holder(channel) == "", "it is hung up", 10)


def _holder(channel: Channel) -> str:
    with reading() as db:
        return db.get_one(Collector, channel.id).holder


def test_two_mailboxes_are_held_side_by_side(boxes: dict[str, Mailbox]) -> None:
    mailbox(boxes, "shop", "yamada: 1")
    broken = mailbox(boxes, "office")
    boxes["office"].trouble = RuntimeError("a bug")
    with collecting.running():
        until(lambda: texts() == ["1"] and state(broken)[0] == "failing", "one works, one does not", 10)
    assert state(broken)[1] == "The connector failed. (RuntimeError)"


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_lease_of_a_wrong_clock_holds_nobody_up(boxes: dict[str, Mailbox], hours: int) -> None:
    row = Collector(channel_id=1, holder="x", until=now() + timedelta(hours=hours))
    assert lease.is_free(row, "ok")
    row.until, row.retry_at = None, now() + timedelta(hours=hours)
    assert lease.is_free(row, "failing")


def test_what_a_line_that_broke_brought_before_is_kept() -> None:
    def found() -> Iterator[Collected]:
        yield Collected({"uid": 1}, base.Request("MAIL", ""), left=5)
        raise ChannelError("gone")

    came = collecting.batches(found())
    assert [one.cursor for one in next(came)] == [{"uid": 1}]
    with pytest.raises(ChannelError):
        next(came)


def test_what_a_holder_before_stored_is_read_first_a_few_at_a_time(
    boxes: dict[str, Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = mailbox(boxes, "shop", "yamada: new")
    with transaction() as db:
        old = [(channel, base.Request("MAIL", "", body=f"yamada: {n}".encode()), "") for n in range(7)]
        intake.store_all(db, old)
    monkeypatch.setattr("app.collecting.keeping.MOST_BYTES", 20)
    with collecting.running():
        until(lambda: len(texts()) == 8, "all are there", 10)
    assert texts() == [*map(str, range(7)), "new"]


def test_what_is_there_already_is_stored_together_and_what_comes_alone_at_once() -> None:
    def came(*left: int | None) -> Iterator[Collected]:
        for one in left:
            request = None if one is None else base.Request("MAIL", "", body=b"x" * 1000)
            yield Collected({}, request, left=one or 0)

    def sizes(*left: int | None) -> list[int]:
        return [len(batch) for batch in collecting.batches(came(*left))]

    assert sizes(0, 0) == [1, 1]
    assert sizes(2, 1, 0, 0) == [3, 1]
    assert sizes(1, None, 0) == [2, 1]  # the other one is gone meanwhile
    assert sizes(*range(249, -1, -1)) == [100, 100, 50]


def test_large_mails_are_stored_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.collecting.keeping.MOST_BYTES", 2500)
    found = [Collected({}, base.Request("MAIL", "", body=b"x" * 1000), left=9) for _ in range(7)]
    assert [len(batch) for batch in collecting.batches(iter(found))] == [3, 3, 1]


def test_a_server_that_says_nothing_for_minutes_is_told_and_given_up(
    boxes: dict[str, Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = mailbox(boxes, "shop")
    lines = Lines()
    lines.look()
    until(lambda: state(channel)[0] == "ok", "it works", 10)
    monkeypatch.setattr("app.collecting.lines.SILENT", -1.0)
    lines.look()
    until(lambda: state(channel)[0] == "failing", "it is told", 10)
    assert state(channel)[1] == "The server has not answered for a while."
    lines.hang_up()


def test_a_line_over_which_a_large_mail_comes_slowly_is_kept(
    boxes: dict[str, Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = mailbox(boxes, "shop")
    line = line_to(channel)
    with transaction() as db:
        db.get_one(Collector, channel.id).until = now() + timedelta(seconds=1)
    lease.renew(line)
    with reading() as db:
        until_then = db.get_one(Collector, channel.id).until
    assert until_then is not None
    assert until_then > now() + timedelta(seconds=30)
    collecting.let_go(line)
    with pytest.raises(Lost):
        lease.renew(line)


def test_the_waiting_grows_and_a_provider_may_ask_for_more() -> None:
    waits = [collecting.wait(failures, ChannelError("x")).total_seconds() for failures in range(1, 30)]
    assert waits[0] <= 1
    assert 225 <= waits[-1] <= 300
    assert collecting.wait(1, ChannelError("x", retry_after=60)).total_seconds() == 60
    assert collecting.wait(1, ChannelError("x", permanent=True)).total_seconds() == 900
