"""The FAQ the bot answers from: list, edit, history, the picture of an answer."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app import connect, general, knowledge, switchboard
from app.db import reading, transaction
from app.helpcentre import addresses, votes
from app.helpcentre.shelf import shelf
from app.inbox import Refused
from app.knowledge import doubles, pictures, relations, sheets
from app.learning import showing
from app.models import Agent, FaqEntry, FaqSource
from app.queries import NotFound
from app.web import files
from app.web.knowledge import EDITORS, Shelf
from app.web.pages import done, number, page, require_role, text, with_form, words
from app.web.publishing import waiting

LIST = "/settings/faq"
EMPTY = dict.fromkeys(knowledge.ENTRY_FIELDS, "") | {"language": "ja", "enabled": "1", "listed": "1"}


def index(request: Request) -> Response:
    with reading() as db:
        entries, waits = knowledge.all_entries(db), waiting(db, knowledge.ENTRY)
        shared = doubles.doubles(db)
        public = general.help_centre(db).on
        channels = [one for one in switchboard.all_channels(db) if connect.bot_speaks(one)]
    return page(
        request,
        "settings/faq.html",
        area="faq",
        section="faq",
        entries=entries,
        doubles=shared,
        public=public,
        channels=channels,
        **waits,
    )


def export(request: Request) -> Response:
    """The draft's entries as a file that the import reads again."""
    require_role(request, *EDITORS)
    with reading() as db:
        entries = relations.exported(db)
    kind = request.url.path.rpartition(".")[2]
    body, media = (
        (sheets.as_csv(entries), "text/csv; charset=utf-8")
        if kind == "csv"
        else (sheets.as_json(entries), "application/json")
    )
    headers = {"Content-Disposition": f'attachment; filename="faq.{kind}"', "Cache-Control": "no-store"}
    return Response(body, media_type=media, headers=headers)


def new(request: Request) -> Response:
    """A new entry; ``?question=`` fills in a question the bot did not know, ``?translation=`` the number of an entry
    that is to be said in the other language."""
    question = request.query_params.get("question", "")[:500]
    values = EMPTY | {"questions": question, "language": request.state.viewer.locale}
    with reading() as db:
        first = db.get(FaqEntry, number(request.query_params.get("translation")) or 0)
        if first is not None:
            other = {"title": "", "questions": "", "answer": "", "quick_replies": "", "follow_ups": ""}
            language = "en" if first.language == "ja" else "ja"
            values = EMPTY | _typed(first) | other
            values |= {"language": language, "translation_of": first.title}
        return SHELF.form(request, values, None, db)


def _write(db: Session, viewer: Agent, entry: FaqEntry | None, given: Mapping[str, str]) -> FaqEntry:
    data = knowledge.entry_data(given)
    named = relations.resolved(
        db, entry.id if entry else None, data["language"], given["follow_ups"], given["translation_of"]
    )
    return knowledge.save_entry(db, viewer, entry, {**data, **named})


def _typed(entry: FaqEntry) -> dict[str, str]:
    """An entry as its form shows it; what it says of others is told beside."""
    return {
        "title": entry.title,
        "language": entry.language,
        "questions": "\n".join(entry.questions),
        "answer": entry.answer,
        "links": "\n".join(f"{link['label']} | {link['url']}" for link in entry.links),
        "quick_replies": "\n".join(entry.quick_replies),
        "tags": ", ".join(entry.tags),
        "valid_from": entry.valid_from,
        "valid_until": entry.valid_until,
        "kinds": "\n".join(entry.kinds),
        "channels": "\n".join(entry.channels),
        "signed_in": "1" if entry.signed_in else "",
        "flow_id": str(entry.flow_id or ""),
        "listed": "1" if entry.listed else "",
        "enabled": "1" if entry.enabled else "",
    }


