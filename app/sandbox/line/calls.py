"""The doors under api.line.me: what a bot may ask for and send (reference/messaging-api)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from app.sandbox.line import bodies
from app.sandbox.line.account import LINK_SECONDS, Accepted, Account
from app.sandbox.line.door import MONTHLY, Answer, Refused, Work, door
from app.sandbox.talks import Bubble, Customer

if TYPE_CHECKING:
    from app.sandbox.line.platform import Line

RETRY_KEY = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
TO = re.compile(r"[UCR][0-9a-f]{32}")
QUOTABLE = {"text", "textV2", "sticker", "image", "video", "template", "flex", "imagemap"}

BAD_TO = "The property, 'to', in the request body is invalid (line: -, column: -)"


class Calls:
    """The Messaging API of one official account."""

    def __init__(self, line: Line) -> None:
        self.line, self.house = line, line.house

    @property
    def account(self) -> Account:
        """The account as it is now."""
        return self.line.account

    def routes(self) -> list[BaseRoute]:
        """Every door, faults and the access token looked after."""
        return [
            self._post("/v2/bot/message/push", self.push),
            self._post("/v2/bot/message/reply", self.reply),
            self._post("/v2/bot/message/validate/{how}", self.validate),
            self._get("/v2/bot/message/quota", self.quota),
            self._get("/v2/bot/message/quota/consumption", self.consumption),
            self._get("/v2/bot/profile/{user}", self.profile),
            self._get("/v2/bot/group/{group}/member/{user}", self.member),
            self._get("/v2/bot/group/{group}/summary", self.group),
            self._get("/v2/bot/room/{group}/member/{user}", self.member),
            self._get("/v2/bot/followers/ids", self.followers),
            self._get("/v2/bot/info", self.info),
            self._post("/v2/bot/chat/loading/start", self.loading),
            self._post("/v2/bot/chat/markAsRead", self.mark_as_read),
            self._post("/v2/bot/user/{user}/linkToken", self.link_token),
            self._get("/v2/bot/channel/webhook/endpoint", self.endpoint),
            Route("/v2/bot/channel/webhook/endpoint", door(self.line, self.set_endpoint), methods=["PUT"]),
            self._post("/v2/bot/channel/webhook/test", self.try_endpoint),
        ]

    async def push(self, request: Request, told: Mapping[str, Any]) -> Answer:
        """POST /v2/bot/message/push: to anybody, against the monthly quota, once per retry key."""
        key = request.headers.get("x-line-retry-key", "")
        if key and not RETRY_KEY.fullmatch(key):
            raise Refused(400, "The value of the 'X-Line-Retry-Key' header is invalid")
        if key and (before := self.account.known(key)):
            return _already(before)
        _refuse_wrong(told.get("messages"))
        to = told.get("to")
        if not isinstance(to, str) or not TO.fullmatch(to):
            raise Refused(400, BAD_TO)
        if (customer := self.line.talks.customers.get(to)) is None:
            raise Refused(400, "Failed to send messages")
        if self.account.over_quota():
            raise Refused(429, MONTHLY)
        self.account.used += 1
        sent = self._deliver(request, "message/push", customer, told["messages"], key)
        if key:
            now = self.house.clock.seconds()
            self.account.accepted[key] = Accepted(request.state.request_id, sent, now)
        return 200, {"sentMessages": sent}

    async def reply(self, request: Request, told: Mapping[str, Any]) -> Answer:
        """POST /v2/bot/message/reply: once for a reply token, free."""
        if "x-line-retry-key" in request.headers:
            raise Refused(400, "The 'X-Line-Retry-Key' header is not supported by this endpoint")
        token = told.get("replyToken")
        if not token or not isinstance(token, str):
            raise _wrong([{"message": "May not be empty", "property": "replyToken"}])
        _refuse_wrong(told.get("messages"))
        if (user := self.account.redeem(token)) is None:
            raise Refused(400, "Invalid reply token")
        customer = self.line.customer(user)
        sent = self._deliver(request, "message/reply", customer, told["messages"], "")
        return 200, {"sentMessages": sent}

    async def validate(self, _request: Request, told: Mapping[str, Any]) -> Answer:
        """POST /v2/bot/message/validate/…: what would be refused."""
        _refuse_wrong(told.get("messages"))
        return 200, {}

    async def quota(self, _request: Request, _told: Mapping[str, Any]) -> Answer:
        """GET /v2/bot/message/quota."""
        quota = self.account.quota
        return 200, {"type": "none"} if quota is None else {"type": "limited", "value": quota}

    async def consumption(self, _request: Request, _told: Mapping[str, Any]) -> Answer:
        """GET /v2/bot/message/quota/consumption."""
        return 200, {"totalUsage": self.account.used}

    async def profile(self, request: Request, _told: Mapping[str, Any]) -> Answer:
        """GET /v2/bot/profile/{userId}: of friends only."""
        customer = self.line.talks.customers.get(request.path_params["user"])
        if customer is None or not customer.friend:
            raise Refused(404, "Not found")
        return 200, self._about(customer) | {"language": customer.language}

    async def member(self, request: Request, _told: Mapping[str, Any]) -> Answer:
        """GET /v2/bot/group/{groupId}/member/{userId}: friend or not."""
        customer = self.line.talks.customers.get(request.path_params["user"])
        if customer is None or request.path_params["group"] not in self.line.talks.customers:
            raise Refused(404, "Not found")
        return 200, self._about(customer)

    async def group(self, request: Request, _told: Mapping[str, Any]) -> Answer:
        """GET /v2/bot/group/{groupId}/summary."""
        group = self.line.talks.customers.get(request.path_params["group"])
        if group is None:
            raise Refused(404, "Not found")
        return 200, {"groupId": group.id, "groupName": group.name, "pictureUrl": self.line.picture(group.id)}

    async def followers(self, _request: Request, _told: Mapping[str, Any]) -> Answer:
        """GET /v2/bot/followers/ids."""
        customers = self.line.talks.customers.values()
        return 200, {"userIds": [one.id for one in customers if one.friend and one.id.startswith("U")]}

    async def info(self, _request: Request, _told: Mapping[str, Any]) -> Answer:
        """GET /v2/bot/info."""
        account = self.account
        return 200, {
            "userId": account.user_id,
            "basicId": account.basic_id,
            "displayName": account.name,
            "pictureUrl": self.line.picture(account.user_id),
            "chatMode": account.chat_mode,
            "markAsReadMode": account.mark_as_read_mode,
        }

    async def loading(self, _request: Request, told: Mapping[str, Any]) -> Answer:
        """POST /v2/bot/chat/loading/start: dots on the phone until a message comes, or for so long."""
        seconds = told.get("loadingSeconds", 20)
        if not isinstance(seconds, int) or not 5 <= seconds <= 60 or seconds % 5:
            raise _wrong(
                [{"message": "Must be a multiple of 5 between 5 and 60", "property": "loadingSeconds"}]
            )
        customer = self.line.talks.customers.get(str(told.get("chatId")))
        if customer is None or not customer.id.startswith("U"):
            raise Refused(400, "The property, 'chatId', in the request body is invalid (line: -, column: -)")
        customer.typing_until = self.house.clock.seconds() + seconds
        self.line.talks.show_state(customer)
        return 202, {}

    async def mark_as_read(self, _request: Request, told: Mapping[str, Any]) -> Answer:
        """POST /v2/bot/chat/markAsRead: this message and those before it."""
        found = self.account.read_tokens.get(str(told.get("markAsReadToken")))
        if found is None:
            raise Refused(400, "Invalid markAsReadToken")
        self.line.mark_read(*found)
        return 200, {}

    async def link_token(self, request: Request, _told: Mapping[str, Any]) -> Answer:
        """POST /v2/bot/user/{userId}/linkToken: for account linking, good for ten minutes."""
        user = request.path_params["user"]
        if user not in self.line.talks.customers:
            raise Refused(404, "Not found")
        token = self.house.ids.hex(32)
        self.account.links[token] = (user, self.house.clock.seconds() + LINK_SECONDS)
        return 200, {"linkToken": token}

    async def endpoint(self, _request: Request, _told: Mapping[str, Any]) -> Answer:
        """GET /v2/bot/channel/webhook/endpoint."""
        if not self.line.hooks.url:
            raise Refused(404, "Webhook endpoint not found")
        return 200, {"endpoint": self.line.hooks.url, "active": self.line.hooks.active}

    async def set_endpoint(self, _request: Request, told: Mapping[str, Any]) -> Answer:
        """PUT /v2/bot/channel/webhook/endpoint."""
        self.line.hooks.url = _endpoint(told.get("endpoint"))
        return 200, {}

    async def try_endpoint(self, _request: Request, told: Mapping[str, Any]) -> Answer:
        """POST /v2/bot/channel/webhook/test: a webhook without events; the answer tells what came of it."""
        url = _endpoint(told["endpoint"]) if told.get("endpoint") else self.line.hooks.url
        if not url:
            raise Refused(404, "Webhook endpoint not found")
        status, reason = await self.line.hooks.call(url, [])
        return 200, {
            "success": reason == "",
            "timestamp": self.house.clock.iso(),
            "statusCode": status,
            "reason": reason.upper() or "OK",
            "detail": str(status) if status else reason,
        }

    def _deliver(
        self, request: Request, call: str, customer: Customer, messages: list[dict[str, Any]], key: str
    ) -> list[dict[str, str]]:
        """Accept messages: on the record, and on the phone of who has not blocked us."""
        sent, told = [], []
        for message in messages:
            id = self.house.ids.digits(18)
            about = {"id": id}
            if message["type"] in QUOTABLE:
                about["quoteToken"] = token = self.house.ids.hex(64)
                self.account.quotes[token] = customer.id, id
            sent.append(about)
            told.append({"id": id, **message})
            if customer.friend:
                self.line.talks.show(customer, self._bubble(id, message))
        customer.typing_until = 0.0
        self.line.talks.show_state(customer)
        about_all = {"request_id": request.state.request_id, "retry_key": key, "delivered": customer.friend}
        self.house.record.add("line", "accepted", call=call, to=customer.id, **about_all, messages=told)
        return sent

    def _bubble(self, id: str, message: dict[str, Any]) -> Bubble:
        text = str(message.get("text") or message.get("altText") or "")
        quoted = self.account.quotes.get(str(message.get("quoteToken")), ("", ""))[1]
        at = self.house.clock.milliseconds()
        return Bubble(id, "shop", message["type"], at, text, dict(message), quoted)

    def _about(self, customer: Customer) -> dict[str, str]:
        about = {
            "userId": customer.id,
            "displayName": customer.name,
            "pictureUrl": self.line.picture(customer.id),
        }
        return about | ({"statusMessage": customer.status} if customer.status else {})

    def _post(self, path: str, work: Work) -> Route:
        return Route(path, door(self.line, work), methods=["POST"])

    def _get(self, path: str, work: Work) -> Route:
        return Route(path, door(self.line, work), methods=["GET"])


def _already(before: Accepted) -> Answer:
    body = {"message": "The retry key is already accepted", "sentMessages": before.sent}
    return 409, body, {"x-line-accepted-request-id": before.request_id}


def _refuse_wrong(messages: Any) -> None:
    if details := bodies.wrong(messages):
        raise _wrong(details)


def _wrong(details: bodies.Details) -> Refused:
    return Refused(400, f"The request body has {len(details)} error(s)", details)


def _endpoint(url: Any) -> str:
    """A webhook URL: https, or http on this machine. Raises `Refused`."""
    parts = urlsplit(url) if isinstance(url, str) and len(url) <= 500 else urlsplit("")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in bodies.LOCAL):
        raise Refused(400, "Invalid webhook endpoint URL")
    return str(url)
