"""What we say, as TikTok takes it: one call for each piece of text and each picture
(https://business-api.tiktok.com/portal/docs?id=1832184403754242)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from channels import text
from channels.calling import part_of
from channels.events import Attachment
from channels.outbound import ChannelError, Outbound
from channels.tiktok import trouble
from channels.tiktok.calling import Caller
from channels.values import word

SEND = "business/message/send/"
UPLOAD = "business/message/media/upload/"
MAX_TEXT = 6000  # characters
MAX_PICTURE = 3_000_000  # bytes
PICTURES = ("image/jpeg", "image/png", "image/webp")
PAUSES = (1.0, 2.0, 4.0)  # seconds between two parts of one message, where TikTok finds them too fast
NOBODY = "The customer has to write here first."

Body = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A text, which may quote a message by its id; or a picture that is uploaded first."""

    text: str = ""
    quoted: str = ""
    picture: Attachment | None = None


def calls(outbound: Outbound) -> list[Call]:
    """What is to be sent for a message; TikTok takes no text beside a picture. Raises `ChannelError` where there is
    nothing to say."""
    pieces = text.split(outbound.text, MAX_TEXT)
    made = [Call(piece, "" if number else outbound.quoted_id) for number, piece in enumerate(pieces)]
    made += [Call(picture=one) for one in outbound.attachments]
    if not made:
        raise ChannelError("There is nothing to send.", permanent=True)
    return made


def send(tiktok: Caller, outbound: Outbound, sleep: Callable[[float], None] = time.sleep) -> tuple[str, ...]:
    """Send them one after the other; the ids of what was sent. TikTok knows no key to repeat a call by."""
    conversation = outbound.last.get("conversation")
    if not isinstance(conversation, str) or not conversation:
        raise ChannelError(NOBODY, permanent=True)
    sent: list[str] = []
    for number, call in enumerate(calls(outbound)):
        pauses = PAUSES if number else ()
        with part_of(number):
            sent.append(_patiently(partial(_one, tiktok, conversation, call), pauses, sleep))
    return tuple(id for id in sent if id)


def act(tiktok: Caller, conversation: str, action: str) -> None:
    """Show the customer that we write ("TYPING", for some seconds) or have read ("MARK_READ")."""
    tiktok.post(SEND, {**_to(conversation), "message_type": "SENDER_ACTION", "sender_action": action})


def _patiently(send: Callable[[], str], pauses: tuple[float, ...], sleep: Callable[[float], None]) -> str:
    """A part that comes too fast after another is sent again in a moment."""
    for pause in pauses:
        try:
            return send()
        except trouble.Refused as error:
            if error.sort != "slower":
                raise
            sleep(pause)
    return send()


def _one(tiktok: Caller, conversation: str, call: Call) -> str:
    told = tiktok.send(SEND, {**_to(conversation), **_body(tiktok, call)})
    return word(told.get("message"), "message_id", 512)


def _body(tiktok: Caller, call: Call) -> Body:
    """Until the message names it, a picture that is uploaded is not sent."""
    if call.picture is None:
        about = {"referenced_message_info": {"referenced_message_id": call.quoted}} if call.quoted else {}
        return {"message_type": "TEXT", "text": {"body": call.text}, **about}
    uploaded = tiktok.upload(UPLOAD, {"media_type": "IMAGE"}, call.picture)
    return {"message_type": "IMAGE", "image": {"media_id": word(uploaded, "media_id", 512)}}


def _to(conversation: str) -> Body:
    return {"recipient_type": "CONVERSATION", "recipient": conversation}
