"""What FAQ entries and rules have in common on the web: switched on and off, deleted, brought back."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import knowledge
from app.db import transaction
from app.models import BotRule, FaqEntry, Revision
from app.queries import NotFound
from app.web.pages import done, path_id, require_role, text, with_form, words

EDITORS = ("supervisor", "admin")
Row = TypeVar("Row", FaqEntry, BotRule)


@dataclass(frozen=True)
class Shelf(Generic[Row]):
    """One sort of knowledge: its table, the address of its list, and what is said after a removal (a msgid)."""

    model: type[Row]
    address: str
    removed: str

    def find(self, db: Session, request: Request) -> Row:
        """The row the path names. Raises `NotFound`."""
        found = db.get(self.model, path_id(request))
        if found is None:
            raise NotFound(self.address)
        return found

    def routes(self) -> list[Route]:
        """The doors that are the same for every sort."""
        here = f"{self.address}/{{id:int}}"
        return [
            Route(f"{here}/state", with_form(self.switch), methods=["POST"]),
            Route(f"{here}/removal", with_form(self.remove), methods=["POST"]),
            Route(f"{here}/revisions/{{revision:int}}", with_form(self.restore), methods=["POST"]),
        ]

    def switch(self, request: Request, form: FormData) -> Response:
        """In the book or kept aside."""
        require_role(request, *EDITORS)
        with transaction() as db:
            knowledge.switch(db, request.state.viewer, self.find(db, request), bool(text(form, "enabled")))
        return done(request, self.address)

    def remove(self, request: Request, _form: FormData) -> Response:
        """Deleted; its history stays."""
        require_role(request, *EDITORS)
        with transaction() as db:
            knowledge.remove(db, request.state.viewer, self.find(db, request))
        return done(request, self.address, words(request, self.removed))

    def restore(self, request: Request, _form: FormData) -> Response:
        """As it was in a revision."""
        require_role(request, *EDITORS)
        with transaction() as db:
            row, revision = self.find(db, request), db.get(Revision, path_id(request, "revision"))
            if revision is None:
                raise NotFound("revision")
            knowledge.restore(db, request.state.viewer, row, revision)
        return done(request, f"{self.address}/{row.id}", words(request, "The earlier version is back."))
