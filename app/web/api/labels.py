"""`/labels`: the labels there are. Putting one on is a conversation's affair."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from app import directory, labels
from app.api import shapes
from app.api.kinds import Given
from app.api.shapes import LabelShape
from app.models import Label
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import EDITORS, page_of

TAG = "Labels"
Name = Annotated[str, Meta(min_length=1, max_length=labels.MAX_NAME)]
Hue = Annotated[int, Meta(ge=0, lt=360, description="The colour as an angle, in degrees")]


class LabelIn(Given):
    """A new label."""

    name: Name
    hue: Hue = 210


class LabelChange(Given):
    """What is to change of a label; what is left out stays."""

    name: Name | UnsetType = UNSET
    hue: Hue | UnsetType = UNSET


@endpoint("GET", "/labels", scope="knowledge:read", tag=TAG)
def list_labels(call: Call, query: PageQuery) -> Page[LabelShape]:
    """The labels, by id."""
    return page_of(directory.labels(call.db, query.after, query.limit), shapes.label)


@endpoint("GET", "/labels/{label_id}", scope="knowledge:read", tag=TAG)
def get_label(call: Call, label_id: int) -> LabelShape:
    """One label."""
    return shapes.label(directory.one(call.db, Label, label_id))


@endpoint("POST", "/labels", scope="knowledge:write", tag=TAG, status=201, roles=EDITORS)
def create_label(call: Call, body: LabelIn) -> LabelShape:
    """Make a label. 422 if there is one of this name, however it is spelled."""
    made = labels.add(call.db, call.agent, body.name, body.hue)
    call.headers["Location"] = f"/api/v1/labels/{made.id}"
    return shapes.label(made)


@endpoint("PATCH", "/labels/{label_id}", scope="knowledge:write", tag=TAG, roles=EDITORS, matched=True)
def change_label(call: Call, label_id: int, body: LabelChange) -> LabelShape:
    """Rename or recolour a label, on every conversation at once; bot rules that put it follow."""
    label = directory.one(call.db, Label, label_id, held=True)
    call.must_match(shapes.label(label))
    name = label.name if body.name is UNSET else body.name
    labels.change(call.db, call.agent, label, name, label.hue if body.hue is UNSET else body.hue)
    return shapes.label(label)


@endpoint("DELETE", "/labels/{label_id}", scope="knowledge:write", tag=TAG, roles=EDITORS, matched=True)
def delete_label(call: Call, label_id: int) -> None:
    """Take a label away, from every conversation that carries it. 409 while a bot rule puts it."""
    label = directory.one(call.db, Label, label_id, held=True)
    call.must_match(shapes.label(label))
    labels.remove(call.db, call.agent, label)
