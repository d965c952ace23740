"""LINE: its Messaging API both ways (developers.line.biz/en/reference/messaging-api), for one official account."""

from app.sandbox.line.platform import Line

__all__ = ["Line"]
