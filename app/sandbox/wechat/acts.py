"""What customers do, as the webhooks WeChat makes of it
(developers.weixin.qq.com/doc/service/guide/product/message/)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.sandbox import acting
from app.sandbox.files import of_act
from app.sandbox.house import BadAct
from app.sandbox.talks import Bubble, Customer
from app.sandbox.wechat.account import Account

if TYPE_CHECKING:
    from app.sandbox.wechat.platform import WeChat

Action = Mapping[str, Any]
Fields = dict[str, Any]
FILE_BYTES = 20 * 1024 * 1024
NO_FOLLOWER = "The customer does not follow the account; only follow is possible."


class Acts:
    """Turns an action, such as {"action": "text", "text": "…"}, into a webhook and what the phone shows of it."""

    def __init__(self, wechat: WeChat) -> None:
        self.wechat, self.house = wechat, wechat.house

    @property
    def account(self) -> Account:
        """The account as it is now."""
        return self.wechat.account

    def act(self, talk: Customer, action: Action) -> dict[str, Any]:
        """Do it. Raises `BadAct`."""
        return acting.chosen(ACTS, talk, action, blocked=NO_FOLLOWER)(self, talk, action)

    def say(self, talk: Customer, action: Action) -> dict[str, Any]:
        """A message of any kind. It gives the account five answers within 48 hours."""
        name, id = str(action["action"]), self.house.ids.digits(17)
        kind, fields, bubble = CONTENTS[name](self, talk, action)
        bubble.id = id
        if "MediaId" in fields:
            self.account.shown[id] = fields["MediaId"]
        self.account.allowances.gain(talk.id, wrote=name != "choice")
        self.wechat.talks.show(talk, bubble)
        self._tell(talk, kind, {**fields, "MsgId": int(id)})
        return {"event": id, "message": id}

    def follow(self, talk: Customer, action: Action) -> dict[str, Any]:
        """They follow the account; `scene`: what the QR code carried by which they came."""
        talk.friend = talk.ever = True
        self.wechat.talks.show_state(talk)
        scene = str(action.get("scene") or "")
        told = (
            {"EventKey": f"qrscene_{scene}", "Ticket": self.house.ids.hex(32)} if scene else {"EventKey": ""}
        )
        return self._event(talk, "subscribe", told, gains=True)

    def unfollow(self, talk: Customer, _action: Action) -> dict[str, Any]:
        """They follow no more: nothing reaches them."""
        talk.friend = False
        self.account.allowances.lose(talk.id)
        self.wechat.talks.show_state(talk)
        return self._event(talk, "unsubscribe", {"EventKey": ""})

    def scan(self, talk: Customer, action: Action) -> dict[str, Any]:
        """A QR code of the account, by one who follows it."""
        told = {"EventKey": str(action.get("scene") or "1"), "Ticket": self.house.ids.hex(32)}
        return self._event(talk, "SCAN", told, gains=True)

    def click(self, talk: Customer, action: Action) -> dict[str, Any]:
        """An entry of the menu that tells the account its `key`."""
        return self._event(talk, "CLICK", {"EventKey": str(action.get("key") or "")}, gains=True)

    def view(self, talk: Customer, action: Action) -> dict[str, Any]:
        """An entry of the menu that opens a `url`."""
        return self._event(talk, "VIEW", {"EventKey": str(action.get("url") or "https://example.jp/")})

    def event(self, talk: Customer, action: Action) -> dict[str, Any]:
        """Any other, given as it is: its `name` and `fields`."""
        fields = action.get("fields")
        return self._event(
            talk, str(action.get("name") or ""), dict(fields) if isinstance(fields, Mapping) else {}
        )

    def unsend(self, talk: Customer, action: Action) -> dict[str, Any]:
        """A message is taken back: an account is told nothing of it."""
        bubble = acting.unsent(self.wechat.talks, talk, action)
        return {"event": "", "message": bubble.id}

    def text(self, _talk: Customer, action: Action) -> tuple[str, Fields, Bubble]:
        """Words."""
        text = action.get("text")
        if not isinstance(text, str) or not text.strip() or len(text) > 10_000:
            raise BadAct("text must have 1 to 10,000 characters")
        return "text", {"Content": text}, self._bubble("text", text)

    def choice(self, _talk: Customer, action: Action) -> tuple[str, Fields, Bubble]:
        """A line of a menu in a message: `title` and its `id`. It counts as pressed, not as written."""
        title = str(action.get("title") or "")
        return (
            "text",
            {"Content": title, "bizmsgmenuid": str(action.get("id") or "")},
            self._bubble("text", title),
        )

    def picture(self, talk: Customer, action: Action) -> tuple[str, Fields, Bubble]:
        """A photo."""
        media = self._keep(talk, action, "image/jpeg")
        told = {"PicUrl": f"http://mmbiz.qpic.cn/mmbiz_jpg/{media}/0", "MediaId": media}
        return "image", told, self._bubble("image")

    def voice(self, talk: Customer, action: Action) -> tuple[str, Fields, Bubble]:
        """A voice message; `recognition`: its words, where the account has them made out."""
        told = {"MediaId": self._keep(talk, action, "audio/amr"), "Format": "amr"}
        words = str(action.get("recognition") or "")
        return "voice", told | ({"Recognition": words} if words else {}), self._bubble("audio")

    def video(self, talk: Customer, action: Action) -> tuple[str, Fields, Bubble]:
        """A film."""
        told = {"MediaId": self._keep(talk, action, "video/mp4"), "ThumbMediaId": self.house.ids.hex(32)}
        return "video", told, self._bubble("video")

    def location(self, _talk: Customer, action: Action) -> tuple[str, Fields, Bubble]:
        """A place. X is the latitude."""
        try:
            x, y = (float(action[name]) for name in ("latitude", "longitude"))
        except (KeyError, TypeError, ValueError) as error:
            raise BadAct("latitude and longitude must be numbers") from error
        label = " ".join(str(action[name]) for name in ("address", "title") if action.get(name))
        told = {"Location_X": f"{x:.6f}", "Location_Y": f"{y:.6f}", "Scale": 16, "Label": label}
        data = {name: action.get(name) for name in ("title", "address", "latitude", "longitude")}
        return "location", told, self._bubble("location", data=data)

    def link(self, _talk: Customer, action: Action) -> tuple[str, Fields, Bubble]:
        """A page that was shared."""
        told = {"Title": str(action.get("title") or ""), "Description": str(action.get("description") or "")}
        told["Url"] = str(action.get("url") or "https://example.jp/")
        return "link", told, self._bubble("text", f"{told['Title']}\n{told['Url']}")

    def file(self, _talk: Customer, _action: Action) -> tuple[str, Fields, Bubble]:
        """WeChat hands no files to official accounts."""
        raise BadAct("WeChat sends official accounts photos, films and voice messages, but no files.")

    def _event(self, talk: Customer, name: str, fields: Fields, *, gains: bool = False) -> dict[str, Any]:
        if gains:
            self.account.allowances.gain(talk.id, wrote=False)
        told = self._tell(talk, "event", {"Event": name, **fields})
        return {"event": self.wechat.event_id(told), "message": ""}

    def _tell(self, talk: Customer, kind: str, fields: Fields) -> Fields:
        told = {
            "ToUserName": self.account.original_id,
            "FromUserName": talk.id,
            "CreateTime": int(self.house.clock.seconds()),
            "MsgType": kind,
            **fields,
        }
        self.wechat.hooks.post(talk, told)
        return told

    def _keep(self, talk: Customer, action: Action, usual: str) -> str:
        media = self.house.ids.hex(40)
        self.account.files.keep(media, of_act(talk.id, action, usual, FILE_BYTES))
        return media

    def _bubble(self, kind: str, text: str = "", data: Fields | None = None) -> Bubble:
        return Bubble("", "customer", kind, self.house.clock.milliseconds(), text, data or {})


CONTENTS: dict[str, Callable[[Acts, Customer, Action], tuple[str, Fields, Bubble]]] = {
    "text": Acts.text,
    "choice": Acts.choice,
    "image": Acts.picture,
    "audio": Acts.voice,
    "video": Acts.video,
    "location": Acts.location,
    "link": Acts.link,
    "file": Acts.file,
}
ACTS: dict[str, Callable[[Acts, Customer, Action], dict[str, Any]]] = {
    **dict.fromkeys(CONTENTS, Acts.say),
    "follow": Acts.follow,
    "unfollow": Acts.unfollow,
    "scan": Acts.scan,
    "click": Acts.click,
    "view": Acts.view,
    "event": Acts.event,
    "unsend": Acts.unsend,
}
