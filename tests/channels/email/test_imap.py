"""Collecting mail from a real server that drops lines, forgets numbers and loses folders."""

import base64
import itertools
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from channels.base import Collected
from channels.email import fetching, folders, idle, imap, oversize, reader, session, trouble
from channels.events import ChannelError
from tests.mailservers import PASSWORD, TOKEN, USER, ImapServer, imap_server

SENT = "送信済みメール"


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with imap_server() as running:
        yield running


def mail(name: object, size: int = 0) -> bytes:
    return f"From: hanako@example.net\r\nMessage-ID: <{name}@x>\r\nSubject: {name}\r\n\r\n{'x' * size}\r\n".encode()


def subject(one: Collected) -> str:
    """ "inbox 1" for the mail 1 in the inbox."""
    assert one.request is not None
    found = re.search(rb"Subject: (.*)\r", one.request.body)
    return f"{one.request.headers['folder']} {found[1].decode() if found else '?'}"


class Owner:
    """Who asks for what is new, stores it and remembers the cursor, as the product does."""

    def __init__(self, server: ImapServer, **changes: Any) -> None:
        self.server, self.changes = server, changes
        self.cursor: dict[str, Any] = {}
        self.stored: list[Collected] = []
        self.signs = 0
        self.over = False

    def lines(self) -> Iterator[Collected]:
        for one in imap.collect(self.server.account(**self.changes), self.cursor, lambda: self.over):
            self.cursor = one.cursor
            if one.request:
                self.stored.append(one)
            else:
                self.signs += 1
            yield one

    def catch_up(self) -> list[str]:
        """Until there is nothing new; what came."""
        before, self.over = len(self.stored), False
        for one in self.lines():
            self.over = one.request is None and not one.cursor.get("inbox", {}).get("doubt")
        return [subject(one) for one in self.stored[before:]]

    def fails(self) -> ChannelError:
        with pytest.raises(ChannelError) as raised:
            self.catch_up()
        return raised.value


def test_what_lies_there_is_brought_oldest_first_and_then_nothing_again(server: ImapServer) -> None:
    for name in range(3):
        server.add(mail(name))
    owner = Owner(server)
    assert owner.catch_up() == ["inbox 0", "inbox 1", "inbox 2"]
    assert owner.catch_up() == []
    server.add(mail(3))
    assert owner.catch_up() == ["inbox 3"]
    assert owner.stored[0].request is not None
    assert owner.stored[0].request.body == mail(0)
    assert all(not flags for flags in server.flags().values())  # nobody notices that we were there


def test_a_request_says_where_the_mail_lies(server: ImapServer) -> None:
    at = datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC)
    server.make_folder(SENT, "Sent")
    uid = server.add(mail("x"), SENT, at=at)
    owner = Owner(server)
    owner.catch_up()
    request = owner.stored[0].request
    assert request is not None
    assert (request.method, dict(request.headers)) == ("MAIL", {"folder": "sent", "received": at.isoformat()})
    name = "%E9%80%81%E4%BF%A1%E6%B8%88%E3%81%BF%E3%83%A1%E3%83%BC%E3%83%AB"
    assert request.url == f"imap://127.0.0.1/{name};UIDVALIDITY={server.validity(SENT)}/;UID={uid}"


def test_progress_is_counted_over_both_folders(server: ImapServer) -> None:
    server.make_folder("Sent")
    for name in range(3):
        server.add(mail(name))
    server.add(mail("answer"), "Sent")
    owner = Owner(server)
    assert owner.catch_up() == ["inbox 0", "inbox 1", "inbox 2", "sent answer"]
    assert [(one.left, one.total) for one in owner.stored] == [(3, 4), (2, 4), (1, 4), (0, 4)]


def test_nothing_old_is_brought_if_nothing_old_is_wanted(server: ImapServer) -> None:
    server.make_folder("Sent")
    server.add(mail("old"))
    server.add(mail("old"), "Sent")
    owner = Owner(server, since_days=0)
    assert owner.catch_up() == []
    server.add(mail("new"))
    server.add(mail("new"), "Sent")
    assert owner.catch_up() == ["inbox new", "sent new"]


def test_only_the_last_days_are_brought_at_first_but_whatever_comes_later(server: ImapServer) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=40)
    server.add(mail("old"), at=long_ago)
    server.add(mail("recent"))
    server.add(mail("also old"), at=long_ago)
    owner = Owner(server, since_days=7)
    assert owner.catch_up() == ["inbox recent"]
    server.add(mail("moved here"), at=long_ago)
    assert owner.catch_up() == ["inbox moved here"]


