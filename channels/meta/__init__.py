"""What Messenger, Instagram and WhatsApp have in common: Meta's webhooks and its Graph API
(https://developers.facebook.com/docs/graph-api)."""
