"""Webhook changes of WhatsApp as events of ours (https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks).

Whatever Meta may send one day is taken: what is not known is ignored in words, or shown as a message that can only be
seen in WhatsApp, and one bad part costs no other.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from channels import judging
from channels.events import (
    DeliveryState,
    Edit,
    Event,
    Ignored,
    Inbound,
    Person,
    Reaction,
    Receipt,
    Unsend,
)
from channels.meta import marks, trouble
from channels.meta.contents import long, optional
from channels.meta.reading import only_one
from channels.meta.webhook import each, entries, moment
from channels.values import MAX_NAME, Malformed, mapping, shown, words
from channels.whatsapp.contents import content

OBJECT = "whatsapp_business_account"
MAX_WAMID = 512
STATES: dict[str, DeliveryState] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
}
NOT_FOR_US = {  # field of a change → why it becomes nothing
    "account_alerts": "Meta alerts of the account",
    "account_review_update": "Meta has reviewed the account",
    "account_update": "the account has changed",
    "business_capability_update": "what the account may do has changed",
    "calls": "they called by WhatsApp",
    "flows": "a form has changed",
    "history": "messages from before the number was connected",
    "message_template_components_update": "a template has changed",
    "message_template_quality_update": "the quality of a template has changed",
    "message_template_status_update": "a template was approved, refused or paused",
    "phone_number_name_update": "Meta has reviewed the shown name",
    "phone_number_quality_update": "the quality or the limit of the number has changed",
    "security": "the two-step code of the number has changed",
    "smb_app_state_sync": "contacts of the telephone were saved or deleted",
    "template_category_update": "the category of a template has changed",
    "user_id_update": "the id of a person has changed",
}
MARKETING = {
    "stop": "They want no advertising from this account any more.",
    "resume": "They allow advertising from this account again.",
}
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,200}")


@dataclass(frozen=True)
class Place:
    """Whose changes are read: the `number`'s id, and the `channel`'s key, by which our own marks are told."""

    number: str
    channel: str = ""


@dataclass(frozen=True)
class _Change:
    """The value of a change, with the people it names."""

    value: Mapping[str, Any]
    place: Place

    def people(self) -> list[Mapping[str, Any]]:
        found = self.value.get("contacts")
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def contact(self, *ids: str) -> Mapping[str, Any]:
        """The contact with one of these ids; where none is told, the only one there is."""
        people = self.people()
        for one in people:
            if {str(one.get("wa_id", "")), str(one.get("user_id", ""))} & {id for id in ids if id}:
                return one
        return people[0] if len(people) == 1 and not any(ids) else {}


def is_user_id(address: str) -> bool:
    """Whether a person is named by an id of the business's (JP.1234abcd), not by a telephone number."""
    return _USER_ID.fullmatch(address) is not None


def read(document: Any, place: Place) -> list[Event]:
    """The events of a webhook body."""
    events: list[Event] = []
    for entry, instead in entries(document, OBJECT):
        if entry is not None:
            events += each(entry, "changes", lambda change: _change(change, place))
        elif instead is not None:
            events.append(instead)
    return events


def _change(change: Mapping[str, Any], place: Place) -> list[Event]:
    field = words(change, "field")
    value = mapping(change.get("value"), "value")
    id = str(mapping(value.get("metadata"), "metadata").get("phone_number_id", ""))
    if id and place.number and id != place.number:
        return [Ignored(f"meant for another number: {shown(id)}")]
    if field in NOT_FOR_US:
        return [Ignored(NOT_FOR_US[field])]
    told = _Change(value, place)
    found = [
        *each(value, "messages", lambda one: _message(one, told)),
        *each(value, "message_echoes", lambda one: _echo(one, told)),
        *each(value, "statuses", lambda one: _status(one, told)),
        *each(value, "user_preferences", lambda one: _preference(one, told)),
        *each(value, "errors", _error),
    ]
    return found or [Ignored(f"a change of an unknown sort: {shown(field)}")]


def _message(one: Mapping[str, Any], told: _Change) -> list[Event]:
    reader = _READERS.get(words(one, "type"))
    person = _person(told, *(words(one, name) for name in ("from_user_id", "from")))
    if reader is not None:
        return reader(one, person)
    if judged := judging.pressed(_chosen(one), person, moment(one.get("timestamp"))):
        return [judged]
    said = content(one)
    id = words(one, "id", MAX_WAMID, required=True)
    quoted = long(optional(one, "context"), "id")[:MAX_WAMID]
    beside = {"mid": id, "type": words(one, "type"), "quoted": quoted}
    return [
        Inbound(
            external_id=id,
            sender=person,
            text=said.text,
            sent_at=moment(one.get("timestamp")),
            in_reply_to=quoted,
            attachments=said.files,
            context={**said.context, **{name: value for name, value in beside.items() if value}},
        )
    ]


def _chosen(one: Mapping[str, Any]) -> str:
    """What stands behind the button or the row of a list that was pressed."""
    part = optional(one, "interactive")
    return next(
        (long(optional(part, kind), "id") for kind in ("button_reply", "list_reply") if kind in part), ""
    )


