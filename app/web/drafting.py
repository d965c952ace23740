"""Answers drafted by a model: how, for admins (`/settings/drafting`), and one for the agent who asks for it."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import bots
from app import drafting, vault
from app.bot import answers, situations
from app.config import settings
from app.db import reading, transaction
from app.drafting import Draft, Manner
from app.events import record
from app.family import family_ids
from app.models import Conversation, Customer, Identity
from app.queries import NotFound
from app.web.conversations import found
from app.web.pages import done, errors_of, number, page, partial, require_role, text, with_form, words
from app.web.suggested import last_asked, text_of

log = logging.getLogger(__name__)

HERE = "/settings/drafting"
DOUBTED = "The stored key cannot be read with the present secret key. Enter it again."


def show(request: Request) -> Response:
    """The settings."""
    require_role(request, "admin")
    return _page(request)


def save(request: Request, form: FormData) -> Response:
    """Keep what was typed."""
    require_role(request, "admin")
    typed = Manner(
        bool(text(form, "on")),
        text(form, "url").strip(),
        text(form, "model"),
        number(text(form, "seconds")) or 0,
    )
    key = text(form, "key").strip()[:400]
    try:
        with transaction() as db:
            new = "" if text(form, "no_key") else key or None
            drafting.change(db, request.state.viewer, typed, new_key=new)
    except drafting.Wrong as wrong:
        return _page(request, typed, errors_of(wrong.errors, request))
    return done(request, HERE, words(request, "Saved."))


def test(request: Request, _form: FormData) -> Response:
    """Ask for a draft from a made-up entry, now."""
    require_role(request, "admin")
    with reading() as db:
        wanted = _manner(db)
    if not wanted.ready:
        return done(request, HERE, words(request, "Write where the model answers, and save it, first."))
    tried = drafting.try_out(wanted, request.state.viewer.locale)
    with transaction() as db:
        drafting.told_health(db, tried.error if tried.failed else "", tried.duration_ms)
    return _page(request, tried=tried)


def _page(
    request: Request,
    typed: Manner | None = None,
    errors: Mapping[str, str] | None = None,
    tried: Draft | None = None,
) -> Response:
    with reading() as db:
        kept, doubted = _manner(db), _doubted(db)
        health = drafting.health(db)
    local = settings().drafting_local
    return page(
        request,
        "settings/drafting.html",
        status=422 if errors else 200,
        section="drafting",
        values=typed or kept,
        has_key=bool(kept.key),
        ready=kept.ready,
        doubted=words(request, DOUBTED) if doubted else "",
        seconds=drafting.SECONDS,
        errors=errors or {},
        health=health,
        health_error=words(request, health.error) if health and health.error else "",
        tried=tried,
        tried_error=words(request, tried.error) if tried and tried.error else "",
        local=f"{local[0]}:{local[1]}" if local else "",
    )


def _manner(db: Session) -> Manner:
    """As it is kept; without the key, where that cannot be read."""
    try:
        return drafting.manner(db)
    except vault.Unreadable:
        return replace(drafting.without_key(db), on=False)


def _doubted(db: Session) -> bool:
    try:
        drafting.manner(db)
    except vault.Unreadable:
        return True
    return False


# For the agent -------------------------------------------------------------------------------------------


def make(request: Request, form: FormData) -> Response:
    """The entry in words that fit what the customer asked, for the composer; the plain entry where that fails."""
    with reading() as db:
        viewer, head = found(db, request)
        wanted = _manner(db)
        asked = last_asked(db, head)
        entry = answers.book(db).entry(number(text(form, "entry")) or 0)
        if entry is None or not entry.on(situations.today(db)):
            raise NotFound(f"/inbox/{head.id}")
        if asked is None or not (wanted.on and wanted.ready):
            raise NotFound(f"/inbox/{head.id}")
        question, names, thread = asked.text, names_of(db, head), head.id
    made = drafting.draft(wanted, text_of(entry), question, entry.language, names)
    with transaction() as db:
        drafting.told_health(db, made.error if made.failed else "", made.duration_ms)
        record(
            db,
            "audit.answer_drafted" if made.text else "audit.answer_not_drafted",
            agent=viewer,
            noun_id=entry.id,
            number=thread,
            text=made.error,
        )
    return _offered(request, entry, made, number(text(form, "place")) or 1)


def _offered(request: Request, entry: bots.Entry, made: Draft, place: int) -> Response:
    error = words(request, made.error) if made.error else ""
    context: dict[str, Any] = {
        "title": entry.title,
        "entry_id": entry.id,
        "plain": text_of(entry),
        "draft": made.text,
        "place": place,
    }
    return partial(request, "inbox/_draft.html", error=error, thread=request.path_params["id"], **context)


def names_of(db: Session, head: Conversation) -> list[str]:
    """What the customer is called anywhere in their thread."""
    threads = select(Conversation.customer_id).where(Conversation.id.in_(family_ids(db, head)))
    people = db.execute(select(Customer.name, Customer.name_kana).where(Customer.id.in_(threads))).all()
    shown = db.scalars(select(Identity.display).where(Identity.customer_id.in_(threads)).distinct().limit(20))
    return [one for one in (*(each for row in people for each in row), *shown) if one]


routes = [
    Route(HERE, show, methods=["GET"]),
    Route(HERE, with_form(save), methods=["POST"]),
    Route(f"{HERE}/test", with_form(test), methods=["POST"]),
    Route("/conversations/{id:int}/drafting", with_form(make), methods=["POST"]),
]
