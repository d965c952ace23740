"""The help, for signed-in people: `/manual`, `/manual/{name}`, from the Markdown files of `app/help`.

Those in a language's folder are for people who work here; those beside the folders, in English, for developers.
"""

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

from app.i18n import known
from app.queries import NotFound
from app.web.pages import page

FOLDER = Path(__file__).parent.parent / "help"
_EXAMPLE = re.compile(r"^@example (\w+\.py)$", re.MULTILINE)


GUIDES = (
    "inbox",
    "customers",
    "customer-list",
    "consent",
    "touchpoints",
    "takeover",
    "escalations",
    "faq",
    "flows",
    "channels",
    "calls",
    "call-log",
    "counter",
    "tasks",
    "email",
    "line",
    "messenger",
    "instagram",
    "whatsapp",
    "x",
    "tiktok",
    "telegram",
    "wechat",
    "sms",
    "twilio-voice",
    "amazon-connect",
    "zoom-phone",
    "asterisk",
    "embedding",
    "api",
    "webhooks",
    "writing-a-connector",
    "running",
)


def show_all(request: Request) -> Response:
    """Every page by its title: guides in the viewer's language, then what is for developers."""
    spoken = known(request.state.viewer.locale)
    return page(
        request,
        "manual/index.html",
        section="help",
        guides=[(name, _title((FOLDER / spoken / f"{name}.md").read_text("utf-8"))) for name in GUIDES],
        pages=[(path.stem, _title(path.read_text("utf-8"))) for path in sorted(FOLDER.glob("*.md"))],
    )


def show(request: Request) -> Response:
    """One page, in the viewer's language where there is one."""
    name, spoken = str(request.path_params["name"]), known(request.state.viewer.locale)
    if name in GUIDES:
        title, html = rendered(f"{spoken}/{name}")
    elif name in {path.stem for path in FOLDER.glob("*.md")}:
        spoken = "en"
        title, html = rendered(name)
    else:
        raise NotFound("page")
    return page(request, "manual/page.html", section="help", title=title, html=html, spoken=spoken)


@cache
def rendered(place: str) -> tuple[str, Markup]:
    """(title, HTML) of a page of ours. HTML in it is shown as text, and its headings can be linked to."""
    source = _EXAMPLE.sub(_example, (FOLDER / f"{place}.md").read_text("utf-8"))
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(source)
    _anchor(tokens)
    html = markdown.renderer.render(tokens, markdown.options, {})
    for wide in ("pre", "table"):  # they can be scrolled by keys, too
        html = html.replace(f"<{wide}>", f'<{wide} tabindex="0">')
    return _title(source), Markup(html)


def _example(line: re.Match[str]) -> str:
    """The program that a line `@example name.py` stands for: a file, so that it can be run as it is shown."""
    return f"```python\n{(FOLDER / 'examples' / line[1]).read_text('utf-8')}```"


def _title(source: str) -> str:
    return source.split("\n", 1)[0].lstrip("# ")


def _anchor(tokens: list[Token]) -> None:
    """Give headings the ids GitHub gives them, so that links inside a page work in both places."""
    for opening, words in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", re.sub(r"[^\w\- ]", "", words.content.lower()).replace(" ", "-"))


routes = [
    Route("/manual", show_all, methods=["GET"]),
    Route("/manual/{name}", show, methods=["GET"]),
]