def test_a_first_fetch_broken_off_goes_on_where_it_was(server: ImapServer) -> None:
    for name in range(5):
        server.add(mail(name), at=datetime.now(UTC) - timedelta(days=40 if name == 3 else 1))
    owner = Owner(server, since_days=7)
    assert [subject(one) for one in itertools.islice(owner.lines(), 2)] == ["inbox 0", "inbox 1"]
    server.add(mail("old and moved here"), at=datetime.now(UTC) - timedelta(days=90))
    assert owner.catch_up() == ["inbox 2", "inbox 4", "inbox old and moved here"]


def test_a_crash_before_storing_brings_the_mail_again(server: ImapServer) -> None:
    server.add(mail(1))
    owner = Owner(server)
    assert [subject(one) for one in itertools.islice(owner.lines(), 1)] == ["inbox 1"]
    owner.cursor = {}
    assert owner.catch_up() == ["inbox 1"]


@pytest.mark.parametrize("push", [True, False])
def test_a_mail_that_comes_is_brought_at_once_or_at_the_next_look(push: bool) -> None:
    with imap_server(idle=push) as server:
        owner = Owner(server, poll_every=60 if push else 0.2)
        looked = threading.Event()
        wait = _waiting(owner, looked, lambda: len(owner.stored) == 2)
        looked.wait(10)
        server.add(mail("first"))
        server.add(mail("second"))
        wait()
        assert [subject(one) for one in owner.stored] == ["inbox first", "inbox second"]
        assert bool(server.script.times("IDLE")) is push


def _waiting(owner: Owner, looked: threading.Event, enough: Callable[[], bool]) -> Callable[[], None]:
    """Let the owner wait in another thread until `enough`, and tell when it looked; call the answer to see it end."""
    trouble: list[BaseException] = []

    def run() -> None:
        try:
            for _ in owner.lines():
                owner.over = enough()
                looked.set()
        except BaseException as error:  # noqa: BLE001 - told in the thread of the test
            trouble.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def end() -> None:
        thread.join(20)
        assert not thread.is_alive()
        assert trouble == []

    return end


def test_what_is_sent_from_elsewhere_is_seen_while_the_inbox_waits(server: ImapServer) -> None:
    server.make_folder("Sent Items")
    owner = Owner(server, poll_every=0.3)
    looked = threading.Event()
    wait = _waiting(owner, looked, lambda: len(owner.stored) == 1)
    looked.wait(10)
    server.add(mail("from the phone"), "Sent Items")
    wait()
    assert [subject(one) for one in owner.stored] == ["sent from the phone"]


@pytest.mark.parametrize("told", ["* 5 EXISTS\r\n+ idling", "+ idling\r\n* 5 EXISTS"])
def test_a_mail_between_the_last_look_and_idle_is_not_missed(server: ImapServer, told: str) -> None:
    """The server tells of it before the "+" that begins IDLE, or together with it."""
    server.on("IDLE", told)
    server.on("DONE", "{tag} OK done")
    with _selected(server) as client:
        assert len(list(idle.waiting(client, 60, push=True, heed=True, stop=lambda: False))) <= 1
    assert server.script.heard[-2:] == ["DONE", "LOGOUT"]


def test_a_server_that_offers_idle_and_refuses_it_is_asked_the_ordinary_way(server: ImapServer) -> None:
    server.on("IDLE", "{tag} NO not today")
    with _selected(server) as client:
        assert len(list(idle.waiting(client, 0.05, push=True, heed=True, stop=lambda: False))) == 1
    assert server.script.heard[-2:] == ["IDLE", "LOGOUT"]


def test_what_was_told_before_may_be_left_alone(server: ImapServer) -> None:
    """Else a server that says EXISTS with every answer would be asked without end."""
    with _selected(server) as client:
        client._imap.untagged_responses["EXISTS"] = [b"5"]
        assert list(idle.waiting(client, 60, push=True, heed=True, stop=lambda: False)) == []
        assert len(list(idle.waiting(client, 0.05, push=True, heed=False, stop=lambda: False))) == 1


@contextmanager
def _selected(server: ImapServer) -> Iterator[Any]:
    with session.signed_in(server.account()) as client:
        client.select_folder("INBOX", readonly=True)
        client._imap.untagged_responses.clear()
        yield client


