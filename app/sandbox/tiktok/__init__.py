"""TikTok: the Business Messaging API both ways (business-api.tiktok.com/portal/docs?id=1832183871604753), for one
business account."""

from app.sandbox.tiktok.platform import TikTok

__all__ = ["TikTok"]
