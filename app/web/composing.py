"""Writing a mail: whom it goes to, how it will look, and what to ask before it is sent."""

from collections.abc import Sequence

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import connect, rich
from app.db import reading
from app.inbox import Refused
from app.inbox.ways import route
from app.models import Channel, Conversation, Identity
from app.web import guards
from app.web.conversations import found
from app.web.envelopes import envelope, last_inbound, others
from app.web.foreseen import foresee, uploaded
from app.web.pages import number, partial, text, with_form, words
from channels import base


def preview(request: Request, form: FormData) -> Response:
    """The message as it will be read, made by what makes it when it is sent."""
    try:
        shown = foresee(request, form).shown
    except base.ChannelError as error:
        raise Refused(error.sentence) from error
    html, empty = rich.harmless(shown.html), not text(form, "text").strip()
    return partial(request, "inbox/_preview.html", shown=shown, html=html, empty=empty)


def check(request: Request, form: FormData) -> Response:
    """What to ask before it is sent, as the sentences the composer shows; nothing where all is well."""
    with reading() as db:
        _, head = found(db, request)
        identity, channel = _way(db, head, form)
        told = guards.doubts(_letter(db, request, head, identity, channel, form))
    sentences = [words(request, one.sentence, **one.values) for one in told]
    return partial(request, "inbox/_guards.html", sentences=sentences)


def _letter(
    db: Session, request: Request, head: Conversation, identity: Identity, channel: Channel, form: FormData
) -> guards.Letter:
    made = envelope(db, head, identity, channel, request.state.viewer.locale)
    people = [made.to, *made.known, *made.all]
    return guards.Letter(
        text=text(form, "text"),
        to=made.to.address,
        others=others(form),
        sizes=_sizes(db, request, form),
        known=[one.address for one in people],
        ours=str(channel.settings.get("address", "")),
        expected=_expected(db, head, channel),
        limit=connect.features(channel).max_attachment_bytes,
    )


def _expected(db: Session, head: Conversation, channel: Channel) -> str:
    """Who wrote the last mail here, or where they ask for the answer to go."""
    last = last_inbound(db, head, channel)
    by = db.get(Identity, last.identity_id) if last and last.identity_id else None
    return str((last.context.get("reply_to") if last else "") or (by.address if by else ""))


def _sizes(db: Session, request: Request, form: FormData) -> Sequence[int]:
    return [one.size for one in uploaded(db, request.state.viewer, form)]


def _way(db: Session, head: Conversation, form: FormData) -> tuple[Identity, Channel]:
    return route(db, head, number(text(form, "channel_id")), to=number(text(form, "to")))


routes = [
    Route("/conversations/{id:int}/preview", with_form(preview), methods=["POST"]),
    Route("/conversations/{id:int}/check", with_form(check), methods=["POST"]),
]
