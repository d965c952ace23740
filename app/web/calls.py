"""Telephone calls: notes of them, what rings now, and the address that telephones open when they ring."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Any
from unicodedata import normalize
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app import calls, connect, files, general, queries, tasks, vault
from app.calls import finding
from app.calls.noting import Written, may_change, rewrite, write
from app.config import settings
from app.db import now, reading, transaction
from app.family import family_ids
from app.inbox import Refused
from app.models import Agent, Attachment, Call, Channel, Conversation, Customer, Identity, Message
from app.queries import NotFound
from app.render import zone_of
from app.web.conversations import found
from app.web.pages import client_id, done, page, partial, path_id, text, with_form, words
from app.web.pane import local_time
from app.web.pops import pops_for
from channels import base, registry

CHOICES = ("answered", "missed", "busy", "voicemail", "transferred", "failed")
USUAL = ("Settled", "To be called back", "Passed on", "Complaint", "Wrong number")
_MINUTES = re.compile(r"(\d{1,4})(?:\s*分(?:\s*(\d{1,2})\s*秒)?)?", re.ASCII)
_LENGTH = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2})")


# --- noting -------------------------------------------------------------------------------------------


def begin(request: Request) -> Response:
    """The form of a call that is noted by hand; its time begins to run."""
    with reading() as db:
        _, head = found(db, request)
        return _form(db, request, head, None)


def create(request: Request, form: FormData) -> Response:
    """Note it. The entry comes live, and the form goes."""
    recording = _recording(form)
    with transaction() as db:
        viewer, head = found(db, request)
        given = client_id(form)
        if not given:
            raise Refused("Reload the page and try again.")
        attachments = _kept(db, viewer, recording)
        written = _written(form, zone_of(viewer), ours=True)
        call, new = write(db, viewer, head, written, given, attachments)
        if new:
            _follow_up(db, request, form, viewer, head, call)
    return Response("")


def edit(request: Request) -> Response:
    """The form of a call that stands in a thread."""
    with reading() as db:
        call, head = _found(db, request)
        if not may_change(request.state.viewer, call):
            raise Refused(
                "Somebody else wrote this note. Only they can change it, or a supervisor.", status=403
            )
        return _form(db, request, head, call)


def save(request: Request, form: FormData) -> Response:
    """Note it, or change what was noted."""
    recording = _recording(form)
    with transaction() as db:
        viewer: Agent = request.state.viewer
        call, head = _found(db, request)
        written = _written(form, zone_of(viewer), ours=call.external_id is None)
        rewrite(db, db.get_one(Agent, viewer.id), call, written, _kept(db, viewer, recording))
        _follow_up(db, request, form, viewer, head, call)
    return Response("")


def _form(db: Session, request: Request, head: Conversation, call: Call | None) -> Response:
    message = db.get_one(Message, call.message_id) if call else None
    told = calls.facts(call.known) if call else None
    chosen = general.dispositions(db) or [words(request, one) for one in USUAL]
    return partial(
        request,
        "inbox/_call_note.html",
        head=head,
        customer=db.get_one(Customer, head.customer_id),
        call=call,
        message=message,
        told=told,
        numbers=_numbers(db, head),
        results=CHOICES if call is None or call.result in (*CHOICES, "") else (*CHOICES, call.result),
        dispositions=chosen,
        opened=now(),
        client_id=secrets.token_hex(16),
    )


def _numbers(db: Session, head: Conversation) -> list[str]:
    """The telephone numbers the customer is known by."""
    mine = select(Conversation.customer_id).where(Conversation.id.in_(family_ids(db, head)))
    theirs = select(Identity.address).where(Identity.kind == "phone", Identity.customer_id.in_(mine))
    return [one for one in db.scalars(theirs.order_by(Identity.id)) if "@" not in one]


def _written(form: FormData, zone: Any, *, ours: bool) -> Written:
    """What the form says; of a call that the telephone system told of, only what it asks."""
    said = Written(
        text=text(form, "text"), disposition=text(form, "disposition"), result=text(form, "result") or None
    )
    if not ours:
        return said
    number = text(form, "number")
    link = text(form, "recording_url") if "recording_url" in form else None
    return Written(
        said.text,
        said.disposition,
        result=said.result or "answered",
        direction=text(form, "direction") or None,
        number="" if number == "withheld" else number,
        withheld="withheld" if number == "withheld" else "",
        started_at=_started(form, zone),
        seconds=seconds_of(text(form, "length")),
        recording_url=link,
    )


def _started(form: FormData, zone: Any) -> datetime | None:
    return local_time(text(form, "started_at"), zone)


def seconds_of(written: str) -> int | None:
    """A length as it is typed: “6:12”, “1:02:03”, “6” minutes; None for none. Raises :class:`Refused`."""
    given = normalize("NFKC", written).strip()
    if not given:
        return None
    if in_minutes := _MINUTES.fullmatch(given):
        return int(in_minutes[1]) * 60 + int(in_minutes[2] or 0)
    match = _LENGTH.fullmatch(given)
    if match is None:
        raise Refused("Write how long it took as minutes and seconds, such as 6:12.")
    hours, minutes, rest = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + rest


def _follow_up(
    db: Session, request: Request, form: FormData, viewer: Agent, head: Conversation, call: Call
) -> None:
    """A task, where the form asks for one."""
    due = local_time(text(form, "due"), zone_of(viewer))
    what = text(form, "what").strip()
    if due is None:
        if what:
            raise Refused("Choose until when it is to be done.")
        return
    message = db.get_one(Message, call.message_id)
    what = what or words(request, "Call back")
    tasks.add(db, head, what, due, db.get_one(Agent, viewer.id), kind=tasks.CALL, message=message)


def _recording(form: FormData) -> files.Kept | None:
    """A recording that was uploaded, taken in before anything is changed."""
    file = form.get("recording")
    if not isinstance(file, UploadFile) or not file.filename:
        return None
    return files.take_in(file.file.read(), file.filename, limit=settings().max_upload_bytes)


def _kept(db: Session, viewer: Agent, recording: files.Kept | None) -> list[Attachment]:
    if recording is None:
        return []
    return [files.store(db, recording, limit=settings().max_upload_bytes, agent=viewer)]


def _found(db: Session, request: Request) -> tuple[Call, Conversation]:
    """The call of the path, and the thread that shows it; without access it does not exist."""
    call = db.get(Call, path_id(request))
    if call is None:
        raise NotFound("call")
    _, head = queries.message_for(db, request.state.viewer, call.message_id)
    return call, head


# --- a call from nowhere ------------------------------------------------------------------------------


def ask(request: Request) -> Response:
    """Where a call is begun: whose number, or that there is none. ``?phone=`` fills it in."""
    number = request.query_params.get("phone", "")[:100]
    return page(request, "calls/new.html", area="inbox", number=number, called="", problem="")


def start(request: Request, form: FormData) -> Response:
    """The thread of whoever has the number, or of somebody new, with the form of the note open."""
    number, name = text(form, "number")[:100], text(form, "name")[:200]
    try:
        with transaction() as db:
            withheld = bool(text(form, "withheld"))
            there = finding.begin(db, request.state.viewer, number, name, withheld=withheld)
    except Refused as refused:
        told = words(request, refused.sentence, **refused.values)
        return page(
            request,
            "calls/new.html",
            status=refused.status,
            area="inbox",
            number=number,
            called=name,
            problem=told,
        )
    return done(request, f"/inbox/{there.id}?note=call")


# --- ringing ------------------------------------------------------------------------------------------


def ringing(request: Request) -> Response:
    """What rings now for the viewer: asked by a page that comes, or comes back."""
    with reading() as db:
        return partial(request, "inbox/_pops.html", pops=pops_for(db, request.state.viewer))


def popped(request: Request) -> Response:
    """The thread of who calls, by an address that the telephone system signed; somebody new may be noted."""
    with reading() as db:
        channel, call = _named(db, dict(request.query_params))
        there = finding.thread_of(db, channel, call.external_id)
        if there is not None:
            return RedirectResponse(f"/inbox/{_visible(db, request, there)}", 303)
        _, _, number = connect.address(channel, call.sender)
        if call.sender.address and (head := finding.by_number(db, request.state.viewer, number)):
            return RedirectResponse(f"/inbox/{head.id}", 303)
    asked = f"?phone={quote(number)}" if call.sender.address else ""
    return RedirectResponse(f"/calls/new{asked}", 303)


def _named(db: Session, query: dict[str, str]) -> tuple[Channel, base.Call]:
    """The line whose signature it is, and the call. Raises :class:`Refused`."""
    for channel in finding.lines(db):
        try:
            by = connect.connector(channel)
            if isinstance(by, base.Popping):
                return channel, by.popped(query)
        except (base.BadSignature, registry.UnknownKind, vault.Unreadable):
            continue
    raise Refused("This address was not signed by one of our telephones, or it is too old.", status=403)


def _visible(db: Session, request: Request, conversation_id: int) -> int:
    return queries.conversation_for(db, request.state.viewer, conversation_id).id


routes = [
    Route("/conversations/{id:int}/calls/new", begin, methods=["GET"]),
    Route("/conversations/{id:int}/calls", with_form(create), methods=["POST"]),
    Route("/calls/new", ask, methods=["GET"]),
    Route("/calls", with_form(start), methods=["POST"]),
    Route("/calls/ringing", ringing, methods=["GET"]),
    Route("/calls/{id:int}/note", edit, methods=["GET"]),
    Route("/calls/{id:int}/note", with_form(save), methods=["POST"]),
    Route("/cti/pop", popped, methods=["GET"]),
]
