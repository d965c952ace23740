"""What a message will cost, and what will become of it on its way, while it is being written."""

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import sharing
from app.web.foreseen import foresee
from app.web.pages import partial, with_form
from channels.base import ChannelError


def measure(request: Request, form: FormData) -> Response:
    """The parts it is charged as, where it is; how many messages it becomes, where those are several; and what of it
    will be changed, or why it would be refused."""
    try:
        foreseen, trouble = foresee(request, form), ""
    except ChannelError as error:
        foreseen, trouble = None, error.sentence
    days = sharing.LASTS.days
    return partial(request, "inbox/_measure.html", foreseen=foreseen, trouble=trouble, days=days)


routes = [Route("/conversations/{id:int}/measure", with_form(measure), methods=["POST"])]
