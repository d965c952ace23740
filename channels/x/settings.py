"""What is asked of who connects an account on X."""

from dataclasses import dataclass

from channels.settings import setting

APP, SIGNED_IN = "App", "Signed in"
FILLED_IN = "Filled in when you sign in at X, and renewed by itself."


@dataclass(frozen=True)
class XSettings:
    client_id: str = setting(
        "OAuth 2.0 client ID",
        help="“Keys and tokens” of the app in the X developer console.",
        required=True,
        maximum=200,
        group=APP,
    )
    client_secret: str = setting(
        "OAuth 2.0 client secret",
        help="On the same page. What comes from X is signed with it.",
        required=True,
        secret=True,
        minimum=16,
        maximum=200,
        group=APP,
    )
    bearer_token: str = setting(
        "Bearer token of the app",
        help="On the same page. With it, “Test now” registers the webhook address at X and subscribes to the messages.",
        secret=True,
        maximum=500,
        group=APP,
    )
    consumer_secret: str = setting(
        "API key secret",
        help="Only for older apps, whose webhooks X signs with it. Empty: the client secret.",
        secret=True,
        maximum=200,
        group=APP,
    )
    user_id: str = setting(
        "User ID of the account",
        help="Digits only; filled in when you sign in at X. What is meant for another account is not taken.",
        secret=True,
        maximum=20,
        group=SIGNED_IN,
        folded=True,
    )
    refresh_token: str = setting(
        "Refresh token", help=FILLED_IN, secret=True, maximum=500, group=SIGNED_IN, folded=True
    )
    access_token: str = setting(
        "Access token", help=FILLED_IN, secret=True, maximum=500, group=SIGNED_IN, folded=True
    )

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field."""
        if self.user_id and not is_user(self.user_id):
            return {"user_id": "The user ID has digits only. It is not the name that begins with @."}
        return {}

    @property
    def signing_secret(self) -> str:
        """The one that challenges are answered with."""
        return self.consumer_secret or self.client_secret


def is_user(id: str) -> bool:
    """Whether X could have given this id to an account."""
    return id.isascii() and id.isdecimal() and len(id) <= 20