def test_a_sign_of_life_comes_while_nothing_does(server: ImapServer) -> None:
    owner = Owner(server, sign_of_life=0)
    for _ in owner.lines():
        owner.over = owner.signs == 3
    assert owner.stored == []
    assert owner.cursor["inbox"]["uid"] == 100


def test_it_stops_when_told_although_it_waits(server: ImapServer) -> None:
    owner = Owner(server)
    looked = threading.Event()
    wait = _waiting(owner, looked, lambda: False)
    looked.wait(10)
    owner.over = True
    wait()


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


def test_a_wrong_password_needs_the_admin(server: ImapServer) -> None:
    error = Owner(server, password="not this one").fails()
    assert (error.sentence, error.permanent) == (trouble.REFUSED, True)
    assert isinstance(error, trouble.SignInRefused)
    assert "Invalid authentication" in error.detail
    assert "not this one" not in str(error)


@pytest.mark.parametrize(
    "said", ["NO [UNAVAILABLE] Temporary failure", "NO [ALERT] Too many simultaneous connections. (Failure)"]
)
def test_a_sign_in_that_is_put_off_is_tried_again(server: ImapServer, said: str) -> None:
    server.on("LOGIN", "{tag} " + said)
    error = Owner(server).fails()
    assert (error.sentence, error.permanent) == (trouble.IN_TROUBLE, False)
    assert said.removeprefix("NO ") in error.detail


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


def test_new_numbers_bring_the_last_days_again(server: ImapServer) -> None:
    server.add(mail("old"), at=datetime.now(UTC) - timedelta(days=60))
    server.add(mail(1))
    owner = Owner(server, since_days=0)
    owner.catch_up()
    before = owner.cursor["inbox"]["validity"]
    server.add(mail(2))
    server.renumber()
    assert owner.catch_up() == ["inbox 1", "inbox 2"]
    assert owner.cursor["inbox"]["validity"] == before + 1
    assert owner.catch_up() == []


def test_numbers_that_begin_anew_without_a_word_are_noticed(server: ImapServer) -> None:
    for name in range(3):
        server.add(mail(name))
    owner = Owner(server)
    owner.catch_up()
    owner.cursor["inbox"]["uid"] = 9000  # as if it had been counted so far
    server.add(mail("new"))
    assert owner.catch_up()[-1] == "inbox new"
    assert owner.cursor["inbox"]["uid"] == 104


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


def test_a_big_mail_comes_in_pieces_and_whole(server: ImapServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "CHUNK", 1000)
    server.add(mail("big", 4500))
    server.add(mail("even", 1000 - len(mail("even"))))
    server.add(mail("small"))
    owner = Owner(server, sign_of_life=0)
    assert owner.catch_up() == ["inbox big", "inbox even", "inbox small"]
    assert owner.stored[0].request is not None
    assert owner.stored[0].request.body == mail("big", 4500)
    assert server.script.times(r"UID FETCH 101 \(BODY.PEEK\[\]<") == 5
    assert owner.signs > 4


def test_the_sent_folder_is_found_by_its_use_or_its_name_in_any_language(server: ImapServer) -> None:
    with session.signed_in(server.account()) as client:
        assert folders.sent_folder(client, server.account()) is None
        for name in ("Archive", "送信済みアイテム", "INBOX/Sent", "Ausgang"):
            server.make_folder(name)
        assert _sent(client, server) == "INBOX/Sent"
        server.special["Ausgang"] = "Sent"
        assert _sent(client, server) == "Ausgang"
        assert _sent(client, server, sent="送信済みアイテム") == "送信済みアイテム"
        assert _sent(client, server, sent="no such") == ""
        assert _sent(client, server, with_sent=False) == ""


def _sent(client: Any, server: ImapServer, **changes: Any) -> str:
    found = folders.sent_folder(client, server.account(**changes))
    return found.name if found else ""


def test_a_list_of_folders_that_cannot_be_read_costs_only_the_sent_folder(server: ImapServer) -> None:
    server.on("LIST", '* LIST () "/" "\x82"\r\n* LIST (x\r\n{tag} OK done', times=0)
    server.add(mail(1))
    assert Owner(server).catch_up() == ["inbox 1"]


