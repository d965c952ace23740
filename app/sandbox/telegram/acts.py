"""What customers do, as the updates Telegram makes of it (core.telegram.org/bots/api#update)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.sandbox import acting, drawing
from app.sandbox.files import File, of_act
from app.sandbox.house import BadAct
from app.sandbox.talks import Bubble, Customer
from app.sandbox.telegram import sends
from app.sandbox.telegram.bot import Bot, Object, bubble_of, kind_of_group

if TYPE_CHECKING:
    from app.sandbox.telegram.platform import Telegram

Action = Mapping[str, Any]
Done = dict[str, Any]

FILE_BYTES = 60 * 1024 * 1024
BLOCKED = "The customer has blocked the bot; only follow is possible."
FILES = {  # act → field of the message
    "image": "photo",
    "video": "video",
    "audio": "audio",
    "voice": "voice",
    "file": "document",
    "animation": "animation",
    "video_note": "video_note",
}
FREE = ("contact", "venue", "poll", "dice")  # told as they are given


class Acts:
    """Turns an action, such as {"action": "text", "text": "…"}, into an update and what the phone shows of it."""

    def __init__(self, telegram: Telegram) -> None:
        self.telegram, self.house = telegram, telegram.house

    @property
    def bot(self) -> Bot:
        """The bot as it is now."""
        return self.telegram.bot

    def act(self, talk: Customer, action: Action) -> Done:
        """Do it. `quote`: the message that is answered; `talk`: a group, where `user` acts. Raises `BadAct`."""
        act = acting.chosen(ACTS, talk, action, always=("follow", "join"), blocked=BLOCKED)
        return act(self, talk, action)

    def say(self, talk: Customer, action: Action) -> Done:
        """A message of any kind. `forwarded`: the name of who wrote it first."""
        name = str(action["action"])
        made = CONTENTS[name](self, talk, action)
        answered = self._answered(talk, action)
        more: Object = {}
        if isinstance(action.get("set"), Mapping):
            more["media_group_id"] = str(action["set"].get("id", ""))
        if action.get("forwarded"):
            origin = {"type": "hidden_user", "sender_user_name": str(action["forwarded"])}
            more["forward_origin"] = {**origin, "date": int(self.house.clock.seconds())}
        talk.ever = True
        return self._said(talk, action, {**answered, **made.told, **more}, made)

    def start(self, talk: Customer, action: Action) -> Done:
        """The link https://t.me/BOT?start=… was opened; `payload`: what it carried."""
        text = f"/start {action.get('payload', '')}".strip()
        return self.say(talk, {**action, "action": "text", "text": text})

    def edit(self, talk: Customer, action: Action) -> Done:
        """The words of a message are changed."""
        bubble, message = self._message(talk, action)
        if bubble.by != "customer":
            raise BadAct("There is no such message of this customer.")
        field = "text" if "text" in message else "caption"
        message[field] = bubble.text = _words(action)
        message["edit_date"] = int(self.house.clock.seconds())
        self.telegram.talks.show(talk, bubble)
        return self._tell(talk, "edited_message", message, bubble.id)

    def unsend(self, talk: Customer, action: Action) -> Done:
        """A message is deleted: nothing of it stays on the phone, and the bot is told nothing."""
        bubble, _ = self._message(talk, action)
        bubble.unsent, bubble.text, bubble.data = True, "", {}
        self.telegram.talks.show(talk, bubble)
        return {"event": "", "message": bubble.id}

    def react(self, talk: Customer, action: Action) -> Done:
        """`emoji`, or "" to take it off again."""
        bubble, message = self._message(talk, action)
        before, now = str(bubble.data.get("reacted") or ""), str(action.get("emoji", ""))
        bubble.data["reacted"] = now
        self.telegram.talks.show(talk, bubble)
        told = {
            "chat": message["chat"],
            "message_id": message["message_id"],
            "user": self._user(talk, action),
            "date": int(self.house.clock.seconds()),
            "old_reaction": _reactions(before),
            "new_reaction": _reactions(now),
        }
        return self._tell(talk, "message_reaction", told, bubble.id)

    def press(self, talk: Customer, action: Action) -> Done:
        """A button below a message: `data` is what it carries."""
        bubble, message = self._message(talk, action)
        id = self.house.ids.digits(19)
        self.bot.queries.add(id)
        told = {
            "id": id,
            "from": self._user(talk, action),
            "message": message,
            "chat_instance": self.house.ids.digits(18),
            "data": str(action.get("data", "")),
        }
        return self._tell(talk, "callback_query", told, bubble.id)

    def follow(self, talk: Customer, action: Action) -> Done:
        """The bot is blocked ("unfollow"), or not any more; in a group it is thrown out ("leave"), or comes in."""
        talk.friend = action["action"] in ("follow", "join")
        talk.ever |= talk.friend
        self.telegram.talks.show_state(talk)
        away = {"status": "left"} if action["action"] == "join" else {"status": "kicked", "until_date": 0}
        states = [{"user": self.bot.me, **one} for one in ({"status": "member"}, away)]
        old, new = reversed(states) if talk.friend else states
        told = {
            "chat": self.bot.chat(talk),
            "from": self._user(talk, action),
            "date": int(self.house.clock.seconds()),
            "old_chat_member": old,
            "new_chat_member": new,
        }
        return self._tell(talk, "my_chat_member", told, "")

    def migrate(self, talk: Customer, action: Action) -> Done:
        """A group becomes a supergroup: it goes on under another id, which is the message that is returned."""
        if kind_of_group(talk.id) != "group" or talk.id in self.bot.moved:
            raise BadAct("Only a group can become a supergroup, and only once.")
        new = self.telegram.customer(f"-100{self.house.ids.digits(10)}")
        new.name, new.ever = talk.name, True
        self.bot.moved[talk.id] = new.id
        sender = self._user(talk, action)
        left = self.bot.message(talk, sender, {"migrate_to_chat_id": int(new.id)})
        done = self._tell(talk, "message", left, new.id)
        self._tell(new, "message", self.bot.message(new, sender, {"migrate_from_chat_id": int(talk.id)}), "")
        return done

    def _said(self, talk: Customer, action: Action, about: Object, made: sends.Made) -> Done:
        message = self.bot.message(talk, self._user(talk, action), about)
        id = bubble_of(talk, message["message_id"])
        if made.file:
            self.bot.shown[id] = made.file
        quoted = str(action.get("quote") or "")
        at = self.house.clock.milliseconds()
        self.telegram.talks.show(talk, Bubble(id, "customer", made.kind, at, made.text, made.data, quoted))
        return self._tell(talk, "message", message, id)

    def _tell(self, talk: Customer, kind: str, about: Object, message: str) -> Done:
        update = self.bot.update(kind, about)
        if update is None:
            return {"event": "", "message": message}
        self.telegram.updates.tell(talk, update)
        return {"event": str(update["update_id"]), "message": message}

    def _user(self, talk: Customer, action: Action) -> Object:
        """Who acts. Raises `BadAct`."""
        if not kind_of_group(talk.id):
            return self.bot.user(talk)
        if not action.get("talk") or kind_of_group(str(action.get("user", "-"))):
            raise BadAct("In a group, talk is the group and user is who acts.")
        return self.bot.user(self.telegram.customer(str(action["user"])))

    def _answered(self, talk: Customer, action: Action) -> Object:
        if not action.get("quote"):
            return {}
        found = self.bot.messages.get(str(action["quote"]))
        return self.bot.answered(talk, found["message_id"]) if found else {}

    def _message(self, talk: Customer, action: Action) -> tuple[Bubble, Object]:
        """Raises `BadAct`."""
        id = str(action.get("message", ""))
        bubble, message = talk.bubbles.get(id), self.bot.messages.get(id)
        if bubble is None or message is None or bubble.unsent:
            raise BadAct("There is no such message.")
        return bubble, message

    def text(self, _talk: Customer, action: Action) -> sends.Made:
        """Words."""
        said = _words(action)
        return sends.Made({"text": said, **sends.entities(said)}, "text", said)

    def file(self, talk: Customer, action: Action) -> sends.Made:
        """A photo, a video, a voice message, a file; `caption`: what stands below."""
        name = FILES[str(action["action"])]
        usual, called = sends.OTHERWISE[name]
        file = of_act(talk.id, {"name": called, **action}, usual, FILE_BYTES)
        id = self.bot.keep(file)
        caption = str(action.get("caption") or "")
        told = {name: sends.described(name, id, file, int(action.get("duration", 5)))}
        told |= {"caption": caption} if caption else {}
        if name == "animation":
            told["document"] = sends.described("document", id, file)
        text = file.name if name == "document" else caption
        return sends.Made(told, sends.BUBBLES[name], text, {"caption": caption} if caption else {}, id)

    def sticker(self, talk: Customer, action: Action) -> sends.Made:
        """One of the sandbox's own. `moving`: it is animated, and its picture only a thumbnail."""
        id = str(action.get("stickerId") or next(iter(drawing.STICKERS)))
        if not id.isdecimal():
            raise BadAct("stickerId must be digits")
        file = self.bot.keep(File(talk.id, "sticker.png", "image/png", drawing.sticker(id)))
        about = sends.described("sticker", file, File(talk.id, "", "", drawing.sticker(id)))
        about |= {"emoji": EMOJI.get(id, "🙂"), "set_name": "kitakaze_stickers"}
        if action.get("moving"):
            still = {name: about[name] for name in ("file_unique_id", "width", "height")}
            moving = self.bot.keep(File(talk.id, "sticker.tgs", "application/x-tgsticker", b"\x1f\x8b"))
            about |= {"is_animated": True, "file_id": moving, "thumbnail": {**still, "file_id": file}}
        return sends.Made({"sticker": about}, "sticker", "", {"stickerId": id, "keywords": [about["emoji"]]})

    def location(self, _talk: Customer, action: Action) -> sends.Made:
        """A place; with a title it is a venue, which is told as a location as well."""
        try:
            where = {name: float(action[name]) for name in ("latitude", "longitude")}
        except (KeyError, TypeError, ValueError) as error:
            raise BadAct("latitude and longitude must be numbers") from error
        named = {name: str(action[name]) for name in ("title", "address") if action.get(name)}
        told: Object = {"location": where}
        if named:
            told["venue"] = {"location": where, "title": "", "address": "", **named}
        return sends.Made(told, "location", named.get("title", ""), {**where, **named})

    def free(self, _talk: Customer, action: Action) -> sends.Made:
        """A message with an object of its own, given as it is under the name of the act."""
        name = str(action["action"])
        if not isinstance(action.get(name), Mapping):
            raise BadAct(f"{name} must be an object")
        told = dict(action[name])
        return sends.Made({name: told}, "text", " ".join(str(one) for one in told.values()))


def _words(action: Action) -> str:
    text = action.get("text")
    if not isinstance(text, str) or not text.strip() or sends.utf16(text) > sends.MAX_TEXT:
        raise BadAct("text must have 1 to 4,096 characters")
    return text


def _reactions(emoji: str) -> list[Object]:
    return [{"type": "emoji", "emoji": emoji}] if emoji else []


EMOJI = dict(zip(drawing.STICKERS, "🙏👌🙇😆😟😢😠😴", strict=True))
CONTENTS: dict[str, Callable[[Acts, Customer, Action], sends.Made]] = {
    "text": Acts.text,
    **dict.fromkeys(FILES, Acts.file),
    "sticker": Acts.sticker,
    "location": Acts.location,
    **dict.fromkeys(FREE, Acts.free),
}
ACTS: dict[str, Callable[[Acts, Customer, Action], Done]] = {
    **dict.fromkeys(CONTENTS, Acts.say),
    "start": Acts.start,
    "edit": Acts.edit,
    "unsend": Acts.unsend,
    "reaction": Acts.react,
    "postback": Acts.press,
    **dict.fromkeys(("follow", "unfollow", "join", "leave"), Acts.follow),
    "migrate": Acts.migrate,
}
