"""Lines to the servers that an admin named: opened to the very address that was looked at (:mod:`channels.guard`)."""

import imaplib
import smtplib
import socket
import ssl

from channels import guard
from channels.email import trouble
from channels.email.account import Account, tls_context
from channels.outbound import ChannelError


def dial(account: Account) -> socket.socket:
    """A line, with TLS where it begins with it. Raises `ChannelError` for a server inside our network where that is
    not allowed, OSError."""
    try:
        line = guard.connect(
            account.host, account.port, account.connect_timeout, allow_private=account.allow_private
        )
    except guard.Forbidden as error:
        raise ChannelError(trouble.INSIDE, detail=account.where, permanent=True) from error
    if account.security != "tls":
        return line
    try:
        return _encrypted(line, account)
    except BaseException:
        line.close()
        raise


def _encrypted(line: socket.socket, account: Account) -> ssl.SSLSocket:
    return tls_context(account.verify, account.ca).wrap_socket(line, server_hostname=account.host)


class Imap(imaplib.IMAP4):
    """imaplib, over a line of ours."""

    def __init__(self, account: Account) -> None:
        self._account = account
        super().__init__(account.host, account.port)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return dial(self._account)


class Smtp(smtplib.SMTP):
    """smtplib, over a line of ours. `hello` is our name."""

    def __init__(self, account: Account, hello: str) -> None:
        self._account = account
        super().__init__(account.host, account.port, hello, timeout=account.connect_timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return dial(self._account)
