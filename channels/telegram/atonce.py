"""What is answered to an update at once: a button stops waiting, and a group hears that nobody answers there.

To a webhook it is the body of our answer (https://core.telegram.org/bots/api#making-requests-when-getting-updates);
where updates are fetched it is a call of its own. Losing it costs nothing.
"""

from typing import Any

from channels.telegram.events import GROUPS
from channels.telegram.shape import Object, number, obj, text

_THERE = ("member", "administrator")
_AWAY = ("left", "kicked", "")


def reply(document: Any, refusal: str) -> tuple[str, dict[str, Any]] | None:
    """(method, parameters), None where nothing is to be done. `refusal`: what to say in groups, "" for nothing."""
    if not isinstance(document, dict):
        return None
    if query := text(obj(document, "callback_query"), "id"):
        return "answerCallbackQuery", {"callback_query_id": query}
    added = _added_to(obj(document, "my_chat_member"))
    return (
        ("sendMessage", {"chat_id": added, "text": refusal})
        if added is not None and refusal.strip()
        else None
    )


def _added_to(change: Object) -> int | None:
    """The group that the bot was added to."""
    chat = obj(change, "chat")
    before, after = (text(obj(change, name), "status") for name in ("old_chat_member", "new_chat_member"))
    came = text(chat, "type") in GROUPS and before in _AWAY and after in _THERE
    return number(chat, "id") if came else None
