"""TikTok's Business Messaging API (https://business-api.tiktok.com/portal/docs?id=1832183871604753)."""
