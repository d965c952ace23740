"""What every channel of Meta asks of who connects it."""

from typing import Any

from channels.settings import setting

APP = "App at Meta"
DIGITS = "This ID has digits only."


def access_token(label: str, help: str, group: str) -> Any:
    """A field for what calls are made with."""
    return setting(label, help=help, required=True, secret=True, maximum=1000, group=group)


def app_id(help: str) -> Any:
    """A field for the app's public number."""
    return setting("App ID", help=help, placeholder="1234567890123456", maximum=40, group=APP)


def app_secret(help: str) -> Any:
    """A field for what Meta signs with."""
    return setting("App secret", help=help, required=True, secret=True, minimum=16, maximum=200, group=APP)


def verify_token() -> Any:
    """A field for the word that Meta shows when it asks whether the address is ours."""
    return setting(
        "Verify token",
        help="A word of your own that Meta shows us once. Copy it before you save: it is not shown again.",
        required=True,
        secret=True,
        generate=True,
        minimum=8,
        maximum=200,
        group=APP,
    )


def not_digits(**ids: str) -> dict[str, str]:
    """What is wrong with these IDs, by field."""
    return {name: DIGITS for name, id in ids.items() if id and not (id.isascii() and id.isdecimal())}
