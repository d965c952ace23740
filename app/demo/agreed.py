"""What customers of the demo agree to, and the filters its people keep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import as_of
from app.demo.shop import told
from app.directory.filters import keep_filter
from app.directory.wanted import read
from app.inbox import consents
from app.inbox.consents import Said
from app.inbox.ways import reaches
from app.models import Agent, Channel, Customer, Identity, Label


def make(db: Session, people: Mapping[str, Agent], begun: datetime) -> None:
    """All that `consents.toml` tells."""
    about = told("consents")
    for one in about["consent"]:
        with as_of(begun - timedelta(days=int(one["ago"].removesuffix("d")))):
            said = Said(one["given"], one.get("purpose", ""), source=one["source"], reason=one["reason"])
            for identity in _addresses(db, one["who"]):
                consents.consent(db, identity, said, agent=people[one["by"]])
    for one in about["filter"]:
        wanted = dict(one["wanted"])
        if name := wanted.pop("label", ""):
            wanted["labels"] = [db.scalars(select(Label.id).filter_by(name=name)).one()]
        keep_filter(db, people[one["by"]], one["name"], read(wanted), shared=one.get("shared", False))


def _addresses(db: Session, name: str) -> list[Identity]:
    """Those of the customer to which a channel leads, the best proved one at most."""
    mine: Any = (
        select(Identity).join(Customer, Customer.id == Identity.customer_id).where(Customer.name == name)
    )
    channels = db.scalars(select(Channel).where(Channel.enabled)).all()
    found = db.scalars(mine.order_by(Identity.proof.desc(), Identity.id)).all()
    return [one for one in found if any(reaches(one, channel) for channel in channels)][:1]
