"""Whose a touchpoint is: the identities that its addresses name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app import canonical, connect, customers
from app.customers import Address, Contact
from app.models import Customer, Identity
from app.models.customer import CLAIMED
from app.text import clean
from channels import base

MAX_PEOPLE = 10  # addresses one touchpoint may name


def addresses(people: Iterable[base.Person]) -> list[Address]:
    """(kind, scope, address) of each that is one, as it is kept; a scope of "" stands for any, where the kind has
    scopes."""
    found = [_address(one) for one in list(people)[:MAX_PEOPLE]]
    return list(dict.fromkeys(one for one in found if one[2]))


def _address(person: base.Person) -> Address:
    kind = clean(person.kind)[:64]
    if kind in canonical.EVERYWHERE:
        return kind, "", connect.known_as(kind, person.address)
    return kind, clean(person.scope)[:128], connect.fitting(clean(person.address).strip(), 320)


def find(db: Session, wanted: Collection[Address]) -> dict[Address, Identity]:
    """The identity of each address. Without a scope it is found where one person alone has that address."""
    exact = {one for one in wanted if one[1] or one[0] in canonical.EVERYWHERE}
    found: dict[Address, Identity] = dict(customers.find_all(db, exact))
    loose = {one for one in wanted if one not in exact}
    if loose:
        pairs = {(one[2], one[0]) for one in loose}
        rows = select(Identity).where(tuple_(Identity.address, Identity.kind).in_(pairs))
        several: dict[Address, list[Identity]] = {}
        for row in db.scalars(rows):
            several.setdefault((row.kind, "", row.address), []).append(row)
        found |= {key: same[0] for key, same in several.items() if len(same) == 1}
    return found


def first(named: Sequence[Address], known: Mapping[Address, Identity]) -> Identity | None:
    """The identity that counts: of the first address somebody has."""
    return next((known[one] for one in named if one in known), None)


def begin(
    db: Session, wanted: Iterable[tuple[Sequence[Address], Sequence[base.Person]]]
) -> dict[Address, Identity]:
    """A new customer for each of these, of whom nobody has an address, with all of them; what is somebody's by then
    stays theirs. What has no scope but needs one cannot be made up."""
    starts: dict[Address, str] = {}
    rest: dict[Address, list[Address]] = {}
    for named, people in wanted:
        whole = [one for one in named if one[1] or one[0] in canonical.EVERYWHERE]
        if whole:
            starts.setdefault(whole[0], next((one.name for one in people if one.name), ""))
            rest.setdefault(whole[0], []).extend(whole[1:])
    contacts = [Contact(one, name=name, proof=CLAIMED) for one, name in starts.items()]
    made = customers.identify_all(db, contacts) if contacts else {}
    for key, more in rest.items():
        customer = db.get_one(Customer, made[key].customer_id)
        for kind, scope, address in dict.fromkeys(more):
            identity = customers.add_identity(db, customer, kind, scope, address, CLAIMED)
            if identity is not None:
                made[kind, scope, address] = identity
    return made
