"""How good the draft is: labelled questions, their evaluation beside the published version, the threshold."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import knowledge
from app.db import reading, transaction
from app.knowledge import questions
from app.models import KnowledgeRun, LabelledQuestion
from app.proving import evaluating, runs
from app.proving.figures import Case, harm, is_right
from app.proving.picture import picture
from app.queries import NotFound
from app.web import modelled
from app.web.knowledge import EDITORS
from app.web.pages import (
    done,
    errors_of,
    number,
    page,
    partial,
    path_id,
    require_role,
    text,
    with_form,
    words,
)

HERE = "/settings/knowledge/evaluation"
QUESTIONS = "/settings/knowledge/questions"
RUNS = "/settings/knowledge/runs"
SHOWN = 200  # cases and questions on a page
VIEWS = ("trouble", "changed", "all")


def show(request: Request) -> Response:
    """The latest evaluation."""
    require_role(request, *EDITORS)
    view = request.query_params.get("view", "")
    with reading() as db:
        run = runs.latest(db, runs.EVALUATION)
        known = questions.some(db)
        stale = run is not None and run.state == "done" and run.draft != evaluating.key(db)
        thresholds = knowledge.stored_settings(db)
        titles = titles_of(db)
        model = modelled.shown(request, db)
    result = run.result if run and run.state == "done" and run.result.get("cases") else None
    cases = evaluating.cases_of(run) if run and result else []
    view = view if view in VIEWS else "trouble" if any(_in_view(one, "trouble") for one in cases) else "all"
    chosen = [one for one in cases if _in_view(one, view)]
    return page(
        request,
        "settings/evaluation.html",
        section="evaluation",
        run=run,
        result=result,
        known=known,
        stale=stale,
        harm=harm_told(request, result) if result else [],
        picture=_picture(result) if result else None,
        thresholds=thresholds,
        view=view,
        counts={each: sum(_in_view(one, each) for one in cases) for each in VIEWS},
        cases=[(one, is_right(one, one.draft), is_right(one, one.published)) for one in chosen[:SHOWN]],
        more=max(0, len(chosen) - SHOWN),
        titles=titles,
        model=model,
    )


def harm_told(request: Request, result: Mapping[str, Any]) -> list[str]:
    """Why the draft of an evaluation should not be published, in the reader's words."""
    return [
        words(request, sentence, **values) for sentence, values in harm(result["draft"], result["published"])
    ]


def _in_view(case: Case, view: str) -> bool:
    if view == "trouble":
        return not is_right(case, case.draft)
    return view == "all" or case.draft.id != case.published.id


def _picture(result: Mapping[str, Any]) -> Any:
    at = {"draft": result["threshold"], "published": result["threshold_published"]}
    return picture(result["curves"], at)


def titles_of(db: Session) -> dict[int, str]:
    """Every entry of the draft by its number."""
    return {one.id: one.title for one in knowledge.all_entries(db)}


def begin(request: Request, _form: FormData) -> Response:
    """Measure the draft."""
    require_role(request, *EDITORS)
    with transaction() as db:
        evaluating.begin(db, request.state.viewer)
    return done(request, HERE)


def progress(request: Request) -> Response:
    """How far a run is; when it is over, the page is asked for anew."""
    require_role(request, *EDITORS)
    with reading() as db:
        run = db.get(KnowledgeRun, path_id(request))
    if run is None:
        raise NotFound(RUNS)
    answer = partial(request, "settings/_run.html", run=run)
    if run.state in ("done", "failed"):
        answer.headers["HX-Refresh"] = "true"
    return answer


def set_thresholds(request: Request, form: FormData) -> Response:
    """From which score on the bot answers; asking back follows below it."""
    require_role(request, *EDITORS)
    answer = float(number(text(form, "threshold_answer")) or 0)
    try:
        with transaction() as db:
            ask = min(knowledge.stored_settings(db)["threshold_ask"], answer)
            knowledge.set_thresholds(db, request.state.viewer, answer, ask)
    except knowledge.Invalid as invalid:
        return done(request, HERE, next(iter(errors_of(invalid.problems, request).values())))
    return done(request, HERE, words(request, "Kept in the draft. Measure again to see what it does."))


