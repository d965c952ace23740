"""What an endpoint of the API is, and what it is given: a function of plain values, and a `Call`.

    @endpoint("GET", "/customers/{customer_id}", scope="customers:read", tag="Customers")
    def get_customer(call: Call, customer_id: int) -> CustomerShape:
        \"\"\"One customer.\"\"\"

Parameters of the path come by name (an `int` that is none is a 404), `query` and `body` by their types: structs
that both validate and describe. `body: Upload` takes a file. What is returned is the answer's JSON; None is a 204.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar, get_type_hints

from msgspec import Meta, Struct
from msgspec.json import Decoder
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from app.api.kinds import Given
from app.files import Kept
from app.models import Agent
from app.tokens import SCOPES, Bearer
from app.web.api import etags
from app.web.api.problems import Problem

__all__ = ["ENDPOINTS", "Call", "Endpoint", "Page", "PageQuery", "Problem", "Response", "Upload", "endpoint"]

PREFIX = "/api/v1"
SAFE = frozenset({"GET"})
Item = TypeVar("Item")
Function = TypeVar("Function", bound=Callable[..., Any])


class Page(Struct, Generic[Item]):
    """A part of a list. `next`, given back as `?after=`, asks for the part behind it; null: there is no more."""

    items: list[Item]
    next: str | None


class PageQuery(Given):
    """What every list is asked with: where the page begins, and how long it is at most."""

    after: Annotated[str, Meta(max_length=200, description="The `next` of the page before")] | None = None
    limit: Annotated[int, Meta(ge=1, le=100, description="How many at most")] = 40


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with the request as the part `file` of a form: looked into and on the disk already."""

    kept: Kept


@dataclass(slots=True)
class Call:
    """One request as an endpoint sees it. `status` and `headers` of the answer may be set; `brought` is what the
    endpoint's `first` returned."""

    request: Request
    bearer: Bearer
    locale: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    session: Session | None = None
    brought: Any = None

    @property
    def db(self) -> Session:
        """`reading()` for a GET, `transaction()` for everything else; it ends after the endpoint."""
        assert self.session is not None, "the endpoint is called inside the session"
        return self.session

    @property
    def agent(self) -> Agent:
        """Whom the token acts as."""
        return self.bearer.agent

    @property
    def scopes(self) -> frozenset[str]:
        return self.bearer.scopes

    def must_match(self, current: Struct) -> None:
        """Where two writers meet: `current` is what a GET shows now (of a row that is held), and the caller must
        say with If-Match that it is what they have seen. Raises :class:`Problem` 428 without it, 412 if not."""
        given = self.request.headers.get("if-match", "")
        if not given:
            raise Problem(428, field="header.If-Match", code="if-match-missing")
        if not etags.matches(given, etags.of_shape(current)):
            raise Problem(412, field="header.If-Match", code="changed-meanwhile")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation: where it is, who may call it, and the types it is made of."""

    method: str
    path: str
    scope: str
    tag: str
    status: int
    roles: tuple[str, ...]
    matched: bool
    produces: str
    function: Callable[..., Any]
    first: Callable[..., Any] | None
    places: dict[str, type]
    query: type[Given] | None
    body: Any
    returns: Any

    @property
    def safe(self) -> bool:
        return self.method in SAFE

    @property
    def name(self) -> str:
        return self.function.__name__


ENDPOINTS: list[Endpoint] = []


def endpoint(
    method: str,
    path: str,
    *,
    scope: str,
    tag: str,
    status: int = 200,
    roles: tuple[str, ...] = (),
    matched: bool = False,
    produces: str = "application/json",
    first: Callable[..., Any] | None = None,
) -> Callable[[Function], Function]:
    """Make a function the operation `method` `path` (below /api/v1) for tokens with `scope` ("": any token).

    `roles`: of the token's agent, if not all. `matched`: it calls `call.must_match`. `produces`: the media type
    where it returns a `Response` of its own (a file, a stream). `first` is called before the session begins, with the
    same arguments: it may ask others over the network. The docstring's first line is the summary.
    """
    assert not scope or scope in SCOPES, scope

    def register(function: Function) -> Function:
        given = get_type_hints(function, include_extras=True)
        returns = given.pop("return")
        status_ = 204 if returns is type(None) and status == 200 else status
        names = [name for name in inspect.signature(function).parameters if name != "call"]
        places = {name: given[name] for name in names if name not in ("query", "body")}
        query, body = given.get("query"), given.get("body")
        for kind in (query, body):
            if kind not in (None, Upload):
                Decoder(
                    kind
                )  # now, in one thread: two that read a struct for the first time at once end the process
        made = Endpoint(
            method,
            path,
            scope,
            tag,
            status_,
            roles,
            matched,
            produces,
            function,
            first,
            places,
            query,
            body,
            returns,
        )
        assert not any(one.name == made.name or (one.method, one.path) == (method, path) for one in ENDPOINTS)
        assert all(f"{{{name}}}" in path for name in places), path
        ENDPOINTS.append(made)
        return function

    return register
