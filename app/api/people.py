"""Customers with all that is kept about them, as shapes, and the bodies they are written with."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from app.api import shapes
from app.api.kinds import Given, Time
from app.api.shapes import CustomerShape, IdentityShape
from app.directory import Person
from app.inbox import Profile
from app.inbox.profile import MAX_ATTRIBUTE, MAX_NAME, MAX_NOTE

Name = Annotated[str, Meta(max_length=MAX_NAME)]
Attributes = dict[str, Annotated[str, Meta(max_length=MAX_ATTRIBUTE)] | None]


class PersonShape(CustomerShape):
    """A customer with their addresses. `updated_at` is when something kept about them last changed."""

    identities: list[IdentityShape]
    updated_at: Time


class CustomerChange(Given):
    """What is to change of a customer; what is left out stays.

    `attributes` are laid over those there are: null takes one away. What is written here counts as proved.
    """

    name: Name | UnsetType = UNSET
    name_kana: Name | UnsetType = UNSET
    locale: Annotated[str, Meta(max_length=35)] | UnsetType = UNSET
    note: Annotated[str, Meta(max_length=MAX_NOTE)] | UnsetType = UNSET
    attributes: Attributes | UnsetType = UNSET


def person(one: Person) -> PersonShape:
    return shapes.same(
        PersonShape,
        one.customer,
        conversation_id=one.conversation_id,
        identities=[shapes.identity(each) for each in one.identities],
    )


def profile(given: CustomerChange) -> Profile:
    """The same for the verb."""
    fields = {name: getattr(given, name) for name in given.__struct_fields__}
    return Profile(**{name: value for name, value in fields.items() if value is not UNSET})
