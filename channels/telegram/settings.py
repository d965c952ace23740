"""What is asked of who connects a Telegram bot."""

import re
from dataclasses import dataclass
from typing import Literal

from channels.settings import setting

BOT, GROUPS = "Bot", "Groups"
WEBHOOK, POLLING = "webhook", "polling"
REFUSE, ACCEPT = "refuse", "accept"
REFUSAL = "こちらではお答えできません。個別のチャットでお問い合わせください。\nPlease write to me in a private chat."
_TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,100}")


@dataclass(frozen=True)
class TelegramSettings:
    token: str = setting(
        "Bot token",
        help="@BotFather sends it when the bot is made; /token there shows it again.",
        required=True,
        secret=True,
        placeholder="123456789:AAE…",
        maximum=130,
        group=BOT,
    )
    delivery: str = setting(
        "How messages come in",
        help="Fetching works without a public address. After a change here, “Test now”.",
        default=WEBHOOK,
        choices=((WEBHOOK, "Telegram calls the webhook address"), (POLLING, "We fetch them from Telegram")),
        group=BOT,
    )
    groups: str = setting(
        "In groups",
        help="A group is one customer here: everybody in it reads the answers.",
        default=REFUSE,
        choices=((REFUSE, "Ask for a private chat"), (ACCEPT, "Take part")),
        group=GROUPS,
    )
    refusal: str = setting(
        "What the bot says in a group",
        help="Once, when it is added to one. Empty: nothing.",
        default=REFUSAL,
        multiline=True,
        maximum=1000,
        group=GROUPS,
    )

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field. A token that is stored already is not here."""
        if self.token and not _TOKEN.fullmatch(self.token):
            return {"token": "A bot's token is digits, a colon and some 35 letters, such as 123456789:AAE…"}
        return {}

    @property
    def way(self) -> Literal["webhook", "polling"]:
        return "polling" if self.delivery == POLLING else "webhook"
