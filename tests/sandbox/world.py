"""One platform of the sandbox, what hears its webhooks, and the platform's side of our product."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, ClassVar, TypeVar

import pytest
from PIL import Image

from channels import registry
from channels.base import ChannelError, Context, Outbound, Person
from channels.guard import Client
from tests.channels.kept import Kept
from tests.hooked import listening
from tests.sandbox import Hearer, Sandbox

H = TypeVar("H", bound=Hearer)


@dataclass
class World:
    """`kept`: the secrets that the product keeps; the tokens of the account's sign-in are in its settings."""

    platform: ClassVar[str]

    sandbox: Sandbox
    hearer: Hearer
    http: Client
    kept: Kept = field(default_factory=Kept)

    @property
    def account(self) -> dict[str, Any]:
        return dict(self.sandbox.state(self.platform)["settings"])

    @property
    def connector(self) -> Any:
        told = {name: value for name, value in self.account.items() if isinstance(value, str)}
        signed_in = {f"{sort}_token": f"sandbox-{self.platform}-{name}" for sort, name in TOKENS.items()}
        here = self.hearer.url.removesuffix("/hooks/k1")
        context = Context("k1", here, sandbox=self.sandbox.base, renew=self.kept.renew)
        stored = {**told, **signed_in, **self.kept.secrets}
        return registry.build(self.platform, stored, self.http, context)

    def act(self, user: str, action: str, **about: Any) -> dict[str, str]:
        return self.sandbox.act(user, action, on=self.platform, **about)

    def events(self, count: int) -> list[Any]:
        """What our connector makes of so many webhooks, each of them with a good signature."""
        connector, found = self.connector, list[Any]()
        for request in self.hearer.requests(count):
            connector.verify(request)
            found += connector.parse(request)
        return found

    def message(self, user: str, text: str, **more: Any) -> Outbound:
        """A message of ours to somebody."""
        return Outbound("1", Person(user), text, **more)

    def sends(self, user: str, text: str = "", **more: Any) -> tuple[str, ...]:
        """Our connector's message; its ids. Raises `ChannelError`."""
        ids: tuple[str, ...] = self.connector.send(self.message(user, text, **more)).external_ids
        return ids

    def refused(self, user: str, text: str = "はい", **more: Any) -> ChannelError:
        with pytest.raises(ChannelError) as told:
            self.sends(user, text, **more)
        return told.value

    def phone(self, user: str) -> list[tuple[str, str, str]]:
        return [(one["by"], one["kind"], one["text"]) for one in self.sandbox.phone(user, self.platform)]

    def writer(self) -> str:
        """A customer who has written."""
        id = str(self.sandbox.state(self.platform)["customers"][0]["id"])
        self.act(id, "text", text="こんにちは")
        self.hearer.requests(1)
        return id


TOKENS = {"access": "token", "refresh": "refresh"}


@contextmanager
def heard(sandbox: Sandbox, platform: str, hearer: H) -> Iterator[H]:
    """The platform's webhooks go to the hearer."""
    with listening(hearer.hear) as base:
        hearer.url = f"{base}/hooks/k1"
        sandbox.set(platform, webhook=hearer.url)
        yield hearer


def picture() -> bytes:
    """A small PNG."""
    file = BytesIO()
    Image.new("RGB", (40, 30), "#28518f").save(file, "PNG")
    return file.getvalue()


def base64_of(data: bytes) -> str:
    """As acts take files."""
    return base64.b64encode(data).decode()
