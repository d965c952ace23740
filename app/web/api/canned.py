"""`/canned-replies`: texts kept ready."""

from __future__ import annotations

from typing import Literal

from app import canned, directory
from app.api import knowledge as shapes
from app.api.knowledge import CannedChange, CannedIn, CannedShape
from app.canned import Typed
from app.models import CannedReply
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import EDITORS, page_of, wrong

TAG = "Canned replies"
SCOPE = "knowledge:write"


class CannedFilter(PageQuery):
    """Which replies; `locale` "" are those for any language."""

    locale: Literal["", "ja", "en"] | None = None


@endpoint("GET", "/canned-replies", scope="knowledge:read", tag=TAG)
def list_canned_replies(call: Call, query: CannedFilter) -> Page[CannedShape]:
    """The replies kept ready, by id."""
    found = directory.canned_replies(call.db, query.after, query.limit, locale=query.locale)
    return page_of(found, shapes.canned)


@endpoint("GET", "/canned-replies/{reply_id}", scope="knowledge:read", tag=TAG)
def get_canned_reply(call: Call, reply_id: int) -> CannedShape:
    """One reply."""
    return shapes.canned(directory.one(call.db, CannedReply, reply_id))


@endpoint("POST", "/canned-replies", scope=SCOPE, tag=TAG, status=201, roles=EDITORS)
def create_canned_reply(call: Call, body: CannedIn) -> CannedShape:
    """Keep a reply ready. 422 if the shortcut is taken, or the body names a variable there is not."""
    made = _save(call, None, Typed(body.shortcut, body.title, body.body, body.locale))
    call.headers["Location"] = f"/api/v1/canned-replies/{made.id}"
    return shapes.canned(made)


@endpoint("PATCH", "/canned-replies/{reply_id}", scope=SCOPE, tag=TAG, roles=EDITORS, matched=True)
def change_canned_reply(call: Call, reply_id: int, body: CannedChange) -> CannedShape:
    """Change a reply."""
    reply = directory.one(call.db, CannedReply, reply_id, held=True)
    call.must_match(shapes.canned(reply))
    kept = {"shortcut": reply.shortcut, "title": reply.title, "body": reply.body, "locale": reply.locale}
    return shapes.canned(_save(call, reply, Typed(**{**kept, **shapes.told(body)})))


@endpoint("DELETE", "/canned-replies/{reply_id}", scope=SCOPE, tag=TAG, roles=EDITORS, matched=True)
def delete_canned_reply(call: Call, reply_id: int) -> None:
    """Take a reply away; what was sent with it stays."""
    reply = directory.one(call.db, CannedReply, reply_id, held=True)
    call.must_match(shapes.canned(reply))
    canned.remove(call.db, call.agent, reply)


def _save(call: Call, reply: CannedReply | None, typed: Typed) -> CannedReply:
    try:
        return canned.save(call.db, call.agent, reply, typed)
    except canned.Wrong as refused:
        raise wrong(refused.errors) from refused
