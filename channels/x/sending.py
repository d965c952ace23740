"""What we say, as X takes it: a message has one text, and one file at most
(https://docs.x.com/x-api/direct-messages/manage/integrate)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from channels import text
from channels.calling import Answer
from channels.events import Attachment
from channels.outbound import Bubble, ChannelError, Outbound
from channels.x import trouble, uploading
from channels.x.calling import Caller
from channels.x.contents import readable

MAX_TEXT = 10_000  # characters
SKEW = timedelta(seconds=5)  # their clock may be behind ours
LOOKED_AT = "20"  # messages


@dataclass(frozen=True)
class Call:
    """One message."""

    text: str = ""
    file: Attachment | None = None


def calls(outbound: Outbound) -> list[Call]:
    """The messages it takes, in their order. Raises `ChannelError` where nothing would be said."""
    pieces, files = text.split(outbound.text, MAX_TEXT), list(outbound.attachments)
    made = [Call(piece) for piece in pieces]
    if len(pieces) == 1 and files:
        made = [Call(pieces[0], files.pop(0))]
    made += [Call(file=one) for one in files]
    if not made:
        raise ChannelError("There is nothing to send.", permanent=True)
    return made


def bubbles(outbound: Outbound) -> tuple[Bubble, ...]:
    """The messages of :func:`calls` as the reader sees them."""
    return tuple(Bubble(call.text, call.file.name if call.file else "") for call in calls(outbound))


def send(x: Caller, to: str, call: Call) -> str:
    """The id of the message. X knows no key by which a call could be repeated: where its answer is lost, or says that
    X is out of order, the conversation is looked at. Raises `ChannelError`."""
    document: dict[str, Any] = {"text": call.text} if call.text else {}
    if call.file is not None:
        document["attachments"] = [{"media_id": uploading.upload(x, call.file)}]
    begun = datetime.now(UTC)
    try:
        answer = x.asked("POST", f"{_with(to)}/messages", json=document)
        if not answer.ok:
            raise trouble.refused(answer)
    except ChannelError as error:
        if (error.ambiguous or not (error.permanent or error.everybody)) and (
            found := _look(x, to, call, begun)
        ):
            return found
        raise
    return _id(answer)


def _look(x: Caller, to: str, call: Call, since: datetime) -> str:
    """The id of a message of ours that says this and was taken since then, "" where none is seen."""
    asked = {
        "event_types": "MessageCreate",
        "max_results": LOOKED_AT,
        "dm_event.fields": "id,text,sender_id,created_at,entities,attachments",
    }
    try:
        told = x.get(f"{_with(to)}/dm_events", **asked)
    except ChannelError:
        return ""
    events = told.get("data")
    found = [one for one in events if isinstance(one, dict)] if isinstance(events, list) else []
    return next((str(one.get("id", "")) for one in found if _is_it(one, to, call, since)), "")


def _is_it(event: Mapping[str, Any], to: str, call: Call, since: datetime) -> bool:
    try:
        at = datetime.fromisoformat(str(event.get("created_at")))
    except ValueError:
        return False
    ours = str(event.get("sender_id")) != to and at.tzinfo is not None and at >= since - SKEW
    said = readable(str(event.get("text", "")), event.get("entities"))
    same = "".join(said.split()) == "".join(call.text.split()) if call.file is None else call.text in said
    return ours and same and bool(event.get("attachments")) == (call.file is not None)


def _with(to: str) -> str:
    return f"/2/dm_conversations/with/{quote(to, safe='')}"


def _id(answer: Answer) -> str:
    data = answer.told.get("data")
    id = data.get("dm_event_id") if isinstance(data, dict) else None
    return id if isinstance(id, str) and len(id) <= 200 else ""
