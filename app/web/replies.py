"""Saying something: replies, notes, files to go with them, and sending again what failed."""

import secrets

from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import files, inbox, queries, remote, transcripts, visitors
from app.config import settings
from app.db import reading, transaction
from app.inbox import Refused
from app.inbox.messages import by_client_id
from app.models import Agent, Conversation, Message
from app.models.consent import SERVICE
from app.render import zone_of
from app.web import approved
from app.web.conversations import found
from app.web.entries import entries
from app.web.envelopes import others
from app.web.foreseen import marked, uploaded
from app.web.pages import client_id, number, partial, path_id, text, with_form

MOST_EARLIER = 20


def reply(request: Request, form: FormData) -> Response:
    """Answer the customer, in words or with a ``template``: to the identity ``to``, and what came before the event
    ``seen``. With ``resolve`` the case is resolved too, unless the customer wrote after that: then the answer says so.
    The same client id again changes nothing."""
    client_id = _client_id(form)
    ready = approved.chosen(request, form, client_id)
    said = ready.text if ready else text(form, "text")
    with transaction() as db:
        viewer, head = found(db, request)
        seen = number(text(form, "seen"))
        _refuse_twice(db, head, form)
        message = inbox.reply(
            db,
            viewer,
            head,
            said,
            client_id,
            channel_id=number(text(form, "channel_id")),
            to=number(text(form, "to")),
            attachments=uploaded(db, viewer, form),
            others=others(form),
            subject=text(form, "subject"),
            html=marked(said),
            template=ready.template if ready else None,
            quotes=number(text(form, "quotes")),
            purpose=text(form, "purpose") or SERVICE,
            drafted=number(text(form, "drafted")),
            version=number(text(form, "version")),
            seen=seen,
        )
        visitors.mark_if_gone(db, message)
        stays = bool(text(form, "resolve")) and not inbox.resolve_with(db, viewer, head, message, seen)
        answer = _shown(request, db, viewer, head, message)
    if stays:
        answer.headers["X-Stays-Open"] = "yes"
    return answer


def note(request: Request, form: FormData) -> Response:
    """Write a note that only we can see."""
    with transaction() as db:
        viewer, head = found(db, request)
        said = text(form, "text")
        _refuse_twice(db, head, form)
        given, version = uploaded(db, viewer, form), number(text(form, "version"))
        message = inbox.note(db, viewer, head, said, _client_id(form), attachments=given, version=version)
        return _shown(request, db, viewer, head, message)


def upload(request: Request, form: FormData) -> Response:
    """Keep a file that is to go with a message; answers with its id."""
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Refused("Choose a file.")
    data, name = file.file.read(), file.filename or "file"
    limit = settings().max_upload_bytes
    with reading() as db:
        found(db, request)  # nobody's file is looked into for nothing
    taken = files.take_in(data, name, limit=limit)
    with transaction() as db:
        viewer, _ = found(db, request)
        kept = files.store(db, taken, limit=limit, agent=viewer)
    return JSONResponse({"id": kept.id, "name": kept.name, "size": kept.size})


def transcript(request: Request, _form: FormData) -> Response:
    """Mail the customer a copy of the conversation; it stands in the thread as any answer does."""
    with transaction() as db:
        viewer, head = found(db, request)
        transcripts.send_transcript(db, viewer, head, secrets.token_hex(16))
    return Response(status_code=204)


def retry(request: Request) -> Response:
    """Send again what failed."""
    with transaction() as db:
        viewer: Agent = request.state.viewer
        message, head = queries.message_for(db, viewer, path_id(request))
        inbox.retry(db, viewer, head, message)
        return _shown(request, db, viewer, head, message)


def fetch_file(request: Request) -> Response:
    """Ask a provider once more for a file of a message."""
    with transaction() as db:
        viewer: Agent = request.state.viewer
        message, head = queries.message_for(db, viewer, path_id(request))
        remote.again(db, viewer, message, request.path_params["remote"])
        return _shown(request, db, viewer, head, message)


def _client_id(form: FormData) -> str:
    given = client_id(form)
    if not given:
        raise Refused("The message came without its number. Reload the page and send it again.")
    return given


def _refuse_twice(db: Session, head: Conversation, form: FormData) -> None:
    """``instead``: the client ids of earlier tries that came back to be written anew, parted by spaces. One of which
    only the answer was lost stands in the thread: its writer is to see that first. Raises :class:`Refused`."""
    if by_client_id(db, head, _client_id(form)):
        return
    for earlier in text(form, "instead").split()[:MOST_EARLIER]:
        if by_client_id(db, head, earlier):
            raise Refused(
                "What you wrote before was sent after all. Have a look, then send the rest.", status=409
            )


def _shown(request: Request, db: Session, viewer: Agent, head: Conversation, message: Message) -> Response:
    db.flush()
    (entry,) = entries(db, [message], zone_of(viewer))
    return partial(request, "inbox/_entry.html", entry=entry, conversation_id=head.id)


routes = [
    Route("/conversations/{id:int}/replies", with_form(reply), methods=["POST"]),
    Route("/conversations/{id:int}/notes", with_form(note), methods=["POST"]),
    Route("/conversations/{id:int}/attachments", with_form(upload), methods=["POST"]),
    Route("/conversations/{id:int}/transcript", with_form(transcript), methods=["POST"]),
    Route("/messages/{id:int}/retry", retry, methods=["POST"]),
    Route("/messages/{id:int}/files/{remote:int}", fetch_file, methods=["POST"]),
]
