"""Refusals and failures as a person, a page script or a program can read them: a sentence, never a stack trace."""

import logging
import secrets

from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ExceptionHandler

from app.auth.guard import wants_json
from app.auth.headers import protect
from app.conflicts import OVERTAKEN, overtaken
from app.inbox import Refused
from app.queries import NotFound
from app.web import problem
from app.web.pages import is_htmx, partial, words

log = logging.getLogger(__name__)

# Status: what happened, and what to do.
_SENTENCES = {
    400: ("This could not be read", "The request was not in a form we understand."),
    401: ("Please sign in", "Please sign in first."),
    403: ("This is not open to you", "Your role does not allow this. An admin can change it."),
    404: ("There is nothing here", "It does not exist, or you may not see it."),
    405: ("That is not possible here", "This address does not do that."),
    408: ("It took too long", "The request took too long to arrive. Nothing was saved."),
    409: ("Somebody was faster", "This changed in the meantime. Reload the page and look again."),
    412: ("Somebody was faster", "This was changed by somebody else in the meantime. Nothing was saved."),
    413: ("Too large", "This is too large to be accepted. Nothing was saved."),
    415: ("This kind of file is not accepted", "Send it in another form."),
    422: ("This could not be accepted", "Something in it needs another look. Nothing was saved."),
    428: ("This could be somebody else's by now", "Say with If-Match which version you change."),
    429: ("Too many at once", "Please wait a little and try again."),
    503: ("A part is not available", "Please try again in a moment."),
}
_FAILED = (
    "Something went wrong on our side",
    "It has been noted as %(number)s. What was saved before is safe; please try again.",
)


def refusal(request: Request, status: int, sentence: str = "", **values: object) -> Response:
    """The answer to a refused request in the form its sender can use.

    JSON for programs, a line of text for htmx and our scripts (they show it), a page for people. `sentence` is an
    English msgid with `values`; without one the status has its own.
    """
    heading, usual = _SENTENCES.get(status, _FAILED)
    said = words(request, sentence or usual, **values)
    if request.url.path.startswith("/api/"):
        return problem.answer(status, said)
    if _for_program(request):
        # The widget's frame has an opaque origin; without the header it could not read why.
        readable = {"Access-Control-Allow-Origin": "*"} if request.url.path.startswith("/widget/") else {}
        return JSONResponse({"error": said}, status, headers=readable)
    if is_htmx(request) or "x-requested-with" in request.headers:
        return PlainTextResponse(said, status)
    return partial(
        request,
        "error.html",
        status=status,
        heading=words(request, heading),
        sentence=said,
        back=_way_back(request),
    )


def sentence_of(status: int) -> str:
    """What is said with a status where nothing better is known: an English msgid."""
    return _SENTENCES.get(status, _FAILED)[1]


def _for_program(request: Request) -> bool:
    return request.url.path.startswith(("/hooks/", "/widget/")) or wants_json(request)


def _way_back(request: Request) -> str:
    viewer = getattr(request.state, "viewer", None)
    if request.url.path.startswith("/help/"):
        return "/help"
    return "/login" if viewer is None else "/inbox" if viewer.serves else "/counter"


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    usual = error.detail in _PHRASES
    response = refusal(request, error.status_code, "" if usual else error.detail)
    response.headers.update(error.headers or {})
    return response


_PHRASES = {HTTPException(status).detail for status in (*_SENTENCES, 500)}


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return refusal(request, error.status, error.sentence, **error.values)


def _missing(request: Request, _error: Exception) -> Response:
    return refusal(request, 404)


def _busy(request: Request, error: Exception) -> Response:
    """The database is busy, restarting, or ended one of two that waited for each other: the same again may do."""
    log.warning("the database asks for another try at %s %s: %s", request.method, request.url.path, error)
    response = refusal(request, 503)
    response.headers["Retry-After"] = "2"
    return response


def _overtaken(request: Request, error: Exception) -> Response:
    """Two at once, of whom the other was first: to look again helps. It is logged like a failure, for it may be one;
    where nothing is written it always is."""
    if request.method in ("GET", "HEAD") or not overtaken(error):
        raise error
    place = request.method, request.url.path
    log.error("somebody was first at %s %s, or so it seems", *place, exc_info=error)
    return refusal(request, 409)


def _gone(request: Request, _error: Exception) -> Response:
    """They hung up before all of it was told: no failure of ours, and nobody hears the answer."""
    log.info("the line was gone before all of %s %s was read", request.method, request.url.path)
    return Response(status_code=400)


def _failed(request: Request, error: Exception) -> Response:
    """The last resort. The number on the page and in the log leads from one to the other; the server logs the
    trace itself."""
    if isinstance(error, OperationalError):  # before any page was asked: who is there stands in the database
        response = _busy(request, error)
        protect(response.headers, request.scope)
        return response
    number = secrets.token_hex(4)
    log.error("failure %s at %s %s: %r", number, request.method, request.url.path, error)
    try:
        response = refusal(request, 500, _FAILED[1], number=number)
    except Exception:
        log.exception("the page for failure %s could not be made", number)
        response = PlainTextResponse("Something went wrong on our side.", 500)
    protect(response.headers, request.scope)  # this answer is made outside the middleware that does it
    return response


handlers: dict[object, ExceptionHandler] = {
    HTTPException: _http,
    Refused: _refused,
    NotFound: _missing,  # what the viewer may not see does not exist
    OperationalError: _busy,
    **dict.fromkeys(OVERTAKEN, _overtaken),
    ClientDisconnect: _gone,
    Exception: _failed,
}
