"""A line to an IMAP server on which somebody is signed in (RFC 3501; IMAPClient over imaplib)."""

import imaplib
import ipaddress
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError

from channels.email import dialling, oauth, trouble
from channels.email.account import Account, tls_context
from channels.outbound import ChannelError

# Answers to a sign-in that have nothing to do with the password (RFC 5530; Gmail and others say it in words), and
# what imaplib says of a BAD one.
_PASSING = re.compile(
    r"^\w+ command error: BAD|^command: |\[(UNAVAILABLE|SERVERBUG|INUSE|LIMIT|CONTACTADMIN)\]"
    r"|too many|temporar|try (it )?(again|later)|simultaneous",
    re.IGNORECASE,
)
_LONGEST_LINE = 20_000_000  # bytes; imaplib gives up at one million, which a search of 150,000 mails exceeds
_LARGEST = 10_000_000  # bytes of one literal, where mails may not be larger anyhow
imaplib._MAXLINE = _LONGEST_LINE  # type: ignore[attr-defined]


@contextmanager
def signed_in(account: Account) -> Iterator[IMAPClient]:
    """A line that is signed in, closed at the end. Raises `ChannelError` and what `trouble.telling` knows."""
    client = _Client(account)
    try:
        _encrypt(client, account)
        _sign_in(client, account)
        _bound(client, max(account.max_bytes, _LARGEST))
        client.normalise_times = False
        client.folder_encode = False
        yield client
    except BaseException:
        client.shutdown_at_once()
        raise
    else:
        client.leave()


class _Client(IMAPClient):  # type: ignore[misc]
    """IMAPClient over a line of ours, leaving without long farewells."""

    def __init__(self, account: Account) -> None:
        self._account = account
        told = SocketTimeout(account.connect_timeout, account.read_timeout)
        super().__init__(account.host, account.port, ssl=account.security == "tls", timeout=told)

    def _create_IMAP4(self) -> imaplib.IMAP4:
        return dialling.Imap(self._account)

    def shutdown_at_once(self) -> None:
        with suppress(OSError, imaplib.IMAP4.error):
            self.shutdown()

    def leave(self) -> None:
        try:
            self.socket().settimeout(2)
            self.logout()
        except (OSError, imaplib.IMAP4.error, ValueError):
            self.shutdown_at_once()


def _encrypt(client: IMAPClient, account: Account) -> None:
    if account.security == "starttls":
        if "STARTTLS" not in capabilities(client):
            raise ChannelError(trouble.NO_TLS, detail=f"{account.where}: no STARTTLS", permanent=True)
        client.starttls(tls_context(account.verify, account.ca))
    elif account.security == "none":
        inside(client.socket(), account)


def _bound(client: IMAPClient, limit: int) -> None:
    """A server that announces a literal of ten gigabytes does not get to fill our memory."""
    read = client._imap.read

    def bounded(size: int) -> bytes:
        if size > limit:
            raise imaplib.IMAP4.abort(f"the server wants to say {size:,} bytes at once")
        return bytes(read(size))

    client._imap.read = bounded


def inside(sock: socket.socket, account: Account) -> None:
    """Return if the other end is in a network of one's own; else a password would lie open on its way."""
    peer = ipaddress.ip_address(sock.getpeername()[0].partition("%")[0])
    if not (peer.is_private or peer.is_loopback or peer.is_link_local):
        raise ChannelError(trouble.IN_THE_OPEN, detail=account.where, permanent=True)


def capabilities(client: IMAPClient) -> frozenset[str]:
    """What the server can do *now*: it tells more after the sign-in than before, so nothing old is believed."""
    _, told = client._imap.capability()
    return frozenset(b" ".join(one for one in told if one).decode("ascii", "replace").upper().split())


def _sign_in(client: IMAPClient, account: Account) -> None:
    try:
        _try_sign_in(client, account)
    except UnicodeError as error:
        raise ChannelError(trouble.UNTYPABLE, permanent=True) from error
    except LoginError as error:
        cause = error.__context__  # IMAPClient makes a LoginError even of a line that dropped
        if isinstance(cause, imaplib.IMAP4.abort):
            raise cause from error
        raise _refusal(cause or error, account) from error


def _try_sign_in(client: IMAPClient, account: Account) -> None:
    if re.search(r"[\x00-\x1f\x7f]", account.user + account.password + account.token):
        raise ChannelError(trouble.UNTYPABLE, permanent=True)
    if account.token:
        answers = iter([oauth.xoauth2(account.user, account.token)])
        # A refusal comes as a second challenge that holds the reason and wants an empty line.
        client.sasl_login("XOAUTH2", lambda challenge: next(answers, ""))
        return
    told = capabilities(client)
    if "AUTH=PLAIN" in told and ("LOGINDISABLED" in told or not (account.user + account.password).isascii()):
        client.plain_login(account.user, account.password)
        return
    quoted = account.user.replace("\\", "\\\\").replace('"', '\\"')
    client.login(f'"{quoted}"', account.password)


def _refusal(error: BaseException, account: Account) -> ChannelError:
    said = trouble.words(error.args[0] if error.args else error, account)
    detail = f"{account.where}: {said}"
    if _PASSING.search(said):
        return ChannelError(trouble.IN_TROUBLE, detail=detail)
    sentence = trouble.TOKEN_REFUSED if account.token else trouble.REFUSED
    return trouble.SignInRefused(sentence, detail=detail, permanent=True)
