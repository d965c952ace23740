"""A professional Instagram account whose customers write to it
(https://developers.facebook.com/docs/instagram-platform)."""

from dataclasses import dataclass
from datetime import datetime

from channels.base import ChannelError, Features, setting
from channels.meta import asked, conversing, health, sending
from channels.meta.graph import FACEBOOK, INSTAGRAM, Graph
from channels.settings import tells_read

FIELDS = ("messages", "messaging_postbacks", "messaging_seen", "message_reactions", "messaging_referral")
TYPES = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "audio/aac",
    "audio/mp4",
    "audio/wav",
    "audio/x-wav",
    "video/mp4",
    "video/ogg",
    "video/quicktime",
    "video/webm",
    "application/pdf",
)
ACCOUNT = "Instagram account"


@dataclass(frozen=True)
class InstagramSettings:
    login: str = setting(
        "How the account is connected at Meta",
        default="instagram",
        choices=(("instagram", "Instagram login"), ("facebook", "By a Facebook page")),
        group=ACCOUNT,
    )
    account_id: str = setting(
        "Instagram account ID",
        help="Digits only; “Test now” shows it. What is meant for another account is not taken.",
        required=True,
        placeholder="17841400000000000",
        maximum=40,
        group=ACCOUNT,
    )
    access_token: str = asked.access_token(
        "Access token",
        "Of the Instagram account, or of the page it belongs to. With Instagram login it holds for 60 days.",
        ACCOUNT,
    )
    app_id: str = asked.app_id(
        "By it our own messages are known when Meta reports them, and the token's end."
    )
    app_secret: str = asked.app_secret(
        "With Instagram login the Instagram app secret, else the app's. What comes from Meta is signed with it."
    )
    verify_token: str = asked.verify_token()
    show_read: bool = tells_read()

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field."""
        return asked.not_digits(account_id=self.account_id, app_id=self.app_id)


class Instagram(conversing.Conversing[InstagramSettings]):
    kind = "instagram"
    label = "Instagram"
    help_page = "instagram"
    guide = (
        "Turn the account into a professional one, and allow access to messages in its settings for connected tools.",
        "In Meta for Developers, create an app of the type “Business” and add the product “Instagram”.",
        "Connect the account there, make an access token, and copy it with the account's ID and the app secret.",
        "Save here. Then paste the webhook address and the verify token into “Configure webhooks” there.",
        "“Test now” says whether Meta accepts the token, and subscribes this channel to the account.",
    )
    features = Features(
        max_length=1000,
        length_unit="bytes",
        max_attachment_bytes=conversing.MAX_FILE,
        attachment_types=TYPES,
        max_quick_replies=sending.MAX_BUTTONS,
        read_receipts=True,
        edits=True,
        reactions=True,
        reply_window=sending.WINDOW,
        person_window=sending.PERSON_WINDOW,
        per_second=40,
        needs_public_url=True,
        files_by_url=True,
        icon="camera",
        tint="plum",
    )
    Settings = InstagramSettings
    style = sending.Style(1000, "bytes", {}, TYPES)
    object = "instagram"
    profile = "name,username,profile_pic"
    marked = False  # Instagram knows no metadata

    @property
    def account(self) -> str:
        return self.settings.account_id

    @property
    def graph(self) -> Graph:
        """Instagram login has a host of its own, which takes no proof by the app's secret."""
        own = self.settings
        if own.login == "instagram":
            return Graph(self.http, self.context, own.access_token, base=INSTAGRAM)
        return Graph(self.http, self.context, own.access_token, own.app_secret, base=FACEBOOK)

    def check(self) -> str:
        """Whether the token is the account's, until when, and that it tells us what is written to it."""
        own = self.settings
        id, name, ends = self._by_itself() if own.login == "instagram" else self._by_page()
        if id != own.account_id:
            raise ChannelError("The access token is another account's.", detail=id, permanent=True)
        health.subscribe(self.graph, "me", FIELDS if own.login == "instagram" else ("messages",))
        return health.sentence(ends, f"{name}, {id}")

    def _by_itself(self) -> tuple[str, str, None]:
        """(id, name, end of the token: Meta tells none here)."""
        told = self.graph.get("me", fields="user_id,username")
        return health.words(told, "user_id"), health.words(told, "username"), None

    def _by_page(self) -> tuple[str, str, datetime | None]:
        told = self.graph.get("me", fields="instagram_business_account{id,username}")
        account = health.part(told, "instagram_business_account")
        own = self.settings
        ends = health.expiry(self.http, self.context, own.app_id, own.app_secret, own.access_token)
        return health.words(account, "id"), health.words(account, "username"), ends
