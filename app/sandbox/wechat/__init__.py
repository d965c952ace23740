"""WeChat: one official account (developers.weixin.qq.com/doc/service/), and who follows it."""

from app.sandbox.wechat.platform import WeChat

__all__ = ["WeChat"]
