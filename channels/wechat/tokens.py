"""Access tokens. There is one of each account at a time, so nobody may make one by themselves: WeChat's stable_token
hands the same to all of our processes for as long as it is good, and five minutes before its end the next one, while
both are taken (https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken.html).

Only where it hands out the very token that was refused, it is told to make another. Two processes that ask for that at
once get the same one: within thirty seconds WeChat makes no second.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from channels.calling import Answer
from channels.outbound import ChannelError
from channels.wechat import trouble

PATH = "/cgi-bin/stable_token"
EARLY = 60.0  # seconds before its end a token is not used any more
LASTS = 7200.0  # seconds, where WeChat does not say

Issue = Callable[[Mapping[str, Any]], Answer]

_kept: dict[str, tuple[str, str, float]] = {}  # AppID → secret it was had for, token, good until
_asking = defaultdict[str, threading.Lock](threading.Lock)  # many deliveries wake; one of each account asks


def token(app_id: str, secret: str, issue: Issue, refused: str = "") -> str:
    """A good token, and not `refused`; `issue` posts JSON. Raises `ChannelError`."""
    with _asking[app_id]:
        had_for, kept, until = _kept.get(app_id, ("", "", 0.0))
        if had_for == secret and until > time.time() and kept != refused:
            return kept
        made, lasts = _issued(issue, app_id, secret, force=False)
        if made == refused:
            made, lasts = _issued(issue, app_id, secret, force=True)
        _kept[app_id] = (secret, made, time.time() + lasts - EARLY)
        return made


def _issued(issue: Issue, app_id: str, secret: str, *, force: bool) -> tuple[str, float]:
    asked = {"grant_type": "client_credential", "appid": app_id, "secret": secret, "force_refresh": force}
    try:
        answer = issue(asked)
    except ChannelError as error:
        raise ChannelError(trouble.NO_TOKEN, detail=str(error), everybody=True) from None
    made, seconds = answer.told.get("access_token"), answer.told.get("expires_in")
    if not isinstance(made, str) or not made:
        raise trouble.no_token(answer)
    return made, float(seconds) if isinstance(seconds, int) and 0 < seconds < 10**6 else LASTS
