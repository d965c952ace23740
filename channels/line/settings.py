"""What is asked of who connects a LINE official account."""

from dataclasses import dataclass

from channels.settings import setting, tells_read

ACCOUNT, LINKING, MORE = "Official account", "Customers with an account in your shop", "More"


@dataclass(frozen=True)
class LineSettings:
    channel_id: str = setting(
        "Channel ID",
        help="“Basic settings” of the channel in the LINE Developers console; digits only.",
        required=True,
        placeholder="1234567890",
        maximum=20,
        group=ACCOUNT,
    )
    channel_secret: str = setting(
        "Channel secret",
        help="On the same page. What comes from LINE is signed with it.",
        required=True,
        secret=True,
        minimum=16,
        maximum=200,
        group=ACCOUNT,
    )
    access_token: str = setting(
        "Long-lived channel access token",
        help="“Messaging API” in the console. Empty: short-lived tokens are fetched when they are needed.",
        secret=True,
        maximum=1000,
        group=ACCOUNT,
    )
    login_url: str = setting(
        "Sign-in page of your shop",
        help="Customers who are asked to connect their account are sent there; the address gets a linkToken. "
        "Empty: nobody is asked.",
        url=True,
        placeholder="https://shop.example.jp/login",
        group=LINKING,
    )
    link_words: tuple[str, ...] = setting(
        "Words that ask for it",
        help="A message that is one of these, one a line, is answered with the way to sign in. A button of the "
        "rich menu can say them.",
        default=(),
        group=LINKING,
    )
    basic_id: str = setting(
        "LINE ID of the account",
        help="Begins with @. With it customers can go on at LINE with a chat begun on your site.",
        placeholder="@kitakaze",
        maximum=40,
        group=MORE,
    )
    bot_user_id: str = setting(
        "User ID of the account",
        help="Begins with U; “Test now” shows it. What is meant for another account is not taken. Empty: not checked.",
        placeholder="U0123456789abcdef0123456789abcdef",
        maximum=33,
        group=MORE,
    )
    identity_scope: str = setting(
        "User ids shared with",
        help="Accounts of one provider at LINE know a person by the same user id. Give each the same word here.",
        maximum=50,
        group=MORE,
    )
    show_read: bool = tells_read()

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field."""
        wrong = {}
        if not (self.channel_id.isascii() and self.channel_id.isdecimal()):
            wrong["channel_id"] = "The channel ID has digits only. It is not the ID that begins with @."
        if self.bot_user_id and not is_user(self.bot_user_id):
            wrong["bot_user_id"] = "A user ID is a U and 32 characters from 0 to 9 and a to f."
        return wrong


def is_user(id: str) -> bool:
    """Whether LINE could have given this id to a person or an account (and not to a group or a room)."""
    return len(id) == 33 and id[0] == "U" and set(id[1:]) <= set("0123456789abcdef")