def _person(told: _Change, user: str, number: str) -> Person:
    """By the id of theirs that lasts: the business's own for them, else the number, which may be hidden."""
    contact = told.contact(user, number)
    user = user or long(contact, "user_id")[:MAX_NAME]
    number = number or long(contact, "wa_id")[:MAX_NAME]
    if not (user or number):
        raise Malformed("from: a number or an id is expected")
    profile = optional(contact, "profile")
    digits = number if number.isascii() and number.isdecimal() and len(number) <= 20 else ""
    return Person(
        user or number,
        name=long(profile, "name")[:MAX_NAME] or long(profile, "username")[:MAX_NAME],
        phone=f"+{digits}" if digits else "",
        proof="code",  # WhatsApp has proved the number by a code
        aliases=(number,) if user and number else (),  # by which they were known before WhatsApp had user ids
    )


def _echo(one: Mapping[str, Any], told: _Change) -> list[Event]:
    """Written on the telephone that shares the number."""
    said = content(one)
    person = _person(told, words(one, "to_user_id"), words(one, "to"))
    id = words(one, "id", MAX_WAMID, required=True)
    at = moment(one.get("timestamp"))
    context = {**said.context, "mid": id}
    return [
        Inbound(id, person, said.text, sent_at=at, attachments=said.files, kind="outbound", context=context)
    ]


def _status(one: Mapping[str, Any], told: _Change) -> list[Event]:
    """They come in any order, and more than once."""
    said = words(one, "status", required=True)
    state = STATES.get(said)
    id = words(one, "id", MAX_WAMID, required=True)
    if state is None:
        return [Ignored(f"a status of an unknown sort: {shown(said)}")]
    mark = marks.read(told.place.channel, one.get("biz_opaque_callback_data"))
    failure = _first(one, "errors") if state == "failed" else {}
    meaning = trouble.failed(failure) if state == "failed" else None
    return [
        Receipt(
            id,
            state,
            reason=meaning.sentence if meaning else "",
            at=moment(one.get("timestamp")),
            unreachable=meaning is not None and meaning.sort == "gone",
            key=mark.key if mark and mark.last else "",
        )
    ]


def _preference(one: Mapping[str, Any], told: _Change) -> list[Event]:
    """Whether they want advertising: shown, but nobody has to answer."""
    value = words(one, "value", required=True)
    if words(one, "category") != "marketing_messages" or value not in MARKETING:
        return [Ignored(f"a wish of an unknown sort: {shown(value)}")]
    person = _person(told, words(one, "user_id"), words(one, "wa_id"))
    at = moment(one.get("timestamp"))
    id = f"preference {person.address} {value} {at.timestamp() if at else 0:.0f}"
    context = {"notice": MARKETING[value]}
    return [
        Inbound(id, person, long(one, "detail"), sent_at=at, sort="auto-reply", auto=True, context=context)
    ]


def _error(one: Mapping[str, Any]) -> list[Event]:
    return [Ignored(f"WhatsApp reports an error: {trouble.words(one)}")]


def _first(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}


def _reaction(one: Mapping[str, Any], person: Person) -> list[Event]:
    """Taken off again where there is no emoji, or an empty one."""
    reaction = mapping(one.get("reaction"), "reaction")
    emoji = long(reaction, "emoji")[:32]
    about = words(reaction, "message_id", MAX_WAMID, required=True)
    return only_one(Reaction(about, person, emoji, bool(emoji), moment(one.get("timestamp"))))


def _edit(one: Mapping[str, Any], person: Person) -> list[Event]:
    edit = mapping(one.get("edit"), "edit")
    changed = content(mapping(edit.get("message"), "message"))
    about = words(edit, "original_message_id", MAX_WAMID, required=True)
    return [Edit(about, changed.text, at=moment(one.get("timestamp")))]


def _revoke(one: Mapping[str, Any], person: Person) -> list[Event]:
    about = words(mapping(one.get("revoke"), "revoke"), "original_message_id", MAX_WAMID, required=True)
    return [Unsend(about, moment(one.get("timestamp")), person)]


def _system(one: Mapping[str, Any], person: Person) -> list[Event]:
    """They have another number, or another id: what is written from it is theirs. Nobody has to answer."""
    system = mapping(one.get("system"), "system")
    number = words(system, "wa_id") or words(system, "new_wa_id")
    digits = number.isascii() and number.isdecimal() and len(number) <= 20
    new = words(system, "user_id") or ("" if is_user_id(person.address) else number)
    told = Inbound(
        words(one, "id", MAX_WAMID, required=True),
        Person(
            person.address,
            name=person.name,
            phone=f"+{number}" if digits else "",
            proof="code",
            aliases=person.aliases,
            becomes=new if new != person.address else "",
        ),
        long(system, "body"),
        sent_at=moment(one.get("timestamp")),
        sort="auto-reply",
        auto=True,
        context={"type": "system", "what_changed": words(system, "type")},
    )
    return [told]


def _welcome(one: Mapping[str, Any], person: Person) -> list[Event]:
    return [Ignored("they opened the chat for the first time")]


_READERS: dict[str, Callable[[Mapping[str, Any], Person], list[Event]]] = {
    "reaction": _reaction,
    "edit": _edit,
    "revoke": _revoke,
    "system": _system,
    "request_welcome": _welcome,
}
