"""What customers do, as X tells of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.sandbox import acting
from app.sandbox.files import of_act
from app.sandbox.house import BadAct
from app.sandbox.talks import Bubble, Customer
from app.sandbox.x import telling

if TYPE_CHECKING:
    from app.sandbox.x.platform import X

Action = Mapping[str, Any]
Done = dict[str, Any]
FILES = {"image": "image/jpeg", "video": "video/mp4"}
FILE_BYTES = 20 * 1024 * 1024
MAX_TEXT = 10_000


class Acts:
    """Turns an action, such as {"action": "text", "text": "…"}, into an event and what the phone shows of it."""

    def __init__(self, x: X) -> None:
        self.x, self.house = x, x.house

    def act(self, customer: Customer, action: Action) -> Done:
        """Do it. Raises `BadAct`."""
        return acting.chosen(ACTS, customer, action)(self, customer, action)

    def say(self, customer: Customer, action: Action) -> Done:
        """A message, a file, or a place."""
        kind, id = str(action["action"]), self.x.new_message()
        text = str(action.get("text", ""))
        if kind == "text" and not 0 < len(text.strip()) <= MAX_TEXT:
            raise BadAct("text must have 1 to 10,000 characters")
        account, more, shown = self.x.account, dict[str, Any](), dict[str, Any]()
        media = None
        if kind in FILES:
            file = of_act(customer.id, action, FILES[kind], FILE_BYTES)
            medium = self.x.new_message()
            account.files.keep(medium, file)
            media, shown = telling.media(account, id, medium, file), {"media": medium}
        elif kind == "location":
            more, shown = _place(action), dict(action)
        data = telling.data(account, text, media, **more)
        event = telling.message(self.x, customer, id, data, from_shop=False)
        customer.ever = True
        self.x.talks.show(
            customer, Bubble(id, "customer", kind, self.house.clock.milliseconds(), text, shown)
        )
        return self._told(customer, "dm.received", id, direct_message_events=[event])

    def encrypted(self, customer: Customer, action: Action) -> Done:
        """Written in X Chat, of which only the apps of both ends know what it says."""
        id, text = self.x.new_message(), str(action.get("text") or "…")
        customer.ever = True
        self.x.talks.show(customer, Bubble(id, "customer", "text", self.house.clock.milliseconds(), text))
        return self._told(
            customer, "chat.received", id, **telling.encrypted(self.x, customer, id, from_shop=False)
        )

    def typing(self, customer: Customer, _action: Action) -> Done:
        """They begin to write."""
        mark = telling.mark(self.x, customer)
        return self._told(customer, "dm.indicate_typing", "", direct_message_indicate_typing_events=[mark])

    def read(self, customer: Customer, _action: Action) -> Done:
        """They look at what the account wrote."""
        self.x.seen(customer)
        return {"event": "", "message": ""}

    def elsewhere(self, customer: Customer, action: Action) -> Done:
        """The shop answers in X's own app; `encrypted`: in X Chat."""
        id, text = self.x.new_message(), str(action.get("text", ""))
        if action.get("encrypted"):
            return self._told(
                customer, "chat.sent", id, **telling.encrypted(self.x, customer, id, from_shop=True)
            )
        self.x.ours(customer, id, text, None)
        return {"event": "", "message": id}

    def unsend(self, customer: Customer, action: Action) -> Done:
        """A message is deleted on the customer's own phone; X tells nobody."""
        bubble = acting.unsent(self.x.talks, customer, action)
        return {"event": "", "message": bubble.id}

    def follow(self, customer: Customer, action: Action) -> Done:
        """The account is blocked ("unfollow"), or not any more. Nobody is told."""
        customer.friend = action["action"] == "follow"
        self.x.talks.show_state(customer)
        return {"event": "", "message": ""}

    def _told(self, customer: Customer, kind: str, message: str, **payload: Any) -> Done:
        return {"event": self.x.tell(customer, kind, payload), "message": message}


def _place(action: Action) -> dict[str, Any]:
    try:
        point = [float(action["longitude"]), float(action["latitude"])]
    except (KeyError, TypeError, ValueError) as error:
        raise BadAct("latitude and longitude must be numbers") from error
    shared = {"coordinates": {"type": "Point", "coordinates": point}}
    return {
        "attachment": {
            "type": "location",
            "location": {"type": "shared_coordinate", "shared_coordinate": shared},
        }
    }


ACTS: dict[str, Callable[[Acts, Customer, Action], Done]] = {
    **dict.fromkeys(("text", *FILES, "location"), Acts.say),
    "encrypted": Acts.encrypted,
    "typing": Acts.typing,
    "read": Acts.read,
    "elsewhere": Acts.elsewhere,
    "unsend": Acts.unsend,
    "follow": Acts.follow,
    "unfollow": Acts.follow,
}
