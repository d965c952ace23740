"""`/continue`: where a customer goes on with the chat that an agent sent an address for. Open to everybody: it uses up
nothing and shows nothing of the chat."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import continuing, rates
from app.db import reading, transaction
from app.inbox import Refused
from app.web.conversations import found
from app.web.pages import partial, words

OPENED, WITHIN = 20, 600.0  # addresses opened from one network address, in seconds


def arrive(request: Request) -> Response:
    """The ways there are; a wrong or used code is told in a sentence."""
    host = request.client.host if request.client else ""
    try:
        if rates.hit(f"continue:{rates.network(host)}", OPENED, WITHIN):
            raise Refused("This was opened too often. Please wait ten minutes.", status=429)
        with reading() as db:
            page, openings = continuing.arrive(db, request.path_params["code"])
    except Refused as refused:
        return partial(
            request, "continue.html", status=refused.status, sentence=words(request, refused.sentence)
        )
    return partial(request, "continue.html", sentence="", page=page, openings=openings)


def send(request: Request) -> Response:
    """Send the customer such an address, as an answer of the viewer."""
    with transaction() as db:
        viewer, head = found(db, request)
        continuing.send(db, viewer, head, secrets.token_hex(16))
    return Response(status_code=204)


routes = [
    Route("/continue/{code}", arrive, methods=["GET"]),
    Route("/conversations/{id:int}/continue-link", send, methods=["POST"]),
]
