"""Whether an account works: what LINE says of it, of the webhook, and of the messages of this month."""

from channels.line import trouble
from channels.line.answer import Answer
from channels.line.calling import Caller
from channels.outbound import ChannelError
from channels.text import clean

_WORKS = "LINE accepts the token and reaches this channel."
_ONLY_OUT = (
    "LINE accepts the token. It can reach this channel only at a public address that begins with https://."
)
_USED_UP = "LINE accepts the token and reaches this channel, but the messages of this month are used up."


def check(line: Caller) -> str:
    """A sentence, and in brackets the account and how many messages are used. Raises `ChannelError`."""
    account = _good(line.get("/v2/bot/info"))
    _is_the_one(line, account)
    limit, used = _quota(line)
    detail = _detail(account, limit, used)
    if not line.context.public_url.startswith("https://") and not line.context.sandbox:
        return f"{_ONLY_OUT} ({detail})"
    _webhook(line)
    return f"{_USED_UP if limit is not None and used >= limit else _WORKS} ({detail})"


def _is_the_one(line: Caller, account: Answer) -> None:
    expected, found = line.settings.bot_user_id, account.text("userId")
    if expected and found != expected:
        raise ChannelError("The user ID in the settings is another account's.", detail=found, permanent=True)


def _quota(line: Caller) -> tuple[int | None, int]:
    """(messages a month, None for no limit; messages used)."""
    limit = _good(line.get("/v2/bot/message/quota")).told
    used = _good(line.get("/v2/bot/message/quota/consumption")).told.get("totalUsage")
    most = limit.get("value") if limit.get("type") == "limited" else None
    return (most if isinstance(most, int) else None), (used if isinstance(used, int) else 0)


def _webhook(line: Caller) -> None:
    """What LINE calls, and whether it gets through. A channel without a webhook answers 404 to the question."""
    told = line.get("/v2/bot/channel/webhook/endpoint")
    if told.status == 404 or (told.ok and told.text("endpoint") != line.context.webhook_url):
        raise ChannelError(
            "LINE calls another address. Enter this channel's webhook address in the LINE Developers console.",
            detail=told.text("endpoint"),
            permanent=True,
        )
    if not _good(told).told.get("active"):
        raise ChannelError("“Use webhook” is switched off in the LINE Developers console.", permanent=True)
    tried = _good(line.post("/v2/bot/channel/webhook/test", {}))
    if tried.told.get("success") is not True:
        why = f"{tried.told.get('statusCode', '')} {tried.text('reason')} {tried.text('detail')}"
        raise ChannelError("LINE could not reach this channel.", detail=clean(why).strip()[:300])


def _detail(account: Answer, limit: int | None, used: int) -> str:
    usage = f"{used:,}/{limit:,}" if limit is not None else f"{used:,}"
    name = f"{account.text('displayName')} {account.text('premiumId') or account.text('basicId')}"
    return f"{name}, {account.text('userId')}, ✉ {usage}"


def _good(answer: Answer) -> Answer:
    if not answer.ok:
        raise trouble.refused(answer)
    return answer
