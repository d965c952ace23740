"""The preview in the settings: what would the bot answer to …"""

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import bots
from app import answers, knowledge
from app.db import reading
from app.web.bot import try_draft, try_out
from app.web.knowledge import EDITORS
from app.web.pages import number, partial, text, with_form


def preview(request: Request, form: FormData) -> Response:
    """The answer to a question typed for trial, with why; an entry being edited counts as it is typed."""
    words = text(form, "try").strip()[:2000]
    if not words:
        return partial(
            request, "settings/_preview.html", words="", decision=None, published=None, may_correct=False
        )
    with reading() as db:
        language = text(form, "language") or None
        decision, published = try_draft(db, words, language, _typed(form)), try_out(db, words, language)
    editing = request.state.viewer.role in EDITORS
    return partial(
        request,
        "settings/_preview.html",
        words=words,
        decision=decision,
        published=published if _said(published) != _said(decision) else None,
        may_correct=editing,
    )


def _said(decision: bots.Decision) -> tuple[object, ...]:
    """What a customer would notice."""
    return decision.action, decision.text, decision.links, decision.quick_replies, decision.label


def _typed(form: FormData) -> bots.Entry | None:
    """The entry of the form beside the preview; one that is switched off or unfinished answers nothing."""
    data = knowledge.entry_data({name: text(form, name) for name in knowledge.ENTRY_FIELDS})
    if not (data["enabled"] and data["questions"] and data["answer"]):
        return None
    return answers.entry_of(number(text(form, "entry")) or 0, data)


routes = [Route("/settings/bot/preview", with_form(preview), methods=["POST"])]
