"""What a shop's system tells of consent holds for what we send, as if the customer had told us."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from app.inbox.consents import Said, keep
from app.inbox.purposes import purposes
from app.models import Identity, Touchpoint
from app.models.consent import SHOP
from app.models.touchpoint import GIVEN, WITHDRAWN


def agree(db: Session, rows: Iterable[Touchpoint]) -> None:
    """Record the consents among these touchpoints of somebody's. `data` may name a `purpose` (none: in general) and the
    kind of `channel` (none: whichever); a purpose that is none of ours says nothing."""
    for row in rows:
        if row.kind not in (GIVEN, WITHDRAWN) or row.identity_id is None:
            continue
        purpose, kind = (str(row.data.get(name) or "")[:64] for name in ("purpose", "channel"))
        if purpose and purpose not in {one.key for one in purposes(db)}:
            continue
        said = Said(row.kind == GIVEN, purpose, kind, source=SHOP, reason=row.title, at=row.told_at)
        keep(db, db.get_one(Identity, row.identity_id), said)
