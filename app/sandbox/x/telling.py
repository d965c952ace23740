"""What X tells a webhook, of either product (docs.x.com/x-api/activity/introduction,
docs.x.com/x-api/account-activity/introduction)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from app.sandbox.files import File
from app.sandbox.talks import Customer
from app.sandbox.x.account import ID, NAME, USERNAME, Account

if TYPE_CHECKING:
    from app.sandbox.x.platform import X

LINK = re.compile(r"https?://[^\s<>\"'（）「」、。]+")
TON = "ton.twitter.com"
FILMS = "video.twimg.com"

Object = dict[str, Any]


def words(account: Account, text: str) -> tuple[str, list[Object]]:
    """A text as X writes it: links shortened, three signs escaped; and what the links are."""
    urls: list[Object] = []

    def shortened(found: re.Match[str]) -> str:
        url = found[0]
        urls.append({"url": account.short(url), "expanded_url": url, "display_url": url.split("://")[1][:27]})
        return account.short(url)

    escaped = LINK.sub(shortened, text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped, urls


def message(x: X, customer: Customer, id: str, data: Object, *, from_shop: bool) -> Object:
    """An entry of `direct_message_events`."""
    sender, recipient = (ID, customer.id) if from_shop else (customer.id, ID)
    return {
        "type": "message_create",
        "id": id,
        "created_timestamp": str(x.house.clock.milliseconds()),
        "message_create": {
            "target": {"recipient_id": recipient},
            "sender_id": sender,
            "source_app_id": "268278",
            "message_data": data,
        },
    }


def data(account: Account, text: str, media: Object | None = None, **more: Any) -> Object:
    """`message_data`; a file is named by a link of its own behind the words."""
    said, urls = words(account, text)
    told: Object = {
        "text": said,
        "entities": {"hashtags": [], "symbols": [], "user_mentions": [], "urls": urls},
    }
    if media is not None:
        told["text"] = f"{said} {media['url']}".strip()
        urls.append({name: media[name] for name in ("url", "expanded_url", "display_url")})
        told["attachment"] = {"type": "media", "media": media}
    return {**told, **more}


def media(account: Account, message: str, id: str, file: File) -> Object:
    """The medium of a message: a picture lies behind a door that only the API opens, a film does not."""
    page = f"https://x.com/messages/media/{message}"
    about: Object = {
        "id": int(id),
        "id_str": id,
        "url": account.short(page),
        "display_url": f"pic.x.com/{message[-8:]}",
        "expanded_url": page,
    }
    ending = {"image/png": "png", "image/gif": "gif", "image/webp": "webp"}.get(file.media_type, "jpg")
    place = f"https://{TON}/1.1/ton/data/dm/{message}/{id}/sandbox.{ending}"
    if not file.media_type.startswith("video/"):
        return {**about, "type": "photo", "media_url": place, "media_url_https": place}
    film = {
        "bitrate": 832_000,
        "content_type": "video/mp4",
        "url": f"https://{FILMS}/dm_video/{id}/vid/640x360/f.mp4",
    }
    forms = [
        {"content_type": "application/x-mpegURL", "url": f"https://{FILMS}/dm_video/{id}/pl/f.m3u8"},
        film,
    ]
    info = {"aspect_ratio": [16, 9], "duration_millis": 5000, "variants": forms}
    preview = f"https://pbs.twimg.com/dm_video_preview/{id}/img/f.jpg"
    return {**about, "type": "video", "media_url_https": preview, "video_info": info}


def mark(x: X, customer: Customer, **more: Any) -> Object:
    """An entry of the other two lists: they are typing, or have read."""
    at = str(x.house.clock.milliseconds())
    return {"created_timestamp": at, "sender_id": customer.id, "target": {"recipient_id": ID}, **more}


def encrypted(x: X, customer: Customer, id: str, *, from_shop: bool) -> Object:
    """A message of X Chat: what it says nobody here can read."""
    return {
        "id": id,
        "conversation_id": f"{customer.id}:{ID}",
        "sender_id": ID if from_shop else customer.id,
        "encoded_event": x.house.ids.hex(160),
        "created_at_msec": x.house.clock.milliseconds(),
        "conversation_key_version": "1795000000000",
    }


def users(x: X, customer: Customer, *, older: bool) -> Object:
    """Both ends of a conversation, in the form of either product."""
    ends = {
        customer.id: (customer.name, x.username(customer), x.face(customer.id)),
        ID: (NAME, USERNAME, x.face("shop")),
    }
    return {id: _user(id, *about, x.house.base, older) for id, about in ends.items()}


def _user(id: str, name: str, username: str, face: str, base: str, older: bool) -> Object:
    if older:
        return {"id": id, "name": name, "screen_name": username, "profile_image_url_https": f"{base}{face}"}
    return {"data": {"id": id, "name": name, "username": username, "profile_image_url": f"{base}{face}"}}
