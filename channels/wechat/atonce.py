"""What is answered to a webhook itself, within five seconds: "success", or the greeting of who begins to follow
(https://developers.weixin.qq.com/doc/service/guide/product/message/Passive_user_reply_message.html)."""

import secrets
import time

from channels.wechat import sealing, signature
from channels.wechat.document import Object, text
from channels.wechat.settings import WeChatSettings

SUCCESS = b"success"


def reply(document: Object, own: WeChatSettings, *, sealed: bool) -> bytes | None:
    """The body of the answer to an event, sealed as that was; None where nothing is to be said."""
    begins = text(document, "MsgType") == "event" and text(document, "Event").lower() == "subscribe"
    to_us = own.account_id in ("", text(document, "ToUserName"))
    if not (begins and to_us and own.greeting.strip()):
        return None
    told = {
        "ToUserName": text(document, "FromUserName"),
        "FromUserName": text(document, "ToUserName"),
        "CreateTime": str(int(time.time())),
        "MsgType": "text",
        "Content": own.greeting.strip(),
    }
    xml = _xml(told)
    return _sealed(xml, own) if sealed else xml


def _sealed(xml: bytes, own: WeChatSettings) -> bytes:
    inside = sealing.sealed(xml, own.aes_key, own.app_id)
    timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
    made = signature.sign(own.token, timestamp, nonce, inside)
    return _xml({"Encrypt": inside, "MsgSignature": made, "TimeStamp": timestamp, "Nonce": nonce})


def _xml(fields: dict[str, str]) -> bytes:
    inner = "".join(f"<{name}>{_cdata(value)}</{name}>" for name, value in fields.items())
    return f"<xml>{inner}</xml>".encode("utf-8", "replace")


def _cdata(value: str) -> str:
    return value if value.isdecimal() else f"<![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]>"
