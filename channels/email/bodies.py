"""What of a mail's parts is its text, what is its HTML, and what are files (RFC 2046, 2387; MS-OXTNEF)."""

import html as markup
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from channels.email import charsets, cleaning, flowed, headers, parameters, tnef, transfer
from channels.email.mail import File
from channels.email.parts import Budget, Part
from channels.text import clean

MAX_TEXT = 1_000_000  # characters of text or HTML that are read; a longer one is cut, the original has it all
_READ = {"text/plain", "text/html"}
_ALTERNATIVES = {  # other forms of the same text, dropped where there is one of those we read
    "text/x-amp-html",
    "text/watch-html",
    "text/enriched",
    "text/richtext",
    "text/rtf",
    "application/rtf",
}
REPORTS = {
    "message/delivery-status",
    "message/global-delivery-status",
    "message/disposition-notification",
    "message/global-disposition-notification",
    "message/feedback-report",
}
RETURNED = {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"}
_NAMES = {
    "text/calendar": "invite.ics",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pgp-signature": "signature.asc",
}
_CID = re.compile(r"cid:([^\"'\s>)&]{1,400})", re.I)
_SOURCE = re.compile(r"(\bsrc\s*=\s*)(?:\"([^\"]{1,1000})\"|'([^']{1,1000})'|([^\s\"'>]{1,1000}))", re.I)
_ODD_MARKS = {0xF04A: "☺", 0xF04C: "☹", 0xF0E0: "→", 0xF0DF: "←", 0xF0B7: "•", 0xF0A7: "▪", 0xF0FC: "✔"}
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd]")
_HTML = re.compile(r"\s*(?:<!doctype html|<html\b)", re.I)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.I)


@dataclass
class Body:
    """Collected on the way through the parts, in their order."""

    budget: Budget
    texts: list[str] = field(default_factory=list)
    htmls: list[str] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    locations: dict[str, str] = field(default_factory=dict)  # Content-Location → the id we show it by
    reports: list[dict[str, str]] = field(default_factory=list)
    returned: Part | None = None


def collect(root: Part, budget: Budget) -> Body:
    """Everything in a mail. Never raises."""
    body = Body(budget)
    _walk(root, body, root)
    return body


def shown(text: str) -> str:
    """`text` as people can read it: one kind of newline, no controls, and for the carriers' private characters
    "〓", for those of Windows' symbol fonts what they look like."""
    return _PRIVATE.sub(lambda match: _ODD_MARKS.get(ord(match.group()), "〓"), clean(text))


def _walk(part: Part, body: Body, root: Part) -> None:
    if part.media_type == "multipart/alternative" and part.children:
        _alternative(part, body, root)
    elif part.children:
        for child in part.children:
            _walk(child, body, root)
    elif part.media_type in REPORTS:
        body.reports += _blocks(part, body.budget)
    elif part.media_type in RETURNED and _in_report(root) and body.returned is None:
        body.returned = part
        if part.media_type in ("message/rfc822", "message/global"):
            body.files.append(_file(part, body))
    elif _is_text(part, body, root):
        _add_text(part, body)
    else:
        _add_file(part, body)


def _alternative(part: Part, body: Body, root: Part) -> None:
    """The plain and the HTML form of one text; of each the last that says anything."""
    inner = Body(body.budget, files=body.files, locations=body.locations, reports=body.reports)
    texts: list[str] = []
    htmls: list[str] = []
    known = any(child.media_type in _READ or child.children for child in part.children)
    for child in part.children:
        if child.media_type in _ALTERNATIVES and known:
            continue
        inner.texts, inner.htmls = [], []
        _walk(child, inner, root)
        plain, html = "\n".join(inner.texts), "\n".join(inner.htmls)
        if html.strip():
            htmls = [html]
        if plain.strip() and (not html or not texts):
            texts = [plain]
    body.returned = body.returned or inner.returned
    _append(body, "".join(texts), "".join(htmls))


def _append(body: Body, text: str, html: str) -> None:
    """One more piece of the mail: both forms grow together, or a reader of one would miss it."""
    if html and not body.htmls:
        body.htmls = [_as_html(before) for before in body.texts if before.strip()]
    if html or body.htmls:
        body.htmls.append(html or _as_html(text))
    body.texts.append(text if text.strip() or not html else cleaning.text_of_html(html))


def _as_html(text: str) -> str:
    return f'<div style="white-space: pre-wrap">{markup.escape(text)}</div>' if text.strip() else ""


def _is_text(part: Part, body: Body, root: Part) -> bool:
    """Whether a part is to be read. A named one is a file, unless it is all the mail has."""
    if part.media_type not in _READ or part.disposition.value == "attachment":
        return False
    return not part.name or part is root or not body.texts


