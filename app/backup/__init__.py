"""A backup of everything in one file, made while the product runs, and put back on either engine.

One format of our own rather than the engines' (`.backup`, `pg_dump`): the rows are read in one transaction, which
is one consistent view on both engines and stops no writer; what SQLite wrote PostgreSQL can read and the other way
round, so an installation can begin on one and go on on the other; and nothing has to be installed beside us. What
can be made anew (the search index) or should not come back (who was signed in) is left out. See `archive` for the
file, `tables` for the rows.
"""

from app.backup.archive import Unusable
from app.backup.making import Made, make
from app.backup.restoring import Restored, check, restore

__all__ = ["Made", "Restored", "Unusable", "check", "make", "restore"]
