"""The help, for signed-in people: the pages of `app/help`, Markdown, in English: `/help`, `/help/{name}`."""

import itertools
import re
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.queries import NotFound
from app.web.pages import page

FOLDER = Path(__file__).parent.parent / "help"


def show_all(request: Request) -> Response:
    """Every page by its title."""
    pages = [(path.stem, _title(path.read_text("utf-8"))) for path in sorted(FOLDER.glob("*.md"))]
    return page(request, "help/index.html", section="help", pages=pages)


def show(request: Request) -> Response:
    name = str(request.path_params["name"])
    if name not in {path.stem for path in FOLDER.glob("*.md")}:
        raise NotFound("page")
    title, html = _rendered(name)
    return page(request, "help/page.html", section="help", title=title, html=html)


@cache
def _rendered(name: str) -> tuple[str, Markup]:
    """(title, HTML) of a page of ours. HTML in it is shown as text, and its headings can be linked to."""
    source = (FOLDER / f"{name}.md").read_text("utf-8")
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(source)
    _anchor(tokens)
    return _title(source), Markup(markdown.renderer.render(tokens, markdown.options, {}))


def _title(source: str) -> str:
    return source.split("\n", 1)[0].lstrip("# ")


def _anchor(tokens: list[Token]) -> None:
    """Give headings the ids GitHub gives them, so that links inside a page work in both places."""
    for opening, words in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", re.sub(r"[^\w\- ]", "", words.content.lower()).replace(" ", "-"))


routes = [
    Route("/help", show_all, methods=["GET"]),
    Route("/help/{name}", show, methods=["GET"]),
]
