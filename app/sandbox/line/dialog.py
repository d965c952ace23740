"""The page of LINE where a customer confirms that a chat and an account at the shop are theirs (docs/messaging-api/
linking-accounts)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app import i18n, render
from app.sandbox.talks import Bubble, Customer

if TYPE_CHECKING:
    from app.sandbox.line.platform import Line

PATH = "/dialog/bot/accountLink"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Dialog:
    """Where the shop's sign-in page sends the customer's browser, with the token of the chat and the shop's nonce.

    LINE knows whose phone it is opened on; here one chooses, so that one can be somebody else.
    """

    def __init__(self, line: Line) -> None:
        self.line = line

    def routes(self) -> list[BaseRoute]:
        """The page and its button."""
        return [Route(PATH, self.show, methods=["GET"]), Route(PATH, self.confirm, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """GET /dialog/bot/accountLink: asks for the confirmation."""
        told = request.query_params
        talk = self._whose(told)
        people = list(self.line.talks.customers.values())
        given = {name: told.get(name, "") for name in ("linkToken", "nonce")}
        return self._page(request, "ask" if talk else "over", talk=talk, people=people, given=given)

    async def confirm(self, request: Request) -> Response:
        """POST the same: the link token is used up, and the shop is told by webhook."""
        told = await request.form()
        talk = self._whose(told)
        if talk is None:
            return self._page(request, "over")
        by = str(told.get("by", talk.id))
        del self.line.account.links[str(told["linkToken"])]
        self.line.acts.linked(talk, str(told["nonce"]), ok=by == talk.id)
        if by != talk.id:
            return self._page(request, "failed")
        house = self.line.house
        self.line.talks.show(
            talk, Bubble(house.ids.digits(18), "system", "linked", house.clock.milliseconds())
        )
        return self._page(request, "linked", talk=talk)

    def _whose(self, told: Mapping[str, Any]) -> Customer | None:
        """Whose link token it is, while it is good and the nonce is one that LINE takes."""
        user, until = self.line.account.links.get(str(told.get("linkToken", "")), ("", 0.0))
        good = until >= self.line.house.clock.seconds() and 10 <= len(str(told.get("nonce", ""))) <= 255
        return self.line.talks.customers[user] if good else None

    def _page(self, request: Request, state: str, **context: Any) -> Response:
        tongue = i18n.known(request.headers.get("accept-language", "").partition(",")[0])
        told = {"state": state, "shop": self.line.shop, "locale": tongue, **context}
        text = render.render("sandbox/account_link.html", **told)
        return Response(text, 400 if state == "over" else 200, HEADERS, media_type="text/html")
