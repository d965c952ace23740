"""What goes wrong on the line to a mail server, as the one failure the product knows, with the server's own words."""

import base64
import imaplib
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from channels.email.account import Account
from channels.outbound import ChannelError

UNREACHABLE = "The mail server cannot be reached."
SILENT = "The mail server did not answer in time."
HUNG_UP = "The mail server hung up."
UNTRUSTED = "The certificate of the mail server cannot be trusted."
NO_TLS = (
    "The mail server and we do not agree on encryption. Check the port and the encryption in the settings."
)
IN_THE_OPEN = "Without encryption we only talk to a server inside your own network."
INSIDE = (
    "This mail server is inside a private network, to which no lines are made unless it is allowed. "
    "Set MADOGUCHI_ALLOW_PRIVATE=yes and restart, if the server is your own."
)
REFUSED = "The server does not accept the name or the password."
TOKEN_REFUSED = "The server does not accept the sign-in from the provider."
UNTYPABLE = "The name or the password contains characters that this server cannot take."
IN_TROUBLE = "The mail server has trouble at the moment."
PUZZLING = "The mail server said something that cannot be understood."
NO_FOLDER = "There is no such folder in the mailbox."
# What imaplib, IMAPClient and smtplib raise over answers that make no sense to them, found by garbling real ones.
GARBLED = (ValueError, LookupError, TypeError, AttributeError)
LONGEST = 500  # characters of a server's words that are kept


class SignInRefused(ChannelError):
    """Nobody is let in with this password or token. A token may merely have run out: a fresh one may do."""


def words(told: object, account: Account | None = None) -> str:
    """What a server said, on one line, of a bearable length, without our own secrets."""
    text = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+", " ", text)
    for secret in _secrets(account) if account else ():
        text = text.replace(secret, "…")
    text = re.sub(r"\s+", " ", text).strip()
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _secrets(account: Account) -> list[str]:
    """Passwords and tokens, also as they go over the line: some servers repeat what they do not understand."""
    known = [secret for secret in (account.password, account.token) if len(secret) > 3]
    said = [
        f"user={account.user}\x01auth=Bearer {account.token}\x01\x01",
        f"\0{account.user}\0{account.password}",
    ]
    return known + [
        base64.b64encode(text.encode("utf-8", "replace")).decode()
        for text in (*said, account.password)
        if text
    ]


@contextmanager
def telling(account: Account) -> Iterator[None]:
    """Whatever the line raises comes out as a `ChannelError`."""
    try:
        yield
    except ChannelError:
        raise
    except (OSError, imaplib.IMAP4.error, smtplib.SMTPException, *GARBLED) as error:
        raise trouble(error, account) from error


def trouble(error: Exception, account: Account) -> ChannelError:
    """The failure for what a library raised. Trying again may help with all of these."""
    return ChannelError(_sentence(error), detail=said(error, account))


def _sentence(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, OSError):
        return _sentence(error.__context__)  # smtplib hides what happened
    if isinstance(error, ssl.SSLCertVerificationError):
        return UNTRUSTED
    if isinstance(error, TimeoutError):
        return SILENT
    if isinstance(error, ConnectionResetError | BrokenPipeError | ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return HUNG_UP
    if isinstance(error, ssl.SSLError):
        return NO_TLS
    if isinstance(error, imaplib.IMAP4.abort | smtplib.SMTPServerDisconnected):
        return HUNG_UP
    if isinstance(error, imaplib.IMAP4.error | smtplib.SMTPException):
        return IN_TROUBLE
    return UNREACHABLE if isinstance(error, OSError) else PUZZLING


def said(error: Exception, account: Account) -> str:
    """The server's own words in an error, or what the system says of the line, and which server it was."""
    if isinstance(error, ssl.SSLCertVerificationError):
        own = error.verify_message
    elif isinstance(error, socket.gaierror):
        own = error.strerror or "unknown name"
    elif isinstance(error, TimeoutError):
        own = "timed out"
    elif isinstance(error, smtplib.SMTPResponseException):
        own = f"{error.smtp_code} {words(error.smtp_error)}"
    elif isinstance(error, OSError):
        own = error.strerror or str(error)
    else:
        own = words(error.args[0] if error.args else type(error).__name__)
    return words(f"{account.where}: {own}", account)
