"""What every kind at Twilio asks of who connects it."""

import re
from typing import Any

from channels.settings import setting

ACCOUNT, MORE = "Account at Twilio", "More"
_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")


def account_sid() -> Any:
    return setting(
        "Account SID",
        help="On the first page of the Twilio Console, under “Account Info”.",
        required=True,
        placeholder="AC0123456789abcdef0123456789abcdef",
        maximum=34,
        group=ACCOUNT,
    )


def auth_token() -> Any:
    return setting(
        "Auth Token",
        help="On the same page. What comes from Twilio is signed with it.",
        required=True,
        secret=True,
        minimum=16,
        maximum=200,
        group=ACCOUNT,
    )


def api_key(help: str) -> Any:
    """A field for the name of a key that calls are made with instead of the token."""
    placeholder = "SK0123456789abcdef0123456789abcdef"
    return setting("API key SID", help=help, placeholder=placeholder, maximum=34, group=MORE)


def api_secret() -> Any:
    return setting("API key secret", secret=True, maximum=200, group=MORE)


def shared_key() -> Any:
    """A field for the key of an account whose webhooks are not signed with the token."""
    return setting(
        "Webhook signing key",
        help="The secret, where webhooks are signed with SHA-256 and a key of their own.",
        secret=True,
        maximum=200,
        group=MORE,
    )


def wrong(account_sid: str, api_key: str) -> dict[str, str]:
    """What cannot be right of these, by field."""
    found = {}
    if not _ACCOUNT.fullmatch(account_sid):
        found["account_sid"] = "An Account SID is AC and 32 characters from 0 to 9 and a to f."
    if api_key and not api_key.startswith("SK"):
        found["api_key"] = "The SID of an API key begins with SK."
    return found
