"""Who owns a mailbox in the tests: asks for what is new, stores it, remembers the cursor."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from channels.base import Collected
from channels.email import imap
from channels.outbound import ChannelError
from tests.mailservers import ImapServer

SENT = "送信済みメール"


def mail(name: object, size: int = 0) -> bytes:
    return f"From: hanako@example.net\r\nMessage-ID: <{name}@x>\r\nSubject: {name}\r\n\r\n{'x' * size}\r\n".encode()


def subject(one: Collected) -> str:
    """ "inbox 1" for the mail 1 in the inbox."""
    assert one.request is not None
    found = re.search(rb"Subject: (.*)\r", one.request.body)
    return f"{one.request.headers['folder']} {found[1].decode() if found else '?'}"


class Owner:
    """Who asks for what is new, stores it and remembers the cursor, as the product does."""

    def __init__(self, server: ImapServer, **changes: Any) -> None:
        self.server, self.changes = server, changes
        self.cursor: dict[str, Any] = {}
        self.stored: list[Collected] = []
        self.signs = 0
        self.over = False

    def lines(self) -> Iterator[Collected]:
        for one in imap.collect(self.server.account(**self.changes), self.cursor, lambda: self.over):
            self.cursor = one.cursor
            if one.request:
                self.stored.append(one)
            else:
                self.signs += 1
            yield one

    def catch_up(self) -> list[str]:
        """Until there is nothing new; what came."""
        before, self.over = len(self.stored), False
        for one in self.lines():
            self.over = one.request is None and not one.cursor.get("inbox", {}).get("doubt")
        return [subject(one) for one in self.stored[before:]]

    def fails(self) -> ChannelError:
        with pytest.raises(ChannelError) as raised:
            self.catch_up()
        return raised.value
