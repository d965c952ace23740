"""Messenger's platform, on which Instagram's messages run as well: the Send API and its webhooks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from app.sandbox.files import File, Files
from app.sandbox.house import BadAct
from app.sandbox.meta import acts, sends, trouble
from app.sandbox.meta.account import FILE_BYTES, PERSON_WINDOW, Account, Event, number
from app.sandbox.meta.calls import Call
from app.sandbox.meta.graph import STICKERS
from app.sandbox.talks import Bubble, Customer

ID = re.compile(r"\d{15,17}")
PICTURE_BYTES = 8 * 1024 * 1024
TYPING = 20.0  # seconds
KINDS = ("RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY")


class Conversing(Account):
    """A page or an account. `limits`: of what is sent. `late`: subcode and status outside of the window. `fields`: what
    may be subscribed to, and which sort of event each brings. `cannot`: what customers cannot do there.
    `tells_unsent`: whether it is told that a customer took a message back."""

    limits: ClassVar[sends.Limits]
    late: ClassVar[tuple[int, int]]
    fields: ClassVar[Mapping[str, str]]
    cannot: ClassVar[tuple[str, ...]]
    tells_unsent: ClassVar[bool]
    settable = Account.settable | {"human_agent"}
    sticker_src = f"/{STICKERS}/stickers/{{id}}.png"

    def begin(self) -> None:
        super().begin()
        self.human_agent = True  # whether the app may use the tag
        self.subscribed: set[str] = set(self.fields)
        self.kept = Files()  # uploaded to be sent several times

    def _id_of(self, name: str) -> str:
        return number(f"{self.name} {name}", 16)

    def stranger(self, id: str) -> Customer:
        if not ID.fullmatch(id):
            raise BadAct(f"An id of {self.label} is 15 to 17 digits.")
        return Customer(id, f"{self.label} {id[-4:]}", ever=False)

    def new_id(self) -> str:
        return self.house.ids.digits(16)

    def envelope(self, events: list[Event]) -> dict[str, Any]:
        """An entry has one event in its list, says Meta."""
        at = self.house.clock.milliseconds()
        return {
            "object": self.object,
            "entry": [{"time": at, "id": self.id, "messaging": [one]} for one in events],
        }

    def event_id(self, event: Event) -> str:
        kind = next(name for name in event if name not in ("sender", "recipient", "timestamp"))
        about = event[kind]
        return f"{kind} {about.get('mid') or about.get('watermark') or event['timestamp']}"

    def act(self, customer: Customer, action: Mapping[str, Any]) -> dict[str, Any]:
        return acts.act(self, customer, action)

    def post(self, customer: Customer, event: Event, by_us: bool = False) -> Event:
        """Tell an event with who it is from and when, if the app wants to hear of its sort."""
        ends = ({"id": customer.id}, {"id": self.id})
        sender, recipient = reversed(ends) if by_us else ends
        whole = {
            "sender": sender,
            "recipient": recipient,
            "timestamp": self.house.clock.milliseconds(),
            **event,
        }
        if self.sort_of(event) in {self.fields[name] for name in self.subscribed}:
            self.hooks.post(customer, whole)
        return whole

    def sort_of(self, event: Event) -> str:
        """Which sort one subscribes to brings it."""
        return next(iter(event))

    def new_mid(self) -> str:
        """An id of a message."""
        return "m_" + self.house.ids.hex(64)

    def seen(self, customer: Customer) -> None:
        unread = customer.reads()
        if unread and customer.friend:
            self.post(customer, {"read": self._read(unread[-1])})

    def _read(self, last: Bubble) -> dict[str, Any]:
        """How it is told that they have seen everything up to this."""
        return {"watermark": last.at}

    async def call(self, call: Call) -> dict[str, Any]:
        own = call.node in ("me", self.id)
        if (
            own
            and call.method == "POST"
            and call.edge in ("messages", "message_attachments", "subscribed_apps")
        ):
            work = {"messages": self._messages, "message_attachments": self._upload}
            return await work[call.edge](call) if call.edge in work else self._subscribe(call)
        if call.method == "GET" and own and call.edge == "subscribed_apps":
            return {"data": [{"id": self.graph.app.id, "subscribed_fields": sorted(self.subscribed)}]}
        if call.method == "GET" and own and not call.edge:
            return self._myself(call)
        if call.method == "GET" and not call.edge and call.node in self.talks.customers:
            customer = self.talks.customers[call.node]
            return self._fields(call, self._about(customer), "first_name,last_name,profile_pic", customer.id)
        raise trouble.unknown(call.node, call.method)

    def _myself(self, call: Call) -> dict[str, Any]:
        return self._fields(call, {"name": self.shop[0]}, "name", self.id)

    def _fields(self, call: Call, known: Mapping[str, Any], usual: str, id: str) -> dict[str, Any]:
        asked = call.fields(usual)
        if strange := [one for one in asked if one not in known and one != "id"]:
            raise trouble.parameter(f"Tried accessing nonexisting field ({strange[0]})")
        return {**{name: known[name] for name in asked if name in known}, "id": id}

    def _about(self, customer: Customer) -> dict[str, Any]:
        raise NotImplementedError

    def _subscribe(self, call: Call) -> dict[str, Any]:
        wanted = {one for one in call.words("subscribed_fields").split(",") if one}
        if not wanted or not wanted <= set(self.fields):
            raise trouble.parameter(f"Param subscribed_fields must be some of {{{', '.join(self.fields)}}}")
        self.subscribed = wanted
        return {"success": True}

    async def _messages(self, call: Call) -> dict[str, Any]:
        """POST /me/messages: a message, or what the account does beside it."""
        to = str(call.part("recipient").get("id", ""))
        customer = self.talks.customers.get(to)
        if customer is None or customer.id not in self.last:
            raise trouble.nobody()
        if action := call.words("sender_action"):
            return self._sender_action(customer, action, call)
        message = call.part("message")
        self.limits.check(message, call.file is not None)
        self._check_window(customer, call)
        file = await self._file(customer, call, message)
        if not customer.friend:
            raise trouble.not_available()
        return self._deliver(customer, call, message, file)

    def _check_window(self, customer: Customer, call: Call) -> None:
        kind, tag = call.words("messaging_type"), call.words("tag")
        if kind and kind not in KINDS:
            raise trouble.parameter(f"Param messaging_type must be one of {{{', '.join(KINDS)}}}")
        if tag and tag != "HUMAN_AGENT":
            raise trouble.parameter("Invalid parameter")
        if tag and not self.human_agent:
            raise trouble.Refused(
                10, "(#10) The app has no permission to use the tag HUMAN_AGENT.", status=403
            )
        if not (self.open_until(customer) or (tag and self.open_until(customer, PERSON_WINDOW))):
            raise trouble.outside_window(*self.late)

    def _sender_action(self, customer: Customer, action: str, call: Call) -> dict[str, Any]:
        if action == "mark_seen":
            self.mark_read(customer)
        elif action in ("typing_on", "typing_off"):
            self.writing(customer, TYPING if action == "typing_on" else 0)
        elif action in ("react", "unreact"):
            bubble = customer.bubbles.get(str(call.part("payload").get("message_id", "")))
            if bubble is None:
                raise trouble.parameter("Invalid message id")
            bubble.data["reaction"] = call.part("payload").get("reaction") if action == "react" else None
            self.talks.show(customer, bubble)
        else:
            raise trouble.parameter("Param sender_action must be one of {mark_seen, typing_on, typing_off}")
        return {"recipient_id": customer.id}

    async def _file(self, customer: Customer, call: Call, message: sends.Body) -> File | None:
        """What goes along: with the call, by its address, or uploaded before."""
        payload = (message.get("attachment") or {}).get("payload") or {}
        if call.file is not None:
            file = File(customer.id, call.file.name, call.file.media_type, call.file.body)
        elif payload.get("url"):
            file = await self.fetched(customer.id, str(payload["url"]))
        elif payload.get("attachment_id"):
            if (found := self.kept.find(str(payload["attachment_id"]))) is None:
                raise trouble.parameter("Invalid attachment ID", 2018074)
            file = found
        else:
            return None
        if self.limits.types and file.media_type not in self.limits.types:
            raise trouble.parameter("Attachment type is not supported")
        if len(file.body) > (PICTURE_BYTES if file.media_type.startswith("image/") else FILE_BYTES):
            raise trouble.parameter("Attachment size exceeds allowable limit", 2018109)
        return file

    async def _upload(self, call: Call) -> dict[str, Any]:
        """POST /me/message_attachments: a file that is sent later by its id."""
        message = call.part("message")
        self.limits.check(message, call.file is not None)
        if (file := await self._file(Customer("", ""), call, message)) is None:
            raise trouble.parameter("Incomplete attachment: url or attachment_id is required")
        id = self.house.ids.digits(16)
        self.kept.keep(id, file)
        return {"attachment_id": id}

    def _deliver(
        self, customer: Customer, call: Call, message: dict[str, Any], file: File | None
    ) -> dict[str, Any]:
        """Accept it: on the record and on the phone; the app hears its echo, and how far it came."""
        mid, at = self.new_mid(), self.house.clock.milliseconds()
        kind = (message.get("attachment") or {}).get("type", "text")
        about = {"tag": call.words("tag"), "metadata": str(message.get("metadata", ""))}
        self.house.record.add(
            self.name,
            "accepted",
            call="messages",
            to=customer.id,
            **about,
            messages=[{"id": mid, "type": kind, **message}],
        )
        if file is not None:
            self.files.keep(mid, file)
        text = file.name if file and kind == "file" else sends.text_of(message)
        kind, text = ("text", "❤️") if kind in self.limits.plain else (kind, text)
        quoted = str(call.part("reply_to").get("mid", ""))
        customer.typing_until = 0.0
        self.show(customer, Bubble(mid, "shop", kind, at, text, sends.shown(message), quoted))
        self.talks.show_state(customer)
        self._tell_echo(customer, mid, message, file)
        self._tell_delivered(customer, mid, at)
        if self.talks.watched(customer.id):
            self.seen(customer)
        return {"recipient_id": customer.id, "message_id": mid}

    def _tell_echo(self, customer: Customer, mid: str, message: Mapping[str, Any], file: File | None) -> None:
        told: dict[str, Any] = {"mid": mid, "is_echo": True, "app_id": int(self.graph.app.id)}
        told |= {name: message[name] for name in ("text", "metadata") if name in message}
        if file is not None:
            payload = {"url": self.address(mid, file)}
            told["attachments"] = [{"type": message["attachment"]["type"], "payload": payload}]
        self.post(customer, {"message": told}, by_us=True)

    def _tell_delivered(self, customer: Customer, mid: str, at: int) -> None:
        """Where such events are told."""

    def address(self, mid: str, file: File) -> str:
        """Where a file of a message lies."""
        raise NotImplementedError
