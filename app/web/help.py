"""`/help`: where the manual was; it stands at `/manual` now."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route


def moved(request: Request) -> Response:
    """To the same page of the manual."""
    return RedirectResponse("/manual" + request.url.path.removeprefix("/help"), 301)


routes = [Route("/help", moved, methods=["GET"]), Route("/help/{name:path}", moved, methods=["GET"])]
