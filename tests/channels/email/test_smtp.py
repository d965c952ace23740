"""Handing mail over, to a real server that refuses, waits and hangs up as told."""

from collections.abc import Iterator

import pytest

from channels.email import lines, smtp, trouble
from channels.email.lines import Answer
from channels.outbound import ChannelError
from tests.channels.email.sender import HANAKO, MAIL, SHOP, TARO, refusal
from tests.mailservers import SmtpServer, smtp_server


@pytest.fixture(autouse=True)
def _no_line_left() -> Iterator[None]:
    yield
    lines.close_stale(0)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with smtp_server() as running:
        yield running


def test_what_must_not_be_answered_has_an_empty_sender(server: SmtpServer) -> None:
    smtp.send(server.account(), "", [HANAKO], MAIL)
    assert server.received[0].sender == ""


def test_a_server_that_takes_no_empty_sender_is_told_the_mailbox(server: SmtpServer) -> None:
    server.on("MAIL FROM:<>", "501 Invalid MAIL FROM address provided")
    smtp.send(server.account(), "", [HANAKO], MAIL, SHOP)
    assert [one.sender for one in server.received] == [SHOP]


def test_the_first_recipient_decides(server: SmtpServer) -> None:
    server.on("RCPT TO:<hanako@", "550 5.1.1 <hanako@example.net>: User unknown")
    error = refusal(server, HANAKO, TARO)
    assert (error.sentence, error.permanent) == (smtp.RECIPIENT, True)
    assert error.detail == "550 5.1.1 <hanako@example.net>: User unknown"
    assert server.received == []


def test_others_that_are_refused_are_told_and_the_rest_gets_it(server: SmtpServer) -> None:
    server.on("RCPT TO:<taro@", "550 5.1.1 no such user")
    server.on("RCPT TO:<jiro@", "450 4.2.1 come later")
    result = smtp.send(server.account(), SHOP, [HANAKO, TARO, "jiro@example.net"], MAIL)
    assert result.refused == {TARO: "550 5.1.1 no such user", "jiro@example.net": "450 4.2.1 come later"}
    assert server.received[0].recipients == (HANAKO,)


@pytest.mark.parametrize(
    ("at", "answer", "permanent", "sentence", "wait"),
    [
        ("MAIL", "451 4.7.1 Greylisted", False, smtp.COME_BACK, 300),
        ("RCPT", "450 4.2.0 Greylisted", False, smtp.COME_BACK, 300),
        ("RCPT", "452 4.2.2 Mailbox full", False, smtp.COME_BACK, 300),
        ("RCPT", "421 4.3.2 Too busy", False, smtp.COME_BACK, 60),
        ("DATA", "451 4.3.0 disk", False, smtp.COME_BACK, 300),
        (r"\.", "451 4.3.0 disk", False, smtp.COME_BACK, 300),
        ("MAIL", "550 5.7.1 not your address", True, smtp.SENDER, None),
        ("MAIL", "530 5.7.57 Client not authenticated", True, trouble.REFUSED, None),
        ("RCPT", "550 5.2.2 over quota", True, smtp.FULL, None),
        ("RCPT", "551 not local", True, smtp.RECIPIENT, None),
        ("RCPT", "553 5.1.3 bad syntax", True, smtp.RECIPIENT, None),
        ("DATA", "554 5.7.1 no", True, smtp.MESSAGE, None),
        (r"\.", "550 5.7.1 looks like spam", True, smtp.MESSAGE, None),
        (r"\.", "552 too big after all", True, smtp.TOO_LARGE, None),
    ],
)
def test_a_refusal_means_what_its_code_says(
    server: SmtpServer, at: str, answer: str, permanent: bool, sentence: str, wait: float | None
) -> None:
    server.on(at, answer)
    error = refusal(server)
    assert (error.sentence, error.permanent, error.retry_after) == (sentence, permanent, wait)
    assert error.detail == answer
    assert not error.ambiguous
    assert server.received == []
    smtp.send(server.account(), SHOP, [TARO], MAIL)  # and nothing of it is left on the line
    assert [mail.recipients for mail in server.received] == [(TARO,)]


