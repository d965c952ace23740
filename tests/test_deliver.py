"""The one door out: claimed once, tried again with patience, and what became of it written down."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import deliver, inbox, intake, switchboard, verify
from app.db import as_of, now, one_writer, reading, transaction
from app.models import Agent, Channel, Conversation, Delivery, DeliveryRef, Event, Message
from channels import base
from tests import factories as make
from tests import statements
from tests.connectors import Post, fails, installed

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with installed(monkeypatch) as kind:
        yield kind


class Counter:
    """A channel with a customer who wrote, and an agent who answers."""

    def __init__(self) -> None:
        with transaction() as db:
            self.channel = make.channel(db, "post")
            self.agent = make.agent(db, "田中")
            self.head = make.conversation(db, self.channel, sender="c1")

    def reply(self, text: str = "はい") -> int:
        """The id of the delivery."""
        with transaction() as db:
            agent, head = db.get_one(Agent, self.agent.id), db.get_one(Conversation, self.head.id)
            said = make.reply(db, agent, head, text)
            return db.scalars(select(Delivery.id).filter_by(message_id=said.id)).one()

    def state(self, delivery_id: int) -> str:
        return self.row(delivery_id).state

    def row(self, delivery_id: int) -> Delivery:
        with reading() as db:
            return db.get_one(Delivery, delivery_id)

    def due_now(self) -> None:
        with transaction() as db:
            db.execute(update(Delivery).values(next_at=now()))

    def take(self, *events: base.Event) -> list[intake.Outcome]:
        with transaction() as db:
            return make.accept(db, db.get_one(Channel, self.channel.id), *events)


@pytest.fixture
def at(post: type[Post]) -> Counter:
    return Counter()


def test_what_is_written_is_sent_once_with_who_wrote_it(at: Counter, post: type[Post]) -> None:
    id = at.reply("承知しました")
    assert deliver.drain(at.channel.id) == 1
    assert deliver.drain(at.channel.id) == 0
    (sent,) = post.sent
    assert (sent.text, sent.to.address, sent.author) == ("承知しました", "c1", "田中")
    assert sent.last_inbound_at is not None
    assert at.state(id) == "sent"


def test_one_of_many_workers_sends_it(at: Counter, post: type[Post]) -> None:
    ids = [at.reply(str(n)) for n in range(5)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(deliver.drain, [at.channel.id] * 8))
    deliver.drain(at.channel.id)
    assert [one.text for one in post.sent] == ["0", "1", "2", "3", "4"]  # each once, and in order
    assert {at.state(id) for id in ids} == {"sent"}


def test_what_failed_for_now_is_tried_again_later_and_later(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    post.answer = staticmethod(fails())
    waits = []
    for _ in range(4):
        at.due_now()
        before = now()
        deliver.drain(at.channel.id)
        waits.append((at.row(id).next_at - before).total_seconds())
    assert waits == sorted(waits)
    assert 1 < waits[0] < 4 < 12 < waits[3]
    assert (at.state(id), at.row(id).error) == ("queued", "It did not work.")


def test_the_provider_says_how_long_to_wait(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    post.answer = staticmethod(fails(retry_after=900.0))
    deliver.drain(at.channel.id)
    assert at.row(id).next_at > now() + timedelta(seconds=890)


def test_after_many_tries_it_has_failed(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    post.answer = staticmethod(fails())
    for _ in range(deliver.MAX_ATTEMPTS + 1):
        at.due_now()
        deliver.drain(at.channel.id)
    assert (at.state(id), len(post.sent)) == ("failed", deliver.MAX_ATTEMPTS)


def test_what_cannot_succeed_is_tried_once(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    post.answer = staticmethod(fails(permanent=True))
    deliver.drain(at.channel.id)
    assert at.state(id) == "failed"


@pytest.mark.parametrize(("idempotent", "state"), [(False, "unknown"), (True, "queued")])
def test_a_lost_answer_is_tried_again_only_where_that_cannot_double_it(
    monkeypatch: pytest.MonkeyPatch, idempotent: bool, state: str
) -> None:
    with installed(monkeypatch, idempotent=idempotent) as post:
        at = Counter()
        id = at.reply()
        post.answer = staticmethod(fails(ambiguous=True))
        deliver.drain(at.channel.id)
        assert at.state(id) == state


def test_a_connector_that_breaks_leaves_the_outcome_open(at: Counter, post: type[Post]) -> None:
    def broken(_: base.Outbound) -> base.Sent:
        raise RuntimeError("a bug")

    post.answer = staticmethod(broken)
    id = at.reply()
    deliver.drain(at.channel.id)
    assert at.state(id) == "unknown"


def test_a_message_that_cannot_be_prepared_fails_and_blocks_nobody(
    at: Counter, post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = at.reply("一")
    second = at.reply("二")
    real = deliver._prepare

    def prepare(db: Session, channel: Channel, delivery: Delivery, word: str) -> deliver.Claimed:
        if delivery.id == first:
            raise KeyError("broken row")
        return real(db, channel, delivery, word)

    monkeypatch.setattr(deliver, "_prepare", prepare)
    deliver.drain(at.channel.id)
    assert (at.state(first), at.state(second)) == ("failed", "sent")


def test_what_was_said_first_arrives_first_even_when_it_has_to_wait(at: Counter, post: type[Post]) -> None:
    first, second = at.reply("一"), at.reply("二")
    post.answer = staticmethod(fails(retry_after=60.0))
    deliver.drain(at.channel.id)
    assert [one.text for one in post.sent] == ["一"]
    post.answer = Post.answer
    at.due_now()
    deliver.drain(at.channel.id)
    assert [one.text for one in post.sent] == ["一", "一", "二"]
    assert (at.state(first), at.state(second)) == ("sent", "sent")


def test_one_customers_trouble_does_not_hold_up_another(at: Counter, post: type[Post]) -> None:
    at.reply("一")
    post.answer = staticmethod(lambda out: base.Sent() if out.to.address == "c2" else fails()(out))
    with transaction() as db:
        channel = db.get_one(Channel, at.channel.id)
        other = make.conversation(db, channel, sender="c2")
        make.reply(db, db.get_one(Agent, at.agent.id), other, "二")
    deliver.drain(at.channel.id)
    assert "二" in [one.text for one in post.sent]


def test_a_channel_that_is_off_sends_nothing_until_it_is_on(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    with transaction() as db:
        db.get_one(Channel, at.channel.id).enabled = False
    assert deliver.drain(at.channel.id) == 0
    assert deliver.sweep() == set()
    with transaction() as db:
        db.get_one(Channel, at.channel.id).enabled = True
    assert deliver.sweep() == {at.channel.id}
    deliver.drain(at.channel.id)
    assert at.state(id) == "sent"


def claim_and_die(at: Counter, id: int) -> None:
    with transaction() as db:
        old = now() - timedelta(minutes=10)
        dead = update(Delivery).where(Delivery.id == id)
        db.execute(dead.values(state="sending", claim="dead", claimed_at=old, attempts=1))


@pytest.mark.parametrize(("idempotent", "state"), [(False, "unknown"), (True, "queued")])
def test_the_claim_of_a_worker_that_died_is_given_up(
    monkeypatch: pytest.MonkeyPatch, idempotent: bool, state: str
) -> None:
    with installed(monkeypatch, idempotent=idempotent):
        at = Counter()
        id = at.reply()
        claim_and_die(at, id)
        deliver.sweep()
        assert at.state(id) == state


def test_an_attempt_after_one_that_was_cut_off_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(monkeypatch, idempotent=True) as post:
        at = Counter()
        cut_off, refused = at.reply(), at.reply()
        claim_and_die(at, cut_off)
        deliver.sweep()
        post.answer = staticmethod(fails())
        deliver.drain(at.channel.id)
        with transaction() as db:
            db.execute(update(Delivery).values(next_at=now()))
        post.answer = staticmethod(lambda out: base.Sent())
        deliver.drain(at.channel.id)
    assert [out.interrupted for out in post.sent] == [True, False, False]
    assert (at.state(cut_off), at.state(refused)) == ("sent", "sent")


@pytest.mark.parametrize(("idempotent", "state"), [(False, "unknown"), (True, "queued")])
def test_a_claim_from_the_future_of_a_clock_put_back_is_given_up(
    monkeypatch: pytest.MonkeyPatch, idempotent: bool, state: str
) -> None:
    with installed(monkeypatch, idempotent=idempotent):
        at = Counter()
        with as_of(now() + timedelta(hours=1)):
            id = at.reply()
            with transaction() as db:
                db.execute(update(Delivery).values(state="sending", claim="dead", claimed_at=now()))
        due = deliver.sweep()
        assert (at.state(id), due) == (state, {at.channel.id} if idempotent else set())


def test_what_was_queued_by_a_clock_put_back_is_due_now(at: Counter, post: type[Post]) -> None:
    with as_of(now() + timedelta(hours=1)):
        id = at.reply()
    assert deliver.drain(at.channel.id) == 0
    assert deliver.sweep() == {at.channel.id}
    deliver.drain(at.channel.id)
    assert at.state(id) == "sent"


def test_a_claim_that_is_young_is_left_alone(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    with transaction() as db:
        db.execute(update(Delivery).values(state="sending", claim="busy", claimed_at=now()))
    assert deliver.sweep() == set()
    assert at.state(id) == "sending"


def test_a_worker_that_was_given_up_and_succeeds_is_believed(at: Counter, post: type[Post]) -> None:
    def slow(out: base.Outbound) -> base.Sent:
        with transaction() as db:
            db.execute(update(Delivery).values(claimed_at=now() - timedelta(minutes=10)))
        deliver.sweep()
        return base.Sent(("late",))

    post.answer = staticmethod(slow)
    id = at.reply()
    deliver.drain(at.channel.id)
    assert at.state(id) == "sent"
    with reading() as db:
        assert db.get(DeliveryRef, (at.channel.id, "late")) is not None


def test_an_agent_who_retries_while_the_worker_finishes_waits_and_neither_breaks(
    at: Counter, post: type[Post]
) -> None:
    ids = [at.reply(str(n)) for n in range(6)]
    post.answer = staticmethod(fails(permanent=True))
    deliver.drain(at.channel.id)
    post.answer = Post.answer
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            deliver.drain(at.channel.id)

    def retry(id: int) -> None:
        with transaction() as db:
            message = db.get_one(Message, db.get_one(Delivery, id).message_id)
            agent, head = db.get_one(Agent, at.agent.id), db.get_one(Conversation, at.head.id)
            inbox.retry(db, agent, head, message)

    with ThreadPoolExecutor(8) as pool:
        worker = pool.submit(work)
        list(pool.map(retry, ids))
        stop.set()
        worker.result()
    deliver.drain(at.channel.id)
    assert {at.state(id) for id in ids} == {"sent"}


def test_receipts_climb_and_never_go_back(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    deliver.drain(at.channel.id)
    ref = post.sent[0].key
    for state, becomes in (("read", "read"), ("delivered", "read"), ("sent", "read"), ("failed", "read")):
        at.take(base.Receipt(f"p-{ref}", state))  # type: ignore[arg-type]
        assert at.state(id) == becomes
    with reading() as db:
        states = [
            e.data["state"] for e in db.scalars(select(Event).filter_by(kind="delivery").order_by(Event.id))
        ]
    assert states == ["sent", "read"]


def test_a_failure_is_undone_by_proof_of_arrival_alone(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    deliver.drain(at.channel.id)
    ref = f"p-{post.sent[0].key}"
    at.take(base.Receipt(ref, "failed", reason="number unknown"))
    at.take(base.Receipt(ref, "sent"))
    assert (at.state(id), at.row(id).error) == ("failed", "number unknown")
    at.take(base.Receipt(ref, "delivered"))
    assert at.state(id) == "delivered"


def test_read_through_marks_everything_up_to_there(at: Counter, post: type[Post]) -> None:
    ids = [at.reply(str(n)) for n in range(3)]
    deliver.drain(at.channel.id)
    mark = f"p-{post.sent[1].key}"
    at.take(base.Receipt(mark, "read", person=base.Person("c1"), through=True))
    assert [at.state(id) for id in ids] == ["read", "read", "sent"]


def test_a_strangers_receipt_changes_nothing(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    deliver.drain(at.channel.id)
    at.take(make.inbound("別人です", "c2"))
    ref = f"p-{post.sent[0].key}"
    (outcome,) = at.take(base.Receipt(ref, "read", person=base.Person("c2"), through=True))
    assert "excluded" in outcome
    at.take(base.Receipt("", "read", at=now(), person=base.Person("c2"), through=True))
    at.take(base.Receipt("p-unknown", "read"))
    with transaction() as db:
        elsewhere = make.channel(db, "post")
        make.accept(db, elsewhere, base.Receipt(ref, "read"))
    assert at.state(id) == "sent"


def test_what_was_read_up_to_a_moment_is_nothing_that_is_still_on_its_way(
    at: Counter, post: type[Post]
) -> None:
    def refused(out: base.Outbound) -> base.Sent:
        at.take(base.Receipt("", "read", at=now(), person=base.Person("c1"), through=True))
        raise base.ChannelError("They do not take it.", permanent=True)

    post.answer = staticmethod(refused)
    id = at.reply()
    deliver.drain(at.channel.id)
    assert at.state(id) == "failed"


def test_a_receipt_that_overtakes_the_answer_is_kept(at: Counter, post: type[Post]) -> None:
    def overtaken(out: base.Outbound) -> base.Sent:
        at.take(base.Receipt("ref", "read", at=now(), person=base.Person("c1"), key=out.key))
        return base.Sent(("ref",))

    post.answer = staticmethod(overtaken)
    id = at.reply()
    deliver.drain(at.channel.id)
    assert at.state(id) == "read"
    with reading() as db:
        assert db.get(DeliveryRef, (at.channel.id, "ref")) is not None


def test_the_books_add_up_afterwards(at: Counter, post: type[Post]) -> None:
    at.reply()
    deliver.drain(at.channel.id)
    with reading() as db:
        report = verify.report(db)
    assert report.clean, str(report)


def test_several_are_on_their_way_at_once_but_never_two_to_one_person(at: Counter, post: type[Post]) -> None:
    with transaction() as db:
        channel = db.get_one(Channel, at.channel.id)
        heads = [make.conversation(db, channel, sender=f"c{n}") for n in range(2, 6)]
    ids = [at.reply("一"), at.reply("二")]
    for at.head in heads:
        ids.append(at.reply())
    together = threading.Barrier(5, timeout=10)
    lonely = threading.Event()

    def answer(out: base.Outbound) -> base.Sent:
        if out.text == "二":
            lonely.set()
        else:
            together.wait()
            assert not lonely.is_set()
        return base.Sent((out.key,))

    post.answer = staticmethod(answer)
    assert deliver.drain(at.channel.id) == 6
    assert {at.state(id) for id in ids} == {"sent"}


@pytest.mark.usefixtures("post")
def test_messages_that_are_sent_together_share_their_statements() -> None:
    asked = []
    for many in (2, 8):
        at = Counter()
        with transaction() as db:
            channel, agent = db.get_one(Channel, at.channel.id), db.get_one(Agent, at.agent.id)
            for _ in range(many):
                make.reply(db, agent, make.conversation(db, channel))
        claims = deliver._take(at.channel.id, many)
        with statements.recorded() as said:
            prepared = deliver._prepared(at.channel.id, claims)
            deliver._finish([(one, base.Sent((one.outbound.key,))) for one in prepared])
        assert len(prepared) == many
        assert {at.state(one.id) for one in prepared} == {"sent"}
        asked.append(said)
    few, more = asked
    each = 8 - 2 if one_writer() else 0  # events get their ids one by one on SQLite
    assert len(more) - len(few) <= each, statements.more_often(few, more)


def test_what_concerns_the_channel_makes_all_of_it_wait_and_costs_no_message_a_try(
    at: Counter, post: type[Post]
) -> None:
    post.answer = staticmethod(fails(retry_after=600.0, everybody=True))
    first = at.reply()
    deliver.drain(at.channel.id)
    with transaction() as db:
        channel = db.get_one(Channel, at.channel.id)
        at.head = make.conversation(db, channel, sender="c2")
    second = at.reply()
    assert deliver.drain(at.channel.id) == 0
    assert deliver.sweep() == set()
    assert (at.row(first).attempts, at.row(first).error) == (0, "It did not work.")
    with reading() as db:
        rests_until = db.get_one(Channel, at.channel.id).rests_until
        assert rests_until is not None
        assert rests_until > now() + timedelta(seconds=590)
    post.answer = staticmethod(lambda out: base.Sent((out.key,)))
    with as_of(now() + timedelta(seconds=610)):
        assert deliver.sweep() == {at.channel.id}
        deliver.drain(at.channel.id)
    assert (at.state(first), at.state(second)) == ("sent", "sent")


def test_a_token_that_was_revoked_is_told_to_the_admin_and_the_messages_wait_for_the_new_one(
    at: Counter, post: type[Post]
) -> None:
    id = at.reply()
    post.answer = staticmethod(fails(permanent=True, everybody=True))
    deliver.drain(at.channel.id)
    with transaction() as db:
        channel = db.get_one(Channel, at.channel.id)
        assert (channel.health, channel.health_text) == ("action", "It did not work.")
        assert at.state(id) == "queued"
        switchboard.change_channel(db, channel, channel.name, {})
        assert (channel.health, channel.rests_until) == ("unknown", None)
    post.answer = staticmethod(lambda out: base.Sent((out.key,)))
    at.due_now()
    deliver.drain(at.channel.id)
    assert at.state(id) == "sent"


def test_what_waited_a_day_for_its_channel_has_failed(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    post.answer = staticmethod(fails(permanent=True, everybody=True))
    with as_of(now() + timedelta(days=1, minutes=1)):
        deliver.drain(at.channel.id)
    assert (at.state(id), at.row(id).error) == ("failed", "It did not work.")


def test_no_more_go_out_in_a_second_than_the_provider_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    room = [3]
    asked: list[tuple[int, float]] = []

    def let(key: str, wanted: int, limit: int, per: float) -> int:
        asked.append((limit, per))
        return min(wanted, room.pop()) if room else 0

    monkeypatch.setattr("app.rates.let", let)
    with installed(monkeypatch, per_second=30) as post:
        at = Counter()
        for n in range(2, 9):
            with transaction() as db:
                at.head = make.conversation(db, db.get_one(Channel, at.channel.id), sender=f"c{n}")
            at.reply()
        assert deliver.drain(at.channel.id) == 3
        assert len(post.sent) == 3
        assert set(asked) == {(30, 1.0)}
        assert deliver.sweep() == {at.channel.id}  # the rest is due, and the clock rings again


def test_who_has_blocked_us_is_known_to_have(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    post.answer = staticmethod(fails(permanent=True, unreachable=True))
    deliver.drain(at.channel.id)
    assert at.state(id) == "failed"
    with reading() as db:
        assert make.identity_of(db, at.head).unreachable == "It did not work."


def test_outcomes_are_kept_where_they_cannot_be_written_together(
    at: Counter, post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as db:
        other = make.conversation(db, db.get_one(Channel, at.channel.id), sender="c2")
    ids = [at.reply()]
    at.head = other
    ids.append(at.reply())
    real, both = deliver._write, threading.Barrier(2, timeout=10)
    refused: list[int] = []

    def answer(out: base.Outbound) -> base.Sent:
        both.wait()
        return base.Sent((out.key,))

    def write(outcomes: Sequence[tuple[deliver.Claimed, deliver.Outcome]]) -> None:
        if len(refused) < 2:  # together, and the first of them once more
            refused.append(len(outcomes))
            raise OperationalError("UPDATE", {}, Exception("deadlock detected"))
        real(outcomes)

    post.answer = staticmethod(answer)
    monkeypatch.setattr(deliver, "_write", write)
    deliver.drain(at.channel.id)
    assert refused
    assert {at.state(id) for id in ids} == {"sent"}


def test_an_answer_that_was_lost_is_made_good_by_what_the_platform_says_back(
    at: Counter, post: type[Post]
) -> None:
    id = at.reply()
    post.answer = staticmethod(fails(ambiguous=True))
    deliver.drain(at.channel.id)
    assert at.state(id) == "unknown"
    with transaction() as db:
        ours = f"m{db.get_one(Delivery, id).message_id}"
    at.take(base.Receipt("mid-1", "sent", key="m999999"), base.Receipt("mid-1", "sent", key="x"))
    assert at.state(id) == "unknown"
    (told,) = at.take(base.Receipt("mid-1", "sent", key=ours))
    assert at.state(id) == "sent"
    assert told["of"]
    at.take(base.Receipt("mid-1", "read"))  # by the platform's own id, from now on
    assert at.state(id) == "read"


def test_what_the_platform_says_back_before_it_answers_is_the_same_message(
    at: Counter, post: type[Post]
) -> None:
    id = at.reply()

    def echo_first(out: base.Outbound) -> base.Sent:
        at.take(base.Receipt("mid-1", "sent", key=out.key))
        return base.Sent(("mid-1",))

    post.answer = staticmethod(echo_first)
    deliver.drain(at.channel.id)
    assert at.state(id) == "sent"
    with reading() as db:
        assert db.scalars(select(DeliveryRef.external_id)).all() == ["mid-1"]
        assert verify.report(db).clean


@pytest.mark.parametrize(
    ("buttons", "text", "left"),
    [
        (0, "どちらですか\n\n返品について\nhttps://shop.example/returns\n\n1. 配送\n2. 返品", ()),
        (1, "どちらですか\n\n返品について\nhttps://shop.example/returns\n\n1. 配送\n2. 返品", ()),
        (2, "どちらですか\n\n返品について\nhttps://shop.example/returns", ("配送", "返品")),
    ],
)
def test_what_a_channel_has_no_form_for_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch, buttons: int, text: str, left: tuple[str, ...]
) -> None:
    with installed(monkeypatch, max_quick_replies=buttons) as post:
        at = Counter()
        with transaction() as db:
            head = db.get_one(Conversation, at.head.id)
            said = make.reply(
                db, db.get_one(Agent, at.agent.id), head, "どちらですか", quick_replies=["配送", "返品"]
            )
            said.links = [{"label": "返品について", "url": "https://shop.example/returns"}]
        deliver.drain(at.channel.id)
        (sent,) = post.sent
        assert (sent.text, sent.quick_replies) == (text, left)
