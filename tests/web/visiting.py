"""A browser for tests: the real application, its cookies and CSRF token kept as a browser keeps them."""

from __future__ import annotations

import re
from typing import Any

from starlette.testclient import TestClient

from app import main
from app.auth import find, sign_in
from app.models import Agent
from tests import factories

ACCEPT = "text/html,application/xhtml+xml"


class Browser(TestClient):
    """`csrf` is the token of the page or session last seen; `submit` posts a form with it."""

    def __init__(self, base: str = "http://testserver", **options: Any) -> None:
        super().__init__(
            main.app, base_url=base, follow_redirects=False, raise_server_exceptions=False, **options
        )
        self.headers["accept"] = ACCEPT
        self.csrf = ""

    def see(self, path: str, **options: Any) -> str:
        """The page at `path`, which must be there."""
        response = self.get(path, **options)
        assert response.status_code == 200, (response.status_code, response.text[:300])
        if token := re.search(r'name="csrf" value="([\w-]+)"', response.text):
            self.csrf = token[1]
        return response.text

    def submit(self, path: str, form: dict[str, Any] | None = None, **options: Any) -> Any:
        """Post a form from a page of ours."""
        return self.post(path, data={"csrf": self.csrf, **(form or {})}, **options)

    def carry(self, token: str) -> None:
        """Hold this session token, wherever it comes from."""
        self.cookies.set("madoguchi", token, domain="testserver.local", path="/")

    def come_in(self, agent: Agent, password: str = factories.PASSWORD) -> Browser:
        """Signed in as `agent`, who is committed."""
        outcome = sign_in(agent.email, password, "127.0.0.1", "Browser of a test")
        assert outcome.token, "the sign-in was refused"
        self.carry(outcome.token)
        signed = find(outcome.token)
        assert signed is not None
        self.csrf = signed.csrf
        return self
