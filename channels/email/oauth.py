"""Google and Microsoft, where one signs in to a mailbox.

XOAUTH2 is theirs: https://developers.google.com/gmail/imap/xoauth2-protocol and Microsoft's "Authenticate an IMAP,
POP or SMTP connection using OAuth". Which address and which scope: see `GOOGLE` and `microsoft`.
"""

import re

from channels.oauth import Provider

GOOGLE = Provider(
    "google",
    "https://accounts.google.com/o/oauth2/v2/auth",
    "https://oauth2.googleapis.com/token",
    ("https://mail.google.com/",),
    {"access_type": "offline", "prompt": "consent"},  # without both there is no refresh token
)


def microsoft(tenant: str = "common") -> Provider:
    """Microsoft for one organisation: its tenant id or domain. Raises ValueError for what is neither."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}", tenant):
        raise ValueError("a tenant is an id or a domain")
    base = f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0"
    scopes = (
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "https://outlook.office.com/SMTP.Send",
        "offline_access",
    )
    return Provider("microsoft", f"{base}/authorize", f"{base}/token", scopes, {"prompt": "select_account"})


def provider(name: str, tenant: str = "") -> Provider:
    """By its name in the settings: "google" or "microsoft". Raises ValueError, KeyError."""
    return {"google": lambda: GOOGLE, "microsoft": lambda: microsoft(tenant or "common")}[name]()


def xoauth2(user: str, token: str) -> str:
    """The answer to the server's empty challenge, before base64. Raises ValueError where it would not be one."""
    if "\x01" in user + token:
        raise ValueError("a control character in the name or the token")
    return f"user={user}\x01auth=Bearer {token}\x01\x01"
