"""One bot: its token, the messages of its chats, its files, and what it was told of its updates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.clock import Ids
from app.sandbox.files import File, Files
from app.sandbox.talks import Customer

Object = dict[str, Any]

KEPT = 2000  # messages that can still be answered, changed or pressed
UNASKED = ("chat_member", "message_reaction", "message_reaction_count")  # told only if they are asked for
KINDS = {"-100": "supergroup", "-": "group"}


@dataclass
class Bot:
    """`token` begins with the bot's id. `secret`: what its webhooks carry, "" for nothing. `allowed`: the kinds of
    updates it asked for, empty for the usual ones. `moved`: group → the supergroup it became."""

    ids: Ids
    token: str
    secret: str = ""
    name: str = "北風洋品店"
    username: str = "kitakaze_bot"
    revoked: bool = False
    connections: int = 40
    allowed: list[str] = field(default_factory=list)
    usernames: dict[str, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    messages: dict[str, Object] = field(default_factory=dict)  # bubble → message
    queries: set[str] = field(default_factory=set)  # pressed buttons that wait for an answer
    shown: dict[str, str] = field(default_factory=dict)  # bubble → its file
    files: Files = field(default_factory=Files)
    _numbers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.id = int(self.token.partition(":")[0])
        self._update = int(self.ids.digits(9))

    @property
    def me(self) -> Object:
        """The bot as a user."""
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}

    def user(self, customer: Customer) -> Object:
        """A person. In Japan the family name stands first, and all of it in one field."""
        first, last = (customer.name, "") if customer.language == "ja" else _halves(customer.name)
        told: Object = {"id": int(customer.id), "is_bot": False, "first_name": first}
        told |= {"last_name": last} if last else {}
        told |= {"username": name} if (name := self.usernames.get(customer.id)) else {}
        return told | {"language_code": customer.language}

    def chat(self, customer: Customer) -> Object:
        """A private chat or a group."""
        if kind := kind_of_group(customer.id):
            return {"id": int(customer.id), "title": customer.name, "type": kind}
        user = self.user(customer)
        named: Object = {name: user[name] for name in ("first_name", "last_name", "username") if name in user}
        return {"id": int(customer.id), **named, "type": "private"}

    def message(self, customer: Customer, sender: Object, about: Mapping[str, Any]) -> Object:
        """One more message of a chat, which numbers its own."""
        self._numbers[customer.id] = number = self._numbers.get(customer.id, 0) + 1
        date = int(self.ids.clock.seconds())
        made = {
            "message_id": number,
            "from": sender,
            "chat": self.chat(customer),
            "date": date,
            **about,
        }
        self.messages[bubble_of(customer, number)] = made
        if len(self.messages) > KEPT:
            del self.messages[next(iter(self.messages))]
        return made

    def answered(self, customer: Customer, number: int) -> Object:
        """`reply_to_message` of a message, {} if that is not kept."""
        found = self.messages.get(bubble_of(customer, number))
        if found is None:
            return {}
        return {"reply_to_message": {name: found[name] for name in found if name != "reply_to_message"}}

    def keep(self, file: File) -> str:
        """The id of one more file."""
        id = "BQACAgUAAxkB" + self.ids.hex(48)
        self.files.keep(id, file)
        return id

    def update(self, kind: str, about: Object) -> Object | None:
        """An update to tell; None of a kind that was not asked for."""
        wanted = kind in self.allowed if self.allowed else kind not in UNASKED
        if not wanted:
            return None
        self._update += 1
        return {"update_id": self._update, kind: about}


def bubble_of(customer: Customer, number: int) -> str:
    """A bubble's id: Telegram numbers the messages of each chat anew."""
    return f"{customer.id}:{number}"


def kind_of_group(id: str) -> str:
    """ "group" or "supergroup"; "" for a person."""
    return next((kind for begin, kind in KINDS.items() if id.startswith(begin)), "")


def _halves(name: str) -> tuple[str, str]:
    first, _, last = name.partition(" ")
    return first, last
