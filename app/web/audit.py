"""The audit trail, for admins: `/settings/audit`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import audit
from app.db import reading
from app.web import audit_words
from app.web.pages import number, page, require_role, words

LIST = "/settings/audit"
GROUP_NAMES = {
    "": "All changes", "people": "People and teams", "signins": "Sign-ins", "channels": "Channels",
    "settings": "Settings", "webhooks": "Webhooks", "bot": "FAQ and bot rules", "conversations": "Conversations",
}  # fmt: skip


def show(request: Request) -> Response:
    """One page of the trail, the newest first; ``?kind=`` and ``?person=`` narrow it."""
    require_role(request, "admin")
    asked = request.query_params
    group, person = asked.get("kind", ""), number(asked.get("person"))
    with reading() as db:
        found = audit.page(db, group, agent_id=person, after=number(asked.get("after")))
        people = audit.people(db)
        lines = audit_words.lines(db, request, found.rows, people)
    return page(
        request,
        "settings/audit.html",
        section="audit",
        lines=lines,
        after=found.after,
        first="after" not in asked,
        group=group,
        person=person,
        people=people,
        groups=[(key, words(request, name)) for key, name in GROUP_NAMES.items()],
    )


routes = [Route(LIST, show, methods=["GET"])]
