"""The list of customers: asked by conditions that combine, kept as filters, exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app import canonical, connect, rates
from app.db import now, reading, transaction
from app.directory import filters, people
from app.directory.paging import BadCursor, Page
from app.directory.people import Someone
from app.directory.wanted import Unclear, Wanted, conditions, read
from app.events import record
from app.formats import exact
from app.i18n import gettext
from app.inbox import Refused
from app.inbox.escalations import TYPES
from app.inbox.purposes import purposes
from app.models import Agent, Channel, CustomerFilter, Label
from app.models.agent import STORE
from app.render import zone_of
from app.tables.writing import BOM, line_of
from app.web.pages import done, number, page, partial, path_id, require_role, text, with_form, words
from app.web.rows import sign_of

LIST = "/customers"
DAYS = (7, 30, 90, 180, 365)
COLUMNS = (
    "Number",
    "Name",
    "Reading of the name",
    "Email",
    "Telephone",
    "Reachable by",
    "Last contact",
    "Last order",
    "Labels",
    "In charge",
    "Language",
    "Known since",
)


def index(request: Request) -> Response:
    """The page: filters kept, the conditions, the rows."""
    _not_at_the_counter(request)
    with reading() as db:
        shown = {**_listed(db, request), **_choices(db), **_kept(db, request)}
        return page(request, "customers/index.html", area="customers", **shown)


def rows(request: Request) -> Response:
    """The rows behind a cursor."""
    _not_at_the_counter(request)
    with reading() as db:
        return partial(request, "customers/_rows.html", **_listed(db, request))


def kept(request: Request) -> Response:
    """The filters with their numbers, once a worker has counted."""
    _not_at_the_counter(request)
    with reading() as db:
        wanted, _ = _wanted(request.query_params)
        shown = {**_kept(db, request), "again": False}
        query, chosen = urlencode(_query(wanted)), _chosen(db, request)
        return partial(request, "customers/_filters.html", **shown, query=query, chosen=chosen)


def keep(request: Request, form: FormData) -> Response:
    """Keep the conditions under a name."""
    _not_at_the_counter(request)
    wanted, problem = _wanted(form)
    if problem:
        raise Refused("One of the conditions cannot be meant. Correct it first.")
    with transaction() as db:
        made = filters.keep_filter(
            db, request.state.viewer, text(form, "name"), wanted, shared=bool(text(form, "shared"))
        )
    return done(request, f"{LIST}?filter={made.id}", words(request, "“%(name)s” was saved.", name=made.name))


def remove(request: Request, _form: FormData) -> Response:
    _not_at_the_counter(request)
    with transaction() as db:
        viewer = request.state.viewer
        found = filters.filter_for(db, viewer, path_id(request))
        filters.remove_filter(db, viewer, found)
    return done(request, LIST, words(request, "“%(name)s” was removed.", name=found.name))


def export(request: Request, form: FormData) -> Response:
    """All of them as CSV, as they are read; in the audit trail stands who took what."""
    require_role(request, "supervisor", "admin")
    wanted, problem = _wanted(form)
    viewer: Agent = request.state.viewer
    with transaction() as db:
        if problem or _meant_no_more(db, viewer, wanted):
            raise Refused("One of the conditions cannot be meant. Correct it first.")
        record(db, "audit.customers_exported", agent=viewer, wanted=wanted.told())
    name = f"customers-{now().astimezone(zone_of(viewer)):%Y%m%d-%H%M}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return StreamingResponse(_lines(viewer, wanted), media_type="text/csv; charset=utf-8", headers=headers)


def _meant_no_more(db: Session, viewer: Agent, wanted: Wanted) -> bool:
    """Whether a channel or purpose they name is gone: told before the file begins."""
    try:
        conditions(db, wanted, zone_of(viewer))
    except Unclear:
        return True
    return False


def _not_at_the_counter(request: Request) -> None:
    """Shop staff find one customer at a time, at their counter."""
    if request.state.viewer.role == STORE:
        raise HTTPException(403)


def _wanted(given: Mapping[str, Any]) -> tuple[Wanted, str]:
    """The conditions, and the one that cannot be meant (then there are none)."""
    several = given.getlist("labels") if isinstance(given, QueryParams | FormData) else ()
    try:
        return read(given, [one for one in several if one]), ""
    except Unclear as unclear:
        return Wanted(), unclear.field


def _listed(db: Session, request: Request) -> dict[str, Any]:
    asked, viewer = request.query_params, request.state.viewer
    wanted, problem = _wanted(asked)
    chosen = _chosen(db, request)
    if chosen is not None:
        wanted = filters.wanted_by(chosen)
    found: Page[Someone] = Page((), None)
    if not problem:
        try:
            found = _page(db, viewer, wanted, asked.get("after"))
        except Unclear as unclear:
            problem = unclear.field
    return {
        "wanted": wanted,
        "problem": problem,
        "rows": found.rows,
        "signs": {way.channel.id: sign_of(way.channel) for one in found.rows for way in one.ways},
        "after": found.after,
        "first": "after" not in asked,
        "query": urlencode(_query(wanted)),
        "chosen": chosen,
    }


def _page(db: Session, viewer: Agent, wanted: Wanted, after: str | None) -> Page[Someone]:
    try:
        return people.find_people(db, viewer, wanted, after)
    except BadCursor:
        return people.find_people(db, viewer, wanted)


def _chosen(db: Session, request: Request) -> CustomerFilter | None:
    named = number(request.query_params.get("filter"))
    return filters.filter_for(db, request.state.viewer, named) if named else None


def _query(wanted: Wanted) -> list[tuple[str, Any]]:
    """The address of the same list."""
    told = wanted.told()
    labels = [("labels", one) for one in told.pop("labels", ())]
    return [*((key, 1 if value is True else value) for key, value in told.items()), *labels]


def _choices(db: Session) -> dict[str, Any]:
    """What the conditions offer."""
    channels = db.scalars(select(Channel).where(Channel.enabled).order_by(Channel.name, Channel.id))
    agents = select(Agent).where(Agent.active.is_(True), Agent.role != STORE).order_by(Agent.name)
    return {
        "channels": [one for one in channels if not connect.features(one).inbound_only],
        "purposes": purposes(db),
        "days": DAYS,
        "types": TYPES,
        "labels": db.scalars(select(Label).order_by(Label.name)).all(),
        "agents": db.scalars(agents).all(),
    }


def _kept(db: Session, request: Request) -> dict[str, Any]:
    """The filters, each with its number where the viewer is told it; those that are old are counted anew meanwhile."""
    viewer = request.state.viewer
    found = filters.filters_of(db, viewer)
    old = [one.id for one in found if filters.is_stale(one)]
    for id in old:
        if rates.let(f"count-filter:{id}", 1, 1, 60.0):
            filters.ask_for_count(id)
    shown = [(one, one.count if filters.sees_count(viewer, one) else None) for one in found]
    return {
        "filters": shown,
        "count_to": people.COUNT_TO,
        "again": bool(old),
        "may_share": viewer.role in filters.EDITORS,
        "may_remove": {one.id for one in found if filters.may_change(viewer, one)},
    }


def _lines(viewer: Agent, wanted: Wanted) -> Iterator[str]:
    yield BOM + line_of(gettext(viewer.locale, name) for name in COLUMNS)
    for portion in people.all_people(viewer, wanted):
        yield "".join(line_of(_cells(viewer, one)) for one in portion)


def _cells(viewer: Agent, one: Someone) -> Sequence[str]:
    def of(kind: str) -> str:
        known = (each.address for each in one.identities if each.kind == kind)
        return " ".join(each for each in known if not each.endswith(canonical.UNKNOWN))

    def at(moment: Any) -> str:
        return exact(moment, viewer.locale, zone_of(viewer)) if moment else ""

    return (
        str(one.customer.id),
        one.customer.name,
        one.kana,
        of("email"),
        of("phone"),
        " ".join(way.channel.name for way in one.ways if not way.hindered),
        at(one.conversation.last_message_at),
        at(one.last_order_at),
        " ".join(label.name for label in one.labels),
        one.owner.name if one.owner else "",
        one.conversation.locale or one.customer.locale,
        at(one.customer.created_at),
    )


routes = [
    Route(LIST, index, methods=["GET"]),
    Route(f"{LIST}/rows", rows, methods=["GET"]),
    Route(f"{LIST}/filters", kept, methods=["GET"]),
    Route(f"{LIST}/filters", with_form(keep), methods=["POST"]),
    Route(f"{LIST}/filters/{{id}}/removal", with_form(remove), methods=["POST"]),
    Route(f"{LIST}/export", with_form(export), methods=["POST"]),
]
