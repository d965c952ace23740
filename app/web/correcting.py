"""Which entry would have been right, said beside an answer of the bot or a try of it ("wrong answer?"). It becomes a
test question; the entries themselves are edited elsewhere. And why the bot said it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import bots
from app import knowledge, queries
from app.bot import answers, ratings
from app.db import reading, transaction
from app.knowledge import questions
from app.models import Decision, FaqEntry, LabelledQuestion, Message
from app.text import one_line
from app.web.knowledge import EDITORS
from app.web.pages import errors_of, number, partial, path_id, require_role, text, with_form
from app.web.proving import entry_given, titles_of
from bots.text import fold

TRIED = "/settings/knowledge/questions/tried"
WORDING = f"{TRIED}/wording"
SHOWN, LONGEST = 6, 200  # entries found; characters of what they are looked for by


def why(request: Request) -> Response:
    """What the bot chose, how sure it was, and what else it considered. Asked for when somebody wants to know."""
    with reading() as db:
        message, _ = queries.message_for(db, request.state.viewer, path_id(request))
        decision = ratings.decision_of(db, message)
        said = ratings.judgements(db, [message.id]).get(message.id)
    return partial(request, "inbox/_why_told.html", d=decision, message=message, said=said)


def choose(request: Request) -> Response:
    """The entries that may have been right; ``?q=`` looks for others by their words."""
    wanted = request.query_params.get("q")
    with reading() as db:
        message, _ = queries.message_for(db, request.state.viewer, path_id(request))
        if wanted is not None:
            return partial(request, "inbox/_correct_found.html", found=_found(db, wanted[:LONGEST], message))
        return _choice(request, db, message)


def _choice(request: Request, db: Session, message: Message, problem: str = "") -> Response:
    decision = ratings.decision_of(db, message)
    return partial(
        request,
        "inbox/_correct.html",
        status=422 if problem else 200,
        question=_asked(decision),
        message=message,
        found=_found(db, "", message),
        problem=problem,
    )


def _found(db: Session, wanted: str, message: Message) -> Sequence[tuple[int, str]]:
    """(id, title) of entries that :func:`_by_words` finds; without words, what the bot considered. Not the one it
    gave."""
    decision, titles = ratings.decision_of(db, message), titles_of(db)
    given = decision.entry_id if decision else None
    if wanted.strip():
        ids = _by_words(db, titles, wanted)
    else:
        considered: Sequence[Mapping[str, Any]] = decision.detail.get("considered", ()) if decision else ()
        ids = [one["entry_id"] for one in considered]
    return [(id, titles[id]) for id in dict.fromkeys(ids) if id in titles and id != given][:SHOWN]


def _by_words(db: Session, titles: Mapping[int, str], wanted: str) -> list[int]:
    """Entries by what is in their titles, then by what they answer."""
    return [*_by_title(titles, wanted), *_by_question(db, wanted)]


def _by_title(titles: Mapping[int, str], wanted: str) -> list[int]:
    folded = fold(wanted)
    return [id for id, title in titles.items() if folded and folded in fold(title)]


def _by_question(db: Session, wanted: str) -> list[int]:
    found = bots.look_up(bots.Question(wanted), answers.draft_book(db))
    return [match.entry.id for match in found.matches[:SHOWN]]


def _asked(decision: Decision | None) -> str:
    return str(decision.detail.get("question", "")) if decision else ""


def correct(request: Request, form: FormData) -> Response:
    """Which entry is right for what the customer asked."""
    viewer = request.state.viewer
    with reading() as db:
        message, _ = queries.message_for(db, viewer, path_id(request))
    try:
        entry_id = entry_given(form)
        with transaction() as db:
            ratings.correct(db, viewer, db.get_one(Message, message.id), entry_id)
            return _kept(request, db, entry_id)
    except knowledge.Invalid as invalid:
        problem = next(iter(errors_of(invalid.problems, request).values()))
        with reading() as db:
            return _choice(request, db, message, problem)


def choose_tried(request: Request) -> Response:
    """Entries that may have been right for what was typed in the settings, by words (``?q=``)."""
    require_role(request, *EDITORS)
    wanted = request.query_params.get("q", "")[:LONGEST]
    with reading() as db:
        titles = titles_of(db)
        ids = dict.fromkeys(_by_words(db, titles, wanted)) if wanted.strip() else ()
        found = [(id, titles[id]) for id in ids if id in titles][:SHOWN]
    return partial(request, "inbox/_correct_found.html", found=found)


def correct_try(request: Request, form: FormData) -> Response:
    """The same for what was typed in the settings."""
    require_role(request, *EDITORS)
    try:
        with transaction() as db:
            row = questions.label(
                db, request.state.viewer, text(form, "text"), entry_given(form), origin="tried"
            )
            return _kept(request, db, row.entry_id, tried=row)
    except knowledge.Invalid as invalid:
        return _refused(request, invalid)


def add_wording(request: Request, form: FormData) -> Response:
    """What was typed there as one more wording of the right entry, in the draft."""
    require_role(request, *EDITORS)
    said = text(form, "text")
    try:
        with transaction() as db:
            entry = db.get(FaqEntry, number(text(form, "entry")) or 0)
            if entry is None:
                raise knowledge.Invalid({"entry": "This entry is gone. Choose another one."})
            knowledge.add_questions(db, request.state.viewer, entry, [said])
            return _kept(request, db, entry.id, added=True)
    except knowledge.Invalid as invalid:
        return _refused(request, invalid)


def _kept(
    request: Request,
    db: Session,
    entry_id: int | None,
    tried: LabelledQuestion | None = None,
    *,
    added: bool = False,
) -> Response:
    """`tried`: the question, where its words may become a wording of the entry; `added`: they did."""
    entry = db.get(FaqEntry, entry_id) if entry_id and tried else None
    new = bool(tried and entry and one_line(tried.text, 500) not in entry.questions)
    unreachable = bool(tried and entry and questions.unreachable(tried, entry.language))
    return partial(
        request,
        "inbox/_corrected.html",
        problem="",
        entry_id=entry_id,
        titles=titles_of(db),
        tried=tried.text if tried and new and not unreachable else "",
        unreachable=unreachable,
        added=added,
    )


def _refused(request: Request, invalid: knowledge.Invalid) -> Response:
    problem = next(iter(errors_of(invalid.problems, request).values()))
    return partial(request, "inbox/_corrected.html", status=422, problem=problem, entry_id=None, titles={})


routes = [
    Route("/messages/{id:int}/why", why, methods=["GET"]),
    Route("/messages/{id:int}/correction", choose, methods=["GET"]),
    Route("/messages/{id:int}/correction", with_form(correct), methods=["POST"]),
    Route(TRIED, choose_tried, methods=["GET"]),
    Route(TRIED, with_form(correct_try), methods=["POST"]),
    Route(WORDING, with_form(add_wording), methods=["POST"]),
]
