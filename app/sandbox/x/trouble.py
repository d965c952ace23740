"""How the X API refuses: a problem (RFC 9457), or a list of errors
(docs.x.com/x-api/fundamentals/response-codes-and-errors)."""

from __future__ import annotations

from typing import Any

PROBLEMS = "https://api.twitter.com/2/problems/"


class Refused(Exception):
    """The answer's status and JSON; `headers` go with it."""

    def __init__(self, status: int, told: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(str(told.get("detail") or told.get("error_description") or told.get("title", "")))
        self.status, self.told, self.headers = status, told, headers or {}


def problem(status: int, title: str, detail: str, kind: str = "", **more: Any) -> Refused:
    """One with a type of its own, or none."""
    told = {"title": title, "detail": detail, "type": f"{PROBLEMS}{kind}" if kind else "about:blank"}
    return Refused(status, {**told, "status": status, **more})


def invalid(message: str) -> Refused:
    """Something in the request is not as it must be."""
    errors = [{"parameters": {}, "message": message}]
    detail = "One or more parameters to your request was invalid."
    return problem(400, "Invalid Request", detail, "invalid-request", errors=errors)


def not_allowed() -> Refused:
    """Their settings forbid it, or they have blocked the account."""
    detail = "You do not have permission to DM one or more participants."
    return problem(403, "Forbidden", detail)


def unauthorized() -> Refused:
    """No token, nobody's, or one that is over."""
    return problem(401, "Unauthorized", "Unauthorized")


def unknown() -> Refused:
    """There is nothing at this address."""
    return problem(404, "Not Found", "The requested resource was not found.", "resource-not-found")


def forbidden_app() -> Refused:
    """The app's token where the account's is needed, or the other way round."""
    detail = "Authenticating with this kind of token is forbidden for this endpoint."
    return problem(403, "Unsupported Authentication", detail, "unsupported-authentication")


def too_many(left: dict[str, str]) -> Refused:
    """A limit is used up; `left` are the headers that say until when."""
    refused = problem(429, "Too Many Requests", "Too Many Requests")
    refused.headers = left
    return refused


def capped() -> Refused:
    """What was paid for is used up."""
    return problem(429, "UsageCapExceeded", "Usage cap exceeded: Monthly product cap", "usage-capped")


def down() -> Refused:
    """It passes."""
    return problem(503, "Service Unavailable", "Service Unavailable")


def no_grant(description: str, error: str = "invalid_request", status: int = 400) -> Refused:
    """Of the token door (RFC 6749, 5.2)."""
    return Refused(status, {"error": error, "error_description": description})
