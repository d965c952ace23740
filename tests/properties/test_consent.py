"""Nothing goes out to who wants it no more, however their word, writing, claiming and sending follow each other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app import inbox, outgoing
from app.db import reading, transaction
from app.deliver import claiming
from app.inbox import consents
from app.inbox.consents import Said
from app.models import Agent, Channel, Conversation, CustomerLink, Delivery, Identity, Message, Relocation
from app.models.delivery import FAILED, SENDING
from channels import base
from tests import connectors, factories

QUICK = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
PEOPLE, PURPOSES = ("u1", "u2"), ("service", "notices", "marketing")
WHO, FOR = st.sampled_from(PEOPLE), st.sampled_from(("", *PURPOSES))
STEPS = st.one_of(
    st.tuples(st.just("withdraws"), WHO, FOR),
    st.tuples(st.just("withdraws_by_hand"), WHO, FOR),
    st.tuples(st.just("gives"), WHO, FOR),
    st.tuples(st.just("write"), WHO, st.sampled_from(PURPOSES)),
    st.tuples(st.sampled_from(("claim", "send", "joined", "apart", "taken_out", "put_back", "again"))),
)


class House:
    """Two people on one channel, what each of them said last, and what was sent to them."""

    def __init__(self) -> None:
        self.word: dict[tuple[str, str], bool] = {}
        self.claims: dict[int, str] = {}
        self.sent: list[tuple[str, str]] = []
        self.written = 0
        with transaction() as db:
            self.channel, self.agent = factories.channel(db, "post"), factories.agent(db)
            for who in PEOPLE:
                factories.conversation(db, self.channel, sender=who)

    def allows(self, who: str, purpose: str) -> bool:
        return self.word.get((who, purpose), purpose != "marketing")

    def do(self, step: tuple[str, ...]) -> None:
        getattr(self, step[0])(*step[1:])

    def withdraws(self, who: str, purpose: str) -> None:
        with transaction() as db:
            word = base.Permission(base.Person(who), False, purpose)
            factories.accept(db, db.get_one(Channel, self.channel.id), word)
        self._said(False, who, [purpose] if purpose else PURPOSES)

    def withdraws_by_hand(self, who: str, purpose: str) -> None:
        with transaction() as db:
            said = Said(False, purpose, kind="post", reason="by telephone")
            consents.consent(db, self._identity(db, who), said, agent=db.get_one(Agent, self.agent.id))
        self._said(False, who, [purpose] if purpose else PURPOSES)

    def gives(self, who: str, purpose: str) -> None:
        with transaction() as db:
            word = base.Permission(base.Person(who), True, purpose)
            factories.accept(db, db.get_one(Channel, self.channel.id), word)
        self._said(True, who, [purpose] if purpose else ["service", "notices"])

    def _said(self, given: bool, who: str, purposes: Any) -> None:
        self.word |= {(who, purpose): given for purpose in purposes}

    def write(self, who: str, purpose: str) -> None:
        """Somebody writes to who stands first among those reached; it goes nowhere that is not agreed to."""
        self.written += 1
        with transaction() as db:
            own = self._thread(db, self._identity(db, who))
            reached = [identity.address for identity, _ in inbox.ways.ways(db, own, purpose)]
            try:
                said = factories.reply(
                    db, db.get_one(Agent, self.agent.id), own, f"{self.written}", purpose=purpose
                )
            except inbox.Refused:
                assert not any(self.allows(one, purpose) for one in reached)
                return
            to = db.get_one(Identity, said.identity_id).address
        assert self.allows(to, purpose)

    def claim(self) -> None:
        self.claims |= claiming.take(self.channel.id, 10)

    def send(self) -> None:
        """What is claimed is made ready, and sent: each of it may be sent at this moment."""
        ready = claiming.prepared(self.channel.id, self.claims)
        going = {one.id for one in ready}
        with reading() as db:
            for one in ready:
                row = db.get_one(Delivery, one.id)
                assert outgoing.message_of(one.outbound.key) == row.message_id
                assert self.allows(one.outbound.to.address, row.purpose)
                self.sent.append((one.outbound.to.address, row.purpose))
            for id in self.claims.keys() - going:
                assert (db.get_one(Delivery, id).state, bool(db.get_one(Delivery, id).error)) == (
                    FAILED,
                    True,
                )
        with transaction() as db:
            for row in db.scalars(select(Delivery).where(Delivery.id.in_(going))):
                assert row.state == SENDING
                row.state = "sent"
        self.claims = {}

    def again(self) -> None:
        """An agent sends again what was stopped, where they may."""
        with transaction() as db:
            for row in db.scalars(select(Delivery).where(Delivery.state == FAILED)).all():
                to = db.get_one(Identity, row.identity_id).address
                message = db.get_one(Message, row.message_id)
                own = db.get_one(Conversation, message.conversation_id)
                try:
                    inbox.retry(db, db.get_one(Agent, self.agent.id), own, message)
                except inbox.Refused:
                    assert not self.allows(to, row.purpose)
                else:
                    assert self.allows(to, row.purpose)

    def joined(self) -> None:
        with transaction() as db:
            one, other = (self._thread(db, self._identity(db, who)) for who in PEOPLE)
            if one.id != other.id:
                inbox.link(db, factories.customer_of(db, other), factories.customer_of(db, one), evidence={})

    def apart(self) -> None:
        with transaction() as db:
            for link in db.scalars(select(CustomerLink).where(CustomerLink.undone_at.is_(None))).all():
                inbox.unlink(db, link)

    def taken_out(self) -> None:
        with transaction() as db:
            try:
                inbox.split(db, db.get_one(Agent, self.agent.id), self._identity(db, "u2"))
            except inbox.Refused:
                return

    def put_back(self) -> None:
        with transaction() as db:
            for made in db.scalars(select(Relocation).where(Relocation.undone_at.is_(None))).all():
                inbox.put_back(db, db.get_one(Agent, self.agent.id), made)

    def _identity(self, db: Any, who: str) -> Identity:
        found = select(Identity).filter_by(address=who, scope=self.channel.key)
        identity: Identity = db.scalars(found).one()
        return identity

    def _thread(self, db: Any, identity: Identity) -> Conversation:
        own = db.scalars(select(Conversation).filter_by(customer_id=identity.customer_id)).one()
        head: Conversation = db.get_one(Conversation, own.head_id or own.id)
        return head


@pytest.mark.usefixtures("committed")
def test_nothing_goes_out_to_who_wants_it_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, str]] = []

    @QUICK
    @given(st.lists(STEPS, min_size=4, max_size=14))
    def holds(steps: list[tuple[str, ...]]) -> None:
        house = House()
        for step in (*steps, ("claim",), ("send",)):
            house.do(step)
        sent.extend(house.sent)

    with connectors.installed(monkeypatch):
        holds()
    assert {purpose for _, purpose in sent} >= {"service", "notices"}
