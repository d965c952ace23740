"""The checks of the storm: a calm one passes, and each kind of thing that must never be does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import deliver
from app.bench.faults.books import Verdict
from app.bench.faults.ledger import REPLY, Ledger, Said
from app.bench.storm import plan
from app.bench.storm.judge import judge
from app.bench.storm.load import Written
from app.bench.storm.plan import ACCOUNTS, Line
from app.bench.storm.record import Record
from app.db import now
from app.deliver import standing
from app.models import Agent, Conversation, Delivery, Message
from tests import factories as make

ANA, BEN = (
    "line",
    "messenger",
)  # a customer of a platform with idempotency keys, and one of a platform without
SEC = "whatsapp"  # and one of a platform whose times are whole seconds
ANSWERS = {"out-000000": ANA, "out-000001": ANA, "out-000002": BEN, "out-000003": BEN}


@dataclass
class Storm:
    """What was written, what the sandbox has on record, and the rows: all as it should be."""

    db: Session
    agent: Agent
    began: float
    written: list[Written] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    threads: dict[str, Conversation] = field(default_factory=dict)

    def record(self, what: str, platform: str, **about: Any) -> None:
        self.entries.append({"n": len(self.entries) + 1, "platform": platform, "what": what, **about})

    def customer(self, platform: str) -> None:
        """Writes three messages, a second apart, each told in turn."""
        account, user = ACCOUNTS[platform], ACCOUNTS[platform].user(1)
        channel = make.channel(self.db, platform, key=f"sandbox-storm-{platform}")
        for number in (1, 2, 3):
            at = self.began + number
            line = Line(platform, user, number, f"在庫は in-{platform}-{number}")
            self.written.append(Written(line, f"e{number}", at - 0.1, at + 0.1))
            self.record("webhook", platform, events=[f"e{number}"], status=200, attempt=1)
            moment = datetime.fromtimestamp(at, UTC)
            said = make.customer_says(self.db, channel, line.text, account.address(user), at=moment)
        self.threads[platform] = make.thread_of(self.db, said)

    def answer(self, key: str, platform: str) -> None:
        """Taken over from an agent, taken by the platform, and known to be."""
        said = self.ledger.begin(Said(REPLY, "an agent", key, f"お答えします {key}"))
        row = make.reply(self.db, self.agent, self.threads[platform], said.text, key)
        self.ledger.ack(said, row.id)
        self.taken(key, platform)
        deliver.climb(self.db, self.delivery(key), "sent")

    def taken(self, key: str, platform: str) -> None:
        about = {"to": ACCOUNTS[platform].user(1), "messages": [{"text": f"お答えします {key}"}]}
        self.record("accepted", platform, **about)

    def struck(self, fault: str, key: str, platform: str) -> None:
        self.record("fault", platform, fault=fault, said=f'{{"text":"\\u304a {key}"}}')

    def row_of(self, key: str) -> Message:
        return self.db.scalars(select(Message).where(Message.client_id == key)).one()

    def delivery(self, key: str) -> Delivery:
        return self.db.scalars(select(Delivery).filter_by(message_id=self.row_of(key).id)).one()

    def became(self, key: str, state: str) -> None:
        """Whatever happened to it before."""
        self.delivery(key).state = "queued"
        standing.become(self.db, self.delivery(key), state, "a reason")

    def row(self, platform: str, number: int) -> Message:
        text = f"在庫は in-{platform}-{number}"
        return self.db.scalars(select(Message).where(Message.text == text)).one()

    def untaken(self, key: str) -> None:
        self.entries = [one for one in self.entries if one["what"] != "accepted" or key not in str(one)]

    def broken(self) -> set[str]:
        """The first words of each promise that is."""
        self.db.flush()
        whose = {
            self.threads[name].id: f"{name}: {ACCOUNTS[name].address(ACCOUNTS[name].user(1))}"
            for name in self.threads
        }
        found: list[Verdict] = judge(self.db, self.written, self.ledger, Record(self.entries), whose)
        return {one.invariant.partition(":")[0] for one in found if not one.kept}


@pytest.fixture
def storm(db: Session) -> Storm:
    made = Storm(db, make.agent(db), float(int(time.time()) - 600))
    for platform in (ANA, BEN):
        made.customer(platform)
    for key, platform in ANSWERS.items():
        made.answer(key, platform)
    return made


def test_a_storm_in_which_all_went_well_keeps_every_promise(storm: Storm) -> None:
    assert storm.broken() == set()


def lost_on_the_way_in(storm: Storm) -> None:
    storm.row(ANA, 2).text = "something else"


def never_told(storm: Storm) -> None:
    storm.entries = [one for one in storm.entries if one.get("events") != ["e2"]]


def doubled_on_the_way_in(storm: Storm) -> None:
    storm.row(ANA, 3).text = storm.row(ANA, 2).text


def in_the_thread_of_another(storm: Storm) -> None:
    storm.row(ANA, 3).conversation_id = storm.threads[BEN].id


def at_the_moment_it_came_in(storm: Storm) -> None:
    storm.row(ANA, 3).sent_at = now()


def out_of_order(storm: Storm) -> None:
    first, second = storm.row(BEN, 1), storm.row(BEN, 2)
    first.sent_at, second.sent_at = second.sent_at, first.sent_at


def lost_on_the_way_out(storm: Storm) -> None:
    storm.untaken("out-000002")


def acknowledged_and_gone(storm: Storm) -> None:
    storm.ledger.ack(storm.ledger.begin(Said(REPLY, "an agent", "out-000009", "お答えします out-000009")))


def in_other_words(storm: Storm) -> None:
    storm.row_of("out-000001").text = "お答えしました out-000001"
    storm.ledger.of(REPLY)[1].text = "お答えしました out-000001"


def doubled_where_there_is_a_key(storm: Storm) -> None:
    storm.taken("out-000001", ANA)


def doubled_where_there_is_none(storm: Storm) -> None:
    storm.taken("out-000003", BEN)


def written_by_nobody(storm: Storm) -> None:
    storm.taken("out-000099", BEN)


def not_flagged_and_not_taken(storm: Storm) -> None:
    storm.struck("drop_before", "out-000003", BEN)
    storm.untaken("out-000003")
    storm.became("out-000003", "queued")


def sent_again_although_nobody_knew(storm: Storm) -> None:
    storm.struck("drop_before", "out-000003", BEN)


def flagged_where_there_is_a_key(storm: Storm) -> None:
    storm.became("out-000001", "unknown")


def failed_for_no_reason(storm: Storm) -> None:
    storm.untaken("out-000003")
    storm.became("out-000003", "failed")


def failed_and_arrived(storm: Storm) -> None:
    storm.struck("monthly_limit", "out-000001", ANA)
    storm.became("out-000001", "failed")


def arrived_out_of_order(storm: Storm) -> None:
    storm.untaken("out-000000")
    storm.taken("out-000000", ANA)


def left_waiting(storm: Storm) -> None:
    storm.became("out-000001", "queued")


@pytest.mark.parametrize(
    ("plant", "broken"),
    [
        (lost_on_the_way_in, {"in, lost"}),
        (never_told, {"in, lost"}),
        (doubled_on_the_way_in, {"in, doubled", "in, lost", "in, time"}),
        (in_the_thread_of_another, {"in, thread"}),
        (at_the_moment_it_came_in, {"in, time"}),
        (out_of_order, {"in, order", "in, time"}),
        (lost_on_the_way_out, {"out, lost"}),
        (acknowledged_and_gone, {"out, lost"}),
        (in_other_words, {"out, lost"}),
        (doubled_where_there_is_a_key, {"out, doubled"}),
        (doubled_where_there_is_none, {"out, doubled"}),
        (written_by_nobody, {"out, doubled"}),
        (not_flagged_and_not_taken, {"out, flagged", "left behind"}),
        (sent_again_although_nobody_knew, {"out, flagged"}),
        (flagged_where_there_is_a_key, {"out, flagged"}),
        (failed_for_no_reason, {"out, failed"}),
        (failed_and_arrived, {"out, failed"}),
        (arrived_out_of_order, {"out, order"}),
        (left_waiting, {"left behind"}),
    ],
)
def test_what_must_never_be_is_found(storm: Storm, plant: Callable[[Storm], None], broken: set[str]) -> None:
    plant(storm)
    assert storm.broken() == broken


def test_an_answer_that_nobody_knows_of_and_that_is_marked_so_is_as_promised(storm: Storm) -> None:
    storm.struck("drop_after", "out-000002", BEN)
    storm.became("out-000002", "unknown")
    storm.struck("drop_before", "out-000003", BEN)
    storm.untaken("out-000003")
    storm.became("out-000003", "unknown")
    assert storm.broken() == set()


def test_an_answer_refused_for_good_after_one_that_was_lost_may_be_marked_where_there_is_a_key(
    storm: Storm,
) -> None:
    storm.struck("drop_after", "out-000001", ANA)
    storm.struck("monthly_limit", "out-000001", ANA)
    storm.became("out-000001", "unknown")
    assert storm.broken() == set()


def test_an_answer_whose_platform_says_that_it_arrived_needs_no_mark(storm: Storm) -> None:
    storm.struck("error_after", "out-000003", BEN)
    assert storm.broken() == set()


def whatsapp(storm: Storm) -> None:
    """One more customer, whose platform tells whole seconds: the second and third message are of the same one."""
    storm.customer(SEC)
    second, third = storm.row(SEC, 2), storm.row(SEC, 3)
    storm.written[-1] = replace(storm.written[-2], line=storm.written[-1].line, event="e3")
    third.sent_at = second.sent_at
    second.text, third.text = third.text, second.text  # as if the third had come first


def test_of_one_second_the_later_one_stands_first_only_if_it_came_first(storm: Storm) -> None:
    whatsapp(storm)
    assert storm.broken() == {"in, order"}
    told = [one for one in storm.entries if one["platform"] == SEC]
    told[1]["status"] = 0  # the second was told in vain, and again after the third
    storm.record("webhook", SEC, events=["e2"], status=200, attempt=2)
    assert storm.broken() == set()


def test_the_seed_alone_says_who_writes_what_and_who_is_killed_when() -> None:
    def said(seed: int) -> list[list[Line]]:
        return list(plan.rounds(seed, ANA, 205))

    assert said(7) == said(7) != said(8)
    lines = [line for together in said(7) for line in together]
    assert len({line.text for line in lines}) == 205
    for user in {line.user for line in lines}:
        assert [one.number for one in lines if one.user == user] == [
            *range(1, 1 + sum(one.user == user for one in lines))
        ]
    assert plan.kills(7, 5, 600) == plan.kills(7, 5, 600) != plan.kills(8, 5, 600)
    kinds = [one.kind for one in plan.kills(7, 5, 600)]
    assert (kinds.count("wipe redis"), len(kinds)) == (1, 6)
