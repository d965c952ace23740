"""How to reach a mailbox or a mail server, and as whom."""

import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

Security = Literal["tls", "starttls", "none"]
MAX_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class Account:
    """One user of one server: of IMAP for `imap`, of SMTP for `smtp`. Times are seconds, sizes bytes.

    `security`: "tls" from the first byte (993, 465), "starttls" after it (143, 587), "none" only inside one's own
    network. `token` is an OAuth access token; "" means that the password signs in. `verify` may be taken away, and
    `ca` (PEM) given, for a server whose certificate nobody knows; `verify=False` protects from nobody who listens.

    `inbox` and `sent` are folder names as people read them; an empty `sent` is looked for, `with_sent` false leaves it
    alone. `since_days`: how far back to begin on the first connect, 0 for nothing old; of that, what is older than
    `open_days` is history. Of mails above `max_bytes` only
    the head and the text are fetched. `seen` marks mails as read once they are stored. `hello` is our name for EHLO,
    else the domain of the user. `allow_private`: the server may be inside our own network.
    """

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    security: Security = "tls"
    verify: bool = True
    ca: str = field(default="", repr=False)
    inbox: str = "INBOX"
    sent: str = ""
    with_sent: bool = True
    since_days: int = 0
    open_days: int = 3
    max_bytes: int = MAX_BYTES
    seen: bool = False
    hello: str = ""
    allow_private: bool = False
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    data_timeout: float = 120.0
    poll_every: float = 60.0
    idle_for: float = 540.0
    sign_of_life: float = 15.0

    @property
    def where(self) -> str:
        return f"{self.host}:{self.port}"


@lru_cache(maxsize=32)
def tls_context(verify: bool, ca: str) -> ssl.SSLContext:
    """What TLS has to prove: the name and a known certificate (`ca` besides the system's), or nothing at all.

    Raises ssl.SSLError, ValueError if `ca` is no certificate.
    """
    context = ssl.create_default_context()
    if ca:
        context.load_verify_locations(cadata=ca)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
