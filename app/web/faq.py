"""The FAQ the bot answers from: list, edit, history."""

from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app import knowledge
from app.db import reading, transaction
from app.models import FaqEntry
from app.web.knowledge import EDITORS, Shelf
from app.web.pages import done, errors_of, page, require_role, text, with_form, words

LIST = "/settings/faq"
SHELF = Shelf(FaqEntry, LIST, "The entry was deleted.")
EMPTY = dict.fromkeys(knowledge.ENTRY_FIELDS, "") | {"language": "ja", "enabled": "1"}


def index(request: Request) -> Response:
    with reading() as db:
        entries = knowledge.all_entries(db)
    return page(request, "settings/faq.html", area="faq", section="faq", entries=entries)


def new(request: Request) -> Response:
    """A new entry; ``?question=`` fills in a question the bot did not know."""
    question = request.query_params.get("question", "")[:500]
    return _form(request, None, EMPTY | {"questions": question, "language": request.state.viewer.locale})


def show(request: Request) -> Response:
    with reading() as db:
        return _form(request, SHELF.find(db, request), db=db)


def create(request: Request, form: FormData) -> Response:
    return _save(request, form, existing=False)


def save(request: Request, form: FormData) -> Response:
    return _save(request, form, existing=True)


def _save(request: Request, form: FormData, *, existing: bool) -> Response:
    require_role(request, *EDITORS)
    given = {name: text(form, name) for name in knowledge.ENTRY_FIELDS}
    try:
        with transaction() as db:
            entry = SHELF.find(db, request) if existing else None
            saved = knowledge.save_entry(db, request.state.viewer, entry, knowledge.entry_data(given))
    except knowledge.Invalid as invalid:
        with reading() as db:
            entry = SHELF.find(db, request) if existing else None
            return _form(request, entry, given, 422, errors_of(invalid.problems, request), db)
    return done(request, f"{LIST}/{saved.id}", words(request, "Saved. The bot answers with it from now on."))


def _form(
    request: Request,
    entry: FaqEntry | None,
    given: dict[str, str] | None = None,
    status: int = 200,
    errors: dict[str, str] | None = None,
    db: Session | None = None,
) -> Response:
    history: list[Any] = knowledge.history(db, entry) if db and entry else []
    return page(
        request,
        "settings/faq_entry.html",
        status=status,
        area="faq",
        section="faq",
        entry=entry,
        values=given or _typed(entry),
        errors=errors or {},
        history=history,
        may_edit=request.state.viewer.role in EDITORS,
    )


def _typed(entry: FaqEntry | None) -> dict[str, str]:
    """An entry as its form shows it."""
    if entry is None:
        return dict(EMPTY)
    return {
        "title": entry.title,
        "language": entry.language,
        "questions": "\n".join(entry.questions),
        "answer": entry.answer,
        "links": "\n".join(f"{link['label']} | {link['url']}" for link in entry.links),
        "quick_replies": "\n".join(entry.quick_replies),
        "tags": ", ".join(entry.tags),
        "enabled": "1" if entry.enabled else "",
    }


routes = [
    Route("/settings", lambda _request: RedirectResponse("/settings/me", 303), methods=["GET"]),
    Route(LIST, index, methods=["GET"]),
    Route(LIST, with_form(create), methods=["POST"]),
    Route(f"{LIST}/new", new, methods=["GET"]),
    Route(f"{LIST}/{{id:int}}", show, methods=["GET"]),
    Route(f"{LIST}/{{id:int}}", with_form(save), methods=["POST"]),
    *SHELF.routes(),
]