def test_a_sent_folder_that_disappears_and_comes_back_is_read_again(server: ImapServer) -> None:
    server.make_folder("Sent")
    server.add(mail(1), "Sent")
    owner = Owner(server)
    assert owner.catch_up() == ["sent 1"]
    server.drop_folder("Sent")
    server.add(mail(2))
    assert owner.catch_up() == ["inbox 2"]
    server.make_folder("Sent")
    server.add(mail(3), "Sent")
    assert owner.catch_up() == ["sent 3"]


def test_an_inbox_that_does_not_exist_needs_the_admin(server: ImapServer) -> None:
    error = Owner(server, inbox="サポート").fails()
    assert (error.sentence, error.permanent) == (trouble.NO_FOLDER, True)


def test_another_folder_may_be_the_inbox(server: ImapServer) -> None:
    server.make_folder("サポート")
    server.add(mail(1), "サポート")
    assert Owner(server, inbox="サポート").catch_up() == ["inbox 1"]


def test_mails_are_marked_as_read_only_if_asked_for_and_only_once_stored(server: ImapServer) -> None:
    first, second = server.add(mail(1)), server.add(mail(2))
    owner = Owner(server, seen=True)
    lines = owner.lines()
    next(lines), next(lines)
    assert server.flags() == {first: {"\\Seen"}, second: set()}
    lines.close()  # type: ignore[attr-defined]
    owner.catch_up()
    assert server.flags() == {first: {"\\Seen"}, second: set()}


def test_a_cursor_of_nonsense_begins_anew(server: ImapServer) -> None:
    server.add(mail(1))
    owner = Owner(server)
    for nonsense in ({"inbox": 5}, {"inbox": {"uid": "x"}}, {"inbox": {"validity": 1, "uid": 2, "day": "?"}}):
        owner.cursor = dict(nonsense)
        assert owner.catch_up() == ["inbox 1"]


def test_the_check_says_what_it_found(server: ImapServer) -> None:
    server.make_folder(SENT, "Sent")
    server.add(mail(1))
    assert imap.check(server.account()) == f"INBOX: 1 messages; Sent folder “{SENT}”; IDLE: yes"
    with pytest.raises(trouble.SignInRefused):
        imap.check(server.account(password=PASSWORD + "!"))


def test_a_copy_of_what_was_sent_is_put_away_once(server: ImapServer) -> None:
    assert imap.append_sent(server.account(), mail(1), "<1@x>") is False
    server.make_folder(SENT, "Sent")
    for _ in range(2):
        assert imap.append_sent(server.account(), mail(1), "<1@x>")
    assert list(server.mails(SENT).values()) == [mail(1)]
    assert list(server.flags(SENT).values()) == [{"\\Seen"}]


def test_of_a_mail_too_big_the_head_and_the_text_are_fetched(server: ImapServer) -> None:
    """The pictures of 60 MB are left where they are; what the customer wrote is not."""
    made = EmailMessage()
    made["From"], made["Subject"], made["Message-ID"] = "hanako@example.net", "写真", "<big@x>"
    made.set_content("壊れていました。\n")
    made.add_alternative("<p>壊れていました。</p>\n", subtype="html")
    made.add_attachment(b"x" * 20_000, maintype="image", subtype="jpeg", filename="写真.jpg")
    made.add_attachment("log\n" * 9, filename="log.txt")
    raw = made.as_bytes(policy=SMTP)
    server.add(raw)
    server.add(mail("small"))
    server.add(mail("one part", 20_000))
    owner = Owner(server, max_bytes=10_000)
    assert len(owner.catch_up()) == 3
    first, second, third = (one.request for one in owner.stored)
    assert first is not None
    assert second is not None
    assert third is not None
    read = message_from_bytes(first.body, policy=SMTP)
    assert (read["Subject"], read["Message-ID"]) == ("写真", "<big@x>")
    parts = [part for part in read.walk() if not part.is_multipart()]
    assert [(part.get_content_type(), part.get_content().strip()) for part in parts] == [
        ("text/plain", "壊れていました。"),
        ("text/html", "<p>壊れていました。</p>"),
    ]
    assert first.headers["oversize"] == str(len(raw))
    assert "oversize" not in second.headers
    assert b"Subject: one part" in third.body
    assert len(third.body) < 200
    assert not server.script.times(r"UID FETCH \d+ \(BODY.PEEK\[\]<")


@pytest.mark.parametrize("nonsense", [None, (), 5, (b"text",), ([], b"mixed"), ([(None, 5)], b"mixed")])
def test_a_structure_of_nonsense_has_no_texts(nonsense: object) -> None:
    assert oversize.texts(nonsense) == []
