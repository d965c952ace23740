"""Canned replies, for supervisors and admins: `/settings/replies`. Agents meet them in the composer."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import canned, general
from app.canned import Typed
from app.db import reading, transaction
from app.i18n import gettext, known
from app.models import Agent, CannedReply
from app.queries import NotFound
from app.web.pages import done, page, partial, path_id, require_role, text, with_form, words

LIST = "/settings/replies"
EDITORS = ("supervisor", "admin")
LANGUAGES = (("", "Any language"), ("ja", "日本語"), ("en", "English"))
EXAMPLE = {"ja": "山田 花子 様", "en": "Hanako Yamada"}  # who the preview is written to
OFFERED = {"ja": ("お客様", "担当", "店名"), "en": ("customer", "agent", "shop")}


def show_all(request: Request) -> Response:
    """Every reply, or those that say ``?q=``."""
    require_role(request, *EDITORS)
    wanted = request.query_params.get("q", "")[:100]
    with reading() as db:
        replies = canned.find(db, wanted)
    return page(
        request,
        "settings/replies.html",
        section="replies",
        replies=replies,
        q=wanted,
        languages=_languages(request),
    )


def show_new(request: Request) -> Response:
    require_role(request, *EDITORS)
    with reading() as db:
        return _form(db, request, None, Typed(locale=request.state.viewer.locale))


def show(request: Request) -> Response:
    require_role(request, *EDITORS)
    with reading() as db:
        reply = _reply(db, request)
        return _form(db, request, reply, Typed(reply.shortcut, reply.title, reply.body, reply.locale))


def create(request: Request, form: FormData) -> Response:
    return _save(request, form, there=False)


def save(request: Request, form: FormData) -> Response:
    return _save(request, form, there=True)


def _save(request: Request, form: FormData, *, there: bool) -> Response:
    require_role(request, *EDITORS)
    typed = _typed(form)
    try:
        with transaction() as db:
            reply = _reply(db, request) if there else None
            saved = canned.save(db, request.state.viewer, reply, typed, seen=text(form, "seen"))
    except canned.Wrong as wrong:
        with reading() as db:
            reply = _reply(db, request) if there else None
            return _form(db, request, reply, typed, 422, _errors(request, wrong))
    return done(
        request, LIST, words(request, "Saved. Type /%(name)s in a reply to use it.", name=saved.shortcut)
    )


def remove(request: Request, _form: FormData) -> Response:
    require_role(request, *EDITORS)
    with transaction() as db:
        canned.remove(db, request.state.viewer, _reply(db, request))
    return done(request, LIST, words(request, "The reply was removed."))


def preview(request: Request, form: FormData) -> Response:
    """The text as a customer would read it, while it is typed."""
    require_role(request, *EDITORS)
    with reading() as db:
        shown = _shown(db, request.state.viewer, _typed(form))
    return partial(request, "settings/_reply_preview.html", shown=shown)


def _form(
    db: Session,
    request: Request,
    reply: CannedReply | None,
    typed: Typed,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
) -> Response:
    viewer: Agent = request.state.viewer
    author = db.get(Agent, reply.updated_by) if reply and reply.updated_by else None
    return page(
        request,
        "settings/replies_reply.html",
        status=status,
        section="replies",
        reply=reply,
        seen=canned.version(reply) if reply else "",
        author=author.name if author else "",
        values=typed,
        errors=errors or {},
        languages=_languages(request),
        variables=_variables(db, viewer, typed.locale),
        shown=_shown(db, viewer, typed),
        limits={"shortcut": canned.MAX_SHORTCUT, "title": canned.MAX_TITLE, "body": canned.MAX_BODY},
    )


def _variables(db: Session, viewer: Agent, locale: str) -> list[tuple[str, str, str]]:
    """(what is typed, what it stands for as a msgid, what it becomes here)."""
    names = OFFERED[known(locale or viewer.locale)]
    meanings = ("the customer's name", "whoever answers", "the shop's name")
    values = _values(db, viewer, locale)
    filled = (values["customer"], values["agent"], values["shop"])
    return [(f"{{{name}}}", about, value) for name, about, value in zip(names, meanings, filled, strict=True)]


def _shown(db: Session, viewer: Agent, typed: Typed) -> str:
    return canned.filled(typed.body, _values(db, viewer, typed.locale))


def _values(db: Session, viewer: Agent, locale: str) -> dict[str, str]:
    language = known(locale or viewer.locale)
    shop = general.shop_name(db) or gettext(viewer.locale, "(no name yet)")
    return {"customer": EXAMPLE[language], "agent": viewer.name, "shop": shop}


def _typed(form: FormData) -> Typed:
    return Typed(*(text(form, name)[:20_000] for name in ("shortcut", "title", "body", "locale")))


def _errors(request: Request, wrong: canned.Wrong) -> dict[str, str]:
    return {name: words(request, sentence, **values) for name, (sentence, values) in wrong.errors.items()}


def _languages(request: Request) -> list[tuple[str, Any]]:
    return [(key, words(request, name)) for key, name in LANGUAGES]


def _reply(db: Session, request: Request) -> CannedReply:
    found = db.get(CannedReply, path_id(request))
    if found is None:
        raise NotFound("canned reply")
    return found


routes = [
    Route(LIST, show_all, methods=["GET"]),
    Route(LIST, with_form(create), methods=["POST"]),
    Route(f"{LIST}/new", show_new, methods=["GET"]),
    Route(f"{LIST}/preview", with_form(preview), methods=["POST"]),
    Route(f"{LIST}/{{id}}", show, methods=["GET"]),
    Route(f"{LIST}/{{id}}", with_form(save), methods=["POST"]),
    Route(f"{LIST}/{{id}}/removal", with_form(remove), methods=["POST"]),
]
