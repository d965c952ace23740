"""What is stored of a channel whose tokens its platform renews."""

from __future__ import annotations

from collections.abc import Callable

from channels.base import Secrets


class Kept:
    """Its secrets, as the product keeps them."""

    def __init__(self, **secrets: str) -> None:
        self.secrets: dict[str, str] = secrets

    def renew(self, work: Callable[[Secrets], Secrets]) -> Secrets:
        self.secrets = {**self.secrets, **work(dict(self.secrets))}
        return self.secrets
