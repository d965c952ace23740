"""What people do with their telephones, as Twilio posts it (twilio.com/docs/messaging/guides/webhook-request)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.sandbox import acting
from app.sandbox.files import File, of_act
from app.sandbox.house import BadAct
from app.sandbox.talks import Bubble, Customer
from app.sandbox.twilio import segments
from app.sandbox.twilio.account import VERSION

if TYPE_CHECKING:
    from app.sandbox.twilio.platform import Twilio

Action = Mapping[str, Any]
Done = dict[str, Any]

FILE_BYTES = 5 * 1024 * 1024
USUAL = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/amr", "file": "application/pdf"}
STOP = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}
START = {"START", "YES", "UNSTOP"}
HELP = {"HELP", "INFO"}
ANSWERS = {  # what Twilio itself answers (twilio.com/docs/messaging/tutorials/advanced-opt-out)
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}
WHERE = {  # beginning of a number → country, state, city and zip code
    "+1": ("US", "CA", "SAN FRANCISCO", "94107"),
    "+44": ("GB", "", "", ""),
    "+81": ("JP", "", "", ""),
}


def act(twilio: Twilio, customer: Customer, action: Action) -> Done:
    """Do it. Raises `BadAct`."""
    name = str(action.get("action", ""))
    if name not in ACTS:
        raise BadAct(f"action must be one of {', '.join(ACTS)}")
    if name in SAID and twilio.mute(customer):
        raise BadAct("Twilio carries no SMS from Japan: this telephone can only read.")
    return ACTS[name](twilio, customer, action)


def say(twilio: Twilio, customer: Customer, action: Action) -> Done:
    """An SMS."""
    text = action.get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > 1600:
        raise BadAct("text must have 1 to 1,600 characters")
    sid = "SM" + twilio.house.ids.hex(32)
    at = twilio.house.clock.milliseconds()
    twilio.talks.show(customer, Bubble(sid, "customer", "text", at, text))
    done = _tell(twilio, customer, sid, text, [])
    _answer(twilio, customer, text)
    return done


def send(twilio: Twilio, customer: Customer, action: Action) -> Done:
    """An MMS: a file, and `text` with it. `files`: several, each with `content` and `type`."""
    kind, text = str(action["action"]), str(action.get("text") or "")
    given = action.get("files") if isinstance(action.get("files"), list) else [action]
    files = [of_act(customer.id, one, USUAL[kind], FILE_BYTES) for one in given or []]
    sid = "MM" + twilio.house.ids.hex(32)
    at = twilio.house.clock.milliseconds()
    for place, file in enumerate(files):
        id = "ME" + twilio.house.ids.hex(32)
        twilio.account.files.keep(id, file)
        twilio.account.files.keep(f"{sid}.{place}", file)
        twilio.account.media.setdefault(sid, []).append(id)
        name = file.name if kind == "file" else ""
        twilio.talks.show(customer, Bubble(f"{sid}.{place}", "customer", kind, at, name))
    if text:
        twilio.talks.show(customer, Bubble(sid, "customer", "text", at, text))
    return _tell(twilio, customer, sid, text, files)


def block(twilio: Twilio, customer: Customer, action: Action) -> Done:
    """The telephone shows nothing of this number any more ("unfollow"), or again. Nobody is told."""
    customer.friend = action["action"] == "follow"
    twilio.talks.show_state(customer)
    return {"event": "", "message": ""}


def unsend(twilio: Twilio, customer: Customer, action: Action) -> Done:
    """An SMS is deleted on the telephone alone."""
    bubble = acting.own_bubble(customer, action)
    bubble.unsent, bubble.text = True, ""
    twilio.talks.show(customer, bubble)
    return {"event": "", "message": bubble.id}


def _tell(twilio: Twilio, customer: Customer, sid: str, text: str, files: list[File]) -> Done:
    account = twilio.account
    about = {"to": account.number, "from": customer.id, "status": "received"}
    made = account.message(sid, "inbound", text, segments.count(text), **about)
    sender, own = _where(customer.id), _where(account.number)
    names = ("Country", "State", "City", "Zip")
    fields = {
        **{f"From{name}": value for name, value in zip(names, sender, strict=True)},
        **{f"To{name}": value for name, value in zip(names, own, strict=True)},
        "AccountSid": account.sid,
        "ApiVersion": VERSION,
        "Body": text,
        "From": customer.id,
        "MessageSid": sid,
        "NumMedia": str(len(files)),
        "NumSegments": made["num_segments"],
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "To": account.number,
    }
    for place, (id, file) in enumerate(zip(account.media.get(sid, []), files, strict=True)):
        at = f"/{VERSION}/Accounts/{account.sid}/Messages/{sid}/Media/{id}"
        fields |= {
            f"MediaUrl{place}": f"https://api.twilio.com{at}",
            f"MediaContentType{place}": file.media_type,
        }
    if account.opt_out and (choice := _choice(text)):
        fields["OptOutType"] = choice
    event = {"url": "", "fields": fields, "token": twilio.house.ids.uuid()}
    twilio.hooks.post(customer, event)
    return {"event": sid, "message": sid}


def _answer(twilio: Twilio, customer: Customer, text: str) -> None:
    """STOP, START and HELP are answered by Twilio itself."""
    choice = _choice(text)
    if choice == "STOP":
        twilio.account.stopped.add(customer.id)
    elif choice == "START":
        twilio.account.stopped.discard(customer.id)
    if choice:
        at = twilio.house.clock.milliseconds()
        id = "SM" + twilio.house.ids.hex(32)
        twilio.talks.show(customer, Bubble(id, "shop", "text", at, ANSWERS[choice]))


def _choice(text: str) -> str:
    said = text.strip().upper()
    for choice, words in (("STOP", STOP), ("START", START), ("HELP", HELP)):
        if said in words:
            return choice
    return ""


def _where(number: str) -> tuple[str, str, str, str]:
    return next((place for begin, place in WHERE.items() if number.startswith(begin)), ("", "", "", ""))


SAID: dict[str, Callable[[Twilio, Customer, Action], Done]] = {"text": say, **dict.fromkeys(USUAL, send)}
ACTS: dict[str, Callable[[Twilio, Customer, Action], Done]] = {
    **SAID,
    "unsend": unsend,
    "follow": block,
    "unfollow": block,
}
