"""Files that customers send. LINE keeps them for an unpromised time, so they are fetched when they come."""

from urllib.parse import quote

from channels.events import Attachment
from channels.line import trouble
from channels.line.answer import Answer, asked
from channels.line.calling import Caller
from channels.line.contents import STICKERS
from channels.outbound import ChannelError

LIMIT = 50_000_000  # bytes
AGAIN = 5.0  # seconds after which to ask again for what LINE is still preparing


def fetch(line: Caller, attachment: Attachment) -> bytes:
    """The bytes. Raises `ChannelError`: with `retry_after` while LINE prepares a large film or sound."""
    if attachment.ref:
        return _content(line, quote(attachment.ref, safe=""))
    url = attachment.url
    played = line.context.at(url) if url.startswith(f"{STICKERS}/") else url
    return _body(asked(line.http, "GET", played, limit=LIMIT))


def _content(line: Caller, message: str) -> bytes:
    path = f"/v2/bot/message/{message}/content"
    answer = line.download(path, LIMIT)
    if answer.status == 202 and _prepared(line.download(f"{path}/transcoding", LIMIT)):
        answer = line.download(path, LIMIT)
    if answer.status == 202:
        raise _still_preparing()
    return _body(answer)


def _prepared(answer: Answer) -> bool:
    """Whether LINE is done with it. Raises `ChannelError` where it never will be."""
    if answer.text("status") == "failed":
        raise ChannelError("LINE could not prepare this file.", permanent=True)
    return answer.text("status") == "succeeded"


def _still_preparing() -> ChannelError:
    return ChannelError("LINE is still preparing this file.", retry_after=AGAIN)


def _body(answer: Answer) -> bytes:
    if answer.status == 200 and answer.body:
        return answer.body
    if answer.ok:
        raise ChannelError("This file is empty.", permanent=True)
    raise trouble.refused(answer)
