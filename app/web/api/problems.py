"""From what went wrong to a problem: exceptions of the product and of reading a request, told by field."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app import i18n, idempotency
from app.directory import BadCursor
from app.inbox import Refused
from app.queries import NotFound
from app.web import errors, problem
from app.web.problem import FieldError

log = logging.getLogger(__name__)


class Problem(Exception):
    """Raised in an endpoint: the request is answered so.

    `sentence` is an English msgid, `values` fill it in; without one the status has its own. `field` names what is
    at fault, as `body.text`; `code` is the word of the problem's type.
    """

    def __init__(
        self,
        status: int,
        sentence: str = "",
        *,
        field: str = "",
        code: str = "",
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> None:
        super().__init__(sentence % values if values else sentence)
        self.status, self.sentence, self.values = status, sentence, values
        self.field, self.code, self.headers = field, code, dict(headers or {})


class Unreadable(Problem):
    """A request that does not say what it should; `fields` are (path, msgid, values)."""

    def __init__(self, fields: Sequence[tuple[str, str, dict[str, object]]]) -> None:
        super().__init__(422, code="validation")
        self.fields = fields


EXPECTED = (Problem, Refused, NotFound, BadCursor, idempotency.Mismatch, HTTPException, OperationalError)


def response(error: Exception, locale: str) -> Response:
    """The answer to one of :data:`EXPECTED`, in the reader's language."""
    found = _problem(error)
    said = i18n.gettext(locale, found.sentence or errors.sentence_of(found.status), **found.values)
    made = problem.answer(found.status, said, code=found.code, errors=_fields(found, said, locale))
    made.headers.update(found.headers)
    return made


def _problem(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case NotFound():
            return Problem(404)
        case Refused():
            field = getattr(error, "field", "")
            return Problem(
                error.status, error.sentence, field=field and f"body.{field}", code="refused", **error.values
            )
        case BadCursor():
            return Problem(422, "This is no cursor of this list.", field="query.after", code="validation")
        case idempotency.Mismatch():
            sentence = "This Idempotency-Key was used before, for another request."
            return Problem(422, sentence, field="header.Idempotency-Key", code="idempotency-mismatch")
        case HTTPException():
            return Problem(error.status_code, headers=error.headers)
        case _:
            log.warning("the database asks for another try at a request of the API: %s", error)
            return Problem(503, headers={"Retry-After": "2"})


def _fields(found: Problem, said: str, locale: str) -> list[FieldError]:
    if isinstance(found, Unreadable):
        return [
            FieldError(path, i18n.gettext(locale, msgid, **values)) for path, msgid, values in found.fields
        ]
    return [FieldError(found.field, said)] if found.field else []


# What msgspec says, and what we make of it. It names the place last, as in "… - at `$.text`".
_PLACE = re.compile(r"(?s)(.*?)(?: - at `(?:key in )?\$(.*)`)?")
_SAYINGS = (
    (re.compile(r"Object missing required field `(?P<name>.*)`"), "This field is required."),
    (re.compile(r"Object contains unknown field `(?P<name>.*)`"), "There is no such field."),
    (re.compile(r"Expected `(?P<want>[^`]+)`, got `(?P<got>[^`]+)`"), "Expected %(want)s, got %(got)s."),
    (re.compile(r"Expected `(?P<want>[^`]+)` of length (?P<rule>.*)"), "Expected %(want)s of length %(rule)s."),
    (re.compile(r"Expected `(?P<want>[^`]+)` (?P<rule>[<>=].*)"), "Expected %(want)s %(rule)s."),
    (re.compile(r"Invalid enum value (?P<got>.*)"), "%(got)s is not one of the values it can have."),
    (re.compile(r"Invalid RFC3339.*|Timestamp is out of range.*"), "Expected a time such as 2026-01-31T09:00:00Z."),
    (re.compile(r"Expected `datetime` with a timezone.*"), "Expected a time such as 2026-01-31T09:00:00Z."),
)  # fmt: skip


def unreadable(error: msgspec.ValidationError, root: str) -> Unreadable:
    """The field a validation error is about, under `root` ("body" or "query"), and what is wrong with it."""
    match = _PLACE.fullmatch(str(error))
    assert match is not None, "the pattern takes anything"
    told, place = match[1].strip(), match[2] or ""
    for pattern, msgid in _SAYINGS:
        if found := pattern.fullmatch(told):
            values: dict[str, object] = {
                name: text for name, text in found.groupdict().items() if name != "name"
            }
            name = found.groupdict().get("name")
            return Unreadable([(f"{root}{place}" + (f".{name}" if name else ""), msgid, values)])
    return Unreadable([(f"{root}{place}", "This is not what it should be: %(told)s", {"told": told})])
