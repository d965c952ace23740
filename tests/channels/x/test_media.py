"""Files that customers send: the account's token goes to the API and to nobody else."""

import httpx2
import pytest

from channels.base import Attachment, ChannelError
from tests.channels.kept import Kept
from tests.channels.line.account import no
from tests.channels.script import Script
from tests.channels.x import TOKEN, bearers, tokens, x

PLACE = "1861000000000000010/1861000000000000100/7WY9gUyS.jpg"
GUARDED = f"https://ton.twitter.com/1.1/ton/data/dm/{PLACE}"
DOOR = f"/2/dm_conversations/media/{PLACE}"
FILM = "https://video.twimg.com/dm_video/1/vid/640x360/b.mp4"


def fetched(script: Script, url: str = GUARDED) -> bytes:
    return x(script).fetch(Attachment("a", url=url))


def refused(script: Script, url: str = GUARDED) -> ChannelError:
    with pytest.raises(ChannelError) as told:
        fetched(script, url)
    return told.value


def file(body: bytes = b"\xff\xd8picture") -> httpx2.Response:
    return httpx2.Response(200, content=body)


def to(place: str) -> httpx2.Response:
    return httpx2.Response(302, headers={"Location": place})


def authorised(script: Script) -> list[tuple[str, bool]]:
    return [(request.url.host, "Authorization" in request.headers) for request in script.seen]


@pytest.mark.parametrize("host", ["ton.twitter.com", "ton.x.com"])
def test_a_photo_of_a_message_is_handed_out_by_the_api(host: str) -> None:
    script = Script().on(DOOR, file())
    assert fetched(script, GUARDED.replace("ton.twitter.com", host)) == b"\xff\xd8picture"
    assert authorised(script) == [("api.x.com", True)]


def test_a_film_is_had_where_it_lies_without_the_token() -> None:
    script = Script().on("/dm_video/1/vid/640x360/b.mp4", file())
    assert fetched(script, FILM) == b"\xff\xd8picture"
    assert authorised(script) == [("video.twimg.com", False)]


def test_where_the_api_sends_us_on_to_the_token_stays_behind() -> None:
    script = Script().on(DOOR, to("https://pbs.twimg.com/dm/7.jpg")).on("/dm/7.jpg", file())
    assert fetched(script) == b"\xff\xd8picture"
    assert authorised(script) == [("api.x.com", True), ("pbs.twimg.com", False)]


@pytest.mark.parametrize(
    "place",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://evil.example/x.jpg",
        "https://twimg.com.evil.example/x.jpg",
        "https://twimg.com@evil.example/x.jpg",
        "http://pbs.twimg.com/x.jpg",
        "file:///etc/passwd",
    ],
)
def test_nothing_is_fetched_elsewhere(place: str) -> None:
    script = Script().on(DOOR, to(place))
    for told in (refused(script), refused(Script(), place)):
        assert told.permanent
        assert told.sentence == "This file does not lie at the platform."
    assert authorised(script) == [("api.x.com", True)]


@pytest.mark.parametrize("place", ["https://[", "https://[::1"])
def test_an_address_that_is_none_is_said_to_be_none(place: str) -> None:
    assert refused(Script().on(DOOR, to(place))).sentence == "This is not a web address."
    assert refused(Script(), place).sentence == "This file does not lie at the platform."


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_file_that_is_gone_is_not_asked_for_again(status: int) -> None:
    told = refused(Script().on(DOOR, no(status)))
    assert (told.permanent, told.sentence) == (True, "This file is not at X any more.")


def test_an_empty_file_is_none_and_trouble_at_x_passes() -> None:
    assert refused(Script().on(DOOR, file(b""))).permanent
    assert not refused(Script().on(DOOR, no(503))).permanent
    assert not refused(Script().on(DOOR, httpx2.ReadTimeout)).ambiguous


def test_a_token_that_is_over_is_renewed_for_a_file_too() -> None:
    kept = Kept(access_token="access 1", refresh_token="refresh 1")
    script = Script().on(DOOR, no(401), file()).on(TOKEN, tokens(2))
    assert x(script, kept).fetch(Attachment("a", url=GUARDED)) == b"\xff\xd8picture"
    assert bearers(script)[2] == "Bearer access 2"
