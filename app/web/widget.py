"""The widget over HTTP: the loader, its settings for one page, the frame it opens, and their files."""

from __future__ import annotations

import gzip
import json
import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import connect, hours, i18n, switchboard, visitors
from app.bot import situations
from app.config import settings
from app.db import now, reading
from app.formats import clock, day
from app.i18n import gettext
from app.models import Channel, Setting
from app.render import render
from app.web.widget_assets import Asset, assets
from app.web.widget_look import MORE_WORDS, colours, words
from channels.webchat import MAX_TEXT, WebChat, WebChatSettings

KIND = "webchat"
NOT_HERE = "This site may not show this chat. Add it to the channel's allowed sites."
ANYONE = {"Access-Control-Allow-Origin": "*"}  # bearer tokens only: no cookie is ever sent along
SHORT, FOREVER = "public, max-age=300", "public, max-age=31536000, immutable"
REPLY_TIMES = {
    "minutes": "We usually answer within a few minutes",
    "hours": "We usually answer within a few hours",
    "day": "We usually answer within a day",
}


def loader(request: Request) -> Response:
    """``/widget.js``: the one script a shop's page names, so its address never changes and it is kept shortly."""
    return _file(request, assets()["loader.js"], SHORT)


def asset(request: Request) -> Response:
    """A file of the frame under a name that follows its content."""
    found = assets().get(request.path_params["name"])
    if found is None:
        return Response("Not found", 404, headers=ANYONE)
    return _file(request, found, FOREVER if found.digest == request.path_params["digest"] else "no-cache")


def config(request: Request) -> Response:
    """What the loader needs on this page: look, words, and a ticket if the page may show the chat."""
    locale = i18n.known(request.query_params.get("locale") or _accepted(request))
    origin = request.headers.get("origin", "")
    with reading() as db:
        channel = open_channel(db, request.path_params["key"])
        if channel is None:
            return refused(locale, 404, "channel", "There is no chat here (any more).")
        connector = connect.connector(channel)
        assert isinstance(connector, WebChat)
        if not allowed(request, connector, origin):
            return refused(
                locale,
                403,
                "origin",
                "This site may not show this chat. Add it to the channel's allowed sites.",
            )
        told = _config(db, channel, connector.settings, locale)
    told["ticket"] = visitors.issue_ticket(channel.key, origin or own_origin(request), now())
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    return compressed(request, body, "application/json", _cors(origin))


def more_words(request: Request) -> Response:
    """The words of what is rarely needed, fetched with it."""
    return JSONResponse(
        words(i18n.known(request.path_params["locale"]), MORE_WORDS),
        headers=ANYONE | {"Cache-Control": SHORT},
    )


