"""What every page and handler of the signed-in house shares: rendering, forms, refusals."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app import i18n
from app.render import render
from app.text import clean

THEMES = ("light", "dark")
APPLE = re.compile(r"Macintosh|iPhone|iPad")


class Viewer(Protocol):
    """The signed-in person, as pages know them."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def locale(self) -> str: ...
    @property
    def timezone(self) -> str: ...


class Badges(dict[str, int]):
    """Numbers on the rail; a place without one has none."""

    def __missing__(self, _place: str) -> int:
        return 0


def page(
    request: Request, template: str, *, status: int = 200, area: str = "", **context: Any
) -> HTMLResponse:
    """A whole page for the viewer. ``area`` marks the place in the rail, the rest goes to the template.

    The template gets ``viewer``, ``csrf``, ``theme``, ``locale``, ``area``, ``badges``, ``path`` and ``mod`` (the key
    of shortcuts on their machine) besides.
    """
    context = {"badges": Badges(), **context}
    area = area or ("settings" if request.url.path.startswith("/settings") else "")
    return partial(request, template, status=status, area=area, path=request.url.path, **context)


def partial(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A piece of a page, as htmx and the live updates swap it in; never cached."""
    viewer = getattr(request.state, "viewer", None)
    theme = request.cookies.get("theme", "")
    context = {
        "csrf": getattr(request.state, "csrf", ""),
        "theme": theme if theme in THEMES else "",
        "mod": "⌘" if APPLE.search(request.headers.get("user-agent", "")) else "Ctrl",
        **context,
    }
    if "locale" not in context and viewer is None:
        context["locale"] = spoken(request)
    html = render(template, viewer, **context)
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})


def spoken(request: Request) -> str:
    """The language of somebody not signed in: the first one of theirs that we have, else the default."""
    for tag in request.headers.get("accept-language", "").split(","):
        short = tag.split(";")[0].strip().split("-")[0].lower()
        if short in i18n.LOCALES:
            return short
    return i18n.DEFAULT


def words(request: Request, msgid: str, /, **values: object) -> str:
    """A sentence in the viewer's language."""
    viewer = getattr(request.state, "viewer", None)
    return i18n.gettext(viewer.locale if viewer else spoken(request), msgid, **values)


FormHandler = Callable[[Request, FormData], Response]


def with_form(handler: FormHandler) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint from a function of request and form: the body is read here, the work runs in a thread."""

    async def endpoint(request: Request) -> Response:
        async with request.form(max_files=10, max_fields=500) as form:
            return await run_in_threadpool(handler, request, form)

    endpoint.__name__, endpoint.__doc__ = handler.__name__, handler.__doc__
    return endpoint


def text(form: FormData, name: str, default: str = "") -> str:
    """A text field of a form, safe to store (:func:`app.text.clean`); a file or a missing field is the default."""
    value = form.get(name, default)
    return clean(value) if isinstance(value, str) else default


def client_id(form: FormData) -> str:
    """The number a page gave to what it sends, so that the same twice is one; "" where there is none that can be."""
    given = text(form, "client_id").strip()
    return given if 8 <= len(given) <= 64 and given.isprintable() else ""


def number(value: object) -> int | None:
    """A positive whole number from a form or path, else nothing."""
    return (
        int(value)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19
        else None
    )


def path_id(request: Request, name: str = "id") -> int:
    """The number in the path; anything else does not exist (404)."""
    found = number(str(request.path_params[name]))
    if found is None:
        raise HTTPException(404)
    return found


def is_htmx(request: Request) -> bool:
    return "hx-request" in request.headers


def done(request: Request, location: str, toast: str = "") -> Response:
    """After a state change: htmx follows ``HX-Redirect``, a plain form a 303; the toast waits in a cookie."""
    response: Response
    if is_htmx(request):
        response = Response(status_code=204, headers={"HX-Redirect": location})
    else:
        response = RedirectResponse(location, 303)
    if toast:
        response.set_cookie("toast", quote(toast), max_age=20, samesite="lax")
    return response


def require_role(request: Request, *roles: str) -> None:
    """Anybody without one of the roles meets a 403."""
    if request.state.viewer.role not in roles:
        raise HTTPException(403)


def errors_of(problems: Mapping[str, str], request: Request, **values: object) -> dict[str, str]:
    """Field problems in the viewer's language; `values` fill them in."""
    return {name: words(request, sentence, **values) for name, sentence in problems.items()}