@pytest.mark.parametrize("at", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_line_lost_before_the_end_is_no_harm(server: SmtpServer, at: str) -> None:
    server.on(at, drop=True)
    error = refusal(server)
    assert (error.sentence, error.permanent, error.ambiguous) == (trouble.HUNG_UP, False, False)


def test_a_line_lost_after_the_end_leaves_it_open_whether_it_arrived(server: SmtpServer) -> None:
    server.on(r"\.", drop=True)
    error = refusal(server)
    assert (error.sentence, error.permanent, error.ambiguous) == (smtp.AMBIGUOUS, False, True)
    assert len(server.received) == 1


def test_a_server_that_is_silent_after_the_end_leaves_it_open_too(server: SmtpServer) -> None:
    server.on(r"\.", wait=1)
    assert refusal(server, data_timeout=0.1).ambiguous


def test_a_server_that_is_silent_is_given_up(server: SmtpServer) -> None:
    server.on("MAIL", wait=1)
    error = refusal(server, read_timeout=0.1)
    assert (error.sentence, error.ambiguous) == (trouble.SILENT, False)


def test_a_server_that_is_gone_is_told_of_with_its_name(server: SmtpServer) -> None:
    server.stop()
    error = refusal(server)
    assert (error.sentence, error.permanent) == (trouble.UNREACHABLE, False)
    assert error.detail == f"127.0.0.1:{server.port}: Connection refused"
    assert refusal(server, host="no-such-name.invalid").sentence == trouble.UNREACHABLE


def test_a_message_too_large_is_not_even_begun() -> None:
    with smtp_server(max_size=1000) as server:
        error = refusal(server, message=MAIL + b"x" * 1000)
        assert (error.sentence, error.permanent) == (smtp.TOO_LARGE, True)
        assert not server.script.times("MAIL|DATA")


def test_the_size_is_told_before_the_message(server: SmtpServer) -> None:
    smtp.send(server.account(), SHOP, [HANAKO], MAIL)
    assert server.script.times(rf"MAIL FROM:<{SHOP}> SIZE={len(MAIL)}$") == 1


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("foo..bar@docomo.ne.jp", '"foo..bar"@docomo.ne.jp'),
        (".foo.@ezweb.ne.jp", '".foo."@ezweb.ne.jp'),
        ('"foo..bar"@docomo.ne.jp', '"foo..bar"@docomo.ne.jp'),
        ('a"b\\c@example.jp', '"a\\"b\\\\c"@example.jp'),
        ("hanako@例え.jp", "hanako@xn--r8jz45g.jp"),
        ("o'neil+x@example.jp", "o'neil+x@example.jp"),
    ],
)
def test_an_address_is_written_as_servers_take_it(server: SmtpServer, address: str, wire: str) -> None:
    smtp.send(server.account(), SHOP, [address], MAIL)
    assert f"RCPT TO:<{wire}>" in server.script.heard
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "address", ["nobody", "a@b\r\nDATA", "a\r\n@b.jp", "@b.jp", "a@", "a@b c.jp", "a@b.jp>,<c@d.jp"]
)
def test_what_is_no_address_is_never_said(server: SmtpServer, address: str) -> None:
    error = refusal(server, address)
    assert (error.sentence, error.permanent) == (smtp.NO_ADDRESS, True)
    assert not server.script.times("RCPT")


def test_letters_in_an_address_go_to_a_server_that_knows_them(server: SmtpServer) -> None:
    smtp.send(server.account(), SHOP, ["花子@example.jp"], MAIL)
    assert server.received[0].recipients == ("花子@example.jp",)
    assert "SMTPUTF8" in server.received[0].options


def test_letters_in_an_address_are_refused_where_the_server_does_not_know_them() -> None:
    with smtp_server(smtputf8=False) as server:
        assert refusal(server, "花子@example.jp").sentence == smtp.LETTERS
        assert smtp.send(server.account(), SHOP, [HANAKO, "花子@example.jp"], MAIL).refused == {
            "花子@example.jp": "花子@example.jp"
        }


def test_a_lone_dot_or_bare_line_feeds_smuggle_nothing(server: SmtpServer) -> None:
    body = b"Subject: x\n\nfirst\n.\nMAIL FROM:<evil@example.jp>\r.\rlast"
    smtp.send(server.account(), SHOP, [HANAKO], body)
    (mail,) = server.received
    assert mail.data == b"Subject: x\r\n\r\nfirst\r\n.\r\nMAIL FROM:<evil@example.jp>\r\n.\r\nlast\r\n"


def test_raw_eight_bit_text_is_announced(server: SmtpServer) -> None:
    smtp.send(server.account(), SHOP, [HANAKO], MAIL + "やあ\r\n".encode())
    assert "BODY=8BITMIME" in server.received[0].options


def test_nobody_to_send_to_is_refused_before_any_line(server: SmtpServer) -> None:
    with pytest.raises(ChannelError, match="nobody"):
        smtp.send(server.account(), SHOP, [], MAIL)
    assert server.lines_made == 0


def test_secrets_do_not_show_in_an_account(server: SmtpServer) -> None:
    shown = repr(server.account(password="secret one", token="secret two"))
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("host", "said", "message_id"),
    [
        (
            "email-smtp.ap-northeast-1.amazonaws.com",
            "Ok 0106018c1f2e3d4c-11111111-2222-3333-4444-555555555555-000000",
            "<0106018c1f2e3d4c-11111111-2222-3333-4444-555555555555-000000@ap-northeast-1.amazonses.com>",
        ),
        (
            "email-smtp.us-east-1.amazonaws.com",
            "Ok 0100018c1f2e3d4c-11111111-2222",
            "<0100018c1f2e3d4c-11111111-2222@email.amazonses.com>",
        ),
        (
            "smtp.office365.com",
            "2.6.0 OK <TY1@jpnprd01.prod.outlook.com> [x]",
            "<TY1@jpnprd01.prod.outlook.com>",
        ),
        ("mail.example.jp", "2.0.0 OK <1@example.jp> queued", ""),  # that is ours
        ("mail.example.jp", "2.0.0 Ok: queued as 4F2D31", ""),
    ],
)
def test_an_id_the_server_gave_in_place_of_ours_is_learned(host: str, said: str, message_id: str) -> None:
    assert smtp._renamed(host, Answer(250, said), MAIL) == message_id


def test_an_id_in_the_answer_of_the_server_is_told(server: SmtpServer) -> None:
    server.on(r"\.", "250 2.6.0 OK <renamed@mail.example.jp>")
    result = smtp.send(server.account(), SHOP, [HANAKO], MAIL)
    assert result.message_id == "<renamed@mail.example.jp>"
