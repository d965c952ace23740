"""What the database raises where two did at once what one alone can."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError, NoResultFound
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

OVERTAKEN = (IntegrityError, NoResultFound, ObjectDeletedError, StaleDataError)
"""What may be told as :func:`overtaken`."""
# Of a unique and of a foreign key (https://www.postgresql.org/docs/current/errcodes-appendix.html,
# https://www.sqlite.org/rescode.html).
_KEYS = {
    *("23503", "23505"),
    *(f"SQLITE_CONSTRAINT_{kind}" for kind in ("FOREIGNKEY", "PRIMARYKEY", "UNIQUE")),
}


def overtaken(error: BaseException) -> bool:
    """Whether it tells of somebody who was first: what was read is gone by now, or what is added is there already. It
    may be a fault of ours all the same. (An empty column, or what a check forbids, always is.)"""
    if isinstance(error, IntegrityError):
        return getattr(error.orig, "sqlstate", getattr(error.orig, "sqlite_errorname", "")) in _KEYS
    return isinstance(error, (NoResultFound, ObjectDeletedError, StaleDataError))
