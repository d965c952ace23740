"""The promises of a storm, recounted: the sandbox's record and what the customers wrote against the rows.

What a thread's order promises: a message stands by the time its platform gives it. Where a platform tells whole
seconds only (WhatsApp, Telegram), those of one second stand as they came: as they were written, unless the later one
was told first. What is promised of an answer: where the platform knows an idempotency key, it is taken once, whatever
happens; it is `unknown` only where it was refused for good after a call whose answer was lost. Where the platform
knows none, nothing is sent again after a call of which nobody knows what became; the answer is marked `unknown`,
unless the platform itself says that it arrived.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise

from sqlalchemy.orm import Session

from app.bench.faults.books import Books, Verdict, verdict
from app.bench.faults.judge import left_behind
from app.bench.faults.ledger import REPLY, Ledger, Said
from app.bench.storm.load import Written
from app.bench.storm.plan import ACCOUNTS
from app.bench.storm.record import Record, Taken
from app.deliver.outcomes import MAX_ATTEMPTS
from app.models import Delivery, Message
from app.models.delivery import DELIVERED, FAILED, READ, SENT, UNKNOWN
from channels import registry

ARRIVED = (SENT, DELIVERED, READ)


@dataclass(frozen=True)
class Case:
    """Everything there is to compare. `addresses`: conversation → whose it is."""

    books: Books
    written: Sequence[Written]
    ledger: Ledger
    record: Record
    addresses: Mapping[int, str]

    @cached_property
    def unsure(self) -> set[int]:
        """Messages whose delivery was `unknown` at some time."""
        return self.books.unsure()

    def rows(self, one: Written) -> list[Message]:
        """What a customer's words became."""
        return self.books.by_text.get(one.line.text, [])

    def answers(self) -> Iterator[tuple[Said, Message, Delivery]]:
        """The answers that were taken over from the agents and are there, with what became of them."""
        for said in self.ledger.of(REPLY):
            for row in self.books.of(said)[:1]:
                if row.id in self.books.deliveries:
                    yield said, row, self.books.deliveries[row.id]

    def given_up(self, key: str) -> bool:
        """Whether it was refused so that trying again is no use, or as often as we try."""
        return self.record.refused_for_good(key) or len(self.record.struck.get(key, ())) >= MAX_ATTEMPTS

    def kind(self, delivery: Delivery) -> str:
        """The platform it went to."""
        return self.books.channels[delivery.channel_id].kind


def judge(
    db: Session,
    written: Sequence[Written],
    ledger: Ledger,
    record: Record,
    addresses: Mapping[int, str],
) -> list[Verdict]:
    """Every promise."""
    case = Case(Books(db), written, ledger, record, addresses)
    checks = (
        *(in_lost, in_doubled, in_thread, in_time, in_order),
        *(out_lost, out_doubled, out_flagged, out_failed, out_order),
    )
    return [*(check(case) for check in checks), left_behind(case.books), _surprises(ledger)]


# --- in ---------------------------------------------------------------------------------------------------


def in_lost(case: Case) -> Verdict:
    """Everything that was written was told, and is there."""
    wrong = [
        f"“{one.line.text}” was never told to us"
        for one in case.written
        if f"{one.line.platform} {one.event}" not in case.record.told
    ]
    wrong += [f"“{one.line.text}” is not there" for one in case.written if not case.rows(one)]
    return verdict("in, lost: everything written is there", len(case.written), wrong)


def in_doubled(case: Case) -> Verdict:
    wrong = [
        f"“{one.line.text}” is there {len(rows)} times"
        for one in case.written
        if len(rows := case.rows(one)) > 1
    ]
    return verdict("in, doubled: each message once", len(case.written), wrong)


def in_thread(case: Case) -> Verdict:
    """In the thread of who wrote it, and one thread a customer."""
    wrong, threads = [], defaultdict(set)
    for one in case.written:
        whose = f"{one.line.platform}: {ACCOUNTS[one.line.platform].address(one.line.user)}"
        for row in case.rows(one):
            threads[whose].add(row.conversation_id)
            if (there := case.addresses.get(row.conversation_id)) != whose:
                wrong.append(f"“{one.line.text}” of {whose} is in the thread of {there}")
    wrong += [f"{whose} has threads {sorted(ids)}" for whose, ids in threads.items() if len(ids) > 1]
    return verdict("in, thread: with who wrote it, one thread each", len(case.written), wrong)


def in_time(case: Case) -> Verdict:
    """Each stands at the moment the platform gave it: when it was written, to what the platform tells."""
    wrong = []
    for one in case.written:
        earliest, latest = _moment(one, one.after), _moment(one, one.before)
        wrong += [
            f"“{one.line.text}” stands at {row.sent_at}, it was written between {earliest} and {latest}"
            for row in case.rows(one)
            if not earliest <= row.sent_at <= latest
        ]
    return verdict("in, time: each at the moment its platform gave it", len(case.written), wrong)


def _moment(one: Written, seconds: float) -> datetime:
    whole = ACCOUNTS[one.line.platform].whole_seconds
    return datetime.fromtimestamp(int(seconds) if whole else int(seconds * 1000) / 1000, UTC)


