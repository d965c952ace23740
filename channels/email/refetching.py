"""A mail that was not fetched as a whole, fetched once more: by the place that its request names (RFC 5092)."""

import re
from urllib.parse import unquote

from imapclient import IMAPClient

from channels.email import fetching, folders, session, trouble
from channels.email.account import Account
from channels.email.fetching import Slip, Unreadable
from channels.events import Request
from channels.outbound import ChannelError

GONE = "This mail is not in the mailbox any more."
MOVED = "This mail lies in another mailbox than the one that is set up now."
NUMBERED = "The mail server has numbered the folder anew, so this mail cannot be found there any more."
STILL_TOO_LARGE = (
    "This mail is still larger than what is fetched. The limit stands in the settings of the channel."
)
NOT_HANDED_OUT = "The mail server does not hand this mail over."
_NOTES = ("oversize", "left_out", "unreadable")
_PLACE = re.compile(r"imap://([^/]+)/([^/;]+);UIDVALIDITY=(\d{1,10})/;UID=(\d{1,10})")


def lacks(request: Request) -> bool:
    """Whether a request that was collected holds less than the mail."""
    return bool(request.header("oversize") or request.header("unreadable")) and bool(_place(request))


def fetch(account: Account, request: Request) -> Request:
    """The request with all of the mail. Raises `ChannelError`: it is gone, elsewhere, or still too large."""
    place = _place(request)
    if place is None or place[1].lower() != account.host.lower():
        raise ChannelError(MOVED, permanent=True)
    with trouble.telling(account), session.signed_in(account) as client:
        folder = folders.named(unquote(place[2]))
        if folder.raw not in {one.raw for one in folders.listed(client)}:
            raise ChannelError(GONE, detail=folder.name, permanent=True)
        if int(folders.examine(client, folder).get(b"UIDVALIDITY", 0)) != int(place[3]):
            raise ChannelError(NUMBERED, permanent=True)
        raw = _whole(client, account, _slip(client, int(place[4]), request))
    told = {name: value for name, value in request.headers.items() if name.lower() not in _NOTES}
    return Request(request.method, request.url, told, request.query, raw)


def _place(request: Request) -> re.Match[str] | None:
    return _PLACE.fullmatch(request.url)


def _slip(client: IMAPClient, uid: int, request: Request) -> Slip:
    """The mail of that number, if it is the one: the server got both at the same time."""
    slip = next(iter(fetching.slips(client, [uid])), None)
    before = request.header("received")
    if slip is None or (before and slip.at and fetching.received(slip)["received"] != before):
        raise ChannelError(GONE, permanent=True)
    return slip


def _whole(client: IMAPClient, account: Account, slip: Slip) -> bytes:
    pieces: list[bytes] = []
    size = max(slip.size, 0)
    try:
        if size <= account.max_bytes:
            for piece in fetching.chunks(client, slip):
                pieces.append(piece)
                size = sum(map(len, pieces))
                if size > account.max_bytes:
                    break
    except Unreadable as error:
        raise ChannelError(NOT_HANDED_OUT, detail=str(error)) from error
    if size > account.max_bytes:
        told = f"{size / 1_048_576:.0f} MB > {account.max_bytes / 1_048_576:.0f} MB"
        raise ChannelError(STILL_TOO_LARGE, detail=told, permanent=True)
    return b"".join(pieces)
