"""Templates that a platform has approved: which there are, and one of them with its variables filled in.

The platform is asked for them, so none of this belongs inside a transaction.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app import connect, vault
from app.inbox import Refused
from app.models import Channel
from app.text import one_line
from channels import base

KEPT = 120.0  # seconds that a list is good for
MOST_KEPT = 200  # channels
MAX_VALUE = 1000  # characters of what is filled in
_PLACE = re.compile(r"\{\{\s*([\w.]{1,80})\s*\}\}")
_NAMED = re.compile(r"(?<![a-z])(first|last|full|customer|client|user|guest)?_?name(?![a-z])", re.IGNORECASE)
_HONOURED = re.compile(r"\s*(様|さま|さん|殿)")
_GREETED = re.compile(r"\b(hi|hello|hey|dear)[\s,]*$", re.IGNORECASE)
_CASE = re.compile(r"(case|ticket|inquiry|enquiry)", re.IGNORECASE)
_CASE_BEFORE = re.compile(
    r"((受付|お?問い?合わ?せ|ケース|チケット)(番号)?|\b(case|ticket|inquiry|enquiry)( number| no\.?| id)?)"
    r"\s*(は|is)?\s*[:：#＃「(（]*\s*$",
    re.IGNORECASE,
)
_AGENT = re.compile(r"(agent|staff)(_?name)?", re.IGNORECASE)
_AGENT_BEFORE = re.compile(r"担当者?\s*(は|の|、|[:：])?\s*$")

_kept: dict[str, tuple[float, tuple[base.Template, ...]]] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Ready:
    """A template to be sent, and what the customer will read."""

    template: base.FilledTemplate
    text: str


@dataclass(frozen=True)
class Facts:
    """What we know that variables often stand for; "" for what we do not."""

    customer: str = ""
    case: str = ""
    agent: str = ""


def templates(channel: Channel) -> Sequence[base.Template]:
    """Those that may be sent by `channel` now, as its provider told within the last minutes, in the order of their
    names. Raises :class:`Refused` with the provider's reason."""
    key, at = _key(channel), time.monotonic()
    with _lock:
        good_until, known = _kept.get(key, (at, ()))
    if good_until > at:
        return known
    found = tuple(sorted(_asked(channel), key=lambda one: (one.name, one.language)))
    with _lock:
        for old in [one for one, (until, _) in _kept.items() if until <= at][:MOST_KEPT]:
            del _kept[old]
        if len(_kept) < MOST_KEPT:
            _kept[key] = (at + KEPT, found)
    return found


def _key(channel: Channel) -> str:
    """Another token or account has other templates."""
    return json.dumps([channel.key, channel.settings, channel.secrets.hex()], sort_keys=True)


def _asked(channel: Channel) -> list[base.Template]:
    try:
        by = connect.connector(channel)
        return [one for one in by.templates() if one.approved] if isinstance(by, base.Templates) else []
    except base.ChannelError as error:
        raise Refused(error.sentence) from error
    except vault.Unreadable as error:
        raise Refused(str(error)) from error


def chosen(channel: Channel, name: str, language: str) -> base.Template:
    """The template of that name. Raises :class:`Refused` where there is none that may be sent."""
    for one in templates(channel):
        if (one.name, one.language) == (name, language):
            return one
    raise Refused("This template is not there any more, or not approved. Choose another one.")


def filled(template: base.Template, values: Mapping[str, str]) -> Ready:
    """`template` with all its variables. Raises :class:`Refused` where one has no value."""
    given = {name: one_line(values.get(name, ""), MAX_VALUE) for name in template.variables}
    for name, value in given.items():
        if not value:
            raise Refused("The template needs a value for “%(name)s”.", name=shown_name(template, name))
    text = _PLACE.sub(lambda place: given.get(place[1], place[0]), template.text)
    return Ready(base.FilledTemplate(template.name, template.language, given), text)


def shown_name(template: base.Template, name: str) -> str:
    """What a variable is called: as it stands in the text, else in words."""
    return template.labels.get(name) or f"{{{{{name}}}}}"


def pieces(template: base.Template) -> list[tuple[str, str]]:
    """The text as (words, "") and ("", name of a variable), in their order."""
    made, end = [], 0
    for place in _PLACE.finditer(template.text):
        if place[1] in template.variables:
            made += [(template.text[end : place.start()], ""), ("", place[1])]
            end = place.end()
    return [piece for piece in [*made, (template.text[end:], "")] if any(piece)]


def proposed(template: base.Template, facts: Facts) -> dict[str, str]:
    """Values for the variables of which the words around them, or their names, say what they stand for."""
    around = {place[1]: place for place in _PLACE.finditer(template.text)}
    made = {}
    for name in template.variables:
        place = around.get(name)
        before = template.text[: place.start()] if place else ""
        after = template.text[place.end() :] if place else ""
        made[name] = _proposed(name, before.rpartition("\n")[2], after, facts)
    return made


def _proposed(name: str, before: str, after: str, facts: Facts) -> str:
    if _AGENT.fullmatch(name) or _AGENT_BEFORE.search(before):
        return facts.agent
    if _CASE.match(name) or _CASE_BEFORE.search(before):
        return facts.case
    if _NAMED.fullmatch(name) or _HONOURED.match(after) or _GREETED.search(before):
        return facts.customer
    return ""
