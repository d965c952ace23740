"""Webhooks: told one after the other to the product per customer, again until it answers, and misbehaving on demand."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2

from app.sandbox.faults import Fault, Faults
from app.sandbox.record import Record
from app.sandbox.talks import Customer

if TYPE_CHECKING:
    from app.sandbox.house import Platform

AT_ONCE = 32  # requests under way
WITHIN = 2.0  # seconds the product has to answer: LINE's limit, the shortest of all
AGAIN = (0.5, 1, 2, 5, 10, 30, 60, 120, 300)  # seconds until a webhook that failed is sent again

TIMEOUT, UNREACHED, REFUSED = "request_timeout", "could_not_connect", "error_status_code"

LOCAL = {"127.0.0.1", "::1", "localhost"}
FILE_BYTES = 30 * 1024 * 1024

Event = dict[str, Any]


class NotFetched(Exception):
    """A file cannot be had; the text says why."""


@dataclass(frozen=True)
class Notice:
    """An event to be told. `number`: how many this customer caused, the same in every run."""

    customer: Customer
    number: int
    event: Event


class Hooks:
    """The sender of one platform. `redeliver`: whether what was not answered with 2xx is sent again."""

    def __init__(self, record: Record, faults: Faults, platform: Platform, url: str) -> None:
        self.url, self.active, self.redeliver, self.within = url, True, True, WITHIN
        self._record, self._faults, self._platform = record, faults, platform
        self._lanes: dict[str, deque[Notice]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._client: httpx2.AsyncClient | None = None

    def post(self, customer: Customer, event: Event) -> None:
        """Tell the event after those of the same customer that wait."""
        if not self._platform.goes_to(event) or not self.active:
            return
        customer.acted += 1
        notice = Notice(customer, customer.acted, event)
        if customer.id in self._lanes:
            self._lanes[customer.id].append(notice)
            return
        self._lanes[customer.id] = deque([notice])
        self._begin(self._drain(customer.id))

    @property
    def waiting(self) -> int:
        """How much is not told yet, what will be told again included."""
        return len(self._tasks) + sum(map(len, self._lanes.values()))

    async def close(self) -> None:
        """Stop telling."""
        self.forget()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client:
            await self._client.aclose()

    def forget(self) -> None:
        """Drop all that waits."""
        for task in self._tasks:
            task.cancel()
        self._lanes.clear()

    async def call(self, url: str, events: list[Event]) -> tuple[int, str]:
        """One request. The status, or 0; and what failed, in LINE's words for it."""
        headers, body = self._platform.request(events)
        signed = self._platform.signed(url, body)
        try:
            async with self._places:
                answer = await self._http().post(signed, content=body, headers=headers, timeout=self.within)
        except httpx2.TimeoutException:
            return 0, TIMEOUT
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return 0, UNREACHED
        if answer.is_success:
            await self._platform.heard(answer.content)
        return answer.status_code, "" if answer.is_success else REFUSED

    async def ask(self, url: str, query: dict[str, str]) -> tuple[int, str]:
        """What is answered to a question: the status, or 0, and the words."""
        try:
            answer = await self._http().get(url, params=query, timeout=self.within)
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return 0, ""
        return answer.status_code, answer.text

    async def fetch(self, url: str) -> tuple[str, bytes]:
        """A file of the product's, its media type and bytes: from this machine or from where the webhooks go; nothing
        is asked elsewhere. Raises `NotFetched`."""
        host = urlsplit(url).hostname
        if host not in LOCAL and host != urlsplit(self.url).hostname:
            raise NotFetched("It is not on this machine.")
        try:
            answer = await self._http().get(url, timeout=10)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise NotFetched("Nobody answers there.") from error
        if answer.status_code != 200 or len(answer.content) > FILE_BYTES:
            raise NotFetched(f"The answer is {answer.status_code}, {len(answer.content)} bytes.")
        return answer.headers.get("content-type", "application/octet-stream"), answer.content

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, user: str) -> None:
        lane = self._lanes[user]
        try:
            while lane:
                for bundle in await self._bundles(lane):
                    await self._tell(bundle)
        finally:
            if self._lanes.get(user) is lane:
                del self._lanes[user]

    async def _bundles(self, lane: deque[Notice]) -> list[list[Notice]]:
        """The next requests to make, each with what it tells."""
        notice = lane.popleft()
        if rule := self._strikes("delay", notice):
            await asyncio.sleep(rule.seconds)
        if self._platform.batches and (rule := self._strikes("batch", notice)):
            await _until_more(lane, rule.times - 1, rule.seconds)
            return [[notice, *(lane.popleft() for _ in range(min(len(lane), rule.times - 1)))]]
        if rule := self._strikes("reorder", notice):
            await _until_more(lane, 1, rule.seconds)
            return [[lane.popleft()], [notice]] if lane else [[notice]]
        return [[notice]]

    async def _tell(self, bundle: list[Notice]) -> None:
        copies = next((rule.times for one in bundle if (rule := self._strikes("duplicate", one))), 1)
        extra = [self._once(bundle, 1, again=True) for _ in range(copies - 1)]
        reason, *_ = await asyncio.gather(self._once(bundle, 1), *extra)
        if self.redeliver and reason in self._platform.retries:
            self._begin(self._keep_telling(bundle))

    async def _keep_telling(self, bundle: list[Notice]) -> None:
        for attempt, pause in enumerate(AGAIN, 2):
            await asyncio.sleep(pause)
            if await self._once(bundle, attempt, again=True) not in self._platform.retries:
                return

    async def _once(self, bundle: list[Notice], attempt: int, again: bool = False) -> str:
        """What failed, "" if nothing did."""
        events = [self._platform.again(one.event) if again else one.event for one in bundle]
        status, reason = await self.call(self._platform.goes_to(events[0]), events)
        if 200 <= status < 300 and any(self._strikes("lost_answer", one) for one in bundle):
            status, reason = 0, TIMEOUT
        ids = [self._platform.event_id(event) for event in events]
        about = {"user": bundle[0].customer.id, "events": ids, "status": status, "reason": reason}
        self._record.add(self._platform.name, "webhook", **about, attempt=attempt)
        for one in () if reason else bundle:
            self._platform.told(one.customer, one.event)
        return reason

    def _strikes(self, fault: str, notice: Notice) -> Fault | None:
        user, name = notice.customer.id, self._platform.name
        rule = self._faults.strikes(fault, name, f"{user} {notice.number}", "webhook", user)
        if rule:
            event = self._platform.event_id(notice.event)
            self._record.add(name, "fault", fault=fault, call="webhook", user=user, event=event)
        return rule

    def _http(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = httpx2.AsyncClient(trust_env=False)
        return self._client


async def _until_more(lane: deque[Notice], wanted: int, seconds: float) -> None:
    """Wait until so many stand in the lane, but not for ever."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while len(lane) < wanted and loop.time() < until:
        await asyncio.sleep(0.01)
