"""Getting into a mailbox: encryption, certificates, passwords and tokens."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from channels.email import session, trouble
from tests.channels.email.owner import Owner, mail
from tests.mailservers import TOKEN, USER, ImapServer, imap_server


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with imap_server() as running:
        yield running


def test_a_wrong_password_needs_the_admin(server: ImapServer) -> None:
    error = Owner(server, password="not this one").fails()
    assert (error.sentence, error.permanent) == (trouble.REFUSED, True)
    assert isinstance(error, trouble.SignInRefused)
    assert "Invalid authentication" in error.detail
    assert "not this one" not in str(error)


@pytest.mark.parametrize(
    "said",
    [
        "NO [UNAVAILABLE] Temporary failure",
        "NO [ALERT] Too many simultaneous connections. (Failure)",
        "BAD User is authenticated but not connected.",
    ],
)
def test_a_sign_in_that_is_put_off_is_tried_again(server: ImapServer, said: str) -> None:
    server.on("LOGIN", "{tag} " + said)
    error = Owner(server).fails()
    assert (error.sentence, error.permanent) == (trouble.IN_TROUBLE, False)
    assert said.partition(" ")[2] in error.detail


def test_a_password_of_strange_characters_breaks_out_of_nothing(server: ImapServer) -> None:
    error = Owner(server, password='x"\r\na DELETE INBOX').fails()
    assert (error.sentence, error.permanent) == (trouble.UNTYPABLE, True)
    Owner(server, user='a"b\\ c', password='d"e\\').fails()
    assert r'LOGIN "a\"b\\ c" "d\"e\\"' in server.script.heard


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_line_is_encrypted_and_the_certificate_looked_at(tmp_path: Path, security: Any) -> None:
    with imap_server(tmp_path, security=security) as server:
        server.add(mail(1))
        assert Owner(server).catch_up() == ["inbox 1"]
        assert Owner(server, ca="", verify=False).catch_up() == ["inbox 1"]
        error = Owner(server, ca="").fails()
        assert (error.sentence, error.permanent) == (trouble.UNTRUSTED, False)
        assert Owner(server, host="127.0.0.1").fails().sentence == trouble.UNTRUSTED


def test_no_password_is_said_to_a_server_that_cannot_encrypt(server: ImapServer) -> None:
    error = Owner(server, security="starttls").fails()
    assert (error.sentence, error.permanent) == (trouble.NO_TLS, True)
    assert not server.script.times("LOGIN")


def test_a_token_signs_in(server: ImapServer) -> None:
    server.on("AUTHENTICATE XOAUTH2", "+ ")
    server.on(re.escape(_xoauth2(TOKEN)) + "$", "{tag} OK in you go")
    with session.signed_in(server.account(token=TOKEN, password="")) as client:
        assert client.noop()


def test_a_token_that_ran_out_is_told_and_the_challenge_answered_by_an_empty_line(server: ImapServer) -> None:
    server.on("AUTHENTICATE XOAUTH2", "+ ")
    server.on(re.escape(_xoauth2("an old one")) + "$", "+ eyJzdGF0dXMiOiI0MDAifQ==")
    server.on("$", "{tag} NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)")
    error = Owner(server, token="an old one", password="").fails()
    assert isinstance(error, trouble.SignInRefused)
    assert (error.sentence, error.permanent) == (trouble.TOKEN_REFUSED, True)
    assert "Invalid credentials" in error.detail
    assert "an old one" not in str(error)


def _xoauth2(token: str) -> str:
    return base64.b64encode(f"user={USER}\x01auth=Bearer {token}\x01\x01".encode()).decode()


def test_a_password_in_any_letters_signs_in(server: ImapServer) -> None:
    server.on("CAPABILITY", "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK done", times=2)
    server.on("AUTHENTICATE PLAIN", "+ ")
    plain = base64.b64encode(f"\0{USER}\0ひらけごま".encode()).decode()
    server.on(re.escape(plain) + "$", "{tag} OK in you go")
    with session.signed_in(server.account(password="ひらけごま")):
        assert not server.script.times("LOGIN")


def test_the_log_holds_no_secrets_at_its_most_talkative(
    server: ImapServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.on("AUTHENTICATE XOAUTH2", "+ ")
    server.on(re.escape(_xoauth2("a secret")) + "$", "{tag} NO [AUTHENTICATIONFAILED] no")
    with caplog.at_level("DEBUG"):
        Owner(server, password="a secret").fails()
        Owner(server, token="a secret").fails()
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("imapclient")]
    assert any("AUTHENTICATE" in line for line in logged)
    assert not any("a secret" in line or _xoauth2("a secret") in line for line in logged)


def test_a_server_that_repeats_what_we_said_gives_no_secret_away(server: ImapServer) -> None:
    server.on("AUTHENTICATE XOAUTH2", "+ ")
    server.on(
        re.escape(_xoauth2("a secret")) + "$",
        f"* BAD {_xoauth2('a secret')}?\r\n{_xoauth2('a secret')} BAD what?",
    )
    error = Owner(server, token="a secret").fails()
    assert "…" in error.detail
    assert _xoauth2("a secret") not in error.detail
