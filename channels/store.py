"""A shop as a channel: what customers say there is noted by its staff, or told by its till.

Notes of the staff come by the product's own counter page; those of a till by signed JSON, documented in the product's
help ("The counter"), whose example is run by a test. Nothing can be sent there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels import batches, daytimes, signing, values
from channels.base import (
    ChannelError,
    Connector,
    Event,
    Features,
    Ignored,
    Inbound,
    Outbound,
    Person,
    Request,
    Sent,
    setting,
)
from channels.masking import mask_cards
from channels.values import Malformed, when, words

MAX_PART = 4000  # characters of what was asked, answered or promised
PARTS = ("asked", "answered", "promised")
VISITED = "visited"  # `Inbound.sort` of a visit that asks nothing of anybody any more
CARD = "card"  # kind of the identity of a loyalty card
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNCLEAR = "Write it like 10:00-19:00, several with a comma, or: closed."


def _hours(label: str) -> Any:
    return setting(
        label, maximum=60, placeholder="10:00-19:00", group="Opening hours of this store", folded=True
    )


@dataclass(frozen=True)
class StoreSettings:
    secret: str = signing.secret(
        "Only if your till tells of visits: it signs them with it. At least 16 characters.", required=False
    )
    old_secret: str = signing.old_secret()
    mon: str = _hours("Monday")
    tue: str = _hours("Tuesday")
    wed: str = _hours("Wednesday")
    thu: str = _hours("Thursday")
    fri: str = _hours("Friday")
    sat: str = _hours("Saturday")
    sun: str = _hours("Sunday")
    holidays: str = setting(
        "Public holidays",
        help="Empty: closed. All empty: as the whole shop, under General.",
        maximum=60,
        placeholder="11:00-18:00",
        group="Opening hours of this store",
        folded=True,
    )

    def problems(self) -> dict[str, str]:
        """Field → what is wrong with it."""
        typed = {name: getattr(self, name) for name in (*DAYS, "holidays")}
        return {name: UNCLEAR for name, hours in typed.items() if not _readable(hours)}


def _readable(hours: str) -> bool:
    try:
        daytimes.read(hours)
    except daytimes.Unreadable:
        return False
    return True


class Store(Connector[StoreSettings]):
    kind = "store"
    label = "Store"
    help_page = "counter"
    guide = (
        "Give the store its name and its opening hours, and save.",
        "Under People and teams, add those who work there with the role of shop staff, and choose this store.",
        "They sign in on the phone at the counter and see the counter page, nothing else.",
        "If your till is to tell of visits, make up a signing secret here and have it post to the webhook address.",
    )
    features = Features(inbound_only=True, counter=True, identity_kind="store", icon="store", tint="bamboo")
    Settings = StoreSettings

    def verify(self, request: Request) -> None:
        signing.verify(request, self.settings.secret, self.settings.old_secret)

    def parse(self, request: Request) -> list[Event]:
        return batches.read(request, self._one)

    def _one(self, data: Mapping[str, Any], place: str) -> Event:
        kind = words(data, "type", required=True)
        if kind != "visit":
            return Ignored(f"{place}: type {values.shown(kind)!r} is unknown")
        return _visit(data, self.context.key)

    def send(self, outbound: Outbound) -> Sent:
        raise ChannelError("Nobody can be written to at a store. Choose another way.", permanent=True)


def _visit(data: Mapping[str, Any], scope: str) -> Inbound:
    id = words(data, "id", values.MAX_ID, required=True)
    parts = {name: words(data, name, MAX_PART) for name in PARTS}
    if not any(part.strip() for part in parts.values()):
        raise Malformed("asked: what was asked, answered or promised is expected")
    who = _person(values.mapping(data.get("from"), "from"), id, scope)
    return visit(id, who, parts, staff=words(data, "staff"), at=when(data, "at"))


def visit(id: str, who: Person, parts: Mapping[str, str], *, staff: str = "", at: Any = None) -> Inbound:
    """What was said at the counter, as an entry of the thread. Numbers of payment cards are kept by their end only.

    Only where something was asked and not answered does anybody have to see to it.
    """
    masked = {name: mask_cards(parts.get(name, "").strip()) for name in PARTS}
    told = {name: text for name, (text, _) in masked.items()}
    cards = sum(count for _, count in masked.values())
    return Inbound(
        external_id=id,
        sender=who,
        text="\n".join(text for text in told.values() if text),
        sent_at=at,
        kind="store",
        context={"visit": {**told, "staff": staff[:100], **({"masked": cards} if cards else {})}},
        sort="" if told["asked"] and not told["answered"] else VISITED,
    )


def _person(told: Mapping[str, Any], id: str, scope: str) -> Person:
    """Who it was: by the till's own number of them, else by the loyalty card it has read, else nobody known."""
    try:
        number, card = words(told, "id", values.MAX_ID).strip(), words(told, "card", 40).strip()
        claimed = {name: text for name in ("phone", "email") if (text := words(told, name, 320))}
        name = words(told, "name")
    except Malformed as wrong:
        raise Malformed(f"from.{wrong}") from None
    if number:
        return Person(number, scope, name, card=card, proof="signed", claimed=claimed)
    if card:
        return Person(card, "", name, kind=CARD, proof="signed", claimed=claimed)
    return nobody(id, scope, name, claimed)


def nobody(id: str, scope: str, name: str = "", claimed: Mapping[str, str] | None = None) -> Person:
    """A visitor of whom nothing is known but this visit: a thread of their own, shared with nobody."""
    return Person(f"visit:{id}", scope, name, proof="claimed", claimed=claimed or {})
