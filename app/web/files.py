"""Files of messages, for agents: pictures and sound are shown, everything else is a download."""

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from app import files, queries
from app.db import reading
from app.models import Agent, Attachment
from app.queries import NotFound

SHOWN = ("image/", "audio/", "video/")


def show(request: Request) -> Response:
    """The file; ``?scaled=1`` the small picture. Without access it does not exist."""
    with reading() as db:
        attachment = _visible(db, request.state.viewer, request.path_params["key"])
    scaled = bool(request.query_params.get("scaled"))
    try:
        path = files.path_of(attachment, scaled=scaled)
    except files.Missing:
        raise NotFound(attachment.key) from None
    shown = attachment.content_type.startswith(SHOWN)
    return FileResponse(
        path,
        media_type="image/webp" if path.suffix == ".webp" else attachment.content_type,
        filename=attachment.name,
        content_disposition_type="inline" if shown else "attachment",
        headers={
            "Cache-Control": "private, max-age=86400",
            "X-Content-Type-Options": "nosniff",
            # Opened on its own it may do nothing at all, whatever its bytes turn out to be.
            "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; sandbox",
        },
    )


def _visible(db: Session, viewer: Agent, key: str) -> Attachment:
    found = db.scalar(select(Attachment).where(Attachment.key == key))
    if found is None:
        raise NotFound(key)
    if found.message_id is not None:
        queries.message_for(db, viewer, found.message_id)
    elif found.agent_id != viewer.id:
        raise NotFound(key)
    return found


routes = [Route("/files/{key}", show, methods=["GET"])]
