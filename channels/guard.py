"""Calling addresses that other people typed in, without being turned against our own network (SSRF).

`Client` resolves a name once, looks at every address it got, and connects to one of exactly these: a name
that answers differently the second time (DNS rebinding) gains nothing. TLS still checks the name. Redirects
are not followed, and proxy settings of the environment are not used, as a proxy would resolve names itself.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import httpcore2
import httpx2

TIMEOUT = httpx2.Timeout(connect=5.0, read=20.0, write=20.0, pool=5.0)
TURNS = 3  # addresses that never answer may cost so many times the time for one
Resolve = Callable[[str, int], Sequence[str]]

# Global, yet they may lead back inside: NAT64 (RFC 6052, 8215), 6to4 (RFC 3056) and Teredo (RFC 4380) carry
# an IPv4 address that would need judging in its turn; nobody serves callbacks there.
_TUNNELS = [ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]


class Forbidden(httpx2.ConnectError):
    """The target is, or is named like, something inside our own network."""


_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Requests made inside are over after `seconds` in all: `httpx2.TimeoutException`.

    The time-outs of the client are for each read alone; an answer that dribbles in never meets them.
    """
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


class Client(httpx2.Client):
    """An HTTP client that connects to public addresses only, or to any if `allow_private` (demo, tests).

    `known` is one (host, port) it may connect to wherever that lies: the sandbox.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        timeout: httpx2.Timeout = TIMEOUT,
        resolve: "Resolve | None" = None,
        known: "tuple[str, int] | None" = None,
    ) -> None:
        super().__init__(
            transport=_Transport(_Backend(allow_private, resolve or addresses_of, known)),
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "Madoguchi"},
        )
        self.allow_private = allow_private


def is_public(address: str) -> bool:
    """Whether `address` (an IP address) is one of the public internet's, and not a way back into ours."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return is_public(str(ip.ipv4_mapped))
        if any(ip in net for net in _TUNNELS):
            return False
        if ip.is_site_local:  # fec0::/10, given up by RFC 3879; old networks have it
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def addresses_of(host: str, port: int) -> list[str]:
    """Every address `host` has now, by the system's resolver. Raises `httpx2.ConnectError`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx2.ConnectError(f"{host} could not be found") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(
    host: str,
    port: int,
    timeout: float | None,
    *,
    allow_private: bool = False,
    resolve: "Resolve | None" = None,
) -> socket.socket:
    """A line to `host` for what speaks no HTTP, under the same rule. Raises `Forbidden`, OSError."""
    last: OSError = OSError("no address")
    try:
        addresses = (resolve or addresses_of)(host, port)
    except httpx2.ConnectError as error:
        cause = error.__cause__
        raise cause if isinstance(cause, OSError) else OSError(str(error)) from error
    for address, left in _in_turn(_looked_at(addresses, host, allow_private=allow_private), timeout):
        try:
            line = socket.create_connection((address, port), left)
        except OSError as error:
            last = error
        else:
            line.settimeout(timeout)
            return line
    raise last


def _in_turn(addresses: Iterable[str], timeout: float | None) -> Iterator[tuple[str, float | None]]:
    """Each address with the seconds to wait for it, until `TURNS` times `timeout` are over for all of them: a name
    may have any number that never answer."""
    until = None if timeout is None else time.monotonic() + TURNS * timeout
    for address in addresses:
        left = timeout if timeout is None or until is None else min(timeout, until - time.monotonic())
        if left is not None and left <= 0:
            return
        yield address, left


def _looked_at(addresses: Sequence[str], host: str, *, allow_private: bool) -> Sequence[str]:
    """All of `addresses`, if one may connect to any of them. Raises `Forbidden`."""
    if not allow_private and not all(is_public(address) for address in addresses):
        raise Forbidden(f"{host} is not a public address")
    return addresses


class _Backend(httpcore2.SyncBackend):
    """Opens sockets for the pool: the one place every connection passes."""

    def __init__(self, allow_private: bool, resolve: Resolve, known: tuple[str, int] | None) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._known = known

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **more: Any
    ) -> httpcore2.NetworkStream:
        allowed = self._allow_private or (host, port) == self._known
        addresses = _looked_at(self._resolve(host, port), host, allow_private=allowed)
        last: Exception = httpcore2.ConnectError("no address")
        for address, each in _in_turn(addresses, timeout):
            try:
                left = _left(each, httpcore2.ConnectTimeout)
                return _Stream(super().connect_tcp(address, port, left, *args, **more))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
        raise last


class _Stream(httpcore2.NetworkStream):
    """A socket that keeps to the time of :func:`within`, whichever request uses it."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(timeout: float | None, over: type[Exception]) -> float | None:
    until = _deadline.get()
    if until is None:
        return timeout
    left = until - time.monotonic()
    if left <= 0:
        raise over("the time for all of it is over")
    return left if timeout is None else min(timeout, left)


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates are believed: read once a process, for that is 25 ms of work."""
    return httpx2.create_ssl_context()


class _Transport(httpx2.HTTPTransport):
    """httpx2's own, over a pool whose sockets are opened by `_Backend`."""

    def __init__(self, backend: _Backend) -> None:
        super().__init__(verify=_trusted(), trust_env=False)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=_trusted(),
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=backend,
        )
