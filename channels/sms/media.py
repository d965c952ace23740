"""Pictures and files that customers send (MMS). Twilio hands them to who shows the account's secret."""

from urllib.parse import urlsplit

from channels.downloading import further
from channels.events import Attachment
from channels.outbound import ChannelError
from channels.sms import trouble
from channels.sms.account import Account, K

LIMIT = 20_000_000  # bytes
HOPS = 3
OWN = "api.twilio.com"


def fetch(account: Account[K], attachment: Attachment) -> bytes:
    """The bytes. The secret goes to Twilio's own host alone, and not along where that sends us elsewhere."""
    url = attachment.ref
    if not is_own(url):
        raise ChannelError("This file does not lie at Twilio.", permanent=True)
    answer = account.file(url, LIMIT)
    for _ in range(HOPS):
        if not 300 <= answer.status < 400:
            break
        url = further(url, answer)
        if urlsplit(url).scheme != "https" and not account.context.sandbox:
            raise ChannelError("This file does not lie at Twilio.", permanent=True)
        answer = account.elsewhere(url, LIMIT)
    if not answer.ok:
        raise trouble.refused(answer)
    if not answer.body:
        raise ChannelError("This file is empty.", permanent=True)
    return answer.body


def is_own(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (parts.scheme, parts.netloc) == ("https", OWN)
    except ValueError:
        return False
