"""What Telegram's refusals mean (https://core.telegram.org/bots/api#making-requests)."""

from collections.abc import Mapping
from typing import Any

from channels.calling import LOST_STATUSES, Answer
from channels.outbound import ChannelError
from channels.outcome import LONGEST_WAIT, asked_to_wait, refusal
from channels.telegram.shape import number, obj, text

LOST = "We do not know whether Telegram took this message. Look before you send it again."

_STATUSES = {
    400: "Telegram did not understand the message.",
    401: "Telegram does not accept the bot's token. Check the channel's settings.",
    403: "Telegram does not allow this.",
    404: "Telegram does not accept the bot's token. Check the channel's settings.",
    409: "Another program fetches this bot's messages. Only one may: stop the other, or give it another bot.",
    413: "The message is too large for Telegram.",
    429: "Telegram asks us to send more slowly.",
}
_UNREACHABLE = {  # words of Telegram, in lower case → ours; nothing will ever arrive there
    "bot was blocked by the user": "The customer has blocked the bot.",
    "user is deactivated": "The customer's Telegram account does not exist any more.",
    "bot can't initiate conversation": "The customer has to write to the bot first.",
    "chat not found": "Telegram does not know this customer.",
    "peer_id_invalid": "Telegram does not know this customer.",
    "bot was kicked": "The bot was removed from the group.",
    "bot is not a member": "The bot was removed from the group.",
    "group chat was deactivated": "The group does not exist any more.",
}
_REFUSED = {
    "message is too long": "The message is too long for Telegram.",
    "message text is empty": "There is nothing to send.",
    "file is too big": "Telegram hands files of up to 20 MB to programs. The customer can send it in another way.",
    "not enough rights": "The bot may not write in this group.",
    "have no rights": "The bot may not write in this group.",
    "webhook is active": "A webhook is set for this bot, so its messages cannot be fetched.",
    "bad webhook": "Telegram does not take this installation's address for the webhook.",
}


def refused(answer: Answer) -> ChannelError:
    """The `ChannelError` for an answer that is no success."""
    told = answer.told
    said = text(told, "description", 300)
    if answer.status in LOST_STATUSES:
        return ChannelError(LOST, detail=str(answer.status), ambiguous=True)
    if 300 <= answer.status < 400:
        return ChannelError("Telegram's address redirects; redirects are not followed.", permanent=True)
    general = refusal(answer.status, _wait(answer, told), said)
    unreachable = _in_words(said, _UNREACHABLE) if answer.status in (400, 403) else ""
    passing = "Telegram is not working at the moment." if not general.permanent else "Telegram refused this."
    sentence = unreachable or _in_words(said, _REFUSED) or _STATUSES.get(answer.status, passing)
    return ChannelError(
        sentence,
        detail=general.detail,
        permanent=general.permanent,
        retry_after=general.retry_after,
        unreachable=bool(unreachable),
        everybody=answer.status in (401, 404),
    )


def moved_to(answer: Answer) -> int | None:
    """The id under which the group goes on, where that is why it was refused."""
    return number(obj(answer.told, "parameters"), "migrate_to_chat_id") if answer.status == 400 else None


def _in_words(said: str, table: Mapping[str, str]) -> str:
    lower = said.lower()
    return next((ours for theirs, ours in table.items() if theirs in lower), "")


def _wait(answer: Answer, told: Mapping[str, Any]) -> float | None:
    seconds = number(obj(told, "parameters"), "retry_after")
    return asked_to_wait(answer.headers) if seconds is None else min(max(float(seconds), 0.0), LONGEST_WAIT)
