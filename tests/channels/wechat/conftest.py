"""No test knows the access token of another."""

import pytest

from channels.wechat import tokens


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_kept", {})
