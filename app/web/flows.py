"""Forms the bot goes through with customers: list, editor, picture, and TOML in and out."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import bots
from app import knowledge, webhooks
from app.db import reading, transaction
from app.knowledge import flows
from app.knowledge.diagram import diagram
from app.models import Agent, BotFlow, Team
from app.queries import NotFound
from app.web.knowledge import EDITORS, Shelf
from app.web.pages import done, page, path_id, require_role, text, with_form, words
from app.web.publishing import waiting
from bots.flow import KINDS, MOST_STEPS

LIST = "/settings/flows"
EMPTY = dict.fromkeys(flows.fields(), "") | {
    "language": "ja",
    "enabled": "1",
    "end_confirm": "1",
    "s0_kind": "text",
}
UNNAMED = "One a line: attribute = short name of the question."
SPARE = 2  # empty places for more questions


def index(request: Request) -> Response:
    with reading() as db:
        return _list(request, db)


def _list(request: Request, db: Session, problem: str = "", typed: str = "") -> Response:
    waits = waiting(db, knowledge.FLOW)
    rows = [(row, len(row.steps)) for row in knowledge.all_flows(db)]
    return page(
        request,
        "settings/flows.html",
        status=422 if problem else 200,
        section="flows",
        flows=rows,
        problem=problem,
        typed=typed,
        **waits,
    )


def new(request: Request) -> Response:
    with reading() as db:
        return SHELF.form(request, EMPTY | {"language": request.state.viewer.locale}, None, db)


def read(request: Request, form: FormData) -> Response:
    """Forms written as TOML: each over the one of its key, or a new one."""
    require_role(request, *EDITORS)
    given = text(form, "toml")
    try:
        with transaction() as db:
            flows.take_in(db, request.state.viewer, given)
    except flows.Unreadable as trouble:
        problem = words(request, trouble.sentence, **trouble.values)
    except knowledge.Invalid as invalid:
        problem = " ".join(words(request, one, **invalid.values) for one in invalid.problems.values())
    else:
        return done(request, LIST, words(request, "Taken into the draft."))
    with reading() as db:
        return _list(request, db, problem, given)


def written(request: Request) -> Response:
    """A form as TOML, to keep or to take elsewhere."""
    with reading() as db:
        row = db.get(BotFlow, path_id(request))
        if row is None:
            raise NotFound(LIST)
        told = flows.to_toml(db, [knowledge.stored(row)])
    headers = {"Content-Disposition": f'attachment; filename="form-{path_id(request)}.toml"'}
    return Response(told, media_type="application/toml; charset=utf-8", headers=headers)


def _write(db: Session, viewer: Agent, row: BotFlow | None, given: Mapping[str, str]) -> BotFlow:
    try:
        data = flows.form_data(given)
        if not all(name and of for name, of in data["ending"].get("attributes", {}).items()):
            raise knowledge.Invalid({"end_attributes": UNNAMED})
        return flows.save_flow(db, viewer, row, data)
    except knowledge.Invalid as invalid:
        places = {f"step{at}": f"s{slot}_label" for at, slot in enumerate(flows.slots(given))}
        told = {places.get(name, name): sentence for name, sentence in invalid.problems.items()}
        raise knowledge.Invalid(told, invalid.values) from None


def _typed(row: BotFlow) -> dict[str, str]:
    return EMPTY | flows.typed(knowledge.stored(row))


def _beside(db: Session, row: BotFlow | None, values: Mapping[str, str]) -> dict[str, Any]:
    """What the form shows besides: how many questions, the picture of what is typed, whom it can name."""
    data = flows.form_data(values)
    used = max(
        (at + 1 for at in range(MOST_STEPS) if values[f"s{at}_ask"] or values[f"s{at}_label"]), default=0
    )
    flow = bots.flow_of(0, data)
    names = [(step["name"], step["label"]) for step in data["steps"]]
    teams = [(str(one.id), one.name) for one in db.scalars(select(Team).order_by(Team.name))]
    hooks = [(str(one.id), one.name) for one in webhooks.errands.hooks(db)]
    return {
        "used": used,
        "slots": range(min(MOST_STEPS, used + SPARE)),
        "names": names,
        "picture": diagram(flow) if data["steps"] and not bots.check_flow(flow) else None,
        "teams": teams,
        "hooks": hooks,
        "kinds": KINDS,
    }


SHELF = Shelf(
    BotFlow,
    LIST,
    template="settings/flow.html",
    called="flow",
    empty=EMPTY,
    typed=_typed,
    write=_write,
    goes_to=lambda row: f"{LIST}/{row.id}",
    saved="Saved in the draft. The bot goes through it once it is published.",
    removed="The form was deleted from the draft.",
    shown={"section": "flows"},
    beside=_beside,
)

routes = [
    Route(LIST, index, methods=["GET"]),
    Route(f"{LIST}/new", new, methods=["GET"]),
    Route(f"{LIST}/reading", with_form(read), methods=["POST"]),
    Route(f"{LIST}/{{id:int}}/toml", written, methods=["GET"]),
    *SHELF.routes(),
]
