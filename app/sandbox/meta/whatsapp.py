"""WhatsApp's Cloud API as the sandbox plays it: one number and those who write to it
(developers.facebook.com/docs/whatsapp/cloud-api)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from app.sandbox.drawing import STICKERS as DRAWN
from app.sandbox.files import File
from app.sandbox.house import BadAct, Picture
from app.sandbox.meta import trouble, whatsapp_acts, whatsapp_sends
from app.sandbox.meta.account import SHOP, Account, Event, number
from app.sandbox.meta.calls import Call
from app.sandbox.meta.graph import FILES, STICKERS
from app.sandbox.talks import Bubble, Customer

ID = re.compile(r"\d{8,15}|[A-Z]{2}\.[A-Za-z0-9]{1,60}")
TYPING = 25.0  # seconds
HOLDS = 300  # seconds an address of a file holds


class WhatsApp(Account):
    """The number `id` of a business account. Who has hidden their number has an id such as JP.1234abcd."""

    name = "whatsapp"
    label = "WhatsApp"
    object = "whatsapp_business_account"
    id = "106540352242922"
    business = "102290129340398"
    shown_number = "+81 50-1234-5678"
    guarded = True
    scopes = ("whatsapp_business_messaging", "whatsapp_business_management")
    stickers = tuple(Picture(one.id, *one.words[:2]) for one in DRAWN.values())
    sticker_src = f"/{STICKERS}/stickers/{{id}}.png"
    reactions = ("❤️", "👍")
    settable = Account.settable | {"quality_rating", "templates"}
    refusals = {**Account.refusals, "rate_limit": whatsapp_sends.rate}

    def begin(self) -> None:
        super().begin()
        self.quality_rating = "GREEN"
        self.templates = list(whatsapp_sends.TEMPLATES)

    def _id_of(self, name: str) -> str:
        return "8190" + number(f"{self.name} {name}", 8)

    def user_id(self, customer: Customer) -> str:
        """The business's own id for them."""
        if not customer.id.isdecimal():
            return customer.id
        return "JP." + hashlib.sha256(customer.id.encode()).hexdigest()[:16]

    def stranger(self, id: str) -> Customer:
        if not ID.fullmatch(id):
            raise BadAct("An id of WhatsApp is a number of 8 to 15 digits, or as JP.1234abcd.")
        return Customer(id, f"WhatsApp {id[-4:]}", ever=False)

    def new_id(self) -> str:
        return "8190" + self.house.ids.digits(8)

    def envelope(self, events: list[Event]) -> dict[str, Any]:
        about = {
            "messaging_product": "whatsapp",
            "metadata": {
                "display_phone_number": re.sub(r"\D", "", self.shown_number),
                "phone_number_id": self.id,
            },
        }
        changes = [{"value": {**about, **one}, "field": "messages"} for one in events]
        return {"object": self.object, "entry": [{"id": self.business, "changes": changes}]}

    def about(self) -> dict[str, Any]:
        return {"business_id": self.business, **super().about()}

    def event_id(self, event: Event) -> str:
        if "statuses" in event:
            return f"{event['statuses'][0]['status']} {event['statuses'][0]['id']}"
        return str(event["messages"][0]["id"])

    def act(self, customer: Customer, action: Mapping[str, Any]) -> dict[str, Any]:
        return whatsapp_acts.act(self, customer, action)

    def new_mid(self) -> str:
        """An id of a message."""
        return "wamid.HBgM" + self.house.ids.hex(40).upper() + "A="

    def seconds(self) -> str:
        """Now, as webhooks tell it."""
        return str(int(self.house.clock.seconds()))

    def seen(self, customer: Customer) -> None:
        for bubble in customer.reads():
            self._tell(customer, bubble.id, "read")

    def address(self, mid: str) -> str:
        """Where a file of a message lies, for five minutes."""
        until = int(self.house.clock.seconds()) + HOLDS
        return (
            f"{self.house.base}/{FILES}/whatsapp_business/attachments/?mid={mid}&source=getMedia&ext={until}"
        )

    def current(self, request: Request) -> bool:
        until = request.query_params.get("ext", "0")
        return until.isdecimal() and int(until) > self.house.clock.seconds()

    async def call(self, call: Call) -> dict[str, Any]:
        doors = {
            ("POST", self.id, "messages"): self._messages,
            ("POST", self.id, "media"): self._upload,
            ("GET", self.id, ""): self._number,
            ("POST", self.business, "subscribed_apps"): self._subscribe,
            ("GET", self.business, "message_templates"): self._templates,
        }
        if work := doors.get((call.method, call.node, call.edge)):
            return await work(call)
        file = self.files.find(call.node)
        if file is not None and not file.gone and not call.edge:
            return self._media(call, file)
        raise trouble.unknown(call.node, call.method)

    async def _subscribe(self, _call: Call) -> dict[str, Any]:
        return {"success": True}

    async def _number(self, call: Call) -> dict[str, Any]:
        known = {
            "verified_name": SHOP,
            "display_phone_number": self.shown_number,
            "quality_rating": self.quality_rating,
            "status": "CONNECTED",
            "account_mode": "LIVE",
        }
        asked = call.fields("verified_name,display_phone_number,quality_rating")
        return {**{name: known[name] for name in asked if name in known}, "id": self.id}

    async def _templates(self, call: Call) -> dict[str, Any]:
        """GET /{business account}/message_templates, page by page."""
        size = int(call.words("limit")) if call.words("limit").isdecimal() else 25
        start = int(call.words("after")) if call.words("after").isdecimal() else 0
        page, end = self.templates[start : start + size], start + size
        more = {"next": f"{self.house.base}/graph.facebook.com/…"} if end < len(self.templates) else {}
        return {"data": page, "paging": {"cursors": {"before": str(start), "after": str(end)}, **more}}

    def _media(self, call: Call, file: File) -> dict[str, Any]:
        """GET: where it lies, and what its bytes must be. DELETE: it is gone."""
        if call.method == "DELETE":
            self.files.drop(call.node)
            return {"success": True}
        if call.told.get("phone_number_id", self.id) != self.id:
            raise trouble.unknown(call.node)
        return {
            "messaging_product": "whatsapp",
            "url": self.address(call.node),
            "mime_type": file.media_type,
            "sha256": hashlib.sha256(file.body).hexdigest(),
            "file_size": len(file.body),
            "id": call.node,
        }

    async def _upload(self, call: Call) -> dict[str, Any]:
        """POST /{number}/media: a file that is sent by its id."""
        if call.words("messaging_product") != "whatsapp":
            raise trouble.parameter("The parameter messaging_product is required.")
        if call.file is None:
            raise trouble.parameter("The parameter file is required.")
        media_type = call.file.media_type.partition(";")[0]
        whatsapp_sends.check_upload(media_type, len(call.file.body))
        id = self.house.ids.digits(16)
        self.files.keep(id, File("", call.file.name, media_type, call.file.body))
        return {"id": id}

    async def _messages(self, call: Call) -> dict[str, Any]:
        """POST /{number}/messages: a message, or that one was read."""
        if call.words("messaging_product") != "whatsapp":
            raise trouble.parameter("The parameter messaging_product is required.")
        if call.words("status"):
            return self._read(call)
        to = call.words("recipient") or re.sub(r"[+\s()-]", "", call.words("to"))
        if not ID.fullmatch(to):
            raise trouble.parameter("The parameter to is required.")
        body = whatsapp_sends.checked(call.told, self.templates)
        file = await self._file(to, call.words("type"), body)
        customer = self._called(to)
        mid = self.new_mid()
        self.house.record.add(
            self.name,
            "accepted",
            call="messages",
            to=customer.id if customer else to,
            messages=[self._noted(mid, call)],
        )
        self._go_on(customer, to, mid, call, file)
        contact = {"input": to, "wa_id": to} if to.isdecimal() else {"input": to, "user_id": to}
        return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": mid}]}

    def _noted(self, mid: str, call: Call) -> dict[str, Any]:
        kept = {name: call.told[name] for name in call.told if name not in ("messaging_product", "id")}
        return {**kept, "id": mid, "text": whatsapp_sends.text_of(call.told, self.templates)}

    def _called(self, to: str) -> Customer | None:
        """Whoever has this number or id."""
        return next((one for one in self.talks.customers.values() if to in (one.id, self.user_id(one))), None)

    async def _file(self, to: str, kind: str, part: Mapping[str, Any]) -> File | None:
        """What was uploaded, or lies at an address. Raises `Refused`."""
        if kind not in whatsapp_sends.FILES:
            return None
        if part.get("link"):
            file = await self.fetched(to, str(part["link"]))
        elif (found := self.files.find(str(part.get("id")))) is not None and not found.gone:
            file = found
        else:
            raise trouble.parameter("Invalid media id.", 33)
        whatsapp_sends.check_file(kind, file.media_type, len(file.body))
        return file

    def _go_on(self, customer: Customer | None, to: str, mid: str, call: Call, file: File | None) -> None:
        """What becomes of a message that was accepted is told by webhook alone."""
        if customer is None:
            ghost = Customer(to, to)
            self._tell(ghost, mid, "failed", call, whatsapp_sends.UNDELIVERABLE)
        elif call.words("type") != "template" and not self.open_until(customer):
            self._tell(customer, mid, "failed", call, whatsapp_sends.RE_ENGAGEMENT)
        else:
            self._deliver(customer, mid, call, file)

    def _deliver(self, customer: Customer, mid: str, call: Call, file: File | None) -> None:
        if call.words("type") == "reaction":
            return self._react(customer, call.part("reaction"))
        if file is not None:
            self.files.keep(mid, file)
        kind, data = whatsapp_sends.shown(call.told)
        name = call.part(call.words("type")).get("filename")
        text = str(name or (file.name if file and kind == "file" else "")) or whatsapp_sends.text_of(
            call.told, self.templates
        )
        quoted = str(call.part("context").get("message_id", ""))
        at = self.house.clock.milliseconds()
        self.show(customer, Bubble(mid, "shop", kind, at, text, data, quoted))
        self.writing(customer, 0)
        self._tell(customer, mid, "sent", call)
        if customer.friend:
            self._tell(customer, mid, "delivered", call)
            if self.talks.watched(customer.id):
                self.seen(customer)
        return None

    def _react(self, customer: Customer, reaction: Mapping[str, Any]) -> None:
        if bubble := customer.bubbles.get(str(reaction.get("message_id"))):
            bubble.data["reaction"] = reaction.get("emoji") or None
            self.talks.show(customer, bubble)

    def _read(self, call: Call) -> dict[str, Any]:
        mid = call.words("message_id")
        customer = next((one for one in self.talks.customers.values() if mid in one.bubbles), None)
        if customer is None or call.words("status") != "read":
            raise trouble.parameter("Invalid parameter")
        self.mark_read(customer, mid)
        if call.told.get("typing_indicator"):
            self.writing(customer, TYPING)
        return {"success": True}

    def _tell(
        self,
        customer: Customer,
        mid: str,
        status: str,
        call: Call | None = None,
        failure: tuple[int, str, str] | None = None,
    ) -> None:
        """How far a message came."""
        told: dict[str, Any] = {"id": mid, "status": status, "timestamp": self.seconds()}
        told["recipient_user_id"] = self.user_id(customer)
        if customer.id.isdecimal():
            told["recipient_id"] = customer.id
        if call is not None and call.words("biz_opaque_callback_data"):
            told["biz_opaque_callback_data"] = call.words("biz_opaque_callback_data")
        if failure is not None:
            code, title, details = failure
            told["errors"] = [
                {"code": code, "title": title, "message": title, "error_data": {"details": details}}
            ]
        elif status == "sent":
            told["pricing"] = {"billable": False, "pricing_model": "PMP", "category": "service"}
        self.hooks.post(customer, {"statuses": [told]})
