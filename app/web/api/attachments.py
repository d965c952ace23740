"""Files: uploaded before the message they go with, fetched under the same access as the message they came with."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from app import files, queries
from app.api import shapes
from app.api.kinds import Given
from app.api.shapes import AttachmentShape
from app.config import settings
from app.web.api.framework import Call, Response, Upload, endpoint
from app.web.files import sent

TAG = "Attachments"


class ContentQuery(Given):
    """Which form of the file."""

    scaled: Annotated[bool, Meta(description="The small picture, where there is one")] = False


@endpoint("POST", "/attachments", scope="conversations:write", tag=TAG, status=201)
def upload_attachment(call: Call, body: Upload) -> AttachmentShape:
    """Upload a file, to send it with a reply or a note by its id.

    What it is follows from its bytes: pictures, PDF, Office documents, text, sound, video and ZIP files are
    accepted. One that goes with no message is forgotten after a day.
    """
    kept = files.store(call.db, body.kept, limit=settings().max_upload_bytes, agent=call.agent)
    return shapes.attachment(kept)


@endpoint("GET", "/attachments/{attachment_id}", scope="conversations:read", tag=TAG)
def get_attachment(call: Call, attachment_id: int) -> AttachmentShape:
    """What a file is called, and how large it is."""
    return shapes.attachment(queries.attachment_for(call.db, call.agent, attachment_id))


@endpoint("GET", "/attachments/{attachment_id}/content", scope="conversations:read", tag=TAG, produces="*/*")
def download_attachment(call: Call, attachment_id: int, query: ContentQuery) -> Response:
    """The bytes of a file."""
    found = queries.attachment_for(call.db, call.agent, attachment_id)
    return sent(found, scaled=query.scaled, inline=False)
