"""What is asked of who connects a WeChat official account."""

import re
from dataclasses import dataclass

from channels.settings import setting
from channels.wechat.sealing import is_key

ACCOUNT, WEBHOOK, MORE = "Official account", "Webhook", "More"
SAFE, PLAIN = "safe", "plain"
_APP_ID = re.compile(r"wx[0-9a-f]{16}")
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_ORIGINAL_ID = re.compile(r"gh_[0-9a-z]{6,40}")


@dataclass(frozen=True)
class WeChatSettings:
    app_id: str = setting(
        "AppID",
        help="WeChat's console → Settings and development → Development interface; begins with wx.",
        required=True,
        placeholder="wx0123456789abcdef",
        maximum=18,
        group=ACCOUNT,
    )
    app_secret: str = setting(
        "AppSecret",
        help="On the same page; WeChat shows it only when it is made.",
        required=True,
        secret=True,
        minimum=16,
        maximum=100,
        group=ACCOUNT,
    )
    token: str = setting(
        "Token",
        help="Make up 32 letters and digits, and enter the same at WeChat. What comes from there is signed with it.",
        required=True,
        secret=True,
        minimum=3,
        maximum=32,
        group=WEBHOOK,
    )
    aes_key: str = setting(
        "EncodingAESKey",
        help="Let WeChat make one up below the token there, and copy its 43 characters here before you submit.",
        required=True,
        secret=True,
        maximum=43,
        group=WEBHOOK,
    )
    mode: str = setting(
        "Encryption of messages",
        help="As chosen at WeChat. In plain mode what customers write is not covered by the signature: whoever sees one"
        " call of WeChat's on its way can write in their name for minutes.",
        default=SAFE,
        choices=((SAFE, "Safe mode (recommended)"), (PLAIN, "Plain mode")),
        group=WEBHOOK,
    )
    greeting: str = setting(
        "Greeting of who begins to follow",
        help="Said at once, and free. WeChat's own automatic answers are off while a webhook is on. Empty: nothing.",
        multiline=True,
        maximum=600,
        group=MORE,
    )
    account_id: str = setting(
        "Original ID of the account",
        help="Begins with gh_. What is meant for another account is not taken. Empty: not checked.",
        placeholder="gh_0123456789ab",
        maximum=43,
        group=MORE,
    )

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field. Secrets that are stored already are not here."""
        wrong = {}
        if not _APP_ID.fullmatch(self.app_id):
            wrong["app_id"] = "An AppID is wx and 16 characters from 0 to 9 and a to f."
        if self.token and not _TOKEN.fullmatch(self.token):
            wrong["token"] = "The token is 3 to 32 letters and digits."
        if self.aes_key and not is_key(self.aes_key):
            wrong["aes_key"] = "An EncodingAESKey has exactly 43 letters and digits."
        if self.account_id and not _ORIGINAL_ID.fullmatch(self.account_id):
            wrong["account_id"] = "The original ID begins with gh_. It is not the WeChat ID of the account."
        return wrong
