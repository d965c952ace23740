"""What is asked of who connects a TikTok Business account."""

from dataclasses import dataclass

from channels.settings import setting, tells_read

APP, SIGNED_IN, MORE = "App at TikTok", "Signed in", "More"
SKEW = 300  # seconds
FILLED_IN = "Filled in when you sign in at TikTok, and renewed by itself."


@dataclass(frozen=True)
class TikTokSettings:
    app_id: str = setting(
        "App ID",
        help="Of your app in TikTok API for Business, under “Basic information”.",
        required=True,
        placeholder="7412345678901234567",
        maximum=64,
        group=APP,
    )
    app_secret: str = setting(
        "App secret",
        help="On the same page. What comes from TikTok is signed with it.",
        required=True,
        secret=True,
        minimum=16,
        maximum=200,
        group=APP,
    )
    business_id: str = setting(
        "Business ID",
        help="The open_id of the account, filled in when you sign in at TikTok. What is meant for another account is"
        " not taken.",
        secret=True,
        maximum=200,
        group=SIGNED_IN,
        folded=True,
    )
    access_token: str = setting(
        "Access token", help=FILLED_IN, secret=True, maximum=2000, group=SIGNED_IN, folded=True
    )
    access_until: str = setting(
        "Access token is good until", help=FILLED_IN, secret=True, maximum=40, group=SIGNED_IN, folded=True
    )
    refresh_token: str = setting(
        "Refresh token", help=FILLED_IN, secret=True, maximum=2000, group=SIGNED_IN, folded=True
    )
    refresh_until: str = setting(
        "Refresh token is good until", help=FILLED_IN, secret=True, maximum=40, group=SIGNED_IN, folded=True
    )
    skew: int = setting(
        "Seconds a webhook may be late",
        help="Older ones are refused, so that nobody can send a captured one again.",
        default=SKEW,
        minimum=5,
        maximum=86_400,
        group=MORE,
    )
    show_read: bool = tells_read()

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field."""
        if not (self.app_id.isascii() and self.app_id.isalnum()):
            return {"app_id": "An app ID has letters and digits only."}
        return {}
