"""Updates fetched from Telegram, over a line that waits for them (getUpdates)."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from channels.base import Collected
from channels.events import Request
from channels.outbound import ChannelError
from channels.telegram import atonce
from channels.telegram.bot import Bot, Moved
from channels.telegram.events import ASKED_FOR
from channels.telegram.shape import Object, number, objects

METHOD = "UPDATE"  # of a request made here; no HTTP call has it
WAIT = 10  # seconds Telegram keeps a question open
BREATH = 0.2  # seconds between two questions at least
MOST = 100  # updates asked for at once


def collect(
    bot: Bot, cursor: Mapping[str, Any], stop: Callable[[], bool], refusal: str
) -> Iterator[Collected]:
    """Everything new, oldest first, one update a request. Raises `ChannelError`.

    A webhook that is set goes first: Telegram allows one of the two. What we have is confirmed by asking for what
    follows; once nothing follows, no place is remembered, because after a quiet week the numbers begin anew anywhere.
    """
    bot.call("deleteWebhook", {"drop_pending_updates": False})
    place = number(cursor, "offset")
    while not stop():
        asked_at = time.monotonic()
        updates = _updates(bot, place)
        if not updates:
            place = None
            time.sleep(
                max(0.0, BREATH - (time.monotonic() - asked_at))
            )  # somebody else than Telegram does not wait
            yield Collected({})
        for index, (id, update) in enumerate(updates, 1):
            _at_once(bot, update, refusal)
            place = id + 1
            body = json.dumps(update, ensure_ascii=False).encode("utf-8", "replace")
            request = Request(METHOD, "", {"content-type": "application/json"}, {}, body)
            yield Collected({"offset": place}, request, left=len(updates) - index)


def _updates(bot: Bot, place: int | None) -> list[tuple[int, Object]]:
    asked: dict[str, Any] = {"timeout": WAIT, "limit": MOST, "allowed_updates": list(ASKED_FOR)}
    if place is not None:
        asked["offset"] = place
    answer = bot.call("getUpdates", asked)
    found = [(number(one, "update_id"), one) for one in objects(answer.told, "result", MOST)]
    return [(id, one) for id, one in found if id is not None]


def _at_once(bot: Bot, update: Object, refusal: str) -> None:
    if (call := atonce.reply(update, refusal)) is not None:
        with contextlib.suppress(ChannelError, Moved):
            bot.call(*call)
