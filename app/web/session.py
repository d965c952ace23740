"""Signing in and out: `/login`, `/logout`; and whether one still is, `/session`."""

import math

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app import demo
from app.auth import cookies, sign_in, sign_out
from app.auth.signins import Outcome
from app.db import reading, transaction
from app.events import record
from app.web.pages import THEMES, page, text, with_form, words


def show(request: Request) -> Response:
    """The form; who is signed in already goes on."""
    after = cookies.safe_next(request.query_params.get("next"))
    if request.state.viewer is not None:
        return RedirectResponse(after, 303)
    return _form(request, after)


def enter(request: Request, form: FormData) -> Response:
    """Sign in, or the form again with a sentence that tells nothing about who exists."""
    after = cookies.safe_next(text(form, "next"))
    email, password = text(form, "email"), text(form, "password")
    address = request.client.host if request.client else ""
    browser = request.headers.get("user-agent", "")
    outcome = sign_in(email, password, address, browser, cookies.token_of(request))
    if not outcome.token:
        return _form(request, after, email, outcome)
    response = RedirectResponse(after, 303)
    cookies.put(response, request.scope, outcome.token)
    cookies.clear(response, request.scope, cookies.BEFORE)
    if outcome.agent is not None:
        keep_theme(response, outcome.agent.theme)
    return response


def alive(_request: Request) -> Response:
    """204 where the session lives and the token is its own: a page asks before a form takes it away."""
    return Response(status_code=204)


def leave(request: Request, _form: FormData) -> Response:
    """Sign out: the session ends on the server, not only in the browser."""
    viewer = request.state.viewer
    with transaction() as db:
        sign_out(db, cookies.token_of(request))
        record(db, "agent.changed", agent=viewer, agent_id=viewer.id, what="signed_out")
    response = RedirectResponse("/login", 303)
    cookies.clear(response, request.scope)
    return response


def _form(request: Request, after: str, email: str = "", outcome: Outcome | None = None) -> Response:
    status, sentence = 200, ""
    if outcome is not None and outcome.wait:
        status, minutes = 429, math.ceil(outcome.wait / 60)
        sentence = words(request, "Too many attempts. Please wait %(n)s min and try again.", n=minutes)
    elif outcome is not None:
        status, sentence = 422, words(request, "The address or the password is not right.")
    accounts = _demo_accounts()
    response = page(
        request,
        "auth/login.html",
        status=status,
        email=email[:320],
        problem=sentence,
        after=after,
        accounts=accounts,
    )
    if outcome is not None and outcome.wait:
        response.headers["Retry-After"] = str(math.ceil(outcome.wait))
    cookies.put(response, request.scope, request.state.csrf, cookies.BEFORE)
    return response


def keep_theme(response: Response, theme: str) -> None:
    """Pages take the colours from a cookie, which the page's own switch changes too."""
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=365 * 86_400, samesite="lax")
    else:
        response.delete_cookie("theme", samesite="lax")


def _demo_accounts() -> list[demo.Person]:
    """Who may be tried in a demo."""
    with reading() as db:
        return demo.shown(db)


routes = [
    Route("/login", show, methods=["GET"]),
    Route("/login", with_form(enter), methods=["POST"]),
    Route("/session", alive, methods=["POST"]),
    Route("/logout", with_form(leave), methods=["POST"]),
]
