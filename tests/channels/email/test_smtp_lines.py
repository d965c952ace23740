"""Lines to a mail server: encrypted, signed in, kept for the next mail."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from channels.email import lines, smtp, trouble
from channels.outbound import ChannelError
from tests.channels.email.sender import HANAKO, MAIL, SHOP, TARO, refusal
from tests.mailservers import PASSWORD, TOKEN, SmtpServer, smtp_server
from tests.serving import until


@pytest.fixture(autouse=True)
def _no_line_left() -> Iterator[None]:
    yield
    lines.close_stale(0)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with smtp_server() as running:
        yield running


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_mail_arrives_with_its_envelope_however_the_line_is_made(tmp_path: Path, security: Any) -> None:
    with smtp_server(tmp_path, security=security) as server:
        result = smtp.send(server.account(), SHOP, [HANAKO, TARO, HANAKO], MAIL)
        assert result.refused == {}
        assert "1A2B" in result.said
        (mail,) = server.received
        assert (mail.sender, mail.recipients, mail.data) == (SHOP, (HANAKO, TARO), MAIL)
        lines.close_stale(0)


def test_an_unknown_certificate_is_not_trusted_unless_asked_for(tmp_path: Path) -> None:
    with smtp_server(tmp_path, security="tls") as server:
        error = refusal(server, ca="")
        assert error.sentence == trouble.UNTRUSTED
        assert not error.permanent
        smtp.send(server.account(ca="", verify=False), SHOP, [HANAKO], MAIL)
        lines.close_stale(0)


def test_a_name_that_is_not_in_the_certificate_is_not_trusted(tmp_path: Path) -> None:
    with smtp_server(tmp_path, security="tls") as server:
        assert refusal(server, host="127.0.0.1").sentence == trouble.UNTRUSTED


def test_no_password_is_said_to_a_server_that_cannot_encrypt(server: SmtpServer) -> None:
    error = refusal(server, security="starttls", user=SHOP, password=PASSWORD)
    assert (error.sentence, error.permanent) == (trouble.NO_TLS, True)
    assert not server.script.times("AUTH")


def test_a_wrong_password_needs_the_admin(tmp_path: Path) -> None:
    with smtp_server(tmp_path, security="starttls") as server:
        error = refusal(server, password="not this one")
        assert (error.sentence, error.permanent) == (trouble.REFUSED, True)
        assert "535 5.7.8" in error.detail
        assert "not this one" not in str(error)
        with pytest.raises(trouble.SignInRefused):
            smtp.check(server.account(password="wrong"))


def test_a_sign_in_put_off_is_tried_again(tmp_path: Path) -> None:
    with smtp_server(tmp_path, security="starttls") as server:
        server.on("AUTH", "454 4.7.0 Temporary authentication failure")
        error = refusal(server)
        assert (error.sentence, error.permanent) == (trouble.IN_TROUBLE, False)


def test_a_token_signs_in(tmp_path: Path) -> None:
    with smtp_server(tmp_path, security="starttls") as server:
        smtp.send(server.account(token=TOKEN, password=""), SHOP, [HANAKO], MAIL)
        assert len(server.received) == 1
        lines.close_stale(0)


def test_a_token_that_ran_out_is_told_and_the_challenge_answered_by_an_empty_line(tmp_path: Path) -> None:
    with smtp_server(tmp_path, security="starttls") as server:
        error = refusal(server, token="an old one")
        assert isinstance(error, trouble.SignInRefused)
        assert (error.sentence, error.permanent) == (trouble.TOKEN_REFUSED, True)
        assert "AUTH answer b''" in server.script.heard
        assert "an old one" not in str(error)


def test_a_password_in_any_letters_signs_in(tmp_path: Path) -> None:
    with smtp_server(tmp_path, security="starttls") as server:
        server.password = "ひらけごま"
        smtp.send(server.account(password="ひらけごま"), SHOP, [HANAKO], MAIL)
        assert [one.recipients for one in server.received] == [(HANAKO,)]
        lines.close_stale(0)


def test_a_line_is_used_again(server: SmtpServer) -> None:
    for _ in range(3):
        smtp.send(server.account(), SHOP, [HANAKO], MAIL)
    assert (server.lines_made, len(server.received)) == (1, 3)


def test_a_line_is_not_kept_for_another_account(server: SmtpServer) -> None:
    smtp.send(server.account(), SHOP, [HANAKO], MAIL)
    smtp.send(server.account(hello="other.example.jp"), SHOP, [HANAKO], MAIL)
    assert server.lines_made == 2


def test_a_kept_line_that_went_stale_is_replaced_without_a_word(server: SmtpServer) -> None:
    smtp.send(server.account(), SHOP, [HANAKO], MAIL)
    server.stop()
    server.start()
    smtp.send(server.account(), SHOP, [HANAKO], MAIL)
    server.on("MAIL", drop=True)  # it answers RSET and is gone right after
    smtp.send(server.account(), SHOP, [HANAKO], MAIL)
    assert len(server.received) == 3


def test_a_kept_line_lost_after_the_end_is_not_tried_again_by_itself(server: SmtpServer) -> None:
    smtp.send(server.account(), SHOP, [HANAKO], MAIL)
    server.on(r"\.", drop=True)
    assert refusal(server).ambiguous
    assert len(server.received) == 2


def test_a_line_that_nobody_needs_any_more_is_closed(
    server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines._sweeping.clear()
    monkeypatch.setattr(lines, "KEPT_FOR", 0.05)
    smtp.send(server.account(), SHOP, [HANAKO], MAIL)
    until(lambda: server.script.times("QUIT"), "the line is closed", 10)
    assert server.script.times("QUIT") == 1
    assert lines._idle == {}


def test_many_send_at_once_and_only_a_few_lines_stay(server: SmtpServer) -> None:
    def run() -> None:
        for _ in range(3):
            smtp.send(server.account(), SHOP, [HANAKO], MAIL)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.received) == 24
    assert sum(map(len, lines._idle.values())) <= lines.KEPT


def test_the_check_says_what_the_server_said(tmp_path: Path) -> None:
    with smtp_server(tmp_path, security="starttls") as server:
        said = smtp.check(server.account())
    assert said == f"localhost:{server.port} 2.7.0 Authentication successful, SIZE 10 MB"


def test_without_encryption_nobody_outside_is_talked_to() -> None:
    class Outside:
        def getpeername(self) -> tuple[str, int]:
            return ("93.184.216.34", 25)

    from channels.email import session

    with smtp_server() as server, pytest.raises(ChannelError, match="inside your own network"):
        session.inside(Outside(), server.account())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "said", [" ", "250", "25", "xyz", "250-\r\n250-", "\x00", "999 what", "354 go on", "200 \udc82\udca0"]
)
def test_nothing_a_server_says_is_more_than_trouble(server: SmtpServer, said: str) -> None:
    """Whatever comes to whatever command: the mail is gone, or there is a `ChannelError`."""
    for command in ("EHLO", "MAIL", "RCPT", "DATA", r"\."):
        server.script.rules.clear()
        server.on(command, said)
        lines.close_stale(0)
        try:
            smtp.send(
                server.account(read_timeout=0.1, connect_timeout=0.1, data_timeout=0.1), SHOP, [HANAKO], MAIL
            )
        except ChannelError as error:
            assert error.sentence  # noqa: PT017 - it may also go well
