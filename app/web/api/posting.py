"""Writing as a customer, in a channel that takes such messages: what its own signed requests may do, with a token.

It goes the way of every message in: stored raw, read by the channel's connector, taken in by the one door. The raw
request can be read again like any other.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request

from app import connect, intake, vault
from app.api.kinds import Given, Shape, Time
from app.config import settings
from app.db import now
from app.directory import one
from app.family import head_of
from app.models import Channel, Conversation, Message
from app.web.api.framework import Call, Problem, endpoint
from channels import base

Short = Annotated[str, Meta(max_length=200)]


class SenderIn(Given):
    """Who writes. `id` is your own number of them: the same one is the same customer."""

    id: Annotated[str, Meta(min_length=1, max_length=200, pattern="[^\\s]")]
    name: Short = ""
    email: Annotated[str, Meta(max_length=320)] = ""
    phone: Annotated[str, Meta(max_length=320)] = ""
    locale: Annotated[str, Meta(max_length=20)] = ""
    attributes: dict[Short, Short] = {}


class FileIn(Given):
    """A file: where it can be fetched, or its bytes in base64."""

    name: Short = ""
    url: Annotated[str, Meta(max_length=2000)] = ""
    data: str | None = None


class PostIn(Given):
    """A message of a customer. `id` is your own number of it: the same one again is stored once."""

    id: Annotated[str, Meta(min_length=1, max_length=200, pattern="[^\\s]")]
    from_: SenderIn = msgspec.field(name="from")
    text: Annotated[str, Meta(max_length=100_000)] = ""
    subject: Annotated[str, Meta(max_length=500)] = ""
    thread: Short = ""
    sent_at: Time | None = None
    attachments: Annotated[list[FileIn], Meta(max_length=20)] = []


class PostedShape(Shape):
    """What became of it. `new` is false where it had been stored before.

    `message_id` is null where it was kept but could not be read: an admin finds it under the stored requests.
    """

    message_id: int | None
    conversation_id: int | None
    new: bool


@endpoint(
    "POST",
    "/channels/{channel_id}/messages",
    scope="channels:write",
    tag="Channels",
    status=201,
    roles=("admin",),
)
def post_as_customer(call: Call, channel_id: int, body: PostIn) -> PostedShape:
    """Write as a customer, in an API channel.

    As a signed request to the channel would. The bot answers, if the channel has one. 409 in a channel of another
    kind, or one that is switched off.
    """
    channel = one(call.db, Channel, channel_id)
    if not (channel.enabled and connect.features(channel).posted):
        raise Problem(409, "Nobody can write to this channel so.", code="refused")
    outcome = _take_in(call, channel, _request(channel, body))
    message = call.db.get(Message, outcome["message"]) if "message" in outcome else None
    if message is None:
        return PostedShape(None, None, False)
    call.status = 201 if outcome["new"] else 200
    head = head_of(call.db, call.db.get_one(Conversation, message.conversation_id))
    return PostedShape(message.id, head.id, outcome["new"])


def _request(channel: Channel, body: PostIn) -> base.Request:
    """The request that the sender's own system would have made."""
    return base.Request(
        method="POST",
        url=f"{settings().public_url}/hooks/{channel.key}",
        headers={"content-type": "application/json"},
        body=msgspec.json.encode({"type": "message", **msgspec.to_builtins(body)}),
    )


def _take_in(call: Call, channel: Channel, request: base.Request) -> dict[str, Any]:
    try:
        events = connect.connector(channel).parse(request)
    except vault.Unreadable as error:
        raise Problem(503) from error
    for event in events:
        if isinstance(event, base.Ignored):
            place, _, why = event.reason.partition(": ")
            field = place.rpartition("events[0].")[2]
            raise Problem(422, "%(why)s", field=f"body.{field}", code="validation", why=why or event.reason)
    receipt = intake.store(call.db, channel, request, remote=_remote(call.request))
    receipt.outcome = intake.accept(call.db, channel, events)
    (outcome,) = receipt.outcome
    receipt.state, receipt.error = ("failed", outcome["failed"]) if "failed" in outcome else ("parsed", "")
    receipt.parsed_at = now()
    if "message" not in outcome and "failed" not in outcome:
        raise Problem(422, "%(why)s", code="refused", why=outcome.get("excluded", ""))
    return outcome


def _remote(request: Request) -> str:
    return request.client.host if request.client else ""
