"""Which kinds there are: ours by one line each, others' by entry points of the group `madoguchi.channels`.

A package adds a kind with

    [project.entry-points."madoguchi.channels"]
    fax = "madoguchi_fax:Fax"

where the object is a `Connector` class. One that cannot be loaded is reported and costs nobody else anything.
"""

import logging
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

from channels import guard
from channels.base import Connector, Context
from channels.settings import settings_from

GROUP = "madoguchi.channels"

KINDS = {
    "webchat": "channels.webchat:WebChat",
    "email": "channels.email.connector:Email",
    "line": "channels.line.connector:Line",
    "telegram": "channels.telegram.connector:Telegram",
    "messenger": "channels.messenger:Messenger",
    "instagram": "channels.instagram:Instagram",
    "whatsapp": "channels.whatsapp.connector:WhatsApp",
    "x": "channels.x.connector:X",
    "tiktok": "channels.tiktok.connector:TikTok",
    "wechat": "channels.wechat.connector:WeChat",
    "sms": "channels.sms.connector:Sms",
    "twilio_voice": "channels.twilio_voice.connector:TwilioVoice",
    "amazon_connect": "channels.amazon_connect.connector:AmazonConnect",
    "zoom_phone": "channels.zoom_phone.connector:ZoomPhone",
    "asterisk": "channels.asterisk.connector:Asterisk",
    "call": "channels.call:CallLine",
    "shop": "channels.shop:Shop",
    "store": "channels.store:Store",
    "api": "channels.api:Api",
}

log = logging.getLogger(__name__)


class UnknownKind(LookupError):
    """No connector of this kind is installed."""


def kinds() -> Mapping[str, type[Connector[Any]]]:
    """Every kind that can be used, ours first."""
    return _load()[0]


def problems() -> Mapping[str, str]:
    """Entry point name -> why that third-party connector is not among `kinds()`."""
    return _load()[1]


def connector(kind: str) -> type[Connector[Any]]:
    """The connector class of `kind`; raises `UnknownKind`."""
    try:
        return kinds()[kind]
    except KeyError:
        raise UnknownKind(kind) from None


def build(
    kind: str, settings: Mapping[str, Any], http: guard.Client, context: Context | None = None
) -> Connector[Any]:
    """A connector of `kind` for one channel.

    `settings` are the stored values, secrets included (see `settings_from`). Raises `UnknownKind`.
    """
    made = connector(kind)
    return made(settings_from(made.Settings, settings), http, context)


def reload() -> None:
    """Look for installed connectors again (they may have changed on disk; tests do)."""
    _load.cache_clear()


@cache
def _load() -> tuple[Mapping[str, type[Connector[Any]]], Mapping[str, str]]:
    found: dict[str, type[Connector[Any]]] = {kind: _ours(path) for kind, path in KINDS.items()}
    broken: dict[str, str] = {}
    for point in entry_points(group=GROUP):
        try:
            theirs = _theirs(point)
            if theirs.kind in found:
                raise ValueError(f"the kind {theirs.kind!r} is taken")
            found[theirs.kind] = theirs
        except Exception as error:  # noqa: BLE001 - whatever a stranger's module does on import stays theirs
            broken[point.name] = f"{type(error).__name__}: {error}"
            log.warning("The connector %s (%s) could not be loaded: %s", point.name, point.value, error)
    return MappingProxyType(found), MappingProxyType(broken)


def _ours(path: str) -> type[Connector[Any]]:
    module, name = path.split(":")
    made: type[Connector[Any]] = getattr(import_module(module), name)
    return made


def _theirs(point: EntryPoint) -> type[Connector[Any]]:
    made = point.load()
    if not (isinstance(made, type) and issubclass(made, Connector)):
        raise TypeError(f"{point.value} is not a Connector class")
    missing = [name for name in ("kind", "label", "features", "Settings") if not hasattr(made, name)]
    if missing:
        raise TypeError(f"{point.value} lacks {', '.join(missing)}")
    return made
