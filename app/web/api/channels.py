"""`/channels`: the ways customers write to us. Their secrets go in and never come out."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from app import directory, switchboard
from app.api import shapes
from app.api.kinds import Given
from app.api.shapes import ChannelShape
from app.models import Channel
from app.models.channel import PAUSE
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import ADMINS, page_of, wrong
from channels import registry

TAG = "Channels"
Name = Annotated[str, Meta(min_length=1, max_length=switchboard.MAX_NAME)]


Pause = Annotated[
    int,
    Meta(
        ge=0, le=10, description="Seconds the bot waits for what else is written, where it is not clear yet"
    ),
]


class ChannelFilter(PageQuery):
    """Which channels."""

    kind: Annotated[str, Meta(max_length=64, description="Such as `webchat` or `api`")] = ""


class ChannelIn(Given):
    """A new channel. `settings` are the answers to the form of its kind, secrets among them."""

    kind: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Name
    settings: dict[str, Any] = {}
    bot_enabled: bool = True
    bot_pause: Pause = PAUSE


class ChannelChange(Given):
    """Whether the channel receives and sends, and how long the bot waits there."""

    enabled: bool | UnsetType = UNSET
    bot_pause: Pause | UnsetType = UNSET


@endpoint("GET", "/channels", scope="channels:read", tag=TAG)
def list_channels(call: Call, query: ChannelFilter) -> Page[ChannelShape]:
    """The channels, by id."""
    return page_of(directory.channels(call.db, query.after, query.limit, kind=query.kind), shapes.channel)


@endpoint("GET", "/channels/{channel_id}", scope="channels:read", tag=TAG)
def get_channel(call: Call, channel_id: int) -> ChannelShape:
    """One channel. Neither its settings nor its secrets are told."""
    return shapes.channel(directory.one(call.db, Channel, channel_id))


@endpoint("POST", "/channels", scope="channels:write", tag=TAG, status=201, roles=ADMINS)
def create_channel(call: Call, body: ChannelIn) -> ChannelShape:
    """Add a channel. 422 names the setting at fault."""
    try:
        made = switchboard.add_channel(
            call.db,
            body.kind,
            body.name,
            body.settings,
            bot=body.bot_enabled,
            pause=body.bot_pause,
            actor=call.agent,
        )
    except registry.UnknownKind as unknown:
        raise wrong({"kind": ("There is no such kind of channel.", {})}) from unknown
    except switchboard.Wrong as refused:
        raise wrong({_place(name): problem for name, problem in refused.errors.items()}) from refused
    call.headers["Location"] = f"/api/v1/channels/{made.id}"
    return shapes.channel(made)


@endpoint("PATCH", "/channels/{channel_id}", scope="channels:write", tag=TAG, roles=ADMINS, matched=True)
def change_channel(call: Call, channel_id: int, body: ChannelChange) -> ChannelShape:
    """Switch a channel off or on, or have the bot wait longer or shorter. What arrives while it is off is refused."""
    channel = directory.one(call.db, Channel, channel_id, held=True)
    call.must_match(shapes.channel(channel))
    if body.enabled is not UNSET:
        switchboard.switch(call.db, channel, on=body.enabled, actor=call.agent)
    if body.bot_pause is not UNSET:
        switchboard.set_pause(call.db, channel, body.bot_pause, actor=call.agent)
    return shapes.channel(channel)


def _place(name: str) -> str:
    return name if name == "name" else f"settings.{name}"
