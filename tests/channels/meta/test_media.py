"""Files that customers send, fetched from a server that may lie."""

import base64
import hashlib

import pytest

from channels import downloading
from channels.base import Attachment, ChannelError
from tests.channels.meta.accounts import NUMBER, guarded, messenger, paths, said, whatsapp
from tests.channels.servers import Answer, Scripted, serving

BYTES = b"\x89PNG a picture"
DIGEST = base64.b64encode(hashlib.sha256(BYTES).digest()).decode()
CDN = "https://scontent.xx.fbcdn.net/v/1.png?oe=6"


def fetched(server: Scripted, url: str = CDN) -> bytes:
    connector = messenger(server)
    connector.http = guarded(server)
    return connector.fetch(Attachment("1.png", "image/png", url=url))


def refused(server: Scripted, url: str = CDN) -> ChannelError:
    with pytest.raises(ChannelError) as told:
        fetched(server, url)
    assert not told.value.ambiguous
    return told.value


def test_a_file_is_fetched_from_metas_own_host_without_the_token() -> None:
    with serving(Answer(body=BYTES)) as server:
        assert fetched(server) == BYTES
    assert paths(server) == ["/scontent.xx.fbcdn.net/v/1.png"]
    assert server.seen[0].header("authorization") == ""
    assert server.seen[0].header("user-agent") == "Madoguchi"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.jp/1.png",
        "https://fbcdn.net.example.jp/1.png",
        "http://scontent.xx.fbcdn.net/1.png",
        "https://evilfbcdn.net/1.png",
        "https://user@169.254.169.254/1.png",
        "file:///etc/passwd",
        "https://[::1/",
        "",
    ],
)
def test_nothing_is_fetched_from_anywhere_else(url: str) -> None:
    with serving() as server:
        assert refused(server, url).permanent
    assert server.seen == []


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/",
        "http://127.0.0.1:1/",
        "//10.0.0.1/x",
        "",
    ],
)
def test_a_redirect_into_a_private_network_leads_nowhere(location: str) -> None:
    with serving(Answer(302, {"Location": location})) as server:
        assert refused(server).permanent


def test_a_redirect_within_meta_is_followed_but_not_for_ever() -> None:
    on = Answer(302, {"Location": "https://scontent.cdninstagram.com/2.png"})
    with serving(on, Answer(body=BYTES)) as server:
        assert fetched(server) == BYTES
    assert paths(server)[1] == "/scontent.cdninstagram.com/2.png"
    with serving(on) as server:
        assert refused(server).sentence.startswith("This file is passed on")
    assert len(server.seen) == downloading.MOST_REDIRECTS + 1


@pytest.mark.parametrize("status", [403, 404, 410])
def test_what_has_expired_is_gone_for_good(status: int) -> None:
    with serving(Answer(status)) as server:
        told = refused(server)
    assert (told.permanent, told.sentence) == (True, "This file is not at Meta any more.")


def test_what_cannot_be_had_just_now_is_tried_again() -> None:
    with serving(Answer(503)) as server:
        assert not refused(server).permanent
    with serving(Answer(hang_up=True)) as server:
        assert not refused(server).permanent


def test_a_file_larger_than_it_said_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.meta.conversing.MAX_FILE", 1000)
    with serving(Answer(headers={"Content-Length": "5000"}, body=b"x" * 5000)) as server:
        told = refused(server)
    assert (told.permanent, told.sentence) == (True, "This file is too large to be fetched.")


def test_a_file_shorter_than_it_said_is_tried_again() -> None:
    with serving(Answer(headers={"Content-Length": "5000"}, body=b"x")) as server:
        assert not refused(server).permanent


def test_nothing_is_no_file() -> None:
    with serving(Answer()) as server:
        assert refused(server).sentence == "This file is empty."


def told_of(
    url: str = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1", **more: object
) -> Answer:
    digest = hashlib.sha256(BYTES).hexdigest()
    return said({"url": url, "mime_type": "image/png", "sha256": digest, "file_size": len(BYTES), **more})


def whatsapp_file(server: Scripted, ref: str = "1003") -> bytes:
    return whatsapp(server).fetch(Attachment("image-1003.png", "image/png", ref=ref))


def test_whatsapp_is_asked_where_the_file_lies_and_both_times_with_the_token() -> None:
    with serving(told_of(), Answer(body=BYTES)) as server:
        assert whatsapp_file(server) == BYTES
    assert paths(server) == [
        "/graph.facebook.com/v26.0/1003",
        "/lookaside.fbsbx.com/whatsapp_business/attachments/",
    ]
    assert server.seen[0].query["phone_number_id"] == NUMBER
    assert [one.header("authorization") for one in server.seen] == ["Bearer wa-token"] * 2


@pytest.mark.parametrize("digest", [DIGEST, hashlib.sha256(BYTES).hexdigest()])
def test_trap_20_a_file_whose_sha256_is_another_one_is_not_taken(digest: str) -> None:
    with serving(told_of(sha256=digest), Answer(body=BYTES)) as server:
        assert whatsapp_file(server) == BYTES
    other = Answer(body=b"\x89PNG b picture")
    with serving(told_of(sha256=digest), other) as server, pytest.raises(ChannelError) as told:
        whatsapp_file(server)
    assert told.value.sentence == "This file was damaged on its way."
    assert not told.value.permanent


def test_a_file_of_another_size_than_told_is_not_taken() -> None:
    with serving(told_of(file_size=9), Answer(body=BYTES)) as server, pytest.raises(ChannelError) as told:
        whatsapp_file(server)
    assert told.value.sentence == "This file was damaged on its way."


@pytest.mark.parametrize(
    "url", ["https://example.jp/steal", "http://169.254.169.254/", "", "https://whatsapp.net.example/"]
)
def test_the_token_goes_to_nobody_but_meta(url: str) -> None:
    with serving(told_of(url), Answer(body=BYTES)) as server, pytest.raises(ChannelError) as told:
        whatsapp_file(server)
    assert told.value.permanent
    assert len(server.seen) == 1


def test_the_token_stays_behind_where_another_host_has_the_file() -> None:
    on = Answer(302, {"Location": "https://mmg.whatsapp.net/v/1"})
    with serving(told_of(), on, Answer(body=BYTES)) as server:
        assert whatsapp_file(server) == BYTES
    assert server.seen[2].header("authorization") == ""


def test_a_file_whatsapp_does_not_have_any_more_is_gone() -> None:
    gone = said({"error": {"code": 100, "error_subcode": 33, "message": "does not exist"}}, 400)
    with serving(gone) as server, pytest.raises(ChannelError) as told:
        whatsapp_file(server)
    assert told.value.permanent
