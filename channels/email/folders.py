"""Folders of a mailbox, and how far we have read in each."""

import hashlib
import imaplib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from imapclient import IMAPClient
from imapclient.imap_utf7 import decode, encode

from channels.email import trouble
from channels.email.account import Account
from channels.outbound import ChannelError

# Where a server does not say what a folder is for (RFC 6154), its name does: the last part of the path, in any case.
SENT_NAMES = (
    "sent", "sent items", "sent messages", "sent mail", "sent-mail", "送信済みメール", "送信済みアイテム", "送信済み",
    "送信済", "送信済みトレイ", "送信済メール", "送信メール", "送信トレイ済み",
)  # fmt: skip


@dataclass(frozen=True)
class Folder:
    """`name` as people read it, `last` its last part, `raw` as the server calls it (modified UTF-7, RFC 3501 5.1.3).

    `sent`: the server says that sent mail lies there (RFC 6154).
    """

    name: str
    raw: bytes
    last: str = ""
    sent: bool = False


@dataclass(frozen=True)
class Mark:
    """How far a folder is read: every mail up to `uid`, as numbered under `validity` by the account `of`.

    `day` is when we last looked. While old mail is still being fetched, those up to `until` count only from the day
    `since`; `first`: because the mailbox was connected just then. `doubt`: the line broke while mails up to there were
    fetched; `times` how often at the very next one.
    """

    validity: int
    uid: int
    day: date
    of: str = ""
    since: date | None = None
    until: int = 0
    doubt: int = 0
    times: int = 0
    first: bool = False

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"validity": self.validity, "uid": self.uid, "day": self.day.isoformat()}
        told["of"] = self.of
        if self.since:
            told |= {"since": self.since.isoformat(), "until": self.until, "first": self.first}
        if self.doubt:
            told |= {"doubt": self.doubt, "times": self.times}
        return told

    def beyond(self, uid: int) -> "Mark":
        """The mail `uid` is done with."""
        return replace(self, uid=max(uid, self.uid), times=0, doubt=self.doubt if self.doubt > uid else 0)

    def doubting(self, first: int, last: int) -> "Mark":
        """The line broke while these were fetched; `times` counts only where a single mail was."""
        return replace(self, doubt=max(last, self.doubt), times=self.times + (first == last))


def owner_of(folder: Folder, account: Account) -> str:
    """Tells folders of different accounts apart: the numbers of one mean nothing in another."""
    told = "\n".join([account.host.lower(), account.user, folder.name])
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def mark_of(told: Any) -> Mark | None:
    """What `to_json` made; None if it is missing or makes no sense, which begins the folder anew."""
    if not isinstance(told, Mapping):
        return None
    try:
        since = date.fromisoformat(told["since"]) if told.get("since") else None
        day = date.fromisoformat(told["day"]) if told.get("day") else date.min
        until, doubt, times = (int(told.get(name, 0)) for name in ("until", "doubt", "times"))
        validity, uid, owner = int(told["validity"]), int(told["uid"]), str(told.get("of", ""))
        return Mark(validity, uid, day, owner, since, until, doubt, times, told.get("first") is True)
    except (KeyError, TypeError, ValueError):
        return None


def listed(client: IMAPClient) -> list[Folder]:
    """Every folder that can be opened; imaplib cannot speak of those with raw 8-bit names.

    Raises imaplib.IMAP4.error, and ValueError for a list that cannot be read.
    """
    found = []
    for flags, delimiter, raw in client.list_folders():
        told = frozenset(flag.lower() for flag in flags)
        if not told & {b"\\noselect", b"\\nonexistent"} and _bytes(raw).isascii():
            name = _readable(raw)
            last = name.rsplit(delimiter.decode("ascii", "replace"), 1)[-1] if delimiter else name
            found.append(Folder(name, _bytes(raw), last, b"\\sent" in told))
    return found


def named(name: str) -> Folder:
    """A folder by the name that people read."""
    return Folder(name, bytes(encode(name)), name)


def sent_folder(client: IMAPClient, account: Account) -> Folder | None:
    """Where the mails go that the shop's people send: as set, else as marked, else as named. None: there is none."""
    if not account.with_sent:
        return None
    try:
        folders = listed(client)
    except imaplib.IMAP4.abort:
        raise
    except (
        imaplib.IMAP4.error,
        *trouble.GARBLED,
    ):  # a list we cannot read costs the Sent folder, not the mail
        folders = []
    if account.sent:
        return next((one for one in folders if one.name.lower() == account.sent.lower()), None)
    names = {one.last.lower(): one for one in reversed(folders)}
    marked = [one for one in folders if one.sent]
    return next(iter(marked), None) or next((names[name] for name in SENT_NAMES if name in names), None)


def _bytes(raw: bytes | str | int) -> bytes:
    return raw if isinstance(raw, bytes) else str(raw).encode("ascii", "replace")


def _readable(raw: bytes | str | int) -> str:
    try:
        return str(decode(_bytes(raw)))
    except (ValueError, LookupError):  # no modified UTF-7: shown as it is
        return _bytes(raw).decode("ascii", "replace")


def examine(client: IMAPClient, folder: Folder, *, write: bool = False) -> Mapping[bytes, Any]:
    """Open a folder, without touching it unless `write`; what the server tells of it (RFC 3501, 6.3.1)."""
    try:
        opened: Mapping[bytes, Any] = client.select_folder(folder.raw, readonly=not write)
        return opened
    except imaplib.IMAP4.readonly:
        return examine(client, folder)


def examine_inbox(client: IMAPClient, account: Account) -> Mapping[bytes, Any]:
    """The folder customers write to. Where it is set but does not exist only the admin can help: `ChannelError`."""
    folder = named(account.inbox)
    try:
        return examine(client, folder, write=account.seen)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        if folder.name.upper() == "INBOX" or folder.raw in {one.raw for one in listed(client)}:
            raise
        raise ChannelError(trouble.NO_FOLDER, detail=trouble.said(error, account), permanent=True) from error
