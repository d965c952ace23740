"""Collecting mail from a real server, which forgets numbers and loses folders."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest

from channels.email import fetching, folders, imap, oversize, session, trouble
from tests.channels.email.owner import Owner, mail, subject
from tests.mailservers import PASSWORD, ImapServer, imap_server

SENT = "送信済みメール"


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with imap_server() as running:
        yield running


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
    assert list(server.flags().values()) == [set()] * 4  # nobody notices that we were there


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


def test_what_lay_there_for_days_when_the_mailbox_was_connected_may_be_history(server: ImapServer) -> None:
    now = datetime.now(UTC)
    server.add(mail(1), at=now - timedelta(days=6))
    owner = Owner(server, since_days=7, open_days=3)
    owner.catch_up()
    before = datetime.fromisoformat(owner.stored[0].request.header("history-before"))  # type: ignore[union-attr]
    assert abs(now - timedelta(days=3) - before) < timedelta(minutes=1)


def test_what_came_while_nobody_could_look_is_no_history(server: ImapServer) -> None:
    owner = Owner(server, since_days=7)
    owner.catch_up()
    server.add(mail("in the holidays"), at=datetime.now(UTC) - timedelta(days=12))
    owner.catch_up()
    server.renumber()
    server.add(mail("after the repair"))
    owner.catch_up()
    requests = [one.request for one in owner.stored]
    assert [one.header("history-before") for one in requests if one] == ["", ""]


def test_a_crash_before_storing_brings_the_mail_again(server: ImapServer) -> None:
    server.add(mail(1))
    owner = Owner(server)
    assert [subject(one) for one in itertools.islice(owner.lines(), 1)] == ["inbox 1"]
    owner.cursor = {}
    assert owner.catch_up() == ["inbox 1"]


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


def test_a_big_mail_comes_in_pieces_and_whole(server: ImapServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "CHUNK", 1000)
    server.add(mail("big", 4500))
    server.add(mail("even", 2000 - len(mail("even"))))
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
    assert imap.check(server.account()) == f"{server.host}:{server.port} INBOX 1, Sent “{SENT}”, IDLE"
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


def test_the_numbers_of_another_account_mean_nothing(server: ImapServer) -> None:
    """The admin moves the mailbox to another server, whose folder happens to have the same UIDVALIDITY."""
    server.add(mail(1))
    owner = Owner(server, since_days=0)
    owner.catch_up()
    owner.changes["host"] = "localhost"
    server.add(mail(2))
    assert owner.catch_up() == ["inbox 1", "inbox 2"]


def test_the_first_mail_that_is_ever_sent_is_seen_although_it_makes_the_folder(server: ImapServer) -> None:
    owner = Owner(server, since_days=0)
    owner.catch_up()
    server.make_folder(SENT, "Sent")
    server.add(mail("first"), SENT)
    assert owner.catch_up() == ["sent first"]


def test_a_sent_folder_that_vanishes_under_our_hands_costs_only_itself(server: ImapServer) -> None:
    server.make_folder("Sent")
    server.add(mail(1))
    server.on('EXAMINE "Sent"', "{tag} NO [NONEXISTENT] no such folder", times=0)
    assert Owner(server).catch_up() == ["inbox 1"]
