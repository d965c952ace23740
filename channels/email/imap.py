"""Mailboxes over IMAP: fetching what is new, looking whether all is well, keeping a copy of what was sent."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from imapclient import SEEN

from channels.base import Collected
from channels.email import fetching, folders, session, trouble
from channels.email.account import Account
from channels.email.reader import Reader


def collect(account: Account, cursor: Mapping[str, Any], stop: Callable[[], bool]) -> Iterator[Collected]:
    """All mail that is new since `cursor`, oldest first, the inbox before what was sent; then waits for more.

    A request is ("MAIL", its URL after RFC 5092, body: the mail) with these headers: "folder", "inbox" or "sent";
    "received", when the server got it (ISO 8601); "history-before", for what lay there when it was connected;
    "oversize", its size, where only the head and the text were fetched, and "left_out", the files that were not;
    "unreadable", the server's words, where there is nothing but the place. Nothing is marked as read unless asked for,
    nothing is deleted. Raises `ChannelError`; then come back later with the last cursor.
    """
    with trouble.telling(account), session.signed_in(account) as client:
        yield from Reader(client, account, cursor, stop).read()


def check(account: Account) -> str:
    """Sign in and look around; says what was found. Raises `ChannelError` with the server's own words."""
    with trouble.telling(account), session.signed_in(account) as client:
        told = folders.examine_inbox(client, account)
        sent = folders.sent_folder(client, account)
        missing = f"no “{account.sent}”" if account.sent else "no Sent"
        found = f"Sent “{sent.name}”" if sent else missing
        push = "IDLE" if "IDLE" in session.capabilities(client) else "no IDLE"
        return f"{account.where} {account.inbox} {told.get(b'EXISTS', 0):,}, {found}, {push}"


def append_sent(account: Account, raw: bytes, message_id: str = "") -> bool:
    """Put a copy of what we sent into the Sent folder, but not twice the same `message_id`; False if there is none.

    Raises `ChannelError`.
    """
    with trouble.telling(account), session.signed_in(account) as client:
        folder = folders.sent_folder(client, account)
        if folder is None:
            return False
        folders.examine(client, folder)
        if not message_id or not fetching.search(client, f"HEADER Message-ID {_quoted(message_id)}"):
            client.append(folder.raw, raw, flags=(SEEN,))
        return True


def _quoted(text: str) -> str:
    """Raises ValueError for what cannot stand in a command."""
    if not text.isascii() or not text.isprintable():
        raise ValueError("no Message-ID")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
