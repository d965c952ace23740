"""Labels: add, rename, recolour, delete."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.db import insert_if_new, reading, transaction
from app.models import ConversationLabel, Label
from app.queries import NotFound
from app.text import one_line
from app.web.faq import EDITORS
from app.web.pages import done, errors_of, number, page, path_id, require_role, text, with_form, words

LIST = "/settings/labels"


def index(request: Request) -> Response:
    return _page(request)


def create(request: Request, form: FormData) -> Response:
    name = one_line(text(form, "name"), 64)
    with transaction() as db:
        problem = _problem(db, None, name)
        if not problem and not insert_if_new(db, Label(name=name, hue=_hue(form))):
            problem = _TAKEN
    if problem:
        return _page(request, name, errors_of({"name": problem}, request))
    return done(request, LIST)


def save(request: Request, form: FormData) -> Response:
    name = one_line(text(form, "name"), 64)
    with transaction() as db:
        label = _label(db, request)
        problem = _problem(db, label, name)
        if not problem:
            label.name, label.hue = name, _hue(form)
    if problem:
        return _page(request, name, errors_of({"name": problem}, request))
    return done(request, LIST, words(request, "Saved."))


def remove(request: Request, _form: FormData) -> Response:
    """From every conversation too."""
    require_role(request, *EDITORS)
    with transaction() as db:
        db.delete(_label(db, request))
    return done(request, LIST, words(request, "The label was deleted."))


_TAKEN = "A label of this name is there already."


def _problem(db: Session, label: Label | None, name: str) -> str:
    if not name:
        return "Give the label a name."
    other = db.scalar(select(Label).filter_by(name=name))
    return _TAKEN if other is not None and other is not label else ""


def _hue(form: FormData) -> int:
    return (number(text(form, "hue")) or 0) % 360


def _label(db: Session, request: Request) -> Label:
    found = db.get(Label, path_id(request))
    if found is None:
        raise NotFound("label")
    return found


def _page(request: Request, typed: str = "", errors: dict[str, str] | None = None) -> Response:
    with reading() as db:
        labels = db.scalars(select(Label).order_by(Label.name)).all()
        # An index-only count per label of a shop's few dozen labels, on a settings page.
        counted = select(ConversationLabel.label_id, func.count()).group_by(ConversationLabel.label_id)
        used = {row[0]: row[1] for row in db.execute(counted)}
    return page(
        request,
        "settings/labels.html",
        status=422 if errors else 200,
        section="labels",
        labels=labels,
        used=used,
        typed=typed,
        errors=errors or {},
    )


routes = [
    Route(LIST, index, methods=["GET"]),
    Route(LIST, with_form(create), methods=["POST"]),
    Route(f"{LIST}/{{id:int}}", with_form(save), methods=["POST"]),
    Route(f"{LIST}/{{id:int}}/removal", with_form(remove), methods=["POST"]),
]
