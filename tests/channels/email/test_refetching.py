"""A mail of which only the head was fetched, fetched as a whole later; and what is told where that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

import pytest

from channels.email import oversize, refetching
from channels.events import Request
from channels.outbound import ChannelError
from tests.channels.email import catalogue
from tests.channels.email.owner import Owner
from tests.mailservers import ImapServer, imap_server

LIMIT = 100_000


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with imap_server() as running:
        yield running


def large(text: str = "写真をお送りします。") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Message-ID"], mail["Subject"] = "hanako@example.net", "<large@x>", "写真"
    mail.set_content(text)
    mail.add_attachment(b"\xff\xd8" + b"x" * 300_000, "image", "jpeg", filename="庭の写真 1.jpg")
    mail.add_attachment(b"%PDF" + b"y" * 1000, "application", "pdf", filename="見積.pdf")
    mail.set_boundary("parts")
    return mail.as_bytes().replace(b"\n", b"\r\n")


def taken(server: ImapServer, raw: bytes = b"") -> Request:
    """What is stored of a mail that is larger than the limit."""
    server.add(raw or large())
    owner = Owner(server, max_bytes=LIMIT)
    owner.catch_up()
    request = owner.stored[-1].request
    assert request is not None
    return request


def refusal(server: ImapServer, request: Request, **changes: object) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        refetching.fetch(server.account(**changes), request)
    return raised.value


def test_the_files_left_out_are_named_with_their_sizes(server: ImapServer) -> None:
    request = taken(server)
    (picture, paper) = oversize.left_out_of(request.header("left_out"))
    assert (picture[0], paper[0]) == ("庭の写真 1.jpg", "見積.pdf")
    assert abs(picture[1] - 300_002) < 2000
    assert abs(paper[1] - 1004) < 200  # pymap counts the head of the part as well
    assert "写真をお送りします。".encode() in request.body or b"base64" in request.body
    assert len(request.body) < 10_000


def test_a_mail_that_is_one_large_file_names_it(server: ImapServer) -> None:
    raw = b"From: a@example.net\r\nContent-Type: application/zip; name=a.zip\r\n\r\n" + b"x" * 200_000
    ((name, size),) = oversize.left_out_of(taken(server, raw).header("left_out"))
    assert name == "a.zip"
    assert 200_000 <= size < 200_100


def test_names_are_read_in_the_form_that_the_standard_gives_them() -> None:
    """RFC 3501, 7.4.2: Dovecot, Gmail and Exchange tell them so, coded by RFC 2231 or, against it, RFC 2047."""
    text = (b"text", b"plain", (b"charset", b"utf-8"), None, None, b"8bit", 112, 4)
    coded = (b"filename*", b"utf-8''%E8%A6%8B%E7%A9%8D.pdf")
    paper = (b"application", b"pdf", None, None, None, b"BASE64", 7800, None, (b"attachment", coded), None)
    words = (b"name", b"=?utf-8?B?5bqtLmpwZw==?=")
    picture = (b"image", b"jpeg", words, None, None, b"base64", 78, None, (b"inline", None), None)
    structure = ([text, paper, picture], b"mixed")
    assert oversize.left_out(structure, ["1"]) == (("見積.pdf", 5700), ("庭.jpg", 57))
    assert oversize.left_out(None, []) == oversize.left_out((None, b"x", 7), []) == ()


@pytest.mark.parametrize("told", ["", "[", "{}", "[[1]]", '[["a", "b"]]', "null"])
def test_a_list_of_files_that_makes_no_sense_names_none(told: str) -> None:
    assert oversize.left_out_of(told) == ()


def test_it_is_fetched_whole_once_the_limit_is_raised(server: ImapServer) -> None:
    request = taken(server)
    assert refetching.lacks(request)
    whole = refetching.fetch(server.account(), request)
    assert whole.body == large()
    assert (whole.url, whole.header("received")) == (request.url, request.header("received"))
    assert not refetching.lacks(whole)
    assert not server.flags()[101]


def test_one_that_is_still_too_large_is_told_with_both_sizes(server: ImapServer) -> None:
    request = taken(server)
    error = refusal(server, request, max_bytes=LIMIT * 2)
    assert (error.sentence, error.permanent) == (refetching.STILL_TOO_LARGE, True)
    assert error.detail == "0 MB > 0 MB"
    server.on("UID FETCH .*SIZE", "{tag} BAD what")  # a server that cannot tell the size
    assert refusal(server, request, max_bytes=LIMIT * 2).sentence == refetching.STILL_TOO_LARGE


def test_one_that_is_gone_is_told(server: ImapServer) -> None:
    request = taken(server)
    server.remove(101)
    assert refusal(server, request).sentence == refetching.GONE


def test_a_folder_with_new_numbers_gives_no_other_mail_in_its_place(server: ImapServer) -> None:
    request = taken(server)
    server.renumber()
    assert refusal(server, request).sentence == refetching.NUMBERED


def test_a_mail_of_the_same_number_that_came_at_another_time_is_another_one(server: ImapServer) -> None:
    request = taken(server)
    other = replace(request, headers={**request.headers, "received": "2020-01-01T00:00:00+00:00"})
    assert refusal(server, other).sentence == refetching.GONE


def test_a_mail_of_another_server_or_folder_is_not_looked_for_here(server: ImapServer) -> None:
    request = taken(server)
    elsewhere = replace(request, url=request.url.replace(server.host, "imap.example.jp"))
    assert refusal(server, elsewhere).sentence == refetching.MOVED
    assert refusal(server, replace(request, url="file:1.eml")).sentence == refetching.MOVED
    assert (
        refusal(server, replace(request, url=request.url.replace("INBOX", "Gone"))).sentence
        == refetching.GONE
    )


def test_one_that_the_server_still_does_not_hand_out_is_told_in_its_words(server: ImapServer) -> None:
    request = taken(server)
    server.on(r"UID FETCH 101 \(BODY", "{tag} NO could not be converted", times=0)
    error = refusal(server, request)
    assert (error.sentence, error.permanent) == (refetching.NOT_HANDED_OUT, False)
    assert "could not be converted" in error.detail


def test_every_sentence_is_in_both_languages() -> None:
    assert catalogue.missing(refetching.__file__) == []