def _add_text(part: Part, body: Body) -> None:
    raw = part.data(body.budget)
    if part.media_type == "text/plain":
        found, raw = transfer.unpack_uu(raw)
        for name, data in found:
            safe = parameters.safe_name(charsets.guess(name))
            body.files.append(File(safe, "application/octet-stream", data))
    text = _decoded(raw, part, body.budget)
    plain = part.media_type != "text/html"
    if (
        plain
        and part.media_type != "text/enriched"
        and re.match(r"\s*(?:<!doctype html|<html\b)", text, re.I)
    ):
        plain = bool(part.content_type.value)  # no Content-Type at all, and clearly HTML
    if plain:
        if part.content_type.parameters.get("format", "").lower() == "flowed":
            text = flowed.unflow(text, part.content_type.parameters.get("delsp", "").lower() == "yes")
        _append(body, text, "")
    else:
        _append(body, "", text)


def _decoded(raw: bytes, part: Part, budget: Budget) -> str:
    if len(raw) > 4 * MAX_TEXT:
        raw = raw[: raw.rfind(b"\n", MAX_TEXT, 4 * MAX_TEXT) + 1 or 4 * MAX_TEXT]
        budget.problem("The text is too long; the rest of it stands in the original.")
    charset = part.content_type.parameters.get("charset", "")
    if not charset and part.media_type == "text/html" and (meta := _META_CHARSET.search(raw[:2_000])):
        charset = meta[1].decode("ascii")
    text, told = charsets.decode(raw, charset)
    if not told:
        budget.problem("The charset is not the one that is declared.")
    if "\ufffd" in text:
        budget.problem("Some characters could not be read.")
    if len(text) > MAX_TEXT:
        budget.problem("The text is too long; the rest of it stands in the original.")
    return shown(text[:MAX_TEXT])


def _add_file(part: Part, body: Body) -> None:
    file = _file(part, body)
    packed = part.media_type in ("application/ms-tnef", "application/vnd.ms-tnef")
    if (packed or file.name.lower() == "winmail.dat") and file.data.startswith(tnef.SIGNATURE):
        _add_unpacked(tnef.unpack(file.data), file, body)
    else:
        body.files.append(file)


def _add_unpacked(inner: tnef.Unpacked, file: File, body: Body) -> None:
    if not inner.sound:
        body.budget.problem("The winmail.dat of Outlook is broken.")
        body.files.append(file)
    for one in inner.files:
        name, kind = parameters.safe_name(one.name), parameters.media_type(one.media_type)
        content_id = one.content_id.strip().strip("<>")
        body.files.append(File(name, kind or "application/octet-stream", one.data, content_id=content_id))
    if inner.rtf:
        body.files.append(File("message.rtf", "application/rtf", inner.rtf))
    if not any(text.strip() for text in body.texts):
        _append(body, shown(inner.text[:MAX_TEXT]), shown(inner.html[:MAX_TEXT]))


def _file(part: Part, body: Body) -> File:
    data = part.data(body.budget)
    name = part.name or _NAMES.get(part.media_type, "")
    if part.media_type in ("message/rfc822", "message/global"):
        name = _mail_name(name, data)
    content_id = part.headers.text("content-id").strip().strip("<>").strip()[:400]
    location = part.headers.text("content-location").strip()[:1000]
    if location:
        content_id = content_id or f"part{len(body.files) + 1}.location"
        body.locations.setdefault(location, content_id)
    return File(name, part.media_type, data, content_id=content_id)


def _mail_name(name: str, data: bytes) -> str:
    """What a mail within a mail is called: by its subject."""
    if not name:
        subject = headers.readable(headers.parse(data).text("subject"))
        name = parameters.safe_name(re.sub(r"[/\\:*?\"<>|]+", " ", subject)[:100]) or "mail"
    return name if name.lower().endswith((".eml", ".msg", ".mht")) else f"{name}.eml"


def with_pictures(html: str, body: Body) -> tuple[str, tuple[File, ...]]:
    """The HTML with its pictures named by `cid:` alone, and the files, those it shows marked as such."""
    if not html:
        return html, tuple(body.files)
    if body.locations:
        html = _SOURCE.sub(lambda match: _by_id(match, body.locations), html)
    used = {unquote(name) for name in _CID.findall(html)} | set(_CID.findall(html))
    used = {name.strip("<>") for name in used}
    return html, tuple(
        replace(file, inline=bool(file.content_id) and file.content_id in used) for file in body.files
    )


def _by_id(match: re.Match[str], locations: dict[str, str]) -> str:
    source = markup.unescape(match[2] or match[3] or match[4])
    return f'{match[1]}"cid:{locations[source]}"' if source in locations else match.group()


def _blocks(part: Part, budget: Budget) -> Iterator[dict[str, str]]:
    """The blocks of fields that a report is made of (RFC 3464, 2.1), by lower-case name."""
    data = part.data(budget)
    position = len(data) - len(data.lstrip())
    for _ in range(200):
        block = headers.parse(data, position)
        if block.fields:
            decoded = block.decoded()
            yield {name: shown(values[0]) for name, values in decoded.items()}
        if block.start <= position or block.start >= len(data):
            return
        position = block.start


def _in_report(root: Part) -> bool:
    return root.media_type == "multipart/report"
