"""Entries taken over from the shop's FAQ page or a file: given, looked through, ticked, kept in the draft."""

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import bots
from app.bot import answers
from app.db import reading, transaction
from app.knowledge import differences, sources
from app.knowledge.items import Item
from app.models import FaqSource
from app.queries import NotFound
from app.tables import Unreadable
from app.web.knowledge import EDITORS
from app.web.pages import done, number, page, path_id, require_role, text, with_form, words

HERE = "/settings/knowledge/import"


def show(request: Request) -> Response:
    require_role(request, *EDITORS)
    return _page(request)


def _page(request: Request, problem: str = "", address: str = "", pasted: str = "") -> Response:
    with reading() as db:
        known = sources.all_sources(db)
    return page(
        request,
        "settings/import.html",
        status=422 if problem else 200,
        area="faq",
        section="faq",
        sources=known,
        problem=problem,
        address=address,
        pasted=pasted,
    )


def read(request: Request, form: FormData) -> Response:
    """Read a page by its address, a file, or what was pasted."""
    require_role(request, *EDITORS)
    address, pasted = text(form, "address").strip(), text(form, "pasted")
    given = form.get("file")
    try:
        if isinstance(given, UploadFile) and given.filename:
            name, items = (
                given.filename,
                sources.read_file(given.file.read(sources.LARGEST + 1), given.filename),
            )
        elif pasted.strip():
            name, items = "", sources.read_text(pasted)
        else:
            name, items = address, _fetched(address)
    except Unreadable as trouble:
        return _page(request, words(request, trouble.sentence, **trouble.values), address, pasted)
    by_address = bool(name) and name == address
    with transaction() as db:
        source = sources.keep(db, request.state.viewer, name, items, by_address=by_address)
    return done(request, f"{HERE}/{source.id}")


def _fetched(address: str) -> list[Item]:
    if not address:
        raise Unreadable("Give the address of the page, a file, or the text itself.")
    return sources.read_page(sources.fetch(address), address)


def read_again(request: Request, _form: FormData) -> Response:
    """Fetch the page once more."""
    require_role(request, *EDITORS)
    with reading() as db:
        source = _source(db.get(FaqSource, path_id(request)))
    if not source.by_address:
        raise NotFound(HERE)
    try:
        items = _fetched(source.name)
    except Unreadable as trouble:
        return _page(request, words(request, trouble.sentence, **trouble.values), source.name)
    with transaction() as db:
        sources.keep(db, request.state.viewer, source.name, items, by_address=True)
    return done(request, f"{HERE}/{source.id}")


def preview(request: Request) -> Response:
    """What would become of each item, with a tick before it."""
    require_role(request, *EDITORS)
    with reading() as db:
        source = _source(db.get(FaqSource, path_id(request)))
        book = answers.draft_book(db)
        found = sources.candidates(
            db, source, lambda question, language: _looked_up(book, question, language)
        )
        left = sources.gone(db, source)
    rows = [(one, differences.words(one.entry.answer, one.item.answer) if one.entry else ()) for one in found]
    return page(
        request,
        "settings/import_source.html",
        area="faq",
        section="faq",
        source=source,
        rows=rows,
        counts={kind: sum(one.kind == kind for one in found) for kind in ("new", "changed", "same")},
        gone=left,
    )


def _looked_up(book: bots.Book, question: str, language: str) -> list[tuple[int, float]]:
    found = bots.look_up(bots.Question(question, language), book)
    return [(one.entry.id, one.score) for one in found.matches[:3]]


def take(request: Request, form: FormData) -> Response:
    """Keep the ticked ones in the draft."""
    require_role(request, *EDITORS)
    places = {place for one in form.getlist("take") if (place := number(one)) is not None}
    leaving = {id for one in form.getlist("leave") if (id := number(one)) is not None}
    with transaction() as db:
        source = _source(db.get(FaqSource, path_id(request)))
        added, changed, away = sources.take(db, request.state.viewer, source, places, leaving)
    said = words(
        request,
        "Kept in the draft: %(new)s new, %(changed)s changed, %(away)s put aside.",
        new=added,
        changed=changed,
        away=away,
    )
    return done(request, "/settings/faq", said)


def _source(found: FaqSource | None) -> FaqSource:
    if found is None:
        raise NotFound(HERE)
    return found


routes = [
    Route(HERE, show, methods=["GET"]),
    Route(HERE, with_form(read), methods=["POST"]),
    Route(f"{HERE}/{{id:int}}", preview, methods=["GET"]),
    Route(f"{HERE}/{{id:int}}", with_form(take), methods=["POST"]),
    Route(f"{HERE}/{{id:int}}/reading", with_form(read_again), methods=["POST"]),
]
