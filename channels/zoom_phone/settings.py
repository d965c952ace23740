"""What is asked of who connects Zoom Phone."""

from dataclasses import dataclass

from channels.settings import setting

APP, RECORDINGS = "App at Zoom", "Recordings"


@dataclass(frozen=True)
class ZoomSettings:
    secret_token: str = setting(
        "Secret token",
        help="In the Zoom App Marketplace, at the app under “Access”. What comes from Zoom is signed with it.",
        required=True,
        secret=True,
        minimum=8,
        maximum=200,
        group=APP,
    )
    account_id: str = setting(
        "Account ID",
        help="To fetch recordings and voicemails. At a “Server-to-Server OAuth” app, under “App Credentials”.",
        maximum=100,
        group=RECORDINGS,
    )
    client_id: str = setting("Client ID", maximum=100, group=RECORDINGS)
    client_secret: str = setting("Client secret", secret=True, maximum=200, group=RECORDINGS)

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field."""
        if bool(self.account_id) != bool(self.client_id):
            missing = "client_id" if self.account_id else "account_id"
            return {missing: "The account ID and the client ID belong together."}
        return {}
