"""How often something may happen: a moving window counted in Redis, for all processes together.

Limits guard the product; they must never take it down. While Redis is away each process counts for itself
and says so once in the log.
"""

import ipaddress
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import ConnectionPool
from redis.exceptions import RedisError

from app.config import settings

log = logging.getLogger(__name__)
Told = TypeVar("Told")

_PATIENCE = 0.5  # seconds; a limit that cannot be read at once is not worth waiting for
_ASK_AGAIN = 5.0  # seconds before Redis is tried again after it failed


def hit(key: str, limit: int, per: float) -> float:
    """Count one more of `key` (at most `limit` in any `per` seconds): 0.0, or seconds to wait if too many.

    A refused hit is not counted, so that somebody who keeps trying is let in when the window has moved on.
    """
    return _limiter(settings().redis_url).use(lambda limiter: _hit(limiter, key, limit, per))


def let(key: str, wanted: int, limit: int, per: float) -> int:
    """Count up to `wanted` more of `key` at once: how many of them are let through."""
    return _limiter(settings().redis_url).use(lambda limiter: _let(limiter, key, wanted, limit, per))


@dataclass(frozen=True, slots=True)
class Spent:
    """One more was counted: how many are left, seconds until the window is empty again, and seconds to wait (0.0
    where it was let through)."""

    remaining: int
    reset: float
    wait: float


def spend(key: str, limit: int, per: float) -> Spent:
    """Like `hit`, telling what is left."""
    return _limiter(settings().redis_url).use(lambda limiter: _spend(limiter, key, limit, per))


def network(address: str) -> str:
    """What to count an address by: an IPv6 host has 2**64 of them to choose from, so there its network counts."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is None:
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return address


def left(key: str, limit: int, per: float) -> float:
    """Like `hit`, without counting: seconds to wait before the next one would be let through, else 0.0."""
    return _limiter(settings().redis_url).use(lambda limiter: _left(limiter, key, limit, per))


def room(key: str, limit: int, per: float) -> int:
    """How many more of `key` would be let through at this moment, without counting."""
    return _limiter(settings().redis_url).use(lambda limiter: _room(limiter, key, limit, per))


def shared() -> bool:
    """Whether all processes count together; while Redis is away none knows of the others."""
    return not _limiter(settings().redis_url).away_until


def forget(key: str, limit: int, per: float) -> None:
    """Start counting `key` afresh (a sign-in that succeeded forgives the failures before it)."""
    _limiter(settings().redis_url).use(lambda limiter: _forget(limiter, key, limit, per))


def _hit(limiter: MovingWindowRateLimiter, key: str, limit: int, per: float) -> float:
    item = _item(limit, per)
    return 0.0 if limiter.hit(item, key) else _wait(limiter, item, key)


def _let(limiter: MovingWindowRateLimiter, key: str, wanted: int, limit: int, per: float) -> int:
    item = _item(limit, per)
    if limiter.hit(item, key, cost=wanted):
        return wanted
    few = min(wanted, limiter.get_window_stats(item, key).remaining)
    return few if few and limiter.hit(item, key, cost=few) else 0


def _room(limiter: MovingWindowRateLimiter, key: str, limit: int, per: float) -> int:
    return limiter.get_window_stats(_item(limit, per), key).remaining


def _spend(limiter: MovingWindowRateLimiter, key: str, limit: int, per: float) -> Spent:
    item = _item(limit, per)
    through = limiter.hit(item, key)
    window = limiter.get_window_stats(item, key)
    reset = max(0.0, window.reset_time - time.time())
    return Spent(window.remaining, reset, 0.0 if through else max(1.0, reset))


def _left(limiter: MovingWindowRateLimiter, key: str, limit: int, per: float) -> float:
    item = _item(limit, per)
    return 0.0 if limiter.test(item, key) else _wait(limiter, item, key)


def _forget(limiter: MovingWindowRateLimiter, key: str, limit: int, per: float) -> float:
    limiter.clear(_item(limit, per), key)
    return 0.0


def _item(limit: int, per: float) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(limit, max(1, round(per)))


def _wait(limiter: MovingWindowRateLimiter, item: RateLimitItemPerSecond, key: str) -> float:
    return max(1.0, limiter.get_window_stats(item, key).reset_time - time.time())


@dataclass
class _Limiter:
    """The shared counter with the process's own behind it."""

    shared: MovingWindowRateLimiter
    own: MovingWindowRateLimiter | None = None
    away_until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def use(self, ask: Callable[[MovingWindowRateLimiter], Told]) -> Told:
        if time.monotonic() < self.away_until:
            return ask(self._alone())
        try:
            answer = ask(self.shared)
        except (RedisError, OSError) as error:
            self._lost(error)
            return ask(self._alone())
        self._found()
        return answer

    def _alone(self) -> MovingWindowRateLimiter:
        with self.lock:
            if self.own is None:
                self.own = MovingWindowRateLimiter(MemoryStorage())
            return self.own

    def _lost(self, error: Exception) -> None:
        if not self.away_until:
            log.warning("rate limits: Redis is away (%s), this process counts alone until it is back", error)
        self.away_until = time.monotonic() + _ASK_AGAIN

    def _found(self) -> None:
        if self.away_until:
            log.info("rate limits: Redis is back")
            self.away_until, self.own = 0.0, None


@lru_cache(maxsize=4)
def _limiter(url: str) -> _Limiter:
    pool = ConnectionPool.from_url(
        url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE, max_connections=64
    )
    storage = RedisStorage("redis://", connection_pool=pool, key_prefix="madoguchi:rate")
    return _Limiter(MovingWindowRateLimiter(storage))
