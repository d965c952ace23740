"""X as the sandbox plays it (docs.x.com/x-api): direct messages, webhooks of both of its products, renewed tokens."""

from app.sandbox.x.platform import X

__all__ = ["X"]
