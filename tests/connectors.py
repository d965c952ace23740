"""A kind of channel for tests, whose provider does what it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

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


class Ruled(Post):
    """One whose provider has templates; `offers` gives them, each time it is asked."""

    offers: Callable[[], list[base.Template]] = staticmethod(lambda: [])

    def templates(self) -> list[base.Template]:
        return type(self).offers()


class Charged(Post):
    """One that is charged by parts of ten characters."""

    def measure(self, text: str, to: base.Person) -> base.Measure:
        return base.Measure(-(-len(text) // 10), -len(text) % 10, "chars", "They cannot answer.")


Kind = TypeVar("Kind", bound=Post)


@contextmanager
def installed(monkeypatch: pytest.MonkeyPatch, **features: Any) -> Iterator[type[Post]]:
    """The kind "post" is there; gives the class, to be told what to do."""
    with installed_as(Post, monkeypatch, **features) as made:
        yield made


@contextmanager
def installed_as(of: type[Kind], monkeypatch: pytest.MonkeyPatch, **features: Any) -> Iterator[type[Kind]]:
    """The kind "post" is there, and can what `of` can."""
    told = base.Features(**features) if features else of.features
    made: type[Kind] = type("Post", (of,), {"features": told, "sent": []})
    known = {**registry.kinds(), "post": made}
    monkeypatch.setattr(registry, "kinds", lambda: known)
    yield made


def fails(**how: Any) -> Callable[[base.Outbound], base.Sent]:
    """An `answer` that fails."""

    def answer(_: base.Outbound) -> base.Sent:
        raise base.ChannelError("It did not work.", **how)

    return answer
