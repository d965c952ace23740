"""The session cookie, and where a browser may be sent after signing in."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from app.auth.signins import LONGEST

NAME = "madoguchi"
BEFORE = "madoguchi-before"  # the CSRF token of somebody who is not signed in


def is_secure(scope: Scope) -> bool:
    """Whether the browser speaks TLS to us (as the trusted proxy says)."""
    return scope["scheme"] in ("https", "wss")


def name(scope: Scope, base: str = NAME) -> str:
    """The cookie's name. With TLS the `__Host-` prefix: no other host and no plain page can set it."""
    return f"__Host-{base}" if is_secure(scope) else base


def token_of(connection: HTTPConnection) -> str:
    """The session token the browser sent, or ""."""
    return connection.cookies.get(name(connection.scope), "")


def put(response: Response, scope: Scope, token: str, base: str = NAME) -> None:
    """Give the browser a token; scripts cannot read it, other sites' forms do not send it."""
    response.set_cookie(
        name(scope, base),
        token,
        max_age=int(LONGEST.total_seconds()) if base == NAME else None,
        path="/",
        secure=is_secure(scope),
        httponly=True,
        samesite="lax",
    )


def clear(response: Response, scope: Scope, base: str = NAME) -> None:
    """Take the token away."""
    response.delete_cookie(
        name(scope, base), path="/", secure=is_secure(scope), httponly=True, samesite="lax"
    )


def safe_next(wanted: str | None, otherwise: str = "/inbox") -> str:
    """A path of ours to go to after signing in; anything that could lead elsewhere becomes `otherwise`.

    Browsers read a backslash as a slash and drop tabs and newlines, so none of them may occur.
    """
    if not wanted or len(wanted) > 2000 or not wanted.isprintable() or "\\" in wanted or " " in wanted:
        return otherwise
    if not wanted.startswith("/") or wanted.startswith("//"):
        return otherwise
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return otherwise
    return wanted if not parts.scheme and not parts.netloc and not wanted.startswith("/log") else otherwise


def same_site(scope: Scope, public_url: str) -> bool:
    """Whether the request comes from a page of ours, as far as the browser tells (Sec-Fetch-Site, Origin).

    True also when it tells nothing: then the CSRF token alone decides.
    """
    headers = Headers(scope=scope)
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    host = headers.get("host", "")
    scheme = "https" if is_secure(scope) else "http"
    return origin in (f"{scheme}://{host}", public_url.rstrip("/"))
