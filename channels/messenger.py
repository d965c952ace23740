"""A Facebook page whose customers write to it by Messenger
(https://developers.facebook.com/docs/messenger-platform)."""

from dataclasses import dataclass
from datetime import datetime

from channels.base import ChannelError, Features, setting
from channels.meta import asked, conversing, health, sending
from channels.meta.graph import Graph
from channels.settings import tells_read

FIELDS = (
    "messages",
    "messaging_postbacks",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "message_reactions",
    "message_edits",
    "messaging_referrals",
    "messaging_optins",
    "messaging_handovers",
)
PAGE = "Facebook page"


@dataclass(frozen=True)
class MessengerSettings:
    page_id: str = setting(
        "Page ID",
        help="“About” → “Page transparency” on the page; digits only. What is meant for another page is not taken.",
        required=True,
        placeholder="102030405060708",
        maximum=40,
        group=PAGE,
    )
    access_token: str = asked.access_token(
        "Page access token",
        "Made in the app under “Messenger” → “API settings”, for this page.",
        PAGE,
    )
    app_id: str = asked.app_id(
        "“App settings” → “Basic”. By it our own messages are known when Meta reports them, and the token's end."
    )
    app_secret: str = asked.app_secret("On the same page. What comes from Meta is signed with it.")
    verify_token: str = asked.verify_token()
    show_read: bool = tells_read()

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field."""
        return asked.not_digits(page_id=self.page_id, app_id=self.app_id)


class Messenger(conversing.Conversing[MessengerSettings]):
    kind = "messenger"
    label = "Messenger"
    help_page = "messenger"
    guide = (
        "In Meta for Developers, create an app of the type “Business” and add the product “Messenger”.",
        "Copy the app ID and the app secret from “App settings” → “Basic”.",
        "Under “Messenger” → “API settings”, connect your page, make an access token and copy it with the page's ID.",
        "Save here. Then paste the webhook address and the verify token into “Configure webhooks” there.",
        "“Test now” says whether Meta accepts the token, and subscribes this channel to the page.",
    )
    features = Features(
        max_length=2000,
        max_attachment_bytes=conversing.MAX_FILE,
        max_quick_replies=sending.MAX_BUTTONS,
        rates=True,
        read_receipts=True,
        edits=True,
        reactions=True,
        quotes=True,
        reply_window=sending.WINDOW,
        person_window=sending.PERSON_WINDOW,
        per_second=40,  # more makes the page's own inbox slow
        needs_public_url=True,
        icon="message-circle-more",
        tint="indigo",
    )
    Settings = MessengerSettings
    style = sending.Style(2000, "chars", {"messaging_type": "RESPONSE"})
    object = "page"
    profile = "first_name,last_name,name,profile_pic,locale"
    marked = True

    @property
    def account(self) -> str:
        return self.settings.page_id

    @property
    def graph(self) -> Graph:
        return Graph(self.http, self.context, self.settings.access_token, self.settings.app_secret)

    def look_after(self) -> datetime | None:
        """A page's token is not renewed; Meta says when it ends, if it does."""
        own = self.settings
        return health.expiry(self.http, self.context, own.app_id, own.app_secret, own.access_token)

    def check(self) -> str:
        """Whether the token is the page's, until when, and that the page tells us what is written to it."""
        own = self.settings
        told = self.graph.get("me", fields="id,name")
        if (id := health.words(told, "id")) != own.page_id:
            raise ChannelError("The access token is another page's.", detail=id, permanent=True)
        ends = health.expiry(self.http, self.context, own.app_id, own.app_secret, own.access_token)
        health.subscribe(self.graph, own.page_id, FIELDS)
        return health.sentence(ends, health.words(told, "name"))
