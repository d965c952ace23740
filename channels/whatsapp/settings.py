"""What is asked of who connects a WhatsApp number."""

from dataclasses import dataclass

from channels.settings import setting, tells_read

NUMBER, APP = "WhatsApp number", "App at Meta"
DIGITS = "This ID has digits only."


@dataclass(frozen=True)
class WhatsAppSettings:
    phone_number_id: str = setting(
        "Phone number ID",
        help="“WhatsApp” → “API setup” in the app. What is meant for another number is not taken.",
        required=True,
        placeholder="106540352242922",
        maximum=40,
        group=NUMBER,
    )
    waba_id: str = setting(
        "WhatsApp business account ID",
        help="On the same page. Templates belong to it.",
        required=True,
        placeholder="102290129340398",
        maximum=40,
        group=NUMBER,
    )
    access_token: str = setting(
        "Access token of a system user",
        help="It needs the permissions whatsapp_business_messaging and whatsapp_business_management.",
        required=True,
        secret=True,
        maximum=1000,
        group=NUMBER,
    )
    app_id: str = setting(
        "App ID",
        help="By it the end of the token is known ahead.",
        placeholder="1234567890123456",
        maximum=40,
        group=APP,
    )
    app_secret: str = setting(
        "App secret",
        help="On the same page. What comes from Meta is signed with it.",
        required=True,
        secret=True,
        minimum=16,
        maximum=200,
        group=APP,
    )
    verify_token: str = setting(
        "Verify token",
        help="A word of your own that Meta shows us once. Copy it before you save: it is not shown again.",
        required=True,
        secret=True,
        generate=True,
        minimum=8,
        maximum=200,
        group=APP,
    )
    show_read: bool = tells_read()

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field."""
        ids = {"phone_number_id": self.phone_number_id, "waba_id": self.waba_id, "app_id": self.app_id}
        return {name: DIGITS for name, id in ids.items() if id and not (id.isascii() and id.isdecimal())}
