"""How a bot hears: by webhook, or by asking, never both (core.telegram.org/bots/api#getting-updates)."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.sandbox.hooks import LOCAL
from app.sandbox.talks import Customer
from app.sandbox.telegram.door import Call, Refused, bad

if TYPE_CHECKING:
    from app.sandbox.telegram.platform import Telegram

Update = dict[str, Any]

PORTS = (443, 80, 88, 8443)
MOST, LONGEST = 100, 50  # updates at once; seconds a question stays open
ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
OTHER = "terminated by other getUpdates request; make sure that only one bot instance is running"
SECRET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
WORDS = {"request_timeout": "Read timeout expired", "could_not_connect": "Connection refused"}


class Updates:
    """What waits for a bot without a webhook, and the four methods about it."""

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.waiting: deque[tuple[Customer, Update]] = deque()
        self._news = asyncio.Event()
        self._asking = 0

    def tell(self, customer: Customer, update: Update) -> None:
        """By webhook, or to who asks."""
        if self.telegram.hooks.url:
            self.telegram.hooks.post(customer, update)
            return
        self.waiting.append((customer, update))
        self._news.set()

    def call_at(self, url: str) -> None:
        """Webhooks go there, what waits first; "" for none."""
        self.telegram.hooks.url = url
        while url and self.waiting:
            self.telegram.hooks.post(*self.waiting.popleft())
        self._news.set()

    async def set_webhook(self, call: Call) -> bool:
        """setWebhook. An empty address takes it away."""
        url, secret = call.words("url"), call.words("secret_token")
        if url:
            _check_address(url)
        if len(secret) > 256 or not SECRET.issuperset(secret):
            raise bad("secret token contains unallowed characters")
        self._allow(call)
        self.telegram.bot.secret = secret
        self.telegram.bot.connections = call.number("max_connections", 40)
        self._drop(call)
        self.call_at(url)
        return True

    async def delete_webhook(self, call: Call) -> bool:
        """deleteWebhook."""
        self._drop(call)
        self.call_at("")
        return True

    async def info(self, _call: Call) -> dict[str, Any]:
        """getWebhookInfo."""
        hooks, bot = self.telegram.hooks, self.telegram.bot
        told: dict[str, Any] = {
            "url": hooks.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self.waiting) + hooks.waiting,
        }
        if hooks.url:
            told |= {"max_connections": bot.connections, "ip_address": "127.0.0.1"} | self._trouble()
        return told | ({"allowed_updates": bot.allowed} if bot.allowed else {})

    async def get(self, call: Call) -> list[Update]:
        """getUpdates: those from `offset` on; what stands before it is never told again. Waits `timeout` seconds for
        the first. Who asks later ends the question that is still open."""
        if self.telegram.hooks.url:
            raise Refused(409, f"Conflict: {ACTIVE}")
        self._asking += 1
        mine = self._asking
        self._news.set()
        self._allow(call)
        self._confirm(call.number("offset"))
        most = min(max(call.number("limit", MOST), 1), MOST)
        until = asyncio.get_running_loop().time() + min(max(call.number("timeout"), 0), LONGEST)
        while not self.waiting and (left := until - asyncio.get_running_loop().time()) > 0:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                break
            if mine != self._asking:
                raise Refused(409, f"Conflict: {OTHER}")
            if self.telegram.hooks.url:
                raise Refused(409, "Conflict: terminated by setWebhook request")
        return [update for _, update in list(self.waiting)[:most]]

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self.waiting) > -offset:
                self.waiting.popleft()
        while self.waiting and self.waiting[0][1]["update_id"] < offset:
            self.waiting.popleft()

    def _allow(self, call: Call) -> None:
        allowed = call.told.get("allowed_updates")
        if isinstance(allowed, list):
            self.telegram.bot.allowed = [str(one) for one in allowed]

    def _drop(self, call: Call) -> None:
        if call.truth("drop_pending_updates"):
            self.waiting.clear()
            self.telegram.hooks.forget()

    def _trouble(self) -> dict[str, Any]:
        """What went wrong with the last webhook that did not arrive."""
        record = self.telegram.house.record.find(platform=self.telegram.name, what="webhook")
        failed = next((one for one in reversed(record) if one["reason"]), None)
        if failed is None:
            return {}
        said = WORDS.get(failed["reason"]) or f"Wrong response from the webhook: {failed['status']}"
        return {"last_error_date": int(self.telegram.house.clock.seconds()), "last_error_message": said}


def _check_address(url: str) -> None:
    """https on one of four ports; on this machine http and any port are fine. Raises `Refused`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise bad("invalid webhook URL specified") from None
    if parts.hostname in LOCAL and parts.scheme in ("http", "https"):
        return
    if parts.scheme != "https" or not parts.hostname:
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if port is not None and port not in PORTS:
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
