"""A professional Instagram account whose customers write to it
(https://developers.facebook.com/docs/instagram-platform)."""

from dataclasses import dataclass
from datetime import datetime

from channels.base import ChannelError, Features, Secrets, setting
from channels.meta import asked, conversing, health, renewal, sending, trouble
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
        "Of the Instagram account, or of the page it belongs to. With Instagram login it is renewed by itself.",
        ACCOUNT,
    )
    access_until: str = setting(
        "Access token is good until",
        help="Filled in when the token is renewed, which happens by itself with Instagram login.",
        secret=True,
        maximum=80,
        group=ACCOUNT,
        folded=True,
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
        rates=True,
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

    def look_after(self) -> datetime | None:
        """With Instagram login the token is renewed for another 60 days, long before it ends. What cannot be renewed (a
        page's token) only says when it ends."""
        own = self.settings
        if own.login != "instagram":
            return health.expiry(self.http, self.context, own.app_id, own.app_secret, own.access_token)
        until = renewal.until(own.access_token, own.access_until)
        if not renewal.is_due(until):
            return until
        try:
            kept = self.context.renew(self._renewed)
        except trouble.Reauthorise:
            raise
        except ChannelError:
            return (
                until  # asked again tomorrow: there are weeks left, and a token of today is not renewed yet
            )
        return renewal.until(kept.get("access_token", ""), kept.get("access_until", ""))

    def _renewed(self, stored: Secrets) -> Secrets:
        token = stored.get("access_token") or self.settings.access_token
        if not renewal.is_due(renewal.until(token, stored.get("access_until", ""))):
            return {}  # somebody else was faster
        graph = Graph(self.http, self.context, token, base=renewal.HOST)
        told = graph.get("refresh_access_token", grant_type="ig_refresh_token", access_token=token)
        return renewal.secrets_of(told)

    def _by_itself(self) -> tuple[str, str, datetime | None]:
        """(id, name, end of the token: Meta tells it only when the token is renewed)."""
        told = self.graph.get("me", fields="user_id,username")
        ends = renewal.until(self.settings.access_token, self.settings.access_until)
        return health.words(told, "user_id"), health.words(told, "username"), ends

    def _by_page(self) -> tuple[str, str, datetime | None]:
        told = self.graph.get("me", fields="instagram_business_account{id,username}")
        account = health.part(told, "instagram_business_account")
        own = self.settings
        ends = health.expiry(self.http, self.context, own.app_id, own.app_secret, own.access_token)
        return health.words(account, "id"), health.words(account, "username"), ends
