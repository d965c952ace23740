"""Whether an account works: whether WeChat gives a token to this server, and how many messages of today are used
(https://developers.weixin.qq.com/doc/service/api/apimanage/api_getapiquota.html)."""

from channels.wechat.account import Account
from channels.wechat.sending import PATH

_WORKS = "WeChat accepts the AppID and the AppSecret, and the account may send messages."
_USED_UP = "WeChat accepts the AppID and the AppSecret, but the messages of today are used up."
_ONLY_OUT = "WeChat accepts the AppID and the AppSecret. It can reach this channel only at a public address."


def check(account: Account) -> str:
    """A sentence, and in brackets how many messages are used. Raises `ChannelError`."""
    quota = account.post("/cgi-bin/openapi/quota/get", {"cgi_path": PATH}).told.get("quota")
    told = quota if isinstance(quota, dict) else {}
    limit, used = (
        one if isinstance(one := told.get(name), int) else None for name in ("daily_limit", "used")
    )
    detail = f"✉ {used or 0:,}/{limit:,}" if limit else account.settings.app_id
    if limit and (used or 0) >= limit:
        return f"{_USED_UP} ({detail})"
    public = account.context.public_url.startswith("https://") or account.context.sandbox
    return f"{_WORKS if public else _ONLY_OUT} ({detail})"
