"""What FAQ entries and rules have in common on the web: written, switched on and off, deleted, brought back."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import knowledge
from app.db import reading, transaction
from app.models import Agent, BotFlow, BotRule, FaqEntry, Revision
from app.queries import NotFound
from app.text import clean, one_line
from app.web.pages import done, errors_of, number, page, path_id, require_role, text, with_form, words

EDITORS = ("supervisor", "admin")
Row = TypeVar("Row", FaqEntry, BotRule, BotFlow)


class Overtaken(Exception):
    """Somebody else saved it since the reader began."""


@dataclass(frozen=True)
class Shelf(Generic[Row]):
    """One sort of knowledge: its table, the address of its list, its form, and what is said of it (msgids).

    `template` shows a row, which it calls `called`, and is given `shown` besides, and what `beside` tells of a row
    and its values; `empty` are the values of a new row, field by field, and `typed` those of one that is there.
    `write` stores what was typed and raises `knowledge.Invalid`; `goes_to` is where one is then.
    """

    model: type[Row]
    address: str
    template: str
    called: str
    empty: Mapping[str, str]
    typed: Callable[[Row], dict[str, str]]
    write: Callable[[Session, Agent, Row | None, Mapping[str, str]], Row]
    goes_to: Callable[[Row], str]
    saved: str
    removed: str
    shown: Mapping[str, Any] = field(default_factory=dict)
    beside: Callable[[Session, Row | None, Mapping[str, str]], dict[str, Any]] | None = None

    def find(self, db: Session, request: Request, *, hold: bool = False) -> Row:
        """The row the path names, `hold`: that nobody else writes meanwhile. Raises `NotFound`."""
        found = db.get(self.model, path_id(request), with_for_update=hold)
        if found is None:
            raise NotFound(self.address)
        return found

    def routes(self) -> list[Route]:
        """The doors that are the same for every sort."""
        here = f"{self.address}/{{id:int}}"
        return [
            Route(self.address, with_form(self.create), methods=["POST"]),
            Route(here, self.show, methods=["GET"]),
            Route(here, with_form(self.save), methods=["POST"]),
            Route(f"{here}/state", with_form(self.switch), methods=["POST"]),
            Route(f"{here}/removal", with_form(self.remove), methods=["POST"]),
            Route(f"{here}/revisions/{{revision:int}}", with_form(self.restore), methods=["POST"]),
        ]

    def show(self, request: Request) -> Response:
        """A row in its form, with its history; ``?question=`` is one more wording, not saved yet."""
        with reading() as db:
            row = self.find(db, request)
            return self.form(request, _with_wording(request, self.typed(row)), row, db)

    def create(self, request: Request, form: FormData) -> Response:
        """A new row, or the form again with what is wrong in it."""
        return self._save(request, form, existing=False)

    def save(self, request: Request, form: FormData) -> Response:
        """The row as it was typed now, or the form again with what is wrong in it."""
        return self._save(request, form, existing=True)

    def form(
        self,
        request: Request,
        values: Mapping[str, str],
        row: Row | None = None,
        db: Session | None = None,
        errors: Mapping[str, str] | None = None,
        overtaken: bool = False,
    ) -> Response:
        """The form with `values`; with `errors` (field → sentence) it is a 422. `overtaken`: somebody saved it since
        the reader began, who is told of it."""
        history = knowledge.history(db, row) if db and row else []
        shown: dict[str, Any] = {**self.shown, self.called: row}
        if self.beside is not None:
            with nullcontext(db) if db else reading() as open_db:
                shown |= self.beside(open_db, row, values)
        return page(
            request,
            self.template,
            status=422 if errors else 409 if overtaken else 200,
            values=values,
            errors=errors or {},
            history=history,
            seen=history[0][0].id if history else 0,
            overtaken=history[0] if overtaken and history else None,
            may_edit=request.state.viewer.role in EDITORS,
            **shown,
        )

    def _save(self, request: Request, form: FormData, *, existing: bool) -> Response:
        require_role(request, *EDITORS)
        given = {name: every(form, name) for name in self.empty}
        try:
            with transaction() as db:
                row = self.find(db, request, hold=True) if existing else None
                if row is not None and knowledge.changed_since(db, row, number(text(form, "seen"))):
                    raise Overtaken
                saved = self.write(db, request.state.viewer, row, given)
        except knowledge.Invalid as invalid:
            with reading() as db:
                row = self.find(db, request) if existing else None
                return self.form(
                    request, given, row, db, errors_of(invalid.problems, request, **invalid.values)
                )
        except Overtaken:
            with reading() as db:
                return self.form(request, given, self.find(db, request), db, overtaken=True)
        return done(request, self.goes_to(saved), words(request, self.saved))

    def switch(self, request: Request, form: FormData) -> Response:
        """In the book or kept aside."""
        require_role(request, *EDITORS)
        with transaction() as db:
            row = self.find(db, request, hold=True)
            knowledge.switch(db, request.state.viewer, row, bool(text(form, "enabled")))
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
            row = self.find(db, request, hold=True)
            revision = db.get(Revision, path_id(request, "revision"))
            if revision is None:
                raise NotFound("revision")
            knowledge.restore(db, request.state.viewer, row, revision)
        return done(request, f"{self.address}/{row.id}", words(request, "The earlier version is back."))


def every(form: FormData, name: str) -> str:
    """A field of the form; one that is there several times as lines."""
    return clean("\n".join(one for one in form.getlist(name) if isinstance(one, str)))


def _with_wording(request: Request, values: dict[str, str]) -> dict[str, str]:
    question = one_line(request.query_params.get("question", ""), 500)
    if not question or question in values.get("questions", question).splitlines():
        return values
    return {**values, "questions": f"{values['questions']}\n{question}".strip()}
