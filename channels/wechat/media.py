"""Files that customers send. WeChat keeps them for three days
(https://developers.weixin.qq.com/doc/service/api/material/temporary/api_getmedia.html)."""

from channels.events import Attachment
from channels.outbound import ChannelError
from channels.values import MAX_URL
from channels.wechat import trouble
from channels.wechat.account import Account

LIMIT = 50_000_000  # bytes
_PLACES = ("video_url", "down_url")


def fetch(account: Account, attachment: Attachment) -> bytes:
    """The bytes. A film comes as the address it can be had at. Raises `ChannelError`."""
    answer = account.download(attachment.ref, LIMIT)
    told = {} if trouble.is_file(answer) else answer.told
    url = next((one for name in _PLACES if isinstance(one := told.get(name), str)), "")
    if url:
        answer = account.fetch(_played(account, url), LIMIT)
        if not answer.ok:
            raise trouble.refused(answer)
    if not answer.body:
        raise ChannelError("This file is empty.", permanent=True)
    return answer.body


def _played(account: Account, url: str) -> str:
    """The address; in the sandbox, where that plays its host."""
    if len(url) > MAX_URL or not url.startswith(("http://", "https://")):
        raise ChannelError("This is not a web address.", permanent=True)
    return account.context.at(url) if url.startswith("https://") else url
