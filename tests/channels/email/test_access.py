"""Access tokens are asked for as rarely as can be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest
import time_machine

from channels import oauth
from channels.email import access

ASKED = ("google", "", "client", "secret")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    access.forget()
    yield
    access.forget()


class Google:
    """Gives out tokens, each with a new refresh token."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.http = httpx2.Client(transport=httpx2.MockTransport(self._answer))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        form = dict(one.split("=", 1) for one in request.content.decode().split("&"))
        self.came.append(form["refresh_token"])
        number = len(self.came)
        told = {"access_token": f"access-{number}", "refresh_token": f"next-{number}", "expires_in": 3600}
        return httpx2.Response(200, json=told)


def test_a_token_is_used_until_shortly_before_it_runs_out() -> None:
    google = Google()
    with time_machine.travel(0, tick=False) as clock:
        assert [access.token(google.http, *ASKED, "first") for _ in range(3)] == ["access-1"] * 3
        clock.shift(timedelta(minutes=54))
        assert access.token(google.http, *ASKED, "first") == "access-1"
        clock.shift(timedelta(minutes=2))
        assert access.token(google.http, *ASKED, "first") == "access-2"
    assert google.came == ["first", "next-1"]


def test_without_a_refresh_token_somebody_has_to_sign_in() -> None:
    with pytest.raises(oauth.Reauthorise):
        access.token(Google().http, *ASKED, "")
