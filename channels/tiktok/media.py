"""Files that customers send: TikTok tells where one lies for a while
(https://business-api.tiktok.com/portal/docs?id=1832184425799682)."""

from dataclasses import dataclass

from channels import downloading
from channels.calling import Answer, asked
from channels.events import Attachment
from channels.outbound import ChannelError
from channels.tiktok import trouble
from channels.tiktok.calling import Caller
from channels.values import MAX_URL, Malformed, words

LIMIT = 100_000_000  # bytes
TOKEN_HEADER = "x-user"


@dataclass(frozen=True)
class Place:
    """A message with a file: `kind` as TikTok calls it, such as "IMAGE"."""

    kind: str
    conversation: str
    message: str

    def ref(self, media: str) -> str:
        return " ".join((self.kind, self.conversation, self.message, media))


def fetch(tiktok: Caller, attachment: Attachment) -> bytes:
    """The bytes. Raises `ChannelError`."""
    if not attachment.ref:
        return _good(_had(tiktok, attachment.url))
    kind, conversation, message, media = (*attachment.ref.split(" "), "", "", "", "")[:4]
    wanted = {
        "conversation_id": conversation,
        "message_id": message,
        "media_id": media,
        "media_type": kind,
    }
    data = tiktok.post("business/message/media/download/", wanted)
    try:
        url = words(data, "download_url", 2 * MAX_URL, required=True)
    except Malformed:
        raise ChannelError("TikTok does not say where this file lies.", permanent=True) from None
    return _good(_had(tiktok, url, **{TOKEN_HEADER: tiktok.token}))


def _had(tiktok: Caller, url: str, **headers: str) -> Answer:
    """What lies at an address that TikTok gave; by TLS, and never further than there."""
    played = bool(tiktok.context.sandbox) and url.startswith(f"{tiktok.context.sandbox}/")
    if not url.startswith("https://") and not played:
        raise ChannelError("This is not a web address.", permanent=True)
    place = url if played else tiktok.context.at(url)
    return asked(tiktok.http, "GET", place, limit=LIMIT, deadline=downloading.DEADLINE, headers=headers)


def _good(answer: Answer) -> bytes:
    if (body := downloading.body_of(answer)) is not None:
        return body
    if answer.status in (403, 404, 410):
        raise ChannelError("This file is not at TikTok any more.", detail=str(answer.status), permanent=True)
    raise trouble.refused(answer)
