"""Canned replies, for everybody: list and edit."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.db import insert_if_new, now, reading, transaction
from app.models import CannedReply
from app.queries import NotFound
from app.text import clean, one_line
from app.web.pages import done, errors_of, page, path_id, text, with_form, words

LIST = "/settings/replies"
FIELDS = ("shortcut", "title", "body")


def index(request: Request) -> Response:
    with reading() as db:
        replies = db.scalars(select(CannedReply).order_by(CannedReply.shortcut)).all()
    return page(request, "settings/replies.html", section="replies", replies=replies)


def new(request: Request) -> Response:
    return _form(request, None, dict.fromkeys(FIELDS, ""))


def show(request: Request) -> Response:
    with reading() as db:
        reply = _reply(db, request)
    return _form(request, reply, {name: getattr(reply, name) for name in FIELDS})


def create(request: Request, form: FormData) -> Response:
    return _save(request, form, existing=False)


def save(request: Request, form: FormData) -> Response:
    return _save(request, form, existing=True)


def _save(request: Request, form: FormData, *, existing: bool) -> Response:
    given = {
        "shortcut": one_line(text(form, "shortcut"), 40).lstrip("/／"),
        "title": one_line(text(form, "title"), 200),
        "body": clean(text(form, "body")).strip()[:8000],
    }
    with transaction() as db:
        reply = _reply(db, request) if existing else None
        problems = _problems(db, reply, given)
        if not problems:
            row = reply or CannedReply()
            for name, value in given.items():
                setattr(row, name, value)
            row.updated_at, row.updated_by = now(), request.state.viewer.id
            if not insert_if_new(db, row):
                problems = {"shortcut": _TAKEN}
    if problems:
        return _form(request, reply, given, 422, errors_of(problems, request))
    return done(request, LIST, words(request, "Saved."))


_TAKEN = "Another reply has this shortcut already."


def _problems(db: Session, reply: CannedReply | None, given: dict[str, str]) -> dict[str, str]:
    shortcut = given["shortcut"]
    other = db.scalar(select(CannedReply).filter_by(shortcut=shortcut))
    found = {
        "shortcut": "Give it a shortcut of one word, without signs."
        if not re.fullmatch(r"[\w-]{1,40}", shortcut)
        else _TAKEN
        if other is not None and other is not reply
        else "",
        "title": "" if given["title"] else "Give it a title, to be found by.",
        "body": "" if given["body"] else "Write the reply.",
    }
    return {name: sentence for name, sentence in found.items() if sentence}


def remove(request: Request, _form: FormData) -> Response:
    with transaction() as db:
        db.delete(_reply(db, request))
    return done(request, LIST, words(request, "The reply was deleted."))


def _reply(db: Session, request: Request) -> CannedReply:
    found = db.get(CannedReply, path_id(request))
    if found is None:
        raise NotFound("canned reply")
    return found


def _form(
    request: Request,
    reply: CannedReply | None,
    values: dict[str, str],
    status: int = 200,
    errors: dict[str, str] | None = None,
) -> Response:
    return page(
        request,
        "settings/reply.html",
        status=status,
        section="replies",
        reply=reply,
        values=values,
        errors=errors or {},
    )


routes = [
    Route(LIST, index, methods=["GET"]),
    Route(LIST, with_form(create), methods=["POST"]),
    Route(f"{LIST}/new", new, methods=["GET"]),
    Route(f"{LIST}/{{id:int}}", show, methods=["GET"]),
    Route(f"{LIST}/{{id:int}}", with_form(save), methods=["POST"]),
    Route(f"{LIST}/{{id:int}}/removal", with_form(remove), methods=["POST"]),
]
