"""Files of messages, for agents: pictures and sound are shown, everything else is a download."""

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from app import files, queries, sharing
from app.db import now, reading
from app.models import Agent, Attachment
from app.queries import NotFound

SHOWN = ("image/", "audio/", "video/")
HARMLESS = {
    "Cache-Control": "private, max-age=86400",
    "X-Content-Type-Options": "nosniff",
    # Opened on its own it may do nothing at all, whatever its bytes turn out to be.
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; sandbox",
}


def show(request: Request) -> Response:
    """The file; ``?scaled=1`` the small picture. Without access it does not exist."""
    with reading() as db:
        attachment = _visible(db, request.state.viewer, request.path_params["key"])
    shown = attachment.content_type.startswith(SHOWN)
    return sent(attachment, scaled=bool(request.query_params.get("scaled")), inline=shown)


def shared(request: Request) -> Response:
    """A file by its signed address, for who has no account here. Over, forged or taken back, it does not exist."""
    key, mark, name = (request.path_params[part] for part in ("key", "mark", "name"))
    if not sharing.opens(key, mark, now()):
        raise NotFound(key)
    with reading() as db:
        found = db.scalar(select(Attachment).where(Attachment.key == key, Attachment.message_id.is_not(None)))
    if found is None:
        raise NotFound(key)
    if name != sharing.PREVIEW:
        return sent(found, scaled=False, inline=found.content_type.startswith(SHOWN))
    if not files.has_preview(found):
        raise NotFound(key)
    try:
        return Response(files.preview(found), media_type="image/jpeg", headers=HARMLESS)
    except files.Missing:
        raise NotFound(key) from None


def sent(attachment: Attachment, *, scaled: bool, inline: bool) -> Response:
    """The bytes of a file that may be seen, in a form that can do no harm. Raises `NotFound` where they are missing."""
    try:
        path = files.path_of(attachment, scaled=scaled)
    except files.Missing:
        raise NotFound(attachment.key) from None
    return FileResponse(
        path,
        media_type="image/webp" if path.suffix == ".webp" else attachment.content_type,
        filename=attachment.name,
        content_disposition_type="inline" if inline else "attachment",
        headers=HARMLESS,
    )


def _visible(db: Session, viewer: Agent, key: str) -> Attachment:
    found = db.scalar(select(Attachment).where(Attachment.key == key))
    if found is None:
        raise NotFound(key)
    return queries.attachment_for(db, viewer, found.id)


routes = [
    Route("/files/{key}", show, methods=["GET"]),
    Route("/shared/{key}/{mark}/{name}", shared, methods=["GET"]),
]
