"""What is noted of customers, with a type: `/settings/attributes` for admins, and the fields of the panel."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import inbox, queries
from app.db import reading, transaction
from app.inbox import attributes
from app.inbox.attributes import Attribute
from app.inbox.contradicting import members
from app.models import Agent
from app.queries import NotFound
from app.web.pages import done, page, path_id, require_role, text, with_form, words

LIST = "/settings/attributes"
BLANK = Attribute("")


def show_all(request: Request) -> Response:
    """All that are defined, and the form for a new one or (`?edit=`) another form of one."""
    require_role(request, "admin")
    with reading() as db:
        return _list(db, request, attributes.attributes(db).get(request.query_params.get("edit", "")))


def save(request: Request, form: FormData) -> Response:
    require_role(request, "admin")
    given, before = _given(form), text(form, "before")
    try:
        with transaction() as db:
            made = attributes.define(db, request.state.viewer, given, before=before)
    except attributes.Wrong as wrong:
        with reading() as db:
            errors = {wrong.field: words(request, wrong.sentence, **wrong.values)}
            known_one = attributes.attributes(db).get(before)
            return _list(db, request, known_one, 422, values=given, errors=errors)
    return done(
        request, LIST, words(request, "“%(name)s” was saved.", name=made.called(request.state.viewer.locale))
    )


def remove(request: Request, form: FormData) -> Response:
    require_role(request, "admin")
    with transaction() as db:
        if text(form, "name") not in attributes.attributes(db):
            raise NotFound(text(form, "name"))
        attributes.remove(db, request.state.viewer, text(form, "name"))
    return done(request, LIST, words(request, "It has no type any more. What is noted of customers stays."))


def change(request: Request, form: FormData) -> Response:
    """One field of the panel; an empty one takes the value away, from every record of the person."""
    name, given = text(form, "name"), text(form, "value")
    with transaction() as db:
        viewer: Agent = request.state.viewer
        head = queries.conversation_for(db, viewer, path_id(request))
        if name not in attributes.attributes(db):
            raise NotFound(name)
        together = members(db, head)
        value = given if given.strip() else None
        for customer in (
            together[:1] if value is not None else [one for one in together if name in one.attributes]
        ):
            inbox.edit_customer(db, viewer, customer, inbox.Profile(attributes={name: value}))
    return Response(status_code=204)


def fields_of(db: Session, viewer: Agent, facts: dict[str, Any]) -> list[tuple[Attribute, str, bool]]:
    """The fields of the panel: what each is, its value, and whether the viewer may change it."""
    defined = attributes.attributes(db).values()
    return [
        (one, facts[one.name].value if one.name in facts else "", one.may_edit(viewer)) for one in defined
    ]


def _given(form: FormData) -> Attribute:
    return Attribute(
        name=text(form, "name"),
        ja=text(form, "ja"),
        en=text(form, "en"),
        type=text(form, "type") or attributes.TEXT,
        choices=tuple(text(form, "choices").splitlines()),
        editors=text(form, "editors") or attributes.EVERYBODY,
    )


def _list(
    db: Session,
    request: Request,
    edited: Attribute | None,
    status: int = 200,
    *,
    values: Attribute | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    return page(
        request,
        "settings/attributes.html",
        status=status,
        section="attributes",
        attributes=list(attributes.attributes(db).values()),
        edited=edited,
        values=values or edited or BLANK,
        errors=errors or {},
        longest=attributes.MAX_NAME,
    )


routes = [
    Route(LIST, show_all, methods=["GET"]),
    Route(LIST, with_form(save), methods=["POST"]),
    Route(f"{LIST}/removed", with_form(remove), methods=["POST"]),
    Route("/conversations/{id:int}/attributes", with_form(change), methods=["POST"]),
]
