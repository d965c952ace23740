"""Updates of Telegram as our events (https://core.telegram.org/bots/api#update).

Total: whatever Telegram may send one day is taken, and what is not known is ignored in words. Nothing is called
malformed, because Telegram repeats an update that is refused, and keeps all later ones back meanwhile.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from channels import judging
from channels.events import Block, Edit, Event, Follow, Ignored, Inbound, Person, Reaction
from channels.telegram.contents import caption, content
from channels.telegram.shape import MAX_TEXT, Object, at, number, obj, objects, text

ASKED_FOR = (  # allowed_updates
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "message_reaction",
)
PRIVATE = "private"
GROUPS = ("group", "supergroup")
_TO_BE_NAMED = 40  # characters of an unknown type that are repeated
_GONE = ("kicked", "left")

NOT_FOR_US = {  # kind of update → why it becomes nothing
    "channel_post": "a post in a Telegram channel; nobody waits for an answer there",
    "edited_channel_post": "a post in a Telegram channel was changed",
    "business_connection": "a person's own account was connected to the bot; this channel is the bot's own chats",
    "business_message": "a message to a person's own account; this channel is the bot's own chats",
    "edited_business_message": "a message to a person's own account was changed",
    "deleted_business_messages": "messages to a person's own account were deleted",
    "chat_member": "somebody came into a group or left it",
    "poll": "the votes of a poll changed",
    "poll_answer": "somebody voted in a poll",
    "message_reaction_count": "reactions in a Telegram channel changed",
}
_SERVICE = {  # field of a message that tells of something that happened → the same in words
    "new_chat_members": "somebody came into the group",
    "left_chat_member": "somebody left the group",
    "new_chat_title": "the group has another name",
    "new_chat_photo": "the group has another picture",
    "group_chat_created": "the group was made",
    "supergroup_chat_created": "the group was made",
    "message_auto_delete_timer_changed": "messages disappear after another time",
    "pinned_message": "a message was pinned",
    "migrate_from_chat_id": "the group goes on under another id",
    "write_access_allowed": "the bot may write to them",
}


def read(document: Any, groups: bool) -> list[Event]:
    """The events of one update. `groups`: whether what is said in groups is taken."""
    if not isinstance(document, dict) or number(document, "update_id") is None:
        return [Ignored("the body is no update of Telegram")]
    for kind in document:
        if kind in _READERS:
            return _READERS[kind](obj(document, kind), groups)
        if kind in NOT_FOR_US:
            return [Ignored(NOT_FOR_US[kind])]
    unknown = next((str(kind) for kind in document if kind != "update_id"), "nothing")
    return [Ignored(f"an update of an unknown kind: {_shown(unknown)}")]


MOVED = "The group goes on under another id."


def id_of(chat: int, message: int) -> str:
    """A message's id here: Telegram numbers the messages of each chat anew."""
    return f"{chat}:{message}"


def ids_in(id: str) -> tuple[int, int] | None:
    """(chat, message) of `id_of`, None if it is none."""
    chat, _, message = id.partition(":")
    try:
        return int(chat), int(message)
    except ValueError:
        return None


def _message(message: Object, groups: bool) -> list[Event]:
    sender, why_not = _sender(message, groups)
    chat, id = number(obj(message, "chat"), "id"), number(message, "message_id")
    if sender is None or chat is None or id is None:
        return [Ignored(why_not or "a message without its ids")]
    if sender.becomes:
        return [
            Inbound(
                external_id=id_of(chat, id),
                sender=sender,
                sent_at=at(message, "date"),
                thread=str(chat),
                sort="auto-reply",
                auto=True,
                context={"notice": MOVED},
            )
        ]
    found = content(message)
    if found is None:
        return [_nothing_shown(message)]
    start = _start(found.text)
    inbound = Inbound(
        external_id=id_of(chat, id),
        sender=_claiming(sender, message, found.context.get("contact")),
        text=_named(message, found.text),
        sent_at=at(message, "date"),
        thread=str(chat),
        in_reply_to=_answered(message, chat),
        attachments=found.files,
        context={**found.context, **_about(message), **({"start": start} if start else {})},
    )
    follows: list[Event] = [Follow(sender, at(message, "date"))] if _is_start(found.text) else []
    return [*follows, inbound]


def _edited(message: Object, groups: bool) -> list[Event]:
    chat, id = number(obj(message, "chat"), "id"), number(message, "message_id")
    sender, why_not = _sender(message, groups)
    if sender is None or chat is None or id is None:
        return [Ignored(why_not or "a message without its ids")]
    if "location" in message:
        return [Ignored("they moved while they share where they are")]
    if "text" not in message and "caption" not in message:
        return [Ignored("a message was changed in something else than its words")]
    words = text(message, "text", MAX_TEXT) or caption(message)
    return [Edit(id_of(chat, id), _named(message, words), at=at(message, "edit_date"))]


def _pressed(query: Object, groups: bool) -> list[Event]:
    """A button below a message: what stands on it is what they say."""
    message = obj(query, "message")
    id = text(query, "id")
    person = _person(obj(query, "from"))
    chat = obj(message, "chat") or {"id": number(obj(query, "from"), "id"), "type": PRIVATE}
    sender, why_not = _in_chat(person, chat, groups)
    if sender is None or not id:
        return [Ignored(why_not or "a button without its ids")]
    data = text(query, "data")
    if judged := judging.pressed(data, sender):
        return [judged]
    return [
        Inbound(
            external_id=f"button:{id}",
            sender=sender,
            text=_label(message, data) or data,
            thread=str(number(chat, "id")),
            in_reply_to=_own_id(message),
            context={"button": data},
        )
    ]


