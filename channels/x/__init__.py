"""Direct messages on X by the X API v2 and its webhooks (https://docs.x.com/x-api/direct-messages/manage/introduction)."""
