"""The shop's own words: what means the same, what its goods are called, what is passed over; also as CSV."""

from collections.abc import Mapping, Sequence

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app import knowledge
from app.db import reading, transaction
from app.knowledge import words as lists
from app.tables import BOM, Unreadable, decode
from app.web.knowledge import EDITORS
from app.web.pages import done, page, require_role, text, with_form, words
from app.web.publishing import WORDS, waiting

LARGEST = 1_000_000  # bytes of a file


def show(request: Request) -> Response:
    require_role(request, *EDITORS)
    with reading() as db:
        stored = lists.stored_words(db) or {}
    return _page(request, stored)


def _page(
    request: Request, typed: Mapping[str, Sequence[str]], errors: Mapping[str, str] | None = None
) -> Response:
    with reading() as db:
        waits = waiting(db, knowledge.WORDS)
    return page(
        request,
        "settings/words.html",
        status=422 if errors else 200,
        section="words",
        values={kind: "\n".join(typed.get(kind, ())) for kind in lists.KINDS},
        errors=errors or {},
        **waits,
    )


def save(request: Request, form: FormData) -> Response:
    """Keep the lists as they were typed."""
    require_role(request, *EDITORS)
    return _kept(request, {kind: text(form, kind).splitlines() for kind in lists.KINDS})


def take_over(request: Request, form: FormData) -> Response:
    """Put the lists of a file in place of these."""
    require_role(request, *EDITORS)
    given = form.get("file")
    try:
        if not isinstance(given, UploadFile) or not given.filename:
            raise Unreadable("Choose a file.")
        if len(raw := given.file.read(LARGEST + 1)) > LARGEST:
            raise Unreadable("The file is larger than 1 MB.")
        found = lists.read(decode(raw)[0])
    except Unreadable as trouble:
        with reading() as db:
            stored = lists.stored_words(db) or {}
        return _page(request, stored, {"file": words(request, trouble.sentence, **trouble.values)})
    return _kept(request, found)


def _kept(request: Request, typed: Mapping[str, Sequence[str]]) -> Response:
    try:
        with transaction() as db:
            lists.save(db, request.state.viewer, typed)
    except lists.Wrong as wrong:
        told = {
            kind: words(request, sentence, **values) for kind, (sentence, values) in wrong.problems.items()
        }
        return _page(request, typed, told)
    return done(
        request, WORDS, words(request, "Saved in the draft. The bot reads by it once it is published.")
    )


def download(request: Request) -> Response:
    """The lists of the draft as CSV."""
    require_role(request, *EDITORS)
    with reading() as db:
        stored = lists.stored_words(db) or {}
    return StreamingResponse(
        iter([BOM, *lists.written(stored)]),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="words.csv"', "Cache-Control": "no-store"},
    )


routes = [
    Route(WORDS, show, methods=["GET"]),
    Route(WORDS, with_form(save), methods=["POST"]),
    Route(f"{WORDS}/file", download, methods=["GET"]),
    Route(f"{WORDS}/file", with_form(take_over), methods=["POST"]),
]
