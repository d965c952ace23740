"""A platform that is a script: each call is noted and answered by its path."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Self

import httpx2


@dataclass
class Script:
    """`answers`: path → what is answered there, one after the other, the last for ever; a class is raised."""

    answers: dict[str, list[Any]] = field(default_factory=dict)
    seen: list[httpx2.Request] = field(default_factory=list)

    def on(self, path: str, *answers: Any) -> Self:
        """From now on it answers there like this."""
        self.answers[path] = list(answers)
        return self

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.seen.append(request)
        waiting = self.answers[request.url.path]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, type):
            raise answer("as the script says")
        assert isinstance(answer, httpx2.Response)
        return answer

    @property
    def paths(self) -> list[str]:
        """Of all calls, in order."""
        return [request.url.path for request in self.seen]

    def bodies(self, path: str) -> list[Any]:
        """What the calls to it told."""
        return [json.loads(request.content) for request in self.seen if request.url.path == path]
