"""Servers that an admin names are held against the same rule as addresses that are called over HTTP."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from channels import guard
from channels.email import imap, smtp, trouble
from channels.email.account import Account
from channels.email.connector import Email
from channels.email.settings import EmailSettings
from channels.outbound import ChannelError
from tests.mailservers import imap_server, smtp_server

CHECKS = {"imap": imap.check, "smtp": smtp.check}


def refusal(account: Account, kind: str) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        CHECKS[kind](account)
    return raised.value


@pytest.mark.parametrize("kind", ["imap", "smtp"])
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.0.0.8",
        "192.168.1.5",
        "169.254.169.254",
        "::1",
        "::ffff:127.0.0.1",
        "fd00::1",
    ],
)
def test_no_line_is_made_into_our_own_network_and_the_sentence_says_what_to_set(host: str, kind: str) -> None:
    for security in ("tls", "starttls", "none"):
        error = refusal(Account(host, 143, security=security), kind)
        assert (error.sentence, error.permanent) == (trouble.INSIDE, True)
        assert "MADOGUCHI_ALLOW_PRIVATE" in error.sentence
        assert error.detail == f"{host}:143"


def test_nothing_is_heard_by_a_server_that_is_not_allowed() -> None:
    with imap_server() as one, smtp_server() as other:
        refusal(one.account(allow_private=False), "imap")
        refusal(other.account(allow_private=False), "smtp")
        assert (one.script.heard, other.script.heard, other.lines_made) == ([], [], 0)


@pytest.mark.parametrize("kind", ["imap", "smtp"])
def test_a_name_of_which_one_address_lies_inside_is_refused(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "addresses_of", lambda host, port: ["203.0.113.7", "127.0.0.1"])
    assert refusal(Account("mail.example.jp", 993), kind).sentence == trouble.INSIDE


def test_the_address_that_was_looked_at_is_the_one_that_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers differently the second time gains nothing; TLS still checks the name."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def once(host: Any, *rest: Any, **more: Any) -> Any:
        if host == "localhost":
            asked.append(host)
            return real("127.0.0.1", *rest, **more)
        assert host in ("127.0.0.1", None)
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", once)
    with imap_server(tmp_path, security="tls") as server:
        assert " INBOX 0, " in imap.check(server.account())
    with smtp_server(tmp_path, security="starttls") as other:
        smtp.check(other.account())
    assert asked == ["localhost", "localhost"]


def test_a_name_that_does_not_exist_is_told_as_before() -> None:
    error = refusal(Account("no-such-name.invalid", 993), "imap")
    assert (error.sentence, error.permanent) == (trouble.UNREACHABLE, False)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_channel_may_what_the_installation_allows(allowed: bool) -> None:
    with imap_server() as server:
        settings = EmailSettings(
            address="shop@example.jp", imap_host=server.host, imap_port=server.port, imap_security="none",
            password="open sesame",
        )  # fmt: skip
        made = Email(settings, guard.Client(allow_private=allowed))
        if allowed:
            assert made.check().startswith("Receiving works.")
        else:
            with pytest.raises(ChannelError, match="private network"):
                made.check()
