"""Waiting for news on an IMAP line: pushed by the server (IDLE, RFC 2177), or merely for time to pass.

IMAPClient's own `idle` fails on a server that tells of a mail before it says "+", and its `idle_check` does not see
lines that came together with the "+" and takes a line that was dropped for silence. Hence imaplib's own reading here.
"""

import imaplib
import select
import ssl
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

from imapclient import IMAPClient

STEP = 1.0  # seconds between two questions whether to stop


def waiting(
    client: IMAPClient, seconds: float, *, push: bool, heed: bool, stop: Callable[[], bool]
) -> Iterator[None]:
    """Yields once a second (at most) and ends with news, with the time, or after `stop()`.

    `heed`: what the server told since the last search counts as news. Raises imaplib.IMAP4.abort, OSError if the line
    is gone. A server that offers IDLE and then refuses is merely listened to. An iterator that is closed early leaves
    the server idling: then the line can only be closed.
    """
    imap = client._imap
    if not heed:
        imap.untagged_responses.clear()
    until = monotonic() + seconds
    tag = _begin(imap) if push and not _has_news(imap) else None
    while not _has_news(imap) and not stop() and (left := until - monotonic()) > 0:
        if _readable(client, min(left, STEP)):
            imap._get_response()
            imap._check_bye()
        yield
    if tag is not None:
        imap.send(b"DONE\r\n")
        imap._get_tagged_response(tag)


def _has_news(imap: imaplib.IMAP4) -> bool:
    return "EXISTS" in imap.untagged_responses


def _begin(imap: Any) -> bytes | None:
    """The tag of the IDLE that runs now; None if the server refuses."""
    tag: bytes = imap._command("IDLE")
    while imap._get_response() is not None:  # untagged responses may come before the "+"
        imap._check_bye()
        if imap.tagged_commands[tag] is not None:
            del imap.tagged_commands[tag]
            return None
    return tag


def _readable(client: IMAPClient, seconds: float) -> bool:
    """Whether a line is there, or begins to come within `seconds`.

    What TLS or the file object already hold is not seen by poll(), so these are looked at first.
    """
    if _held(client):
        return True
    poller = select.poll()
    poller.register(client.socket().fileno(), select.POLLIN)
    return bool(poller.poll(seconds * 1000)) and _held(client, ready=True)


def _held(client: IMAPClient, ready: bool = False) -> bool:
    """Whether something can be read at once. Raises imaplib.IMAP4.abort if the line `ready` to be read has ended."""
    sock = client.socket()
    before = sock.gettimeout()
    sock.setblocking(False)
    try:
        held = bool(client._imap.file.peek(1))
    except (
        BlockingIOError,
        ssl.SSLWantReadError,
        ssl.SSLWantWriteError,
    ):  # bytes of TLS that are nothing to us
        return False
    finally:
        sock.settimeout(before)
    if ready and not held:
        raise imaplib.IMAP4.abort("the line has ended")
    return held
