"""Files of visitors: taken in with a bearer token, served by signed addresses that need none."""

from __future__ import annotations

from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from app import connect, files, intake, rates
from app.db import reading, transaction
from app.i18n import gettext
from app.inbox import Refused
from app.models import Attachment, Channel, Visitor
from app.visitors import links, sessions
from app.visitors.thread import file_frame
from app.visitors.trouble import Trouble
from app.web.widget import ANYONE, open_channel, preflight, refused
from app.web.widget_desk import Desk, desk_for, resume
from channels.webchat import WebChatSettings

SHOWN = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "application/pdf",
    "audio/",
    "video/",
    "text/plain",
)


async def upload(request: Request) -> Response:
    """``POST`` one file as the form field ``file``; answers 201 with the attachment to name in a message."""
    desk = desk_for(request)
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        desk = await run_in_threadpool(resume, desk, token)
    except Trouble as trouble:
        return refused(desk.locale, 401, trouble.code, trouble.sentence)
    async with request.form(max_files=1, max_fields=5) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            return refused(desk.locale, 400, "malformed", "This was not understood.")
        data, name = await file.read(), file.filename or "file"
    return await run_in_threadpool(_keep, desk, data, name)


def download(request: Request) -> Response:
    """A file by its signed address. It can run nothing: sandboxed, sniffing off, shown only if it is harmless."""
    key, query = request.path_params["file"], request.query_params
    size = query.get("v", "")
    if not links.holds(key, query.get("e", ""), size, query.get("s", "")):
        return Response("This address does not hold any more.", 403, headers=ANYONE)
    with reading() as db:
        found = db.scalar(select(Attachment).filter_by(key=key))
        if found is None:
            return Response("Not found", 404, headers=ANYONE)
    try:
        path = files.path_of(found, scaled=size == "s")
    except files.Missing:
        return Response("Not found", 404, headers=ANYONE)
    kind = "image/webp" if path.name.endswith(".thumb.webp") else found.content_type
    return FileResponse(path, media_type=kind, headers=_guarded(found.name, inline=kind.startswith(SHOWN)))


def _guarded(name: str, *, inline: bool) -> dict[str, str]:
    return ANYONE | {
        "Content-Disposition": f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quote(name)}",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=86400, immutable",
        "Referrer-Policy": "no-referrer",
    }


def _keep(desk: Desk, data: bytes, name: str) -> Response:
    if _too_many(desk):
        return refused(
            desk.locale, 429, "rate", "That was a lot at once. Please wait a moment and try again."
        )
    try:
        with reading() as db:
            chosen: WebChatSettings = connect.connector(_channel(db, desk)).settings
        limit = chosen.max_upload_mb * 1_000_000
        taken = files.take_in(
            data, name, limit=limit, check=lambda kind: _refuse_kind(kind, chosen.upload_types)
        )
        with transaction() as db:
            channel, visitor = _channel(db, desk), db.get_one(Visitor, desk.visitor_id)
            identity = intake.identity_for(db, channel, sessions.sender(db, channel, visitor))
            sessions.settle(db, channel, visitor)
            kept = files.store(db, taken, limit=limit, channel=channel, identity=identity)
            told = file_frame(kept)
    except Refused as no:
        sentence = gettext(desk.locale, no.sentence, **no.values)
        return JSONResponse({"code": "file", "sentence": sentence}, 422, headers=ANYONE)
    return JSONResponse({"attachment": told}, 201, headers=ANYONE)


def _channel(db: Session, desk: Desk) -> Channel:
    """The chat, which may have been switched off meanwhile. Raises :class:`app.inbox.Refused`."""
    found = open_channel(db, desk.key)
    if found is None:
        raise Refused("There is no chat here (any more).")
    return found


def _too_many(desk: Desk) -> bool:
    """A disk is filled faster than a table: besides the minute the hour has its measure."""
    return any(
        rates.hit(f"widget:file:{who}", limit, per)
        for who, limit, per in (
            (desk.visitor_id, 20, 60),
            (desk.remote, 60, 60),
            (f"hour:{desk.visitor_id}", 100, 3600),
            (f"hour:{desk.remote}", 300, 3600),
        )
    )


def _refuse_kind(kind: str, wanted: tuple[str, ...]) -> None:
    """The channel may take fewer kinds than we can; what counts is what the bytes are."""
    if not any(kind == each or (each.endswith("/*") and kind.startswith(each[:-1])) for each in wanted):
        raise Refused("Files of this kind are not accepted here.")


routes = [
    Route("/widget/{key}/files", upload, methods=["POST"]),
    Route("/widget/{key}/files", preflight, methods=["OPTIONS"]),
    Route("/widget/files/{file}", download, methods=["GET"]),
]
