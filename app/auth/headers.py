"""The headers that tell a browser what our pages may do. `/widget` pages live in other sites' frames and set
their own policy; a response that sets a header itself (a sandboxed mail, a download) keeps it.
"""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")

ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
_WIDGET_ALSO = ("x-content-type-options",)


class SecurityHeaders:
    """Adds the headers to every HTTP response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                protect(MutableHeaders(scope=message), scope)
            await send(message)

        await self.app(scope, receive, with_headers)


def protect(headers: MutableHeaders, scope: Scope) -> None:
    """Put the headers in that the response has not set itself."""
    widget = scope["path"].startswith("/widget")
    for name, value in ALWAYS.items():
        if not widget or name in _WIDGET_ALSO:
            headers.setdefault(name, value)
    if not widget:
        headers.setdefault(
            "cache-control", "no-store"
        )  # a cookie alone keeps no cache from sharing an answer
        headers.setdefault("content-security-policy", policy(Headers(scope=scope).get("host", "")))
    if scope["scheme"] == "https":
        headers.setdefault("strict-transport-security", "max-age=31536000; includeSubDomains")


def policy(host: str) -> str:
    """The content security policy of our own pages. `host` as the request named it.

    Safari before 15.4 does not count WebSockets as 'self', so they are named (CSP Level 3, 6.7.2.8).
    """
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        f"connect-src 'self'{sockets}; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self'; object-src 'none'"
    )
