"""A kind of channel for tests, whose provider does what it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from channels import base, registry


@dataclass(frozen=True)
class NoSettings:
    pass


class Post(base.Connector[NoSettings]):
    """Everything sent is noted; `answer` decides what becomes of it."""

    kind = "post"
    label = "Post"
    features = base.Features(max_attachment_bytes=1000, push=True)
    Settings = NoSettings

    sent: list[base.Outbound] = []
    read: Callable[[base.Request], Sequence[base.Event]] = staticmethod(lambda request: [])
    news: Callable[[Mapping[str, Any]], tuple[list[base.Event], dict[str, Any]]] = staticmethod(
        lambda cursor: ([], dict(cursor))
    )
    answer: Callable[[base.Outbound], base.Sent] = staticmethod(lambda out: base.Sent((f"p-{out.key}",)))

    def verify(self, request: base.Request) -> None:
        return None

    def parse(self, request: base.Request) -> list[base.Event]:
        return list(type(self).read(request))

    def send(self, outbound: base.Outbound) -> base.Sent:
        type(self).sent.append(outbound)
        return type(self).answer(outbound)

    def poll(self, cursor: Mapping[str, Any]) -> tuple[list[base.Event], dict[str, Any]]:
        return type(self).news(cursor)


@contextmanager
def installed(monkeypatch: pytest.MonkeyPatch, **features: Any) -> Iterator[type[Post]]:
    """The kind "post" is there; gives the class, to be told what to do."""
    made = type(
        "Post", (Post,), {"features": base.Features(**features) if features else Post.features, "sent": []}
    )
    known = {**registry.kinds(), "post": made}
    monkeypatch.setattr(registry, "kinds", lambda: known)
    yield made


def fails(**how: Any) -> Callable[[base.Outbound], base.Sent]:
    """An `answer` that fails."""

    def answer(_: base.Outbound) -> base.Sent:
        raise base.ChannelError("It did not work.", **how)

    return answer
