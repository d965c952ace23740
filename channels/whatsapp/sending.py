"""What we say, as WhatsApp takes it (https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels import judging, text
from channels.events import Attachment
from channels.meta import choices
from channels.outbound import Bubble, ChannelError, FilledTemplate, Outbound
from channels.whatsapp.reading import is_user_id

MAX_TEXT = 4096
MAX_BODY = 1024  # of what stands above buttons, or below a picture
MAX_BUTTONS, MAX_BUTTON = 3, 20
MAX_ROWS, MAX_ROW, MAX_UNDER = 10, 24, 72
MAX_ID, MAX_ROW_ID = 256, 200
MAX_IMAGE, MAX_FILM, MAX_DOCUMENT = 5_000_000, 16_000_000, 100_000_000  # bytes
CHOOSE = {"ja": "選択する", "en": "Choose"}  # what opens a list
_SHOWN = {
    **dict.fromkeys(("image/jpeg", "image/png"), ("image", MAX_IMAGE)),
    **dict.fromkeys(("video/mp4", "video/3gpp"), ("video", MAX_FILM)),
    **dict.fromkeys(("audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg"), ("audio", MAX_FILM)),
}
_CAPTIONED = ("image", "video", "document")

Body = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """`body` without the id of its file, which goes to `place` in it once the `file` is uploaded."""

    body: Body
    file: Attachment | None = None

    @property
    def place(self) -> Body:
        part: Body = self.body[self.body["type"]]
        return part


def calls(outbound: Outbound) -> list[Call]:
    """The messages it takes, in their order. Raises `ChannelError` where nothing would be said."""
    if outbound.template is not None:
        return [Call({"type": "template", "template": _template(outbound.template)})]
    files = [_file(one) for one in outbound.attachments]
    if _fits_below(outbound, files):
        files[0].place["caption"] = outbound.text.strip()
        return files
    made = [*(Call(one) for one in _texts(outbound)), *files]
    if not made:
        raise ChannelError("There is nothing to send.", permanent=True)
    return made


def bubbles(outbound: Outbound) -> tuple[Bubble, ...]:
    """The messages of :func:`calls` as the reader sees them."""
    if outbound.template is not None:
        return (Bubble(outbound.text),)
    names = {one.url: one.name for one in outbound.attachments}
    return tuple(_bubble(call, names) for call in calls(outbound))


def recipient(address: str) -> Body:
    """A number, or the business's own id of a person whose number is hidden."""
    return {"recipient": address} if is_user_id(address) else {"to": address}


def _fits_below(outbound: Outbound, files: Sequence[Call]) -> bool:
    """Whether the words can stand below the only file: then they are one message."""
    one = len(files) == 1 and files[0].body["type"] in _CAPTIONED
    return (
        one and not (outbound.quick_replies or outbound.judged) and 0 < len(outbound.text.strip()) <= MAX_BODY
    )


def _texts(outbound: Outbound) -> list[Body]:
    pieces = text.split(outbound.text, MAX_TEXT)
    if not (pieces and (outbound.quick_replies or outbound.judged)):
        return [_text(one) for one in pieces]
    *before, last = [*pieces[:-1], *text.split(pieces[-1], MAX_BODY)]
    return [*(_text(one) for one in before), _choice(last, outbound)]


def _text(words: str) -> Body:
    return {"type": "text", "text": {"body": words, "preview_url": "https://" in words}}


def _bubble(call: Call, names: Mapping[str, str]) -> Bubble:
    part = call.place
    name = call.file.name if call.file else names.get(part.get("link", ""), "")
    action = part.get("action", {})
    labels = [one["reply"]["title"] for one in action.get("buttons", ())]
    labels += [one["title"] for section in action.get("sections", ()) for one in section["rows"]]
    body = part["body"]["text"] if call.body["type"] == "interactive" else part.get("body", "")
    return Bubble(body or part.get("caption", ""), name, tuple(labels))


def _choice(words: str, outbound: Outbound) -> Body:
    """Up to three short ones as buttons, else a list; whether it helped is asked with the last of them."""
    judged = judging.buttons(outbound)
    said = outbound.quick_replies[: MAX_ROWS - len(judged)]
    shown = [(one, _id(number, one)) for number, one in enumerate(said)] + judged
    few = len(shown) <= MAX_BUTTONS and all(len(label) <= MAX_BUTTON for label, _ in shown)
    action = _buttons(shown) if few else _list(shown, outbound.locale)
    return {
        "type": "interactive",
        "interactive": {"type": "button" if few else "list", "body": {"text": words}, "action": action},
    }


def _buttons(shown: Sequence[tuple[str, str]]) -> Body:
    """(label, id) of each."""
    return {
        "buttons": [
            {"type": "reply", "reply": {"id": id[:MAX_ID], "title": choices.label(label, MAX_BUTTON)}}
            for label, id in shown
        ]
    }


def _list(shown: Sequence[tuple[str, str]], locale: str) -> Body:
    rows = [_row(label, id) for label, id in shown]
    return {"button": CHOOSE.get(locale[:2], CHOOSE["en"]), "sections": [{"rows": rows}]}


def _row(label: str, id: str) -> Body:
    title = choices.label(label, MAX_ROW)
    whole = {"description": choices.label(label, MAX_UNDER)} if title.endswith("…") else {}
    return {"id": id[:MAX_ROW_ID], "title": title, **whole}


def _id(number: int, words: str) -> str:
    """The words themselves, so that they come back; ids must differ."""
    return words or str(number)


def _file(file: Attachment) -> Call:
    size = len(file.data) if file.data is not None else file.size or 0
    kind, most = _SHOWN.get(file.content_type, ("document", MAX_DOCUMENT))
    if size > most:
        kind, most = "document", MAX_DOCUMENT
    if size > most:
        raise ChannelError("This file is too large for WhatsApp.", detail=file.name, permanent=True)
    part: Body = {"filename": file.name} if kind == "document" else {}
    if file.data is not None:
        return Call({"type": kind, kind: part}, file)
    if not file.url.startswith("https://"):
        raise ChannelError("There is nothing to send.", detail=file.name, permanent=True)
    return Call({"type": kind, kind: {**part, "link": file.url}})


def _template(filled: FilledTemplate) -> Body:
    """Variables of the body by number or name; of the header as "header.1", of a button's address as "button.0"."""
    parts: dict[tuple[str, str], list[Body]] = {}
    for name, value in sorted(filled.values.items(), key=lambda pair: _order(pair[0])):
        place, _, rest = name.rpartition(".")
        if place == "button":
            parts.setdefault((place, rest), []).append({"type": "text", "text": value})
        else:
            parts.setdefault((place or "body", ""), []).append(_parameter(rest, value))
    components = [_component(kind, index, parameters) for (kind, index), parameters in parts.items()]
    return {"name": filled.name, "language": {"code": filled.language}, "components": components}


def _component(kind: str, index: str, parameters: Sequence[Body]) -> Body:
    if kind == "button":
        return {"type": "button", "sub_type": "url", "index": index, "parameters": list(parameters)}
    return {"type": kind, "parameters": list(parameters)}


def _parameter(name: str, value: str) -> Body:
    if name in ("image", "video", "document"):
        return {"type": name, name: {"link": value}}
    return {"type": "text", "text": value, **({} if name.isdecimal() else {"parameter_name": name})}


def _order(name: str) -> tuple[str, int, str]:
    place, _, rest = name.rpartition(".")
    return place, int(rest) if rest.isascii() and rest.isdecimal() else 0, rest
