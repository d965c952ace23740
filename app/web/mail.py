"""A mail in the thread: what it carries along, how it was formatted, its original, and having it again."""

import re
from collections.abc import Sequence
from datetime import timedelta
from html import escape, unescape
from urllib.parse import quote

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from app import connect, intake, queries, vault
from app.auth import cookies
from app.config import settings
from app.db import now, reading, transaction
from app.inbox import Refused
from app.models import Agent, Attachment, Channel, Message, MessageSource, RawReceipt
from app.queries import NotFound
from app.render import render, zone_of
from app.text import one_line
from app.web import pictures
from app.web.entries import entries
from app.web.framing import framed, has_remote
from app.web.letters import height
from app.web.pages import partial, path_id, words
from app.web.receipts import note_reading
from channels import base, registry

_CUT = re.compile(r'(<p class="cut">)([^<]{1,300})(</p>)')  # a sentence of the connector's, in English
PICTURES_LAST = timedelta(hours=1)


def carried(request: Request) -> Response:
    """What the mail quotes, and its signature."""
    with reading() as db:
        message, source = _source(db, request)
    return partial(request, "inbox/_carried.html", message=message, source=source)


def formatted(request: Request) -> Response:
    """The frame that shows the mail as it was formatted; ``?remote=1`` with pictures from elsewhere."""
    with reading() as db:
        message, source = _source(db, request)
        high = height(message, len(source.html), _files(db, message))
    remote = bool(request.query_params.get("remote"))
    blocked = has_remote(source.html)
    return partial(
        request,
        "inbox/_formatted.html",
        message=message,
        height=high,
        remote=remote,
        blocked=blocked,
    )


def html(request: Request) -> Response:
    """The mail's own HTML, for the frame: no script, nothing loaded but our own copies of its pictures.

    Pictures from elsewhere only with ``?remote=1`` and only where a page of ours asks: a link in a mail cannot.
    """
    with reading() as db:
        message, source = _source(db, request)
        files = _files(db, message)
    if not source.html:
        raise NotFound(message.id)
    remote = bool(request.query_params.get("remote")) and cookies.same_site(
        request.scope, settings().public_url
    )
    body = framed(
        source.html,
        _addresses(files),
        lambda host: words(request, "leads to %(host)s", host=host),
        remote=remote,
    )
    body = _CUT.sub(lambda found: f"{found[1]}{escape(words(request, unescape(found[2])))}{found[3]}", body)
    page = render("inbox/frame.html", request.state.viewer, body=Markup(body), subject=message.subject)
    return HTMLResponse(page, headers=_frame_headers(remote))


def original(request: Request) -> Response:
    """The mail as it came, to be kept or opened elsewhere. Who may see the message may have it."""
    with reading() as db:
        message, source = _source(db, request)
        receipt = db.get(RawReceipt, source.receipt_id) if source.receipt_id else None
        channel = db.get(Channel, receipt.channel_id) if receipt else None
    if receipt is None or channel is None:
        raise NotFound(message.id)
    name = quote(f"{one_line(message.subject, 80).replace('/', '_') or 'mail'}.eml", safe="")
    headers = {
        "Content-Disposition": f"attachment; filename=\"mail-{message.id}.eml\"; filename*=UTF-8''{name}",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    }
    return Response(_as_written(channel, receipt), media_type="message/rfc822", headers=headers)


def read_again(request: Request) -> Response:
    """Have what was not fetched, or not understood; the entry as it is then. Refused with the sentence where that is
    no more than it was."""
    with reading() as db:
        message, source = _source(db, request)
        receipt_id = source.receipt_id
    if receipt_id is None or not message.lacking:
        raise NotFound(message.id)
    try:
        again = (intake.fetch_again if message.context.get("lacking") else intake.read_anew)(receipt_id)
    except base.ChannelError as error:
        said = words(request, error.sentence)
        raise Refused("%(said)s", said=f"{said} ({error.detail})" if error.detail else said) from error
    if again.message is None:
        raise Refused("It still cannot be read. Nothing has changed.")
    with transaction() as db:
        note_reading(db, request, [again.receipt])
    with reading() as db:
        viewer: Agent = request.state.viewer
        message, head = queries.message_for(db, viewer, message.id)
        (entry,) = entries(db, [message], zone_of(viewer))
        return partial(request, "inbox/_entry.html", entry=entry, conversation_id=head.id)


def _as_written(channel: Channel, receipt: RawReceipt) -> bytes:
    """The mail itself, where a service pushed it inside of something else."""
    asked = base.Request(receipt.method, receipt.url, receipt.headers, body=receipt.body)
    try:
        connector = connect.connector(channel)
    except (registry.UnknownKind, vault.Unreadable):
        return receipt.body
    found = connector.original(asked) if isinstance(connector, base.Originals) else None
    return receipt.body if found is None else found


def _source(db: Session, request: Request) -> tuple[Message, MessageSource]:
    viewer: Agent = request.state.viewer
    message, _ = queries.message_for(db, viewer, path_id(request))
    source = db.get(MessageSource, message.id)
    if source is None or message.removed_at:
        raise NotFound(message.id)
    return message, source


def _files(db: Session, message: Message) -> Sequence[Attachment]:
    return db.scalars(select(Attachment).where(Attachment.message_id == message.id)).all()


def _addresses(files: Sequence[Attachment]) -> dict[str, str]:
    until = now() + PICTURES_LAST
    return {one.content_id: pictures.address(one.key, until) for one in files if one.content_id}


def _frame_headers(remote: bool) -> dict[str, str]:
    elsewhere = " https:" if remote else ""
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; img-src 'self'{elsewhere}; style-src 'unsafe-inline'; form-action 'none'; "
            "base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
        ),
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


routes = [
    Route("/messages/{id:int}/carried", carried, methods=["GET"]),
    Route("/messages/{id:int}/formatted", formatted, methods=["GET"]),
    Route("/messages/{id:int}/html", html, methods=["GET"]),
    Route("/messages/{id:int}/original", original, methods=["GET"]),
    Route("/messages/{id:int}/reading", read_again, methods=["POST"]),
]
