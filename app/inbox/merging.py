"""An agent says that two customers are one person, or takes it back."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.db import now
from app.events import record
from app.family import conversation_of
from app.inbox.contradicting import contradictions, separated
from app.inbox.holding import Refused, hold_all
from app.inbox.lines import line
from app.inbox.links import link, unlink
from app.models import Agent, Customer, CustomerLink
from app.text import clean

MAX_REASON = 500  # characters
ONE_ALREADY = "These two are shown as one person already."
THEMSELVES = "This is the same customer. There is nothing to bring together."


def merge(
    db: Session,
    agent: Agent,
    child: Customer,
    parent: Customer,
    *,
    reason: str = "",
    confirmed: bool = False,
    suggested: bool = False,
) -> CustomerLink:
    """`child` is the same person as `parent`, in whose thread both are shown from now on.

    Where what is proved of the two contradicts itself, it must be `confirmed` that this was seen, with a `reason`.
    `suggested`: the agent said yes to what was suggested. Raises :class:`Refused`.
    """
    if child.id == parent.id:
        raise Refused(THEMSELVES)
    own = [conversation_of(db, one.id) for one in (child, parent)]
    low, top = hold_all(db, own)
    if low.id == top.id:
        raise Refused(ONE_ALREADY, status=409)
    reason = clean(reason).strip()[:MAX_REASON]
    against = contradictions(db, top, low)
    if against and not confirmed:
        raise Refused(
            "What is proved of these two contradicts itself. Confirm that they are one person all the same.",
            status=409,
        )
    if against and not reason:
        raise Refused(
            "Write down why these two are one person although what is proved contradicts itself.",
            field="reason",
        )
    evidence: dict[str, Any] = {"by": "suggestion" if suggested else "agent", "reason": reason}
    if against:
        evidence["against"] = [[one.what, one.name, one.ours, one.theirs] for one in against]
    made = link(db, child, parent, agent=agent, evidence=evidence)
    if made is None:
        raise Refused(ONE_ALREADY, status=409)
    line(db, top, "linked", agent=agent, customer=child.id)
    return made


def unmerge(db: Session, agent: Agent, made: CustomerLink) -> None:
    """Take back that two customers are one person, whoever or whatever said it. Undone already, nothing happens.

    Of two who take it back at once the first does. Raises :class:`Refused` where it only tells that what was split
    off has been put back.
    """
    if not made.active:
        return
    if "split" in made.evidence:
        raise Refused("This address was put back. To take it out again, separate the address.", status=409)
    (top,) = hold_all(db, [conversation_of(db, made.child_id)])
    if unlink(db, made, agent=agent):
        line(db, top, "unlinked", agent=agent, customer=made.child_id)


def keep_apart(db: Session, agent: Agent, one: Customer, other: Customer) -> None:
    """Note that the two are not one person: nothing joins them by itself, and it is not suggested again.

    It is kept as a link that was undone when it was made. Raises :class:`Refused` where they are one already.
    """
    low, top = hold_all(db, [conversation_of(db, each.id) for each in (one, other)])
    if low.id == top.id:
        raise Refused(ONE_ALREADY, status=409)
    if separated(db, low, top):
        return
    at = now()
    made = CustomerLink(
        child_id=one.id,
        parent_id=other.id,
        made_by=agent.id,
        made_at=at,
        evidence={"by": "agent", "not": True},
        undone_at=at,
        undone_by=agent.id,
    )
    db.add(made)
    db.flush()
    record(db, "kept_apart", top, agent=agent, link=made.id)
