"""What is asked of who connects a WhatsApp number."""

from dataclasses import dataclass

from channels.meta import asked
from channels.settings import setting, tells_read

NUMBER = "WhatsApp number"


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
    access_token: str = asked.access_token(
        "Access token of a system user",
        "It needs the permissions whatsapp_business_messaging and whatsapp_business_management.",
        NUMBER,
    )
    app_id: str = asked.app_id("By it the end of the token is known ahead.")
    app_secret: str = asked.app_secret("On the same page. What comes from Meta is signed with it.")
    verify_token: str = asked.verify_token()
    show_read: bool = tells_read()

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field."""
        return asked.not_digits(
            phone_number_id=self.phone_number_id, waba_id=self.waba_id, app_id=self.app_id
        )
