"""Files that customers send, and whether the account works."""

import httpx2
import pytest

from channels import guard
from channels.base import Attachment, ChannelError, Context
from channels.wechat.connector import WeChat
from channels.wechat.settings import WeChatSettings
from tests.channels.wechat.account import APP, GET, SECRET, STABLE, Script, no, ok, token, wechat

QUOTA = "/cgi-bin/openapi/quota/get"
PICTURE = Attachment("image.jpg", "image/jpeg", ref="Xq1-image_7")
FILM = "https://mpvideo.qpic.cn/0bc3/f10002.mp4"


def file(body: bytes, kind: str = "image/jpeg") -> httpx2.Response:
    return httpx2.Response(200, content=body, headers={"Content-Type": kind})


def refused(script: Script, attachment: Attachment = PICTURE) -> ChannelError:
    with pytest.raises(ChannelError) as told:
        wechat(script).fetch(attachment)
    return told.value


def test_a_picture_is_had_by_its_id() -> None:
    script = Script().on(GET, file(b"\xff\xd8jpeg"))
    assert wechat(script).fetch(PICTURE) == b"\xff\xd8jpeg"
    assert dict(script.seen[-1].url.params) == {"access_token": "t1", "media_id": "Xq1-image_7"}


@pytest.mark.parametrize("name", ["video_url", "down_url"])
def test_a_film_is_had_where_wechat_says_and_our_token_does_not_go_there(name: str) -> None:
    script = Script().on(GET, httpx2.Response(200, json={name: FILM})).on("/0bc3/f10002.mp4", file(b"mp4"))
    assert wechat(script).fetch(Attachment("video.mp4", "video/mp4", ref="v")) == b"mp4"
    assert str(script.seen[-1].url) == FILM


def test_a_film_inside_our_own_network_is_not_fetched() -> None:
    inside = "http://169.254.169.254/latest/meta-data/"
    script = Script().on(GET, httpx2.Response(200, json={"video_url": inside}))
    played = httpx2.MockTransport(script)

    class Inner(guard.Client):
        """WeChat by the script, all else for real."""

        def stream(self, method: str, url: str, **how: object):  # type: ignore[no-untyped-def,override]
            if "weixin" in url:
                return httpx2.Client(transport=played).stream(method, url, **how)  # type: ignore[arg-type]
            return super().stream(method, url, **how)  # type: ignore[arg-type]

    made = WeChat(WeChatSettings(APP, SECRET), Inner(), Context("k1"))
    with pytest.raises(ChannelError) as told:
        made.fetch(PICTURE)
    assert told.value.sentence == "This address leads into a private network."


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "https://x/" + "y" * 2000])
def test_what_is_no_web_address_is_not_fetched(url: str) -> None:
    assert refused(Script().on(GET, httpx2.Response(200, json={"video_url": url}))).permanent


def test_a_file_that_is_gone_redirected_empty_or_too_large_is_said() -> None:
    assert "three days" in refused(Script().on(GET, no(40007))).sentence
    assert refused(Script().on(GET, httpx2.Response(302))).permanent
    assert refused(Script().on(GET, file(b""))).sentence == "This file is empty."
    gone = (
        Script()
        .on(GET, httpx2.Response(200, json={"video_url": FILM}))
        .on("/0bc3/f10002.mp4", httpx2.Response(404))
    )
    assert refused(gone).permanent
    large = refused(Script().on(GET, file(bytes(50_000_001))))
    assert large.sentence == "This file is too large to be fetched."


@pytest.mark.parametrize("inside", [b'{"video_url": "https://evil.example/"}', b'{"errcode": 42001}'])
def test_what_a_customer_put_into_a_file_is_not_taken_for_words_of_wechat(inside: bytes) -> None:
    script = Script().on(GET, file(inside))
    assert wechat(script).fetch(PICTURE) == inside
    assert len([one for one in script.seen if one.url.path == GET]) == 1
    assert {one.url.host for one in script.seen} == {"api.weixin.qq.com"}


def test_a_token_refused_over_a_file_is_had_anew() -> None:
    script = Script().on(STABLE, token("t1"), token("t2")).on(GET, no(42001), file(b"x"))
    assert wechat(script).fetch(PICTURE) == b"x"
    assert script.tokens(GET) == ["t1", "t2"]


def test_an_account_that_works_says_how_much_of_today_is_used() -> None:
    script = Script().on(QUOTA, ok(quota={"daily_limit": 500000, "used": 1204, "remain": 498796}))
    assert wechat(script).check().endswith("may send messages. (✉ 1,204/500,000)")
    assert script.bodies(QUOTA) == [{"cgi_path": "/cgi-bin/message/custom/send"}]


def test_a_quota_that_is_used_up_and_a_place_that_cannot_be_reached_are_said() -> None:
    full = Script().on(QUOTA, ok(quota={"daily_limit": 10, "used": 10, "remain": 0}))
    assert "used up" in wechat(full).check()
    fine = Script().on(QUOTA, ok(quota={"daily_limit": 10, "used": 1}))
    assert "only at a public address" in wechat(fine, Context("k1", "http://localhost:8000")).check()
    untold = Script().on(QUOTA, ok())
    assert wechat(untold).check().endswith(f"({APP})")


@pytest.mark.parametrize(
    ("code", "words"),
    [(40164, "IP list"), (40125, "AppSecret"), (40013, "AppID"), (40243, "AppSecret")],
)
def test_what_is_wrong_with_the_account_is_said(code: int, words: str) -> None:
    with pytest.raises(ChannelError) as told:
        wechat(Script().on(STABLE, no(code, "invalid ip 203.0.113.9"))).check()
    assert words in told.value.sentence
    assert told.value.everybody


def test_an_account_without_the_right_to_answer_is_told_so() -> None:
    with pytest.raises(ChannelError, match="verified accounts"):
        wechat(Script().on(QUOTA, no(48001, "api unauthorized"))).check()