# Labelled questions --------------------------------------------------------------------------------------


def list_questions(request: Request) -> Response:
    require_role(request, *EDITORS)
    with reading() as db:
        return _questions(request, db)


def _questions(
    request: Request,
    db: Session,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    refused: Sequence[tuple[int, str]] = (),
) -> Response:
    rows = questions.all_questions(db)
    entries = {one.id: one for one in knowledge.all_entries(db)}
    edited = db.get(LabelledQuestion, number(request.query_params.get("edit")) or 0)
    usual = {"text": edited.text, "entry": edited.entry_id or "none"} if edited else {}
    return page(
        request,
        "settings/questions.html",
        status=422 if errors or refused else 200,
        section="evaluation",
        rows=rows[:SHOWN],
        total=len(rows),
        titles={id: entry.title for id, entry in entries.items()},
        languages={id: entry.language for id, entry in entries.items()},
        unreachable=questions.unreachable,
        values={"text": "", "entry": "", **usual, **(values or {})},
        errors=errors or {},
        refused=[(line, words(request, sentence)) for line, sentence in refused],
    )


def save_question(request: Request, form: FormData) -> Response:
    """Keep a question with the entry that answers it."""
    require_role(request, *EDITORS)
    try:
        with transaction() as db:
            questions.label(
                db, request.state.viewer, text(form, "text"), entry_given(form), origin=origin_given(form)
            )
    except knowledge.Invalid as invalid:
        with reading() as db:
            values = {"text": text(form, "text"), "entry": text(form, "entry")}
            return _questions(request, db, values, errors_of(invalid.problems, request))
    back = text(form, "back")
    return done(
        request,
        back if back.startswith("/settings/knowledge/") else QUESTIONS,
        words(request, "Kept as a test question."),
    )


def entry_given(form: FormData) -> int | None:
    """The entry a form names; None: none answers. Raises `knowledge.Invalid`."""
    given = text(form, "entry")
    given = text(form, "other") if given == "other" else given
    if given == "none":
        return None
    found = number(given)
    if found is None:
        raise knowledge.Invalid({"entry": "Choose the entry that answers it, or that none does."})
    return found


def origin_given(form: FormData) -> str:
    """Where a question was labelled."""
    given = text(form, "origin")
    return given if given in questions.ORIGINS else "written"


def remove_question(request: Request, _form: FormData) -> Response:
    require_role(request, *EDITORS)
    with transaction() as db:
        row = db.get(LabelledQuestion, path_id(request))
        if row is None:
            raise NotFound(QUESTIONS)
        questions.remove(db, request.state.viewer, row)
    return done(request, QUESTIONS, words(request, "The bot is measured with it no more."))


def read_questions(request: Request, form: FormData) -> Response:
    """Take in a file of questions, or lines that were pasted."""
    require_role(request, *EDITORS)
    with transaction() as db:
        came = questions.read(db, request.state.viewer, file_or_text(form, "file", "lines"))
    if came.refused or not came.taken:
        refused = came.refused or ((1, "There is no question in it."),)
        with reading() as db:
            return _questions(request, db, refused=refused)
    return done(request, QUESTIONS, words(request, "%(n)s test questions were read.", n=came.taken))


def file_or_text(form: FormData, file: str, lines: str) -> str:
    """What was uploaded, else what was pasted, as text."""
    given = form.get(file)
    if isinstance(given, UploadFile) and given.filename:
        return given.file.read().decode("utf-8", "replace")
    return text(form, lines)


routes = [
    Route(HERE, show, methods=["GET"]),
    Route(HERE, with_form(begin), methods=["POST"]),
    Route(f"{HERE}/thresholds", with_form(set_thresholds), methods=["POST"]),
    Route(f"{RUNS}/{{id:int}}", progress, methods=["GET"]),
    Route(QUESTIONS, list_questions, methods=["GET"]),
    Route(QUESTIONS, with_form(save_question), methods=["POST"]),
    Route(f"{QUESTIONS}/file", with_form(read_questions), methods=["POST"]),
    Route(f"{QUESTIONS}/{{id:int}}/removal", with_form(remove_question), methods=["POST"]),
]
