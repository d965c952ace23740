"""Files customers send: fetched from LINE at once, never from inside our own network."""

import gzip

import httpx2
import pytest

from channels import guard
from channels.base import Attachment, ChannelError, Context
from channels.line import media
from tests.channels.line.account import line, no, ok
from tests.channels.script import Script

CONTENT = "/v2/bot/message/325708/content"
FILM = Attachment("325708.mp4", "video/mp4", ref="325708")
PREPARING = httpx2.Response(202, json={})


def test_a_file_is_had_from_line_by_the_id_of_its_message() -> None:
    script = Script().on(CONTENT, httpx2.Response(200, content=b"bytes"))
    assert line(script).fetch(FILM) == b"bytes"
    assert script.seen[0].url.host == "api-data.line.me"
    assert script.seen[0].headers["authorization"] == "Bearer t0ken"


def test_a_film_that_line_has_prepared_meanwhile_is_had() -> None:
    script = Script().on(CONTENT, PREPARING, httpx2.Response(200, content=b"bytes"))
    script.on(f"{CONTENT}/transcoding", ok({"status": "succeeded"}))
    assert line(script).fetch(FILM) == b"bytes"


def test_a_film_that_line_still_prepares_is_asked_for_again_later() -> None:
    script = Script().on(CONTENT, PREPARING).on(f"{CONTENT}/transcoding", ok({"status": "processing"}))
    with pytest.raises(ChannelError, match="still preparing") as told:
        line(script).fetch(FILM)
    assert (told.value.permanent, told.value.retry_after) == (False, media.AGAIN)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (no(404, {"message": "Not found"}), "does not know"),
        (no(410, {"message": "The content is gone"}), "taken this back"),
        (httpx2.Response(200, content=b""), "empty"),
        (no(302, {}, location="http://169.254.169.254/"), "redirects"),
    ],
)
def test_a_file_that_cannot_be_had_is_said_to_be_so(answer: httpx2.Response, words: str) -> None:
    with pytest.raises(ChannelError, match=words) as told:
        line(Script().on(CONTENT, answer)).fetch(FILM)
    assert told.value.permanent


def test_a_film_that_line_could_not_prepare_is_given_up() -> None:
    script = Script().on(CONTENT, PREPARING).on(f"{CONTENT}/transcoding", ok({"status": "failed"}))
    with pytest.raises(ChannelError, match="could not prepare") as told:
        line(script).fetch(FILM)
    assert told.value.permanent


def test_a_film_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "LIMIT", 1000)
    with pytest.raises(ChannelError, match="too large") as told:
        line(Script().on(CONTENT, httpx2.Response(200, content=b"x" * 1001))).fetch(FILM)
    assert told.value.permanent


def test_what_unpacks_is_not_unpacked() -> None:
    packed = httpx2.Response(200, content=gzip.compress(bytes(10**6)), headers={"content-encoding": "gzip"})
    with pytest.raises(ChannelError):
        line(lambda request: packed).fetch(FILM)


def test_a_strange_id_stays_one_part_of_the_path() -> None:
    seen: list[str] = []

    def note(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.url.raw_path.decode())
        return httpx2.Response(200, content=b"x")

    line(note).fetch(Attachment("x", ref="../../info"))
    assert seen == ["/v2/bot/message/..%2F..%2Finfo/content"]


def test_a_sticker_is_had_without_our_token() -> None:
    seen: list[httpx2.Request] = []

    def note(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, content=b"png")

    url = "https://stickershop.line-scdn.net/stickershop/v1/sticker/2/android/sticker.png"
    assert line(note).fetch(Attachment("sticker.png", url=url)) == b"png"
    played = Context("sandbox-line", sandbox="http://127.0.0.1:8100")
    line(note, context=played).fetch(Attachment("sticker.png", url=url))
    assert [str(one.url) for one in seen] == [url, url.replace("https://", "http://127.0.0.1:8100/")]
    assert all("authorization" not in one.headers for one in seen)


INSIDE = [
    "http://169.254.169.254/latest/meta-data",
    "http://127.0.0.1:9/",
    "http://[::1]/",
    "http://2130706433/",
]


@pytest.mark.parametrize("url", [*INSIDE, "no address", "file:///etc/passwd"])
def test_what_another_program_names_never_leads_inside(url: str) -> None:
    account = line(lambda request: ok())
    account.http = guard.Client()
    with pytest.raises(ChannelError) as told:
        account.fetch(Attachment("x.jpg", "image/jpeg", url=url))
    assert told.value.permanent


def test_a_picture_of_another_program_that_redirects_inside_is_refused() -> None:
    moved = httpx2.Response(302, headers={"location": "http://169.254.169.254/"})
    with pytest.raises(ChannelError, match="redirects"):
        line(lambda request: moved).fetch(Attachment("x.jpg", "image/jpeg", url="https://example.com/x.jpg"))
