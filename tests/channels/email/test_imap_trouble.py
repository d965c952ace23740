"""A mailbox on a bad day: lines that break, servers that refuse, mails that cannot be had."""

from collections.abc import Iterator

import pytest

from channels.email import fetching, reader, trouble
from channels.outbound import ChannelError
from tests.channels.email.owner import Owner, mail, subject
from tests.mailservers import ImapServer, imap_server

SENT = "送信済みメール"


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with imap_server() as running:
        yield running


@pytest.mark.parametrize(
    "at",
    [
        "CAPABILITY", "LOGIN", "LIST", "STATUS", 'EXAMINE "Sent"', 'EXAMINE "INBOX"', "UID SEARCH", "UID FETCH .*SIZE",
        "UID FETCH .*BODY", "IDLE",
    ],
)  # fmt: skip
def test_a_line_lost_at_any_step_loses_no_mail_and_brings_none_twice(server: ImapServer, at: str) -> None:
    server.make_folder("Sent")
    server.add(mail(1))
    server.add(mail(2), "Sent")
    owner = Owner(server)
    server.on(at, drop=True)
    if at == "IDLE":
        with pytest.raises(ChannelError):
            list(owner.lines())
    else:
        error = owner.fails()
        assert (error.permanent, error.sentence) == (False, trouble.HUNG_UP)
    owner.catch_up()
    assert sorted(map(subject, owner.stored)) == ["inbox 1", "sent 2"]


def test_a_server_that_goes_and_comes_back_is_gone_on_with(server: ImapServer) -> None:
    server.add(mail(1))
    owner = Owner(server)
    owner.catch_up()
    server.stop()
    error = owner.fails()
    assert (error.sentence, error.permanent) == (trouble.UNREACHABLE, False)
    assert error.detail == f"127.0.0.1:{server.port}: Connection refused"
    server.add(mail(2))
    server.start()
    assert owner.catch_up() == ["inbox 2"]


def test_a_line_that_ends_while_it_waits_is_noticed_at_once(server: ImapServer) -> None:
    server.on("IDLE", "+ idling", drop=True)
    with pytest.raises(ChannelError, match="hung up"):
        list(Owner(server).lines())


def test_a_server_that_says_goodbye_is_quoted(server: ImapServer) -> None:
    server.on("UID SEARCH", "* BYE Maintenance at 3", drop=True)
    error = Owner(server).fails()
    assert "Maintenance at 3" in error.detail
    assert not error.permanent


def test_a_silent_server_is_given_up(server: ImapServer) -> None:
    server.on("UID SEARCH", wait=1)
    assert Owner(server, read_timeout=0.1).fails().sentence == trouble.SILENT


def test_mails_that_vanish_between_search_and_fetch_cost_nothing(server: ImapServer) -> None:
    for name in range(3):
        server.add(mail(name))
    server.on("UID SEARCH UID 1:", "* SEARCH 101 102 103 999\r\n{tag} OK done")
    assert Owner(server).catch_up() == ["inbox 0", "inbox 1", "inbox 2"]


def test_the_answer_to_a_search_may_come_in_pieces_with_more_in_it(server: ImapServer) -> None:
    for name in range(3):
        server.add(mail(name))
    server.on("UID SEARCH UID 1:", "* SEARCH 103 101\r\n* SEARCH 102 (MODSEQ 99)\r\n{tag} OK done")
    assert Owner(server).catch_up() == ["inbox 0", "inbox 1", "inbox 2"]


def test_one_mail_the_server_cannot_hand_out_costs_only_itself(server: ImapServer) -> None:
    for name in range(3):
        server.add(mail(name))
    no = "{tag} NO [SERVERBUG] could not be converted to RFC 822"
    server.on(r"UID FETCH 101,102,103 \(BODY", no)
    server.on(r"UID FETCH 102 \(BODY", no, times=0)
    owner = Owner(server)
    assert owner.catch_up() == ["inbox 0", "inbox ?", "inbox 2"]
    request = owner.stored[1].request
    assert request is not None
    assert "could not be converted" in request.headers["unreadable"]
    assert request.body == b""
    assert request.url.endswith(";UID=102")
    assert owner.catch_up() == []


def test_sizes_the_server_cannot_tell_cost_nothing(server: ImapServer) -> None:
    for name in range(2):
        server.add(mail(name))
    server.on(r"UID FETCH .*SIZE", "{tag} BAD what", times=0)
    assert Owner(server).catch_up() == ["inbox 0", "inbox 1"]


def test_a_mail_at_which_the_line_always_breaks_is_passed_over_with_a_note(server: ImapServer) -> None:
    for name in range(4):
        server.add(mail(name))
    server.on(r"UID FETCH [\d,]*102[\d,]* \(BODY", drop=True, times=0)
    owner = Owner(server)
    tries = 0
    while len(owner.stored) < 4:
        tries += 1
        try:
            owner.catch_up()
        except ChannelError as error:
            assert not error.permanent  # noqa: PT017 - it comes several times
    assert [subject(one) for one in owner.stored] == ["inbox 0", "inbox ?", "inbox 2", "inbox 3"]
    assert tries == reader.ATTEMPTS + 2
    assert "doubt" not in owner.cursor["inbox"]


