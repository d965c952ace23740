"""Files that customers send: WhatsApp tells where a file lies for five minutes, and what its bytes must be
(https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media)."""

import base64
import hashlib
from urllib.parse import quote

from channels.events import Attachment
from channels.meta import media
from channels.meta.contents import long
from channels.meta.graph import Graph
from channels.outbound import ChannelError

MAX_FILE = 100_000_000  # bytes


def fetch(graph: Graph, number: str, attachment: Attachment) -> bytes:
    """The bytes. Raises `ChannelError`, also where they are not those that were sent."""
    told = graph.get(quote(attachment.ref, safe=""), phone_number_id=number)
    bearer = {"Authorization": f"Bearer {graph.token}"}
    data = media.download(graph.http, graph.context, long(told, "url"), MAX_FILE, bearer)
    size = told.get("file_size")
    whole = not isinstance(size, int) or size == len(data)
    if not whole or not _is(data, long(told, "sha256")):
        raise ChannelError("This file was damaged on its way.", detail=f"{len(data)} bytes")
    return data


def _is(data: bytes, told: str) -> bool:
    """Whether the SHA-256 is as told: in hex, or in base64 as webhooks have it."""
    digest = hashlib.sha256(data)
    return not told or told in (base64.b64encode(digest.digest()).decode(), digest.hexdigest())
