"""The inbox: list, and the conversation that is open beside it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app import canned, general, queries, tasks
from app.db import reading
from app.models import Agent, Message
from app.models.agent import STORE
from app.web import pane as panes
from app.web.pages import Badges, number, page, partial, path_id, words
from app.web.rows import rows

TABS = (("mine", "Mine"), ("unassigned", "Unassigned"), ("teams", "Teams"), ("bot", "Bot"))
MORE = (("open", "All open"), ("snoozed", "Snoozed"), ("resolved", "Resolved"))


def index(request: Request) -> Response:
    """The list and nothing open yet."""
    with reading() as db:
        listed = _listed(db, request)
    response = page(request, "inbox/index.html", area="inbox", pane=None, **listed)
    for name in (
        "view",
        "sort",
    ):  # so that a reload, or a link to a conversation, keeps the list one works from
        response.set_cookie(name, listed[name], samesite="lax", httponly=True)
    return response


def permalink(request: Request) -> Response:
    """The list and a conversation; ``?m=`` opens it at a message."""
    with reading() as db:
        head = queries.conversation_for(db, request.state.viewer, path_id(request))
        if head.id != path_id(request):
            return RedirectResponse(f"/inbox/{head.id}", 303)
        opened = panes.whole(db, request.state.viewer, head, _around(db, request))
        return page(request, "inbox/index.html", area="inbox", pane=opened, **_listed(db, request))


def open_pane(request: Request) -> Response:
    """The conversation alone, for the place beside the list."""
    with reading() as db:
        head = queries.conversation_for(db, request.state.viewer, path_id(request))
        return partial(request, "inbox/_pane.html", pane=panes.whole(db, request.state.viewer, head))


def more_rows(request: Request) -> Response:
    """A page of rows: the first of a view anew, or the one after a cursor."""
    with reading() as db:
        return partial(request, "inbox/_rows.html", **_rows(db, request))


def counts(request: Request) -> Response:
    """How many stand in each view, up to 99+."""
    with reading() as db:
        return JSONResponse(counted(db, request.state.viewer))


def helpers(request: Request) -> Response:
    """Canned replies and people, for ``/`` and ``@`` in the composer."""
    with reading() as db:
        replies = canned.for_composer(db, request.state.viewer.name, general.shop_name(db))
        serving = select(Agent).where(Agent.active.is_(True), Agent.role != STORE)
        people = db.scalars(serving.order_by(Agent.name)).all()
        return JSONResponse(
            {
                "replies": replies,
                "people": [{"id": one.id, "name": one.name} for one in people],
            }
        )


def counted(db: Session, viewer: Agent) -> dict[str, int]:
    """The numbers on the tabs and on the rail."""
    numbers = {view: queries.count(db, viewer, view) for view, _ in TABS}
    desk = len(queries.desk(db, viewer)) if viewer.oversees else 0
    return {**numbers, "escalations": desk, "tasks": tasks.due_count(db, viewer)}


def _listed(db: Session, request: Request) -> dict[str, Any]:
    numbers = counted(db, request.state.viewer)
    listed = _rows(db, request)
    named = {view: words(request, name) for view, name in (*TABS, *MORE)}
    return {
        **listed,
        "counts": numbers,
        "badges": Badges(escalations=numbers["escalations"], tasks=numbers["tasks"]),
        "views": [(view, named[view]) for view, _ in TABS],
        "more_views": [(view, named[view]) for view, _ in MORE],
        "view_name": named[listed["view"]] if listed["view"] in dict(MORE) else "",
    }


def _rows(db: Session, request: Request) -> dict[str, Any]:
    asked = request.query_params
    view = asked.get("view") or request.cookies.get("view") or "mine"
    view = view if view in queries.VIEWS else "mine"
    sort = asked.get("sort") or request.cookies.get("sort") or "newest"
    sort = sort if sort in queries.SORTS else "newest"
    found = queries.list_page(db, request.state.viewer, view, sort=sort, after=asked.get("after"))
    return {
        "rows": rows(db, request.state.viewer, found.rows),
        "view": view,
        "sort": sort,
        "after": found.after,
        "first": "after" not in asked,
    }


def _around(db: Session, request: Request) -> Message | None:
    wanted = number(request.query_params.get("m"))
    if wanted is None:
        return None
    return queries.message_for(db, request.state.viewer, wanted)[0]


routes = [
    Route("/", lambda _request: RedirectResponse("/inbox", 303), methods=["GET"]),
    Route("/inbox", index, methods=["GET"]),
    Route("/inbox/rows", more_rows, methods=["GET"]),
    Route("/inbox/counts", counts, methods=["GET"]),
    Route("/inbox/helpers", helpers, methods=["GET"]),
    Route("/inbox/{id:int}", permalink, methods=["GET"]),
    Route("/inbox/{id:int}/pane", open_pane, methods=["GET"]),
]