def test_a_sent_folder_that_always_answers_nonsense_costs_only_itself(server: ImapServer) -> None:
    server.make_folder("Sent")
    server.add(mail(1))
    server.on("STATUS", "* STATUS {4}\r\nSent\r\n{tag} OK x", times=0)
    assert Owner(server).catch_up() == ["inbox 1"]


def test_a_list_of_folders_that_cannot_be_read_costs_only_the_sent_folder(server: ImapServer) -> None:
    server.on("LIST", '* LIST () "/" "\x82"\r\n* LIST (x\r\n{tag} OK done', times=0)
    server.add(mail(1))
    assert Owner(server).catch_up() == ["inbox 1"]


def test_an_inbox_that_does_not_exist_needs_the_admin(server: ImapServer) -> None:
    error = Owner(server, inbox="サポート").fails()
    assert (error.sentence, error.permanent) == (trouble.NO_FOLDER, True)


def test_a_server_that_errs_about_sizes_does_not_fill_the_memory(
    server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add(mail("huge", 5000))
    server.on("UID FETCH .*SIZE", "* 1 FETCH (UID 101 RFC822.SIZE -1)\r\n{tag} OK done", times=0)
    monkeypatch.setattr(fetching, "CHUNK", 1000)
    owner = Owner(server, max_bytes=2500)
    assert owner.catch_up() == ["inbox huge"]
    request = owner.stored[0].request
    assert request is not None
    assert request.headers["oversize"] == "3000"


def test_a_server_that_wants_to_say_ten_gigabytes_at_once_is_left(server: ImapServer) -> None:
    server.add(mail(1))
    server.on(r"UID FETCH .*BODY", "* 1 FETCH (UID 101 BODY[] {10000000000}\r\nx")
    assert "10,000,000,000 bytes" in Owner(server).fails().detail


def test_of_a_mail_too_big_that_is_not_handed_out_the_place_is_kept(server: ImapServer) -> None:
    server.add(mail("big", 5000))
    server.on(r"UID FETCH 101 \(BODY", "{tag} NO cannot", times=0)
    owner = Owner(server, max_bytes=1000)
    assert owner.catch_up() == ["inbox ?"]
    assert owner.stored[0].request is not None
    assert "cannot" in owner.stored[0].request.headers["unreadable"]


GARBAGE = [
    "", "{tag}", "{tag} OK", "* \r\n{tag} OK x", "\x00\x01\r\n{tag} OK x", "* NO [ALERT\r\n{tag} NO [", "+ go on",
    "* SEARCH x y\r\n{tag} OK x", "* STATUS\r\n{tag} OK x", "* 1 FETCH (UID\r\n{tag} OK x", "* LIST\r\n{tag} OK x",
    "* 1 FETCH (UID 101 BODY[] {5}\r\nab\r\n{tag} OK x", "* OK [UIDVALIDITY x] y\r\n{tag} OK x", "* BYE\r\n{tag} OK x",
    "* OK [UIDNEXT 99999999999999999999] y\r\n* x EXISTS\r\n{tag} OK x", "* 1 FETCH (UID 101 BODY[] NIL)\r\n{tag} OK x",
    "* CAPABILITY\r\n{tag} OK x", "* SEARCH {1}\r\n7\r\n{tag} OK x", '* LIST () "/" {4}\r\nSent\r\n{tag} OK x',
    "* STATUS {4}\r\nSent\r\n{tag} OK x", "* CAPABILITY {1}\r\nx\r\n{tag} OK x", "X999 OK x", "{tag} BAD \udc82\udca0",
]  # fmt: skip


@pytest.mark.parametrize("said", GARBAGE)
def test_nothing_a_server_says_is_more_than_trouble(server: ImapServer, said: str) -> None:
    """Whatever comes to whatever command: there is at most a `ChannelError`, and the mail is not lost."""
    server.make_folder("Sent")
    server.add(mail(1))
    for command in ("CAPABILITY", "LOGIN", "LIST", "STATUS", "EXAMINE", "UID SEARCH", "UID FETCH", "IDLE"):
        server.on(command, said or " ")
        owner = Owner(server, read_timeout=0.1, connect_timeout=0.1)
        try:
            owner.catch_up()
        except ChannelError as error:
            assert error.sentence  # noqa: PT017 - it may also go well
        server.script.rules.clear()
        owner.changes.clear()
        owner.catch_up()
        brought = {subject(one) for one in owner.stored}
        assert brought in ({"inbox 1"}, {"inbox ?"}), command
