"""API tokens: one's own for everybody, and for admins everybody's: `/settings/tokens`."""

from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import tokens
from app.db import reading, transaction
from app.models import Agent, ApiToken
from app.queries import NotFound
from app.text import clean
from app.web.pages import done, errors_of, page, path_id, text, with_form, words

LIST = "/settings/tokens"
_USUAL = ("conversations:read", "customers:read")  # ticked to begin with


def show_all(request: Request) -> Response:
    """One's own tokens, and the form for a new one; for admins those of all others, too."""
    return _list(request)


def create(request: Request, form: FormData) -> Response:
    """A new token. Its text is on the answer, and nowhere after it."""
    name, scopes = text(form, "name"), [clean(str(one)) for one in form.getlist("scope")]
    try:
        with transaction() as db:
            made, secret = tokens.make(db, request.state.viewer, name, scopes)
    except tokens.Wrong as wrong:
        problems = errors_of({wrong.field: wrong.sentence}, request)
        return _list(request, 422, values={"name": name, "scopes": scopes}, errors=problems)
    return page(request, "settings/tokens_made.html", section="tokens", token=made, secret=secret)


def revoke(request: Request, _form: FormData) -> Response:
    """End a token: one's own, or as an admin anybody's."""
    with transaction() as db:
        token = _token(db, request)
        tokens.revoke(db, request.state.viewer, token)
    return done(request, LIST, words(request, "The token “%(name)s” is revoked.", name=token.name))


def _token(db: Session, request: Request) -> ApiToken:
    viewer: Agent = request.state.viewer
    found = db.get(ApiToken, path_id(request))
    if found is None or (found.agent_id != viewer.id and viewer.role != "admin"):
        raise NotFound("token")
    return found


def _list(request: Request, status: int = 200, **more: Any) -> Response:
    viewer: Agent = request.state.viewer
    with reading() as db:
        mine = tokens.of_agent(db, viewer)
        all_ = tokens.of_everybody(db) if viewer.role == "admin" else ()
    seen = {"values": {"name": "", "scopes": _USUAL}, "errors": {}, **more}
    return page(
        request, "settings/tokens.html", status=status, section="tokens", mine=mine, scopes=tokens.SCOPES,
        others=[(token, owner) for token, owner in all_ if owner.id != viewer.id], longest=tokens.MAX_NAME, **seen,
    )  # fmt: skip


routes = [
    Route(LIST, show_all, methods=["GET"]),
    Route(LIST, with_form(create), methods=["POST"]),
    Route(f"{LIST}/{{id}}/revocation", with_form(revoke), methods=["POST"]),
]