def frame(request: Request) -> Response:
    """The page inside the sandboxed frame. It holds nothing of anybody: the same for every visitor."""
    locale = i18n.known(request.query_params.get("locale"))
    with reading() as db:
        channel = open_channel(db, request.path_params["key"])
        if channel is None:
            return Response("Not found", 404)
        chosen: WebChatSettings = connect.connector(channel).settings
    files = {name: asset_url(name) for name in ("frame.js", "frame.css", "more.js", "more.css")}
    html = render("widget/frame.html", None, locale=locale, files=files)
    headers = {
        "Content-Security-Policy": _policy(request, chosen),
        "Cache-Control": SHORT,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return compressed(request, html.encode(), "text/html; charset=utf-8", headers)


def open_channel(db: Any, key: str) -> Channel | None:
    """The web chat of that key, if it is on."""
    try:
        found: Channel = switchboard.find_channel(db, key)
    except LookupError:
        return None
    return found if found.enabled and found.kind == KIND and found.key == key else None


def allowed(request: HTTPConnection, connector: WebChat, origin: str) -> bool:
    """Whether a page of `origin` may show the chat; no Origin header means a page of ours (or no browser)."""
    return not origin or origin == own_origin(request) or connector.allows(origin)


def own_origin(request: HTTPConnection) -> str:
    """The origin this installation is being reached at."""
    scheme = {"ws": "http", "wss": "https"}.get(request.url.scheme, request.url.scheme)
    return f"{scheme}://{request.url.netloc}".lower()


def asset_url(name: str) -> str:
    """The path of a frame file."""
    return f"/widget/assets/{assets()[name].digest}/{name}"


def refused(locale: str, status: int, code: str, sentence: str) -> Response:
    """A refusal that programs and people can read, from any origin."""
    return JSONResponse({"code": code, "sentence": gettext(locale, sentence)}, status, headers=ANYONE)


def preflight(request: Request) -> Response:
    """OPTIONS: bearer tokens may be sent from anywhere, the frame's opaque origin included."""
    headers = {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "authorization, content-type",
        "Access-Control-Max-Age": "86400",
    }
    return Response(status_code=204, headers=ANYONE | headers)


def _config(db: Any, channel: Channel, chosen: WebChatSettings, locale: str) -> dict[str, Any]:
    japanese = locale == "ja"
    stored = db.get(Setting, "hours")
    at, times = now(), hours.from_setting(stored.value if stored else None)
    opens = None if hours.is_open(times, at) else hours.next_opening(times, at)
    greeting = chosen.greeting_ja if japanese else chosen.greeting_en
    usual = REPLY_TIMES.get(chosen.reply_time)
    asked = [name for name in ("name", "email", "phone") if getattr(chosen, f"ask_{name}")]
    return {
        "v": 1,
        "key": channel.key,
        "name": _shop_name(db) or channel.name,
        "locale": locale,
        "look": {
            **colours(chosen.brand_colour),
            "logo": chosen.logo_url,
            "position": chosen.position,
        },
        "greeting": greeting or gettext(locale, "Hello. How can we help you?"),
        "quick_replies": list(chosen.quick_replies_ja if japanese else chosen.quick_replies_en),
        "forms": {"prechat": chosen.prechat, "asks": asked, "offline": chosen.offline == "form"},
        "hidden": chosen.offline == "hide" and not situations.is_open(db),
        "reply_time": gettext(locale, usual) if usual else "",
        "closed": _closed(locale, opens),
        "files": {"max_bytes": chosen.max_upload_mb * 1_000_000, "types": list(chosen.upload_types)},
        "limits": {"text": MAX_TEXT},
        **({"suggest": asset_url("suggest.js")} if chosen.suggest else {}),
        "strings": words(locale),
    }


def _closed(locale: str, opens: datetime | None) -> str:
    """When somebody will be there again, by the clock of the shop."""
    if opens is None:
        return gettext(locale, "Closed at the moment")
    zone = opens.tzinfo if isinstance(opens.tzinfo, ZoneInfo) else ZoneInfo(settings().timezone)
    when = {"day": day(opens, locale, zone, now()), "time": clock(opens, zone)}
    return gettext(locale, "Closed until %(day)s %(time)s", **when)


def _shop_name(db: Any) -> str:
    stored = db.get(Setting, "shop")
    return str(stored.value.get("name", "")) if stored else ""


def _policy(request: Request, chosen: WebChatSettings) -> str:
    """Only our own files and socket, and only inside pages of the allowed sites.

    The host is named beside 'self': what 'self' means in a sandboxed frame differs between browsers.
    """
    base = own_origin(request)
    logo = urlsplit(chosen.logo_url)
    pictures = f" {logo.scheme}://{logo.netloc}"
    pictures = pictures if _is_source(pictures.strip()) else ""
    around = " ".join(filter(_is_source, (base, settings().public_url, *chosen.allowed_origins)))
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {base}",
            f"style-src 'self' {base}",
            f"img-src 'self' {base} data: blob:{pictures}",
            f"media-src 'self' {base}",
            f"connect-src 'self' {base} {'ws' + base.removeprefix('http')}",
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors 'self' {around}",
        )
    )


def _is_source(value: str) -> bool:
    return bool(re.fullmatch(r"https?://[A-Za-z0-9.*\[\]:-]+", value))


def _file(request: Request, found: Asset, caching: str) -> Response:
    headers = {
        **ANYONE,
        "Cache-Control": caching,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "ETag": f'"{found.digest}"',
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if f'"{found.digest}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            found.packed, media_type=found.media_type, headers=headers | {"Content-Encoding": "gzip"}
        )
    return Response(found.body, media_type=found.media_type, headers=headers)


def compressed(request: Request, body: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """A small answer made for this request, compressed if the browser takes that."""
    headers = {**headers, "Vary": ", ".join(filter(None, (headers.get("Vary"), "Accept-Encoding")))}
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers = gzip.compress(body, 6, mtime=0), {**headers, "Content-Encoding": "gzip"}
    return Response(body, media_type=media_type, headers=headers)


def _cors(origin: str) -> dict[str, str]:
    """The exact origin that was checked, never a star: the ticket is for that site's pages alone."""
    named = {"Access-Control-Allow-Origin": origin} if origin else {}
    return {**named, "Vary": "Origin", "Cache-Control": "no-store"}


def _accepted(request: Request) -> str:
    return request.headers.get("accept-language", "").split(",")[0]


routes = [
    Route("/widget.js", loader),
    Route("/widget/assets/{digest}/{name}", asset),
    Route("/widget/words/{locale}", more_words),
    Route("/widget/{key}/config", config),
    Route("/widget/{key}/frame", frame),
]
