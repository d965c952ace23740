"""Refusals as the API says them: with status 200 and a `code` (portal/docs?id=1737172488964097)."""

from __future__ import annotations


class Refused(Exception):
    """`code` and the words that go with it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def parameter(what: str) -> Refused:
    """A call that is not as documented."""
    return Refused(40002, what)


def permission() -> Refused:
    return Refused(40001, "No permission to operate the account.")


def unknown(what: str) -> Refused:
    return Refused(40007, f"The {what} does not exist.")


def rules() -> Refused:
    """Outside of the 48 hours, beyond the ten messages, or blocked: TikTok has one code for all of it."""
    return Refused(40064, "The message is blocked due to direct message rules.")


def rate() -> Refused:
    return Refused(40100, "Requests made too frequently, please try again later.")


def client() -> Refused:
    return Refused(40101, "App id or secret is invalid.")


def expired() -> Refused:
    return Refused(40102, "Access token is expired.")


def no_refresh() -> Refused:
    return Refused(40103, "Refresh token is expired.")


def token() -> Refused:
    return Refused(40105, "Access token is incorrect or has been revoked.")


def file() -> Refused:
    return Refused(40908, "Unsupported file type.")