def _membership(change: Object, groups: bool) -> list[Event]:
    """They blocked the bot or took it back; or it came into a group or left one."""
    chat, status = obj(change, "chat"), text(obj(change, "new_chat_member"), "status")
    if text(chat, "type") != PRIVATE:
        return [Ignored("the bot left a group" if status in _GONE else "the bot's part in a group changed")]
    person = _person(obj(change, "from"))
    if person is None:
        return [Ignored("a change without its ids")]
    when = at(change, "date")
    return [Block(person, when) if status in _GONE else Follow(person, when)]


def _reaction(change: Object, groups: bool) -> list[Event]:
    chat, id = number(obj(change, "chat"), "id"), number(change, "message_id")
    sender, why_not = _in_chat(_person(obj(change, "user")), obj(change, "chat"), groups)
    if sender is None or chat is None or id is None:
        return [Ignored(why_not or "a reaction without its ids")]
    before, after = (_emoji(change, name) for name in ("old_reaction", "new_reaction"))
    when, message = at(change, "date"), id_of(chat, id)
    off: list[Event] = [Reaction(message, sender, one, False, when) for one in before if one not in after]
    on: list[Event] = [Reaction(message, sender, one, True, when) for one in after if one not in before]
    return [*off, *on] or [Ignored("a reaction that is no emoji")]


def _sender(message: Object, groups: bool) -> tuple[Person | None, str]:
    """Whose message it is; nobody's and why, if it is not for us."""
    if obj(message, "from").get("is_bot") is True:
        return None, "written by a bot"
    moved = number(message, "migrate_to_chat_id")
    sender, why_not = _in_chat(_person(obj(message, "from")), obj(message, "chat"), groups)
    if moved is not None and sender is not None:
        return replace(sender, becomes=str(moved)), ""
    return sender, why_not


def _in_chat(person: Person | None, chat: Object, groups: bool) -> tuple[Person | None, str]:
    kind = text(chat, "type")
    if kind == PRIVATE:
        return person, "" if person else "a message without its sender"
    if kind not in GROUPS:
        return None, "said elsewhere than in a private chat"
    if not groups:
        return None, "said in a group; this channel answers private chats only"
    id = number(chat, "id")
    return (
        (Person(str(id), name=text(chat, "title")), "")
        if id is not None
        else (None, "a group without its id")
    )


def _person(told: Object) -> Person | None:
    id = number(told, "id")
    if id is None:
        return None
    name = " ".join(filter(None, (text(told, "first_name"), text(told, "last_name"))))
    username = text(told, "username")
    return Person(
        str(id),
        name=name[:200],
        locale=text(told, "language_code", 16),
        attributes={"Telegram": f"@{username}"} if username else {},
    )


def _claiming(sender: Person, message: Object, contact: Any) -> Person:
    """A person who sent a card of themselves says what their number is; nobody has checked it."""
    if not isinstance(contact, dict) or not contact["phone"] or str(contact["user"]) != sender.address:
        return sender
    return replace(sender, claimed={"phone": contact["phone"]})


def _named(message: Object, words: str) -> str:
    """In a group, who says it."""
    if text(obj(message, "chat"), "type") == PRIVATE:
        return words
    person = _person(obj(message, "from"))
    return f"{person.name}: {words}" if person and person.name else words


def _is_start(words: str) -> bool:
    return words.partition(" ")[0].partition("@")[0] == "/start"


def _start(words: str) -> str:
    """What the link carried by which they opened the chat: https://t.me/BOT?start=…"""
    return words.partition(" ")[2].strip()[:64] if _is_start(words) else ""


def _answered(message: Object, chat: int) -> str:
    id = number(obj(message, "reply_to_message"), "message_id")
    return id_of(chat, id) if id is not None else ""


def _own_id(message: Object) -> str:
    chat, id = number(obj(message, "chat"), "id"), number(message, "message_id")
    return id_of(chat, id) if chat is not None and id is not None else ""


def _about(message: Object) -> dict[str, Any]:
    told = {
        "album": text(message, "media_group_id"),
        "quoted_words": text(obj(message, "quote"), "text", 1000),
        "forwarded": _origin(obj(message, "forward_origin")),
    }
    return {name: value for name, value in told.items() if value}


def _origin(told: Object) -> str:
    """Who wrote what they forwarded."""
    user, chat = obj(told, "sender_user"), obj(told, "chat") or obj(told, "sender_chat")
    person = _person(user)
    return (person.name if person else "") or text(told, "sender_user_name") or text(chat, "title")


def _label(message: Object, data: str) -> str:
    """What stands on the button that was pressed."""
    rows = obj(message, "reply_markup").get("inline_keyboard")
    buttons = [one for row in rows if isinstance(row, list) for one in row] if isinstance(rows, list) else []
    found = (one for one in buttons if isinstance(one, dict) and one.get("callback_data") == data)
    return text(next(found, {}), "text")


def _emoji(change: Object, name: str) -> list[str]:
    return [one for told in objects(change, name) if (one := text(told, "emoji", 20))]


def _nothing_shown(message: Object) -> Ignored:
    for name, words in _SERVICE.items():
        if name in message:
            return Ignored(words)
    known = {"message_id", "date", "chat", "from", "message_thread_id", "reply_to_message", "quote"}
    unknown = next((str(name) for name in message if name not in known), "nothing")
    return Ignored(f"a message of an unknown kind: {_shown(unknown)}")


def _shown(name: str) -> str:
    return text({"name": name}, "name", _TO_BE_NAMED)


_READERS: dict[str, Callable[[Object, bool], list[Event]]] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _pressed,
    "my_chat_member": _membership,
    "message_reaction": _reaction,
}
