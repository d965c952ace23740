"""Whether the bot works; a channel with a webhook registers it on the way (getMe, setWebhook, getWebhookInfo)."""

from channels.base import Context
from channels.outbound import ChannelError
from channels.telegram.bot import Bot
from channels.telegram.events import ASKED_FOR
from channels.telegram.shape import Object, number, obj, text

CONNECTIONS = 20  # Telegram opens to us at most


def check(bot: Bot, context: Context, secret: str) -> str:
    """Register the webhook address and say what Telegram tells of it. Raises `ChannelError` with its words."""
    if not (context.public_url.startswith("https://") or context.sandbox):
        raise ChannelError(
            "Telegram only calls addresses that begin with https://. Set MADOGUCHI_PUBLIC_URL, or fetch the messages.",
            permanent=True,
        )
    name = _name(bot)
    before = _webhook(bot)
    bot.call(
        "setWebhook",
        {
            "url": context.webhook_url,
            "secret_token": secret,
            "allowed_updates": list(ASKED_FOR),
            "max_connections": CONNECTIONS,
        },
    )
    if text(before, "url", 2000) == context.webhook_url:
        _tell_trouble(before)
    return f"The bot is ready, and Telegram calls the webhook address. (@{name})"


def check_polling(bot: Bot) -> str:
    """Take a webhook away. Raises `ChannelError` with Telegram's words."""
    name = _name(bot)
    bot.call("deleteWebhook", {"drop_pending_updates": False})
    return f"The bot is ready, and its messages are fetched. (@{name})"


def _name(bot: Bot) -> str:
    return text(obj(bot.call("getMe", {}).told, "result"), "username")


def _webhook(bot: Bot) -> Object:
    return obj(bot.call("getWebhookInfo", {}).told, "result")


def _tell_trouble(before: Object) -> None:
    """What went wrong lately, as long as something waits there because of it."""
    waiting, said = number(before, "pending_update_count") or 0, text(before, "last_error_message", 300)
    if waiting and said:
        raise ChannelError(
            "Telegram could not deliver messages here. It tries again by itself.", detail=f"{said}; {waiting}"
        )
