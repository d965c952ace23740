"""Labels, for supervisors and admins: `/settings/labels`."""

from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import labels
from app.db import reading, transaction
from app.inbox import Refused
from app.models import Label
from app.queries import NotFound
from app.web.pages import done, number, page, path_id, require_role, text, with_form, words

LIST = "/settings/labels"
EDITORS = ("supervisor", "admin")
USUAL = 210


def show_all(request: Request) -> Response:
    """Every label with how many conversations carry it, and the form for a new one."""
    require_role(request, *EDITORS)
    with reading() as db:
        return _list(db, request)


def create(request: Request, form: FormData) -> Response:
    require_role(request, *EDITORS)
    name, hue = text(form, "name"), _hue(form)
    try:
        with transaction() as db:
            label = labels.add(db, request.state.viewer, name, hue)
    except labels.Wrong as wrong:
        with reading() as db:
            errors = {wrong.field: words(request, wrong.sentence)}
            return _list(db, request, 422, values={"name": name, "hue": hue}, errors=errors)
    return done(request, LIST, words(request, "“%(name)s” was added.", name=label.name))


def show(request: Request) -> Response:
    require_role(request, *EDITORS)
    with reading() as db:
        label = _label(db, request)
        return _form(db, request, label, {"name": label.name, "hue": label.hue})


def save(request: Request, form: FormData) -> Response:
    """Another name or colour."""
    require_role(request, *EDITORS)
    name, hue = text(form, "name"), _hue(form)
    try:
        with transaction() as db:
            labels.change(db, request.state.viewer, _label(db, request), name, hue)
    except labels.Wrong as wrong:
        with reading() as db:
            errors = {wrong.field: words(request, wrong.sentence)}
            return _form(db, request, _label(db, request), {"name": name, "hue": hue}, 422, errors=errors)
    return done(request, LIST, words(request, "Saved."))


def remove(request: Request, _form_data: FormData) -> Response:
    """Away with it, from every conversation too."""
    require_role(request, *EDITORS)
    try:
        with transaction() as db:
            label = _label(db, request)
            labels.remove(db, request.state.viewer, label)
    except Refused as refused:
        with reading() as db:
            label = _label(db, request)
            problem, values = words(request, refused.sentence), {"name": label.name, "hue": label.hue}
            return _form(db, request, label, values, refused.status, problem=problem)
    return done(request, LIST, words(request, "“%(name)s” was removed.", name=label.name))


def _list(db: Session, request: Request, status: int = 200, **more: Any) -> Response:
    more = {"values": {"name": "", "hue": USUAL}, "errors": {}, **more}
    return page(
        request,
        "settings/labels.html",
        status=status,
        section="labels",
        labels=labels.used(db),
        **_choices(),
        **more,
    )


def _form(
    db: Session, request: Request, label: Label, values: dict[str, Any], status: int = 200, **more: Any
) -> Response:
    more = {"errors": {}, "problem": "", **more}
    return page(
        request,
        "settings/labels_label.html",
        status=status,
        section="labels",
        label=label,
        values=values,
        carrying=labels.carrying(db, label),
        count_to=labels.COUNT_TO,
        rules=labels.rules_with(db, label),
        **_choices(),
        **more,
    )


def _choices() -> dict[str, Any]:
    return {"hues": list(labels.HUES.items()), "longest": labels.MAX_NAME}


def _hue(form: FormData) -> int:
    found = number(text(form, "hue"))
    return USUAL if found is None else found


def _label(db: Session, request: Request) -> Label:
    found = db.get(Label, path_id(request))
    if found is None:
        raise NotFound("label")
    return found


routes = [
    Route(LIST, show_all, methods=["GET"]),
    Route(LIST, with_form(create), methods=["POST"]),
    Route(f"{LIST}/{{id}}", show, methods=["GET"]),
    Route(f"{LIST}/{{id}}", with_form(save), methods=["POST"]),
    Route(f"{LIST}/{{id}}/removal", with_form(remove), methods=["POST"]),
]
