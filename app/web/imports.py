"""Call logs and lists of touchpoints taken in from files, for supervisors and admins: `/settings/imports`."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app import imports
from app.config import settings
from app.db import reading, transaction
from app.demo import shop
from app.imports import Counts, Look, sorts
from app.imports.sorts import Found
from app.inbox import Refused
from app.models import CallImport, Channel
from app.models.call_import import CHECKED, DRAFT, FAILED, WORKING
from app.models.touchpoint import KINDS
from app.tables import Row, Unreadable
from app.tables.encodings import ENCODINGS
from app.tables.opening import XLSX
from app.web.pages import done, number, page, partial, path_id, require_role, text, with_form, words

LIST = "/settings/imports"
EDITORS = ("supervisor", "admin")
EXAMPLES = 3  # values of a column that are shown
ENCODING_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 (BOM)",
    "cp932": "Shift_JIS (CP932)",
    "euc_jp": "EUC-JP",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    XLSX: "Excel",
}
TOUCH_NAMES = {
    "id": "Its ID",
    "kind": "Kind",
    "at": "When",
    "email": "Mail address",
    "phone": "Phone number",
    "card": "Loyalty card",
    "crm": "Customer number",
    "name": "Customer's name",
    "title": "Title or article",
    "store": "Store",
    "reference": "Number of the order",
    "amount": "Amount",
    "currency": "Currency",
    "points": "Points",
}
FIELD_NAMES = {
    "id": "Call ID",
    "date": "Date",
    "start": "Began",
    "answered": "Answered at",
    "end": "Ended",
    "from": "From number",
    "to": "To number",
    "customer": "Customer's number",
    "name": "Customer's name",
    "agent": "Agent",
    "queue": "Queue or skill",
    "direction": "In or out",
    "talk": "Talk time",
    "ring": "Ringing time",
    "wait": "Waiting time",
    "hold": "Hold time",
    "wrap": "After-call work",
    "result": "Result",
    "transfer": "Transferred to",
    "disposition": "Disposition",
    "category": "Category",
    "memo": "Memo",
    "recording": "Recording",
    "callback": "Call back by",
}
NO_FILE = "Please choose a file."
NO_CHANNEL = "Please choose the channel it belongs to."


def show_all(request: Request) -> Response:
    """What was taken in so far, and the form for the next file."""
    return _list(request)


def create(request: Request, form: FormData) -> Response:
    """Keep a file that was uploaded and look into it; nothing is taken in yet."""
    require_role(request, *EDITORS)
    file, channel_id = form.get("file"), number(text(form, "channel"))
    if not isinstance(file, UploadFile) or not file.filename:
        return _list(request, 422, {"file": words(request, NO_FILE)})
    with reading() as db:
        channel = next((one for one in _channels(db) if one.id == channel_id), None)
    if channel is None:
        return _list(request, 422, {"channel": words(request, NO_CHANNEL)})
    kept = imports.keep(file.file)
    try:
        sort = sorts.of_channel(channel) or sorts.OF_CALLS
        seen = imports.look(imports.place_of(kept[0]), sort=sort)
    except Unreadable as problem:
        with transaction() as db:
            imports.drop(db, kept[0])
        return _list(request, 422, {"file": words(request, problem.sentence, **problem.values)})
    with transaction() as db:
        row = imports.begin(db, channel, request.state.viewer, file.filename, kept, seen, kept=True)
    return done(request, f"{LIST}/{row.id}")


def show(request: Request) -> Response:
    """An import: what it reads, or how far it is."""
    require_role(request, *EDITORS)
    with reading() as db:
        row = imports.one(db, path_id(request))
    return _page(request, row)


def progress(request: Request) -> Response:
    """How far it is, asked for again while it is worked on; then the page as a whole says what comes next."""
    require_role(request, *EDITORS)
    with reading() as db:
        row = imports.one(db, path_id(request))
        state = _state(db, row)
    if row.state not in WORKING:
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    return partial(request, "settings/_import.html", **state)


def correct(request: Request, form: FormData) -> Response:
    """Say how it is to be read, and show it so; `then` may ask for the next step at once."""
    require_role(request, *EDITORS)
    try:
        with transaction() as db:
            row = imports.one(db, path_id(request))
            again = row.encoding
            imports.correct(
                db, row, places=_places(form), encoding=_encoding(form, row), zone=text(form, "zone"),
                work_days=number(text(form, "work_days")) or 0,
                options={name: text(form, name) for name in ("kind", "currency", "create")},
            )  # fmt: skip
            if row.encoding == again and text(form, "then") == "check":
                imports.check(db, row)
            elif row.encoding == again and text(form, "then") == "start":
                imports.start(db, row, request.state.viewer)
    except (Refused, Unreadable) as problem:
        with reading() as db:
            row = imports.one(db, path_id(request))
        return _page(request, row, 422, words(request, problem.sentence, **problem.values))
    return done(request, f"{LIST}/{row.id}")


def start(request: Request, _form: FormData) -> Response:
    """Take it in, or go on with it."""
    return _change(request, lambda db, row: imports.start(db, row, request.state.viewer))


def stop(request: Request, _form: FormData) -> Response:
    """Stop what is going on. It can go on later."""
    return _change(request, lambda db, row: imports.cancel(db, row, request.state.viewer))


def remove(request: Request, _form: FormData) -> Response:
    """Take away an import that has not begun, with its file."""
    _change(request, imports.remove)
    return done(request, LIST, words(request, "The file was removed."))


def problems(request: Request) -> Response:
    """The rows that cannot be, or were not, taken in: CSV with their lines and reasons."""
    require_role(request, *EDITORS)
    with reading() as db:
        row = imports.one(db, path_id(request))
    return StreamingResponse(
        _problems(request, row),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="import-{row.id}-problems.csv"',
            "Cache-Control": "no-store",
        },
    )


def _problems(request: Request, row: CallImport) -> Iterator[str]:
    def say(sentence: str, values: Mapping[str, Any]) -> str:
        return words(request, sentence, **values)

    path = imports.path_of(row)
    if row.started_at is None and path is not None:
        yield from imports.problems_in_file(path, row.encoding, imports.reading_of(row), say, sorts.of(row))
        return
    with reading() as db:
        yield from imports.problems_of(db, row, say)


def _change(request: Request, verb: Any) -> Response:
    require_role(request, *EDITORS)
    try:
        with transaction() as db:
            row = imports.one(db, path_id(request))
            verb(db, row)
    except Refused as refused:
        with reading() as db:
            row = imports.one(db, path_id(request))
        return _page(request, row, refused.status, words(request, refused.sentence, **refused.values))
    return done(request, f"{LIST}/{row.id}")


def _places(form: FormData) -> dict[str, int]:
    """Field → place, from one choice a column; of two columns for one field the first counts."""
    chosen = {name: text(form, name) for name in form if name.startswith("column-")}
    places: dict[str, int] = {}
    for name, field in chosen.items():
        at = number(name.removeprefix("column-"))
        if at is not None:
            places.setdefault(field, at)
    return places


def _encoding(form: FormData, row: CallImport) -> str:
    asked = text(form, "encoding")
    return asked if asked in ENCODINGS and row.encoding != XLSX else row.encoding


def _channels(db: Session) -> list[Channel]:
    found = db.scalars(select(Channel).order_by(Channel.name, Channel.id))
    return [one for one in found if sorts.of_channel(one) is not None]


def _list(request: Request, status: int = 200, errors: Mapping[str, str] | None = None) -> Response:
    require_role(request, *EDITORS)
    with reading() as db:
        rows = imports.latest(db)
        channels = _channels(db)
        names = {one.id: one.name for one in db.scalars(select(Channel))}
    return page(
        request,
        "settings/imports.html",
        status=status,
        section="imports",
        rows=[(row, Counts.of(row.taken)) for row in rows],
        names=names,
        channels=[(one.id, one.name) for one in channels],
        sample=any(one.key == shop.PHONE for one in channels),
        errors=errors or {},
        most=settings().max_upload_bytes // 1_000_000,
    )


def _page(request: Request, row: CallImport, status: int = 200, problem: str = "") -> Response:
    with reading() as db:
        state = _state(db, row)
    seen, trouble = _seen(request, row) if state["open"] else (None, "")
    names = TOUCH_NAMES if state["touches"] else FIELD_NAMES
    return page(
        request,
        "settings/imports_import.html",
        status=status,
        section="imports",
        problem=problem or trouble,
        seen=seen,
        columns=_columns(row, seen) if seen else (),
        fields=[(name, names[name]) for name in sorts.of(row).fields],
        kinds=KINDS,
        encodings=[(name, ENCODING_NAMES[name]) for name in _encodings(row)],
        **state,
    )


def _encodings(row: CallImport) -> list[str]:
    return [XLSX] if row.encoding == XLSX else list(dict.fromkeys((row.encoding, *ENCODINGS)))


def _seen(request: Request, row: CallImport) -> tuple[Look | None, str]:
    path = imports.path_of(row)
    if path is None:
        return None, words(request, "The file is kept no more. Please choose it again.")
    try:
        sort = sorts.of(row)
        return imports.look(path, row.encoding, row.columns, row.zone, sort=sort, options=row.options), ""
    except Unreadable as problem:
        return None, words(request, problem.sentence, **problem.values)


def _columns(row: CallImport, seen: Look) -> list[tuple[int, str, list[str], str]]:
    """Place, name, some values, and what it is taken for."""
    fields = {at: name for name, at in row.columns.items()}
    return [(at, name, _examples(seen.rows, at), fields.get(at, "")) for at, name in enumerate(seen.header)]


def _examples(rows: list[tuple[Row, Found]], at: int) -> list[str]:
    values = (row.cells[at].strip() for row, _ in rows if at < len(row.cells))
    return list(dict.fromkeys(filter(None, values)))[:EXAMPLES]


def _state(db: Session, row: CallImport) -> dict[str, Any]:
    """What the part of the page says that moves."""
    return {
        "row": row,
        "channel": db.get(Channel, row.channel_id),
        "encoding": ENCODING_NAMES.get(row.encoding, row.encoding),
        "checked": Counts.of(row.checked) if row.checked else None,
        "taken": Counts.of(row.taken),
        "working": row.state in WORKING,
        "touches": sorts.of(row).name == sorts.TOUCHES,
        "open": row.state in (DRAFT, CHECKED, FAILED) and not row.place,
        "there": imports.path_of(row) is not None,
    }


routes = [
    Route(LIST, show_all, methods=["GET"]),
    Route(LIST, with_form(create), methods=["POST"]),
    Route(f"{LIST}/{{id}}", show, methods=["GET"]),
    Route(f"{LIST}/{{id}}", with_form(correct), methods=["POST"]),
    Route(f"{LIST}/{{id}}/progress", progress, methods=["GET"]),
    Route(f"{LIST}/{{id}}/problems.csv", problems, methods=["GET"]),
    Route(f"{LIST}/{{id}}/start", with_form(start), methods=["POST"]),
    Route(f"{LIST}/{{id}}/stop", with_form(stop), methods=["POST"]),
    Route(f"{LIST}/{{id}}/removal", with_form(remove), methods=["POST"]),
]
