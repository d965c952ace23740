"""Files that customers send."""

import httpx2
import pytest

from channels.base import Attachment, ChannelError, Inbound
from tests.channels.cases import payloads
from tests.channels.tiktok import BUSINESS, CONVERSATION, Scripted, account, bad, good

WHERE = "https://p16.tiktokcdn.com/f.jpg"
PICTURE = httpx2.Response(200, content=b"\xff\xd8jpeg")


def came(name: str) -> Attachment:
    (payload,) = [one for one in payloads("tiktok") if one.name == name]
    (event,) = payload.connector().parse(payload.request)
    assert isinstance(event, Inbound)
    return event.attachments[0]


def trouble(tiktok: Scripted, file: Attachment) -> ChannelError:
    with pytest.raises(ChannelError) as told:
        account(tiktok).fetch(file)
    return told.value


@pytest.mark.parametrize(("name", "kind"), [("image", "IMAGE"), ("video", "VIDEO")])
def test_a_file_is_asked_for_and_fetched_with_the_token(name: str, kind: str) -> None:
    tiktok = Scripted(download=[good(download_url=WHERE)], file=[PICTURE])
    file = came(name)
    assert account(tiktok).fetch(file) == b"\xff\xd8jpeg"
    (path, asked), _ = tiktok.seen
    assert path == "business/message/media/download/"
    assert asked == {
        "business_id": BUSINESS,
        "conversation_id": CONVERSATION,
        "message_id": "7577000000000000001",
        "media_id": file.ref.rpartition(" ")[2],
        "media_type": kind,
    }
    fetched = tiktok.requests[1]
    assert fetched.headers["x-user"] == "act.first"
    assert "access-token" not in fetched.headers


def test_a_sticker_is_fetched_where_it_lies_and_without_the_token() -> None:
    tiktok = Scripted(file=[PICTURE])
    account(tiktok).fetch(Attachment("sticker.webp", "image/webp", url=WHERE))
    (fetched,) = tiktok.requests
    assert "x-user" not in fetched.headers


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_file_that_is_gone_is_not_asked_for_again(status: int) -> None:
    error = trouble(
        Scripted(download=[good(download_url=WHERE)], file=[httpx2.Response(status)]), came("image")
    )
    assert (error.permanent, error.sentence) == (True, "This file is not at TikTok any more.")


def test_a_file_leads_nowhere_else() -> None:
    away = httpx2.Response(302, headers={"Location": "http://169.254.169.254/latest/"})
    tiktok = Scripted(download=[good(download_url=WHERE)], file=[away])
    assert trouble(tiktok, came("image")).permanent
    assert len(tiktok.requests) == 2


@pytest.mark.parametrize("where", ["", "http://p16.tiktokcdn.com/f.jpg", "file:///etc/passwd", 7])
def test_an_address_that_is_none_is_refused(where: object) -> None:
    assert trouble(Scripted(download=[good(download_url=where)]), came("image")).permanent


def test_an_empty_file_and_one_that_comes_later() -> None:
    there = good(download_url=WHERE)
    assert trouble(Scripted(download=[there], file=[httpx2.Response(200)]), came("image")).permanent
    assert not trouble(Scripted(download=[there], file=[httpx2.Response(503)]), came("image")).permanent
    assert not trouble(Scripted(download=[bad(51065)]), came("image")).permanent
    assert trouble(Scripted(download=[bad(40007)]), came("image")).permanent
