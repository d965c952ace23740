"""Past days' questions asked of the draft: which days, what would change, and what people say of each change."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import bots
from app import knowledge
from app.bot import answers
from app.db import now, reading, transaction
from app.knowledge import questions, versions
from app.models import Channel, KnowledgeRun
from app.proving import past, replaying, runs
from app.proving.picture import Piece, strip
from app.proving.replaying import Change
from app.queries import NotFound
from app.render import zone_of
from app.web.knowledge import EDITORS
from app.web.pages import (
    done,
    errors_of,
    is_htmx,
    number,
    page,
    partial,
    path_id,
    require_role,
    text,
    with_form,
    words,
)
from app.web.proving import entry_given, titles_of

HERE = "/settings/knowledge/replay"
USUAL = timedelta(days=6)  # before today
SHOWN = 50
LIKELY = 5  # entries offered first where another one is right


def show(request: Request) -> Response:
    """The days, and the latest replay."""
    require_role(request, *EDITORS)
    with reading() as db:
        return _page(request, db)


def _page(
    request: Request,
    db: Session,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    run = runs.latest(db, runs.REPLAY)
    over = run is not None and run.state == "done"
    channels = db.execute(select(Channel.id, Channel.name).order_by(Channel.name, Channel.id)).all()
    return page(
        request,
        "settings/replay.html",
        status=422 if errors else 200,
        section="evaluation",
        run=run,
        result=run.result if run and over else None,
        stale=bool(run and over and run.draft != versions.fingerprint(versions.draft(db))),
        values=typed or _days(request, run),
        errors=errors or {},
        channels=channels,
        channel_names=dict(channels),
        **(_changes(request, db, run) if run and over else {}),
    )


def _days(request: Request, run: KnowledgeRun | None) -> dict[str, str]:
    """Which days the form names: those of the latest replay, else the last seven."""
    today = now().astimezone(zone_of(request.state.viewer)).date()
    wanted = run.wanted if run else {"first": (today - USUAL).isoformat(), "last": today.isoformat()}
    return {
        "first": wanted["first"],
        "last": wanted["last"],
        "channel": str(wanted.get("channel_id") or ""),
    }


def _changes(request: Request, db: Session, run: KnowledgeRun) -> dict[str, Any]:
    """What is shown of the changes: of one kind or all (``?kind=``), left to be judged or all (``?all=1``)."""
    found, verdicts = replaying.changes_of(run), replaying.verdicts_of(run)
    kind, everything = request.query_params.get("kind", ""), bool(request.query_params.get("all"))
    kind = kind if kind in replaying.KINDS else ""
    of_kind = [one for one in found if one.kind == kind or not kind]
    wanted = [one for one in of_kind if everything or one.place not in verdicts]
    counts = run.result["counts"]
    shown = wanted[:SHOWN]
    said = replaying.words_of(db, shown)
    return {
        "kind": kind,
        "everything": everything,
        "pieces": _pieces(run.result),
        "counts": counts,
        "changed": sum(counts.values()),
        "kept": len(found),
        "judged": Counter(one.said for one in verdicts.values()),
        "left": sum(one.place not in verdicts for one in of_kind),
        "rows": [(one, said[one.message_id]) for one in shown if one.message_id in said],
        "more": len(wanted) - len(shown),
        "verdicts": verdicts,
        "known": questions.find_all(db, [one.text for one in said.values()]),
        "titles": titles_of(db),
    }


def _pieces(result: Mapping[str, Any]) -> list[Piece]:
    counts = [(kind, result["counts"].get(kind, 0)) for kind in replaying.KINDS]
    return strip([*counts, ("same", result["questions"] - sum(count for _, count in counts))])


def begin(request: Request, form: FormData) -> Response:
    """Ask the draft what customers asked on these days."""
    require_role(request, *EDITORS)
    typed = {name: text(form, name) for name in ("first", "last", "channel")}
    zone = zone_of(request.state.viewer).key
    try:
        wanted = past.days(typed["first"], typed["last"], zone, number(typed["channel"]))
    except knowledge.Invalid as invalid:
        with reading() as db:
            return _page(request, db, typed, errors_of(invalid.problems, request))
    with transaction() as db:
        replaying.begin(db, request.state.viewer, wanted)
    return done(request, HERE)


def choose(request: Request) -> Response:
    """The entries that may be right for the question of a change, the likeliest first."""
    require_role(request, *EDITORS)
    with reading() as db:
        return _choice(request, db)


def _choice(request: Request, db: Session, problem: str = "") -> Response:
    run, change, message = _find(db, request)
    found = bots.look_up(bots.Question(message.text), answers.draft_book(db))
    titles = titles_of(db)
    near = [change.new.entry_id, change.old.entry_id, *change.new.offered, *change.old.offered]
    near += [match.entry.id for match in found.matches]
    likely = [id for id in dict.fromkeys(near) if id in titles][:LIKELY]
    return partial(
        request,
        "settings/_replay_choice.html",
        status=422 if problem else 200,
        run=run,
        change=change,
        likely=likely,
        titles=titles,
        problem=problem,
    )


def judge(request: Request, form: FormData) -> Response:
    """It is right so, or another entry is, or none."""
    require_role(request, *EDITORS)
    try:
        with transaction() as db:
            run, change, _ = _find(db, request)
            if text(form, "said") == replaying.ACCEPTED:
                replaying.accept(db, request.state.viewer, run, change.place)
            else:
                replaying.correct(db, request.state.viewer, run, change.place, entry_given(form))
    except knowledge.Invalid as invalid:
        with reading() as db:
            return _choice(request, db, next(iter(errors_of(invalid.problems, request).values())))
    return _row(request)


def take_back(request: Request, _form: FormData) -> Response:
    """What was said of a change is unsaid."""
    require_role(request, *EDITORS)
    with transaction() as db:
        run, change, _ = _find(db, request)
        replaying.take_back(db, request.state.viewer, run, change.place)
    return _row(request)


def _row(request: Request) -> Response:
    """The change as it stands now."""
    with reading() as db:
        run, change, message = _find(db, request)
        if not is_htmx(request):
            return done(request, f"{HERE}?all=1#change-{change.place}", words(request, "Saved."))
        return partial(
            request,
            "settings/_replay_row.html",
            run=run,
            change=change,
            message=message,
            verdicts=replaying.verdicts_of(run),
            known=questions.find_all(db, [message.text]),
            titles=titles_of(db),
        )


def _find(db: Session, request: Request) -> tuple[KnowledgeRun, Change, replaying.Said]:
    """The change the path names, with the words it is about. Raises `NotFound`."""
    run, place = db.get(KnowledgeRun, path_id(request)), int(request.path_params["place"])
    found = replaying.changes_of(run) if run is not None and run.kind == runs.REPLAY else []
    if run is None or place >= len(found):
        raise NotFound(HERE)
    message = replaying.words_of(db, [found[place]]).get(found[place].message_id)
    if message is None:
        raise NotFound(HERE)
    return run, found[place], message


_CHANGE = f"{HERE}/{{id:int}}/changes/{{place:int}}"
routes = [
    Route(HERE, show, methods=["GET"]),
    Route(HERE, with_form(begin), methods=["POST"]),
    Route(f"{_CHANGE}/choice", choose, methods=["GET"]),
    Route(f"{_CHANGE}/verdict", with_form(judge), methods=["POST"]),
    Route(f"{_CHANGE}/verdict/removal", with_form(take_back), methods=["POST"]),
]
