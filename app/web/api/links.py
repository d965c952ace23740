"""`/account-links`: the business's server says which customer signed in where a chat had sent them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from app.api.kinds import Given, Shape
from app.intake import linked
from app.web.api.framework import Call, Problem, endpoint
from channels.base import BadSignature

ABOUT = ("name", "email", "phone", "card", "external_id", "locale", "attributes")
Short = Annotated[str, Meta(max_length=200)]


class AccountLinkIn(Given):
    """Who signed in. `link_token` is the `linkToken` your sign-in page was opened with; `user_id` your own number of
    the customer, the same that you sign for the chat on your pages; `chat` the key of that chat."""

    link_token: Annotated[str, Meta(min_length=1, max_length=500)]
    user_id: Annotated[str, Meta(min_length=1, max_length=200, pattern="[^\\s]")]
    chat: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Short = ""
    email: Annotated[str, Meta(max_length=320)] = ""
    phone: Annotated[str, Meta(max_length=320)] = ""
    card: Annotated[str, Meta(max_length=200, description="The number of their loyalty card")] = ""
    external_id: Annotated[str, Meta(max_length=200, description="Their id in your CRM")] = ""
    locale: Annotated[str, Meta(max_length=20)] = ""
    attributes: Annotated[dict[Short, Short], Meta(max_length=50)] = {}


class AccountLinkShape(Shape):
    """Where to send the customer's browser now, within ten minutes. It holds a secret: do not keep it."""

    redirect_to: str


@endpoint("POST", "/account-links", scope="accounts:write", tag="Customers", status=201, roles=("admin",))
def create_account_link(call: Call, body: AccountLinkIn) -> AccountLinkShape:
    """Say which customer signed in where a chat had sent them.

    For customers of LINE who were asked to connect their account. The chat is theirs once they confirm it at
    `redirect_to`. Said again for the same token, the last one counts. 409 if the token is over, or none of ours.
    """
    found = linked.chat_of(call.db, body.chat)
    if found is None:
        raise Problem(422, "There is no web chat with this key.", field="body.chat", code="validation")
    channel, chat = found
    about = {name: getattr(body, name) for name in ABOUT}
    try:
        person = chat.customer(body.user_id, **about)
    except BadSignature as wrong:
        sentence = "This is no id: it has control characters."
        raise Problem(422, sentence, field="body.user_id", code="validation") from wrong
    return AccountLinkShape(linked.vouch(call.db, channel, person, body.link_token))
