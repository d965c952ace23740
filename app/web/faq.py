"""The FAQ the bot answers from: list, edit, history."""

from collections.abc import Mapping

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app import knowledge
from app.db import reading
from app.models import Agent, FaqEntry
from app.web.knowledge import Shelf
from app.web.pages import page
from app.web.publishing import waiting

LIST = "/settings/faq"
EMPTY = dict.fromkeys(knowledge.ENTRY_FIELDS, "") | {"language": "ja", "enabled": "1"}


def index(request: Request) -> Response:
    with reading() as db:
        entries, waits = knowledge.all_entries(db), waiting(db, knowledge.ENTRY)
    return page(request, "settings/faq.html", area="faq", section="faq", entries=entries, **waits)


def new(request: Request) -> Response:
    """A new entry; ``?question=`` fills in a question the bot did not know."""
    question = request.query_params.get("question", "")[:500]
    return SHELF.form(request, EMPTY | {"questions": question, "language": request.state.viewer.locale})


def _write(db: Session, viewer: Agent, entry: FaqEntry | None, given: Mapping[str, str]) -> FaqEntry:
    return knowledge.save_entry(db, viewer, entry, knowledge.entry_data(given))


def _typed(entry: FaqEntry) -> dict[str, str]:
    """An entry as its form shows it."""
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
)

routes = [
    Route("/settings", lambda _request: RedirectResponse("/settings/me", 303), methods=["GET"]),
    Route(LIST, index, methods=["GET"]),
    Route(f"{LIST}/new", new, methods=["GET"]),
    *SHELF.routes(),
]