def in_order(case: Case) -> Verdict:
    """Each customer's words as they wrote them."""
    lines: dict[tuple[str, str], list[tuple[Written, Message]]] = defaultdict(list)
    for one in case.written:
        for row in case.rows(one)[:1]:
            lines[(one.line.platform, one.line.user)].append((one, row))
    wrong = []
    for mine in lines.values():
        mine.sort(key=lambda each: each[0].line.number)
        wrong += [
            f"“{after.line.text}” stands before “{before.line.text}”"
            for (before, first), (after, second) in pairwise(mine)
            if case.books.place(second) < case.books.place(first)
            and not (first.sent_at == second.sent_at and _overtaken(case.record, before, after))
        ]
    return verdict("in, order: each customer's words as they wrote them", len(case.written), wrong)


def _overtaken(record: Record, before: Written, after: Written) -> bool:
    """Whether, of two of the same second, the later one may have come first."""
    first = record.first.get(f"{before.line.platform} {before.event}")
    second = record.first.get(f"{after.line.platform} {after.event}")
    if first is None or second is None:
        return True
    return not (first.good and first.in_turn and first.place < second.place)


# --- out --------------------------------------------------------------------------------------------------


def out_lost(case: Case) -> Verdict:
    """An answer that was taken over is there; what counts as sent was taken by the platform, as it was written."""
    said = [one for one in case.ledger.of(REPLY) if one.acked]
    wrong = [f"“{one.text}” was acknowledged and is not there" for one in said if not case.books.of(one)]
    for one, row, delivery in case.answers():
        taken = case.record.taken.get(one.id, [])
        if delivery.state in ARRIVED and not taken:
            wrong.append(f"{one.id} counts as {delivery.state} and never came to {case.kind(delivery)}")
        wrong += [
            f"{one.id} came to {there.platform} as “{there.text}”"
            for there in taken
            if there.platform != case.kind(delivery) or row.text not in there.text
        ]
    return verdict("out, lost: what counts as sent arrived, word for word", len(said), wrong)


def out_doubled(case: Case) -> Verdict:
    """Once in the database, once at the platform; and nothing there that nobody wrote."""
    said = case.ledger.of(REPLY)
    wrong = [f"{one.id} is there {len(rows)} times" for one in said if len(rows := case.books.of(one)) > 1]
    wrong += [
        f"{key} came to {taken[0].platform} {len(taken)} times"
        for key, taken in case.record.taken.items()
        if len(taken) > 1
    ]
    known = {one.id for one in said}
    wrong += [f"{key} came to a platform, and nobody wrote it" for key in case.record.taken.keys() - known]
    return verdict("out, doubled: each answer once at its platform", len(said), wrong)


def out_flagged(case: Case) -> Verdict:
    """What nobody can know is marked so, and not sent again by itself."""
    counted, wrong = 0, []
    for one, row, delivery in case.answers():
        if registry.connector(case.kind(delivery)).features.idempotent:
            if delivery.state == UNKNOWN and not case.given_up(one.id):
                wrong.append(f"{one.id} is unknown, where a key makes sending again safe")
        elif case.record.uncertain(one.id):
            counted += 1
            wrong += _not_flagged(case, one, row, delivery)
    return verdict("out, flagged: what nobody can know is marked so", counted, wrong)


def _not_flagged(case: Case, one: Said, row: Message, delivery: Delivery) -> Iterator[str]:
    taken, struck = len(case.record.taken.get(one.id, ())), ", ".join(case.record.struck[one.id])
    if case.record.never_came(one.id) and taken:
        yield f"{one.id} ({struck}) was sent again although nobody could know"
    elif row.id not in case.unsure and not (delivery.state in ARRIVED and taken):
        yield f"{one.id} ({struck}) is {delivery.state}, taken {taken} times, and was never marked"


def out_failed(case: Case) -> Verdict:
    """Nothing has failed that was not refused for good, or as often as we try; and none of that arrived."""
    counted, wrong = 0, []
    for one, _, delivery in case.answers():
        if delivery.state != FAILED:
            continue
        counted += 1
        if not case.given_up(one.id):
            wrong.append(f"{one.id} failed: {delivery.error}")
        if case.record.taken.get(one.id):
            wrong.append(f"{one.id} counts as failed and arrived")
    return verdict("out, failed: only what was refused for good", counted, wrong)


def out_order(case: Case) -> Verdict:
    """Each customer got the answers in their order; what was `unknown` meanwhile has no place in it."""
    numbers = {one.id: row.id for one, row, _ in case.answers() if row.id not in case.unsure}
    came: dict[tuple[str, str], list[tuple[Taken, int]]] = defaultdict(list)
    for key, taken in case.record.taken.items():
        if key in numbers:
            came[(taken[0].platform, taken[0].to)].append((taken[0], numbers[key]))
    wrong = []
    for (platform, to), mine in came.items():
        mine.sort(key=lambda each: each[0].place)
        wrong += [
            f"{to} of {platform} got message {second} after {first}"
            for (_, first), (_, second) in pairwise(mine)
            if second < first
        ]
    return verdict("out, order: each customer got the answers in their order", len(numbers), wrong)


def _surprises(ledger: Ledger) -> Verdict:
    return verdict("answers: no agent was told what cannot be", ledger.acknowledged, ledger.surprises)
