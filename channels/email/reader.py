"""Reading a mailbox over one line: what is new in the inbox and in the Sent folder, then what comes.

The cursor holds a `Mark` for each folder: {"inbox": {…}, "sent": {…}}. A folder is read by UID, which only means
something together with its UIDVALIDITY (RFC 3501, 2.3.1.1). When that changes, the last days are read again: the
product knows what it has seen before.
"""

import imaplib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from time import monotonic
from typing import Any
from urllib.parse import quote

from imapclient import SEEN, IMAPClient

from channels.base import Collected
from channels.email import fetching, folders, oversize, session
from channels.email.account import Account
from channels.email.fetching import Slip, Unreadable
from channels.email.folders import Folder, Mark
from channels.email.idle import waiting
from channels.email.trouble import GARBLED
from channels.events import Request

ATTEMPTS = 4  # lines that may break at one and the same mail before it is passed over
RESCAN_DAYS = 7  # how long before the day we last looked a folder with new numbers is read again
_BROKEN = (OSError, imaplib.IMAP4.error, *GARBLED)


class Reader:
    """One line on its way through the folders. `left` and `total` count what is known to wait."""

    def __init__(
        self, client: IMAPClient, account: Account, cursor: Mapping[str, Any], stop: Callable[[], bool]
    ) -> None:
        self.client, self.account, self.stop = client, account, stop
        self.marks = {role: mark for role in ("inbox", "sent") if (mark := folders.mark_of(cursor.get(role)))}
        self.folders: dict[str, Folder | None] = {"inbox": folders.named(account.inbox), "sent": None}
        self.open = ""  # the role of the folder that is selected
        self.sent_state: Mapping[bytes, Any] = {}
        self.left = self.total = 0
        self.signed = monotonic()

    def read(self) -> Iterator[Collected]:
        push = "IDLE" in session.capabilities(self.client)
        heed = True
        while not self.stop():
            yield from self._round()
            if self.total:  # something came: look once more before waiting, as more may have come meanwhile
                self.left = self.total = 0
                continue
            yield self._sign()
            heed = yield from self._wait(push, heed)

    def _wait(self, push: bool, heed: bool) -> Generator[Collected, None, bool]:
        """Whether to heed next time what was told before the wait: a server that always does is not asked endlessly."""
        waited = False
        seconds = min(self.account.poll_every, self.account.idle_for)
        for _ in waiting(self.client, seconds, push=push, heed=heed, stop=self.stop):
            waited = True
            if self._due():
                yield self._sign()
        return waited

    def _due(self) -> bool:
        return monotonic() - self.signed >= self.account.sign_of_life

    def _sign(self, request: Request | None = None) -> Collected:
        self.signed = monotonic()
        cursor = {role: mark.to_json() for role, mark in self.marks.items()}
        return Collected(cursor, request, self.left, self.total)

    def _round(self) -> Iterator[Collected]:
        """Everything new in both folders. If nothing is, the inbox is open and was the last to be searched."""
        sent = self._sent()
        inbox = self._new("inbox")
        self.left = self.total = len(inbox) + len(sent)
        yield from self._fetch("inbox", inbox)
        if sent and not self.stop() and self._open("sent"):
            yield from self._fetch("sent", sent)

    # What is new.

    def _sent(self) -> list[int]:
        """UIDs of what is new in the Sent folder, as far as there is one; it is only opened if its state changed."""
        folder = self.folders["sent"] or folders.sent_folder(self.client, self.account)
        self.folders["sent"] = folder
        if folder is None:
            return []
        try:
            state = self.client.folder_status(folder.raw, ["UIDNEXT", "UIDVALIDITY"])
            if state and state == self.sent_state:
                return []
            new = self._new("sent")
        except imaplib.IMAP4.abort:
            raise
        except (
            imaplib.IMAP4.error,
            *GARBLED,
        ):  # it disappeared, or costs only itself: next round it is looked for
            self.folders["sent"], self.open = None, ""
            return []
        if not new:
            self.sent_state = state
        return new

    def _new(self, role: str) -> list[int]:
        if self.open != role:
            self._open(role)
        mark = self.marks[role]
        old = fetching.since(self.client, mark.uid + 1, mark.until, mark.since) if mark.since else []
        new = fetching.newer(self.client, max(mark.uid, mark.until))
        if mark.since and not old:
            mark = replace(mark, uid=max(mark.uid, mark.until), since=None, until=0)
        self.marks[role] = mark if old or new else replace(mark, day=_today())
        return [*old, *new]

    def _open(self, role: str) -> bool:
        """Select a folder and see to its mark. Whether its numbers are still those of the mark we had."""
        folder = self.folders[role]
        assert folder is not None
        self.open = ""
        inbox = role == "inbox"
        told = (
            folders.examine_inbox(self.client, self.account)
            if inbox
            else folders.examine(self.client, folder)
        )
        self.open = role
        mark, validity = self.marks.get(role), int(told.get(b"UIDVALIDITY", 0))
        owner = folders.owner_of(folder, self.account)
        following = int(told.get(b"UIDNEXT", 0)) or fetching.highest(self.client) + 1
        if mark and (mark.validity, mark.of) == (validity, owner) and not self._restarted(mark, following):
            return True
        self.marks[role] = replace(self._fresh(mark, validity, following - 1), of=owner)
        return False

    def _restarted(self, mark: Mark, following: int) -> bool:
        """A server that gives out numbers anew must say so by another UIDVALIDITY; some do not."""
        return following <= mark.uid and fetching.highest(self.client) < mark.uid

    def _fresh(self, old: Mark | None, validity: int, last: int) -> Mark:
        """Where to begin: at the end, some days back, or where the old numbers of a known folder broke off."""
        today, days = _today(), self.account.since_days
        inbox = self.marks.get("inbox")
        if old is None and inbox:  # the Sent folder comes into being with the first mail that is sent
            return Mark(validity, 0, today, since=_before(inbox.day, 1), until=last)
        if old is None and days <= 0:
            return Mark(validity, last, today)
        if old is None:
            return Mark(validity, 0, today, since=_before(today, days), until=last, first=True)
        since = _before(min(old.day, old.since or old.day), RESCAN_DAYS)
        return Mark(validity, 0, old.day, since=since, until=last)

    # Bringing it.

    def _fetch(self, role: str, uids: Sequence[int]) -> Iterator[Collected]:
        """These mails, and never stuck: where the line breaks again and again, a mail is passed over with a note."""
        rest = list(uids)
        while rest and not self.stop():
            mark = self.marks[role]
            some = rest[:1] if rest[0] <= mark.doubt else rest[: fetching.MANY]
            del rest[: len(some)]
            if mark.times >= ATTEMPTS:
                yield self._done(role, Slip(some[0]), b"", unreadable=f"the line broke {mark.times} times")
                continue
            try:
                yield from self._bring(role, some)
            except _BROKEN:
                self.marks[role] = self.marks[role].doubting(some[0], some[-1])
                yield self._sign()
                raise

    def _bring(self, role: str, uids: Sequence[int]) -> Iterator[Collected]:
        found = fetching.slips(self.client, uids)
        self.left -= len(uids) - len(found)
        for portion in fetching.portions(found, self.account.max_bytes):
            raws = fetching.bodies(self.client, [slip.uid for slip in portion]) if len(portion) > 1 else {}
            for slip in portion:
                if self.stop():
                    return
                raw = raws.pop(slip.uid, None)
                yield from self._alone(role, slip) if raw is None else [self._done(role, slip, raw)]
                self._mark_seen(role, slip.uid)
        self.marks[role] = self.marks[role].beyond(uids[-1])

    def _alone(self, role: str, slip: Slip) -> Iterator[Collected]:
        pieces: list[bytes] = []
        size = slip.size
        try:
            if size <= self.account.max_bytes:
                for piece in fetching.chunks(self.client, slip):
                    pieces.append(piece)
                    size = sum(map(len, pieces))  # servers err
                    if size > self.account.max_bytes:
                        break
                    if self._due():
                        yield self._sign()
            if size <= self.account.max_bytes:
                yield self._done(role, slip, b"".join(pieces))
            else:
                pieces.clear()
                small = oversize.stub(self.client, slip.uid)
                yield self._done(role, slip, small.raw, oversize=str(size), left_out=small.told)
        except Unreadable as error:
            yield from self._unreadable(role, slip, str(error))

    def _unreadable(self, role: str, slip: Slip, words: str) -> Iterator[Collected]:
        if fetching.exists(self.client, slip.uid):
            yield self._done(role, slip, b"", unreadable=words)
        else:
            self.left -= 1

    def _done(self, role: str, slip: Slip, raw: bytes, **notes: str) -> Collected:
        past = self._past(self.marks[role], slip) if role == "inbox" else {}
        self.marks[role] = self.marks[role].beyond(slip.uid)
        self.left = max(self.left - 1, 0)
        headers = {"folder": role, **fetching.received(slip), **past, **notes}
        return self._sign(Request("MAIL", self._url(role, slip.uid), headers, body=raw))

    def _past(self, mark: Mark, slip: Slip) -> dict[str, str]:
        """Of what lay in the mailbox when it was connected: what is older than this is history. Not of what came while
        nobody could look, however long that was."""
        if not (mark.first and mark.since and slip.uid <= mark.until):
            return {}
        return {"history-before": (datetime.now(UTC) - timedelta(self.account.open_days)).isoformat()}

    def _url(self, role: str, uid: int) -> str:
        """RFC 5092: imap://host/folder;UIDVALIDITY=n/;UID=n."""
        folder = self.folders[role]
        name = quote(folder.name if folder else role, safe="")
        return f"imap://{self.account.host}/{name};UIDVALIDITY={self.marks[role].validity}/;UID={uid}"

    def _mark_seen(self, role: str, uid: int) -> None:
        """It is stored now: the next one was asked for."""
        if self.account.seen and role == "inbox":
            try:
                self.client.add_flags([uid], SEEN, silent=True)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error:  # a mailbox we may only read
                return


def _today() -> date:
    return datetime.now(UTC).date()


def _before(day: date, days: int) -> date:
    """That many days before, as far as the calendar (and IMAP, with its four digits of a year) goes."""
    return max(day, date(1970, 1, 1) + timedelta(days)) - timedelta(days)
