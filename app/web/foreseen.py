"""What will become of what an agent writes, before it is sent: made by the very code that makes it when it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request

from app import connect, files, outgoing, rich
from app.db import reading
from app.inbox import Refused
from app.inbox.messages import unsent
from app.inbox.receiving import MAX_TEXT
from app.inbox.ways import route
from app.models import Agent, Attachment
from app.web.conversations import found
from app.web.envelopes import others
from app.web.pages import number, text
from channels import base


@dataclass(frozen=True)
class Foreseen:
    """`shown` as its reader will see it, `cost` where it is charged by its parts. What is changed on the way: `linked`
    are the names of files that go as links, `unmarked` says that formatting is dropped."""

    features: base.Features
    shown: base.Preview
    cost: base.Measure | None
    linked: Sequence[str]
    unmarked: bool

    @property
    def pieces(self) -> int:
        """Messages that its words make."""
        return sum(1 for one in self.shown.bubbles if one.text and not one.file)


def foresee(request: Request, form: FormData) -> Foreseen:
    """What the composer's form will become. Raises :class:`Refused` where it cannot go that way at all,
    `ChannelError` where its connector would refuse it."""
    said = text(form, "text")[:MAX_TEXT]
    html = marked(said)
    with reading() as db:
        viewer, head = found(db, request)
        identity, channel = route(db, head, number(text(form, "channel_id")))
        features = connect.features(channel)
        chosen = uploaded(db, viewer, form)
        copies, subject = others(form), text(form, "subject")
        written = unsent(db, viewer, identity, channel, said, others=copies, subject=subject, html=html)
        try:
            made = outgoing.made_of(db, written, identity, channel, features, chosen)
        except files.Missing as missing:
            raise Refused(str(missing)) from missing
    nothing = not (made.text or made.attachments or features.copies)
    shown = base.Preview("") if nothing else connect.preview(channel, made)
    carried = {one.file for one in shown.bubbles} or {one.name for one in made.attachments}
    return Foreseen(
        features,
        shown,
        connect.measure(channel, shown, made.to),
        linked=[one.name for one in chosen if one.name not in carried],
        unmarked=bool(html) and not features.html and rich.plain(said) != said,
    )


def marked(said: str) -> str:
    """What an agent wrote as HTML, where its marks say more than the plain text; else ""."""
    html = rich.formatted(said)
    return html if rich.is_formatted(html) else ""


def uploaded(db: Session, viewer: Agent, form: FormData) -> Sequence[Attachment]:
    """The files named in the form that this viewer uploaded."""
    ids = [id for value in form.getlist("attachments") if (id := number(value)) is not None]
    mine = select(Attachment).where(Attachment.id.in_(ids), Attachment.agent_id == viewer.id)
    return db.scalars(mine.order_by(Attachment.id)).all() if ids else ()
