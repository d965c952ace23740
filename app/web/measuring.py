"""What a text will cost to send, and into how many messages it will be split, while it is being written."""

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import connect, outgoing
from app.db import reading
from app.inbox.messages import unsent
from app.inbox.receiving import MAX_TEXT
from app.inbox.ways import route
from app.web.composing import marked
from app.web.conversations import found
from app.web.pages import number, partial, text, with_form
from channels import base


def measure(request: Request, form: FormData) -> Response:
    """The parts it is charged as, where it is; else the messages it becomes, where those are several."""
    said = text(form, "text")[:MAX_TEXT]
    with reading() as db:
        viewer, head = found(db, request)
        identity, channel = route(db, head, number(text(form, "channel_id")))
        features = connect.features(channel)
        written = unsent(db, viewer, identity, channel, said, html=marked(said))
        made = outgoing.made_of(db, written, identity, channel, features)
    return partial(
        request,
        "inbox/_measure.html",
        cost=connect.measure(channel, made),
        messages=len(base.split_text(made.text, features)),
        features=features,
    )


routes = [Route("/conversations/{id:int}/measure", with_form(measure), methods=["POST"])]
