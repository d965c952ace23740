"""What the bot knows, published: the draft beside it, its versions, reviews, and the way back."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import knowledge
from app.db import reading, transaction
from app.knowledge import differences, doubles, questions, versions
from app.knowledge.versions import Change, Manners
from app.models import KnowledgeRun, KnowledgeVersion
from app.proving import evaluating, runs
from app.queries import NotFound
from app.web.knowledge import EDITORS
from app.web.pages import done, number, page, path_id, require_role, text, with_form, words
from app.web.proposing import waiting as proposed
from app.web.proving import harm_told

HERE = "/settings/knowledge"
WORDS = f"{HERE}/words"
SHOWN = 200  # changes on one page


@dataclass(frozen=True, slots=True)
class Shown:
    """A change as it is told: what it is called, where it is edited, and its fields."""

    change: Change
    name: str
    address: str
    fields: list[differences.Field]


def index(request: Request) -> Response:
    require_role(request, *EDITORS)
    with reading() as db:
        return _page(request, db)


def _page(request: Request, db: Session, problem: str = "", typed: str = "", advice: str = "") -> Response:
    draft, published = versions.draft(db), versions.content(db)
    found = versions.changes(published, draft)
    viewer = request.state.viewer
    barred = versions.must_not_publish(db, viewer, found)
    return page(
        request,
        "settings/knowledge.html",
        status=422 if problem else 200,
        section="knowledge",
        changes=shown(found, {**published, **draft}),
        total=len(found),
        doubles=doubles.doubles(db),
        seen=versions.fingerprint(draft),
        number=versions.number(db),
        versions=versions.all_versions(db),
        barred=words(request, barred) if barred else "",
        review=versions.review(db),
        manners=versions.manners(db),
        problem=problem,
        typed=typed,
        advice=advice,
        **_measured(request, db),
        **proposed(db),
    )


def _measured(request: Request, db: Session) -> dict[str, Any]:
    """The evaluation of this very draft, if there is one, and what it says about publishing."""
    run = runs.latest(db, runs.EVALUATION)
    going = run is not None and run.state in ("waiting", "running")
    current = run is not None and (going or run.draft == evaluating.key(db))
    result = run.result if run and current and run.state == "done" else {}
    return {
        "measurable": questions.some(db),
        "run": run if current else None,
        "result": result,
        "harm": harm_told(request, result) if result else [],
        "refused": words(request, result["refused"]) if result.get("refused") else "",
    }


def shown(found: list[Change], content: versions.Content) -> list[Shown]:
    """The first of these changes, field by field; entries they name are told by their titles in `content`."""
    usual = knowledge.ENTRY_USUAL
    return [
        Shown(
            one,
            _name(one),
            _address(one),
            differences.fields(
                _titled(one.before, content),
                _titled(one.after, content),
                usual if one.noun == knowledge.ENTRY else {},
            ),
        )
        for one in found[:SHOWN]
    ]


def _titled(data: dict[str, Any] | None, content: versions.Content) -> dict[str, Any] | None:
    if data is None or "follow_ups" not in data:
        return data

    def called(id: int) -> str:
        return str(content.get((knowledge.ENTRY, id), {}).get("title") or f"#{id}")

    twin, form = data["translation_of"], data.get("flow_id")
    return {
        **data,
        "follow_ups": [called(id) for id in data["follow_ups"]],
        "translation_of": called(twin) if twin else None,
        "flow_id": str(content.get((knowledge.FLOW, form), {}).get("name") or f"#{form}") if form else None,
    }


def _name(change: Change) -> str:
    return str(change.data.get("title") or change.data.get("name") or "")


def _address(change: Change) -> str:
    if change.noun == knowledge.WORDS:
        return WORDS
    if change.noun == knowledge.SETTINGS or change.after is None:
        return ""
    place = {knowledge.ENTRY: "faq", knowledge.FLOW: "flows"}.get(change.noun, "rules")
    return f"/settings/{place}/{change.noun_id}"


def publish(request: Request, form: FormData) -> Response:
    """Make the draft what the bot answers from."""
    require_role(request, *EDITORS)
    reason, overruled = text(form, "reason"), text(form, "overruled")
    try:
        with transaction() as db:
            viewer, seen = request.state.viewer, text(form, "seen")
            made = evaluating.publish(db, viewer, reason, seen=seen, overruled=overruled)
    except versions.Refused as refused:
        with reading() as db:
            return _page(request, db, words(request, refused.sentence, **refused.values), reason)
    if isinstance(made, KnowledgeRun):
        return done(request, HERE)
    toast = words(request, "Version %(n)s is published. The bot answers from it now.", n=made.number)
    return done(request, HERE, toast)


def undo(request: Request, form: FormData) -> Response:
    """Take back in the draft what was done to one thing since it was published."""
    require_role(request, *EDITORS)
    with transaction() as db:
        versions.bring_back(db, request.state.viewer, text(form, "noun"), number(text(form, "noun_id")) or 0)
    return done(request, HERE, words(request, "The draft has it as it is published."))


def ask(request: Request, form: FormData) -> Response:
    """Ask for a review."""
    require_role(request, *EDITORS)
    with transaction() as db:
        versions.ask_for_review(db, request.state.viewer, text(form, "note"))
    return done(request, HERE, words(request, "The review is asked for. Whoever may publish sees it here."))


def give_back(request: Request, form: FormData) -> Response:
    """Return the draft with advice."""
    require_role(request, *EDITORS)
    note = text(form, "note")
    try:
        with transaction() as db:
            versions.return_review(db, request.state.viewer, note)
    except versions.Refused as refused:
        with reading() as db:
            return _page(request, db, words(request, refused.sentence), advice=note)
    return done(request, HERE, words(request, "The advice stands with the draft."))


def change_manners(request: Request, form: FormData) -> Response:
    """Who may publish."""
    require_role(request, "admin")
    role = text(form, "role")
    wanted = Manners(role if role in versions.PUBLISHERS else "supervisor", bool(text(form, "second_person")))
    with transaction() as db:
        versions.change_manners(db, request.state.viewer, wanted)
    return done(request, HERE, words(request, "Saved."))


def version(request: Request) -> Response:
    """One version: what changed with it, or since another one (``?since=``)."""
    require_role(request, *EDITORS)
    with reading() as db:
        return _version(request, db)


def _version(request: Request, db: Session, problem: str = "", typed: str = "") -> Response:
    found = _find(db, request)
    given = number(request.query_params.get("since"))
    since = found.number - 1 if given is None else min(given, versions.number(db))
    earlier, later = versions.content(db, since), versions.content(db, found.number)
    changes = versions.changes(earlier, later)
    every = versions.all_versions(db)
    shown_changes = shown(changes, {**earlier, **later})
    return page(
        request,
        "settings/knowledge_version.html",
        status=422 if problem else 200,
        section="knowledge",
        version=found,
        by=next((name for one, name in every if one.number == found.number), ""),
        since=since,
        number=versions.number(db),
        versions=every,
        changes=shown_changes,
        total=len(changes),
        problem=problem,
        typed=typed,
    )


def restore(request: Request, form: FormData) -> Response:
    """Publish again what this version held."""
    require_role(request, *EDITORS)
    reason = text(form, "reason")
    try:
        with transaction() as db:
            found = _find(db, request)
            made = versions.roll_back(db, request.state.viewer, found.number, reason)
    except versions.Refused as refused:
        with reading() as db:
            return _version(request, db, words(request, refused.sentence, **refused.values), reason)
    toast = words(
        request,
        "The bot answers as in version %(old)s again; that is version %(n)s.",
        old=found.number,
        n=made.number,
    )
    return done(request, HERE, toast)


def _find(db: Session, request: Request) -> KnowledgeVersion:
    found = db.get(KnowledgeVersion, path_id(request))
    if found is None:
        raise NotFound(HERE)
    return found


def waiting(db: Session, noun: str) -> dict[str, Any]:
    """For the lists of entries and rules: how much is not published yet, and what of this noun, by id."""
    found = versions.unpublished(db)
    return {
        "unpublished": len(found),
        "waiting": {one.noun_id: one.kind for one in found if one.noun == noun},
    }


routes = [
    Route(HERE, index, methods=["GET"]),
    Route(f"{HERE}/publication", with_form(publish), methods=["POST"]),
    Route(f"{HERE}/undoing", with_form(undo), methods=["POST"]),
    Route(f"{HERE}/review", with_form(ask), methods=["POST"]),
    Route(f"{HERE}/advice", with_form(give_back), methods=["POST"]),
    Route(f"{HERE}/manners", with_form(change_manners), methods=["POST"]),
    Route(f"{HERE}/versions/{{id:int}}", version, methods=["GET"]),
    Route(f"{HERE}/versions/{{id:int}}/restoration", with_form(restore), methods=["POST"]),
]