def _beside(db: Session, entry: FaqEntry | None, values: Mapping[str, str]) -> dict[str, Any]:
    """What the form needs to know besides: other entries, the channels, the twin, what readers said."""
    named = values if "follow_ups" in values or entry is None else relations.named(db, entry)
    public = shelf(db).entry(entry.id) if entry and general.help_centre(db).on else None
    return {
        "follow_ups": named["follow_ups"].splitlines(),
        "translation_of": named["translation_of"],
        "titles": relations.titles(db, entry.id if entry else None),
        "twin": relations.twin_of(db, entry) if entry else None,
        "doubles": doubles.of(db, entry) if entry else (),
        "forms": [(str(one.id), one.name) for one in knowledge.all_flows(db)],
        "places": _places(db, values),
        "channels": [one for one in switchboard.all_channels(db) if connect.bot_speaks(one)],
        "votes": votes.of(db, entry.id) if entry else votes.Votes(),
        "address": addresses.entry(public) if public else "",
        "picture": pictures.find(db, entry.image_id) if entry else None,
        "proposed": showing.made_into(db, entry) if entry else (),
        "source": db.get(FaqSource, entry.source_id) if entry and entry.source_id else None,
        "largest": pictures.LARGEST,
    }


def _places(db: Session, values: Mapping[str, str]) -> list[tuple[str, str, str, bool]]:
    """(field, value, name, chosen): the kinds of channels there are, and the channels of kinds with several."""
    every = [one for one in switchboard.all_channels(db) if connect.bot_speaks(one)]
    kinds, keys = values.get("kinds", "").splitlines(), values.get("channels", "").splitlines()
    found = []
    for kind in dict.fromkeys(one.kind for one in every):
        own = [one for one in every if one.kind == kind]
        found.append(("kinds", kind, connect.label(kind), kind in kinds))
        found += [("channels", one.key, one.name, one.key in keys) for one in own if len(own) > 1]
    return found


def show_picture(request: Request) -> Response:
    """The picture of the draft."""
    with reading() as db:
        found = pictures.find(db, SHELF.find(db, request).image_id)
    if found is None:
        raise NotFound("picture")
    return files.sent(found, scaled=True, inline=True)


def put_picture(request: Request, form: FormData) -> Response:
    """Show this picture below the answer, or say what it shows; with ``remove`` none."""
    require_role(request, *EDITORS)
    given, viewer = form.get("file"), request.state.viewer
    try:
        kept = (
            pictures.look_into(given.file.read(pictures.LARGEST + 1), given.filename or "")
            if isinstance(given, UploadFile) and given.filename
            else None
        )
        with transaction() as db:
            entry = SHELF.find(db, request, hold=True)
            if text(form, "remove"):
                pictures.take_away(db, viewer, entry)
            elif kept is not None:
                pictures.put(db, viewer, entry, kept, text(form, "image_text"))
            elif entry.image_id:
                pictures.describe(db, viewer, entry, text(form, "image_text"))
    except Refused as refused:
        return done(request, _here(request), words(request, refused.sentence, **refused.values))
    return done(request, _here(request), words(request, SHELF.saved))


def _here(request: Request) -> str:
    return f"{LIST}/{request.path_params['id']}#picture"


SHELF = Shelf(
    FaqEntry,
    LIST,
    template="settings/faq_entry.html",
    called="entry",
    empty=EMPTY,
    typed=_typed,
    write=_write,
    goes_to=lambda entry: f"{LIST}/{entry.id}",
    saved="Saved in the draft. The bot answers with it once it is published.",
    removed="The entry was deleted from the draft.",
    shown={"area": "faq", "section": "faq"},
    beside=_beside,
)

routes = [
    Route("/settings", lambda _request: RedirectResponse("/settings/me", 303), methods=["GET"]),
    Route(LIST, index, methods=["GET"]),
    Route(f"{LIST}/new", new, methods=["GET"]),
    Route(f"{LIST}/export.csv", export, methods=["GET"]),
    Route(f"{LIST}/export.json", export, methods=["GET"]),
    Route(f"{LIST}/{{id:int}}/picture", show_picture, methods=["GET"]),
    Route(f"{LIST}/{{id:int}}/picture", with_form(put_picture), methods=["POST"]),
    *SHELF.routes(),
]
