"""Real mail servers on the loopback, started by the tests themselves.

`imap_server()` is pymap with its mail in memory (IDLE, UIDVALIDITY, LOGIN, PLAIN); it can be killed and started
again on the same port, change its UIDVALIDITY, lose folders and mails. `smtp_server()` is aiosmtpd (STARTTLS, AUTH,
XOAUTH2) and collects what arrives in `received`. Both answer by script: `server.on("RCPT TO:<gone@", "550 no such
user")`, `server.on("UID FETCH", drop=True)`.

    with imap_server() as server:
        server.add(b"From: ...")
        collected = next(collect(server.account(), {}, stop))
"""

from tests.mailservers.base import PASSWORD, TOKEN, USER, Rule, certificate
from tests.mailservers.imap import ImapServer, imap_server
from tests.mailservers.smtp import Received, SmtpServer, smtp_server

__all__ = [
    "PASSWORD",
    "TOKEN",
    "USER",
    "ImapServer",
    "Received",
    "Rule",
    "SmtpServer",
    "certificate",
    "imap_server",
    "smtp_server",
]
