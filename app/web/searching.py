"""``/search``: one box over messages, customers and cases."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import search
from app.db import reading
from app.touchpoints.reading import by_reference
from app.web.pages import number, page
from app.web.rows import signs

LONGEST = 200  # characters of a query; marking a long one in a long text of one repeated word takes seconds


def show(request: Request) -> Response:
    """What was found, newest first; each hit opens its conversation at the message."""
    query = request.query_params.get("q", "")[:LONGEST]
    with reading() as db:
        found = search.search(db, request.state.viewer, query, number(request.query_params.get("after")))
        orders = by_reference(db, request.state.viewer, query) if "after" not in request.query_params else []
        ways = signs(db, {hit.channel_id for hit in found.hits})
    first = "after" not in request.query_params
    return page(
        request,
        "search/index.html",
        area="search",
        query=query,
        found=found,
        orders=orders,
        signs=ways,
        first=first,
    )


routes = [Route("/search", show, methods=["GET"])]
