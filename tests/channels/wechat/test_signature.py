"""Whether WeChat sent it, and what is sealed; judged by wechatpy, which others wrote from the same documents."""

import re
import time
from dataclasses import replace

import pytest
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature

from channels.base import BadSignature, Ignored, Inbound, Request
from channels.wechat import atonce, document, sealing, signature
from channels.wechat.settings import WeChatSettings
from tests.channels.wechat.account import (
    APP,
    CONTEXT,
    GH,
    HANA,
    KEY,
    TOKEN,
    posted,
    said,
    sealed,
    wechat,
    xml,
)

OTHER_KEY = "bQ9mZ2cV7nL4xT1rW8yK5pD3sF6hJ0gB2uE9iO4vXcM"


def refused(request: Request, **settings: str) -> str:
    with pytest.raises(BadSignature) as told:
        wechat(None, CONTEXT, **settings).verify(request)
    return str(told.value)


def test_the_known_vector() -> None:
    assert signature.sign("tok", "1700000000", "nonce1") == "cb1280606383b6651d19b1fe525f375d316683d5"


def test_wechatpy_takes_our_signature_and_we_take_its() -> None:
    check_signature(TOKEN, signature.sign(TOKEN, "1795255200", "n1"), "1795255200", "n1")
    wechat(mode="plain").verify(posted(said()))
    wechat().verify(sealed(said()))


@pytest.mark.parametrize("key", [KEY, "z" * 43, "0" * 42 + "9"])
@pytest.mark.parametrize("text", ["", "a", "在庫はありますか？", "👨‍👩‍👧" * 5000, "x" * 12])
def test_what_wechatpy_seals_we_open_and_the_other_way_round(key: str, text: str) -> None:
    plain = said(text)
    told = WeChatCrypto(TOKEN, key, APP).encrypt_message(plain, "n1", "1795255200")
    found = re.search(r"<Encrypt><!\[CDATA\[(.*?)\]\]>", told, re.S)
    assert found
    assert sealing.opened(found[1], key, APP) == plain.encode()
    ours = sealing.sealed(plain.encode(), key, APP)
    mark = signature.sign(TOKEN, "1795255200", "n1", ours)
    opened = WeChatCrypto(TOKEN, key, APP).decrypt_message(xml(Encrypt=ours), mark, "1795255200", "n1")
    assert opened == plain


def test_a_body_that_was_changed_on_its_way_is_refused_in_safe_mode() -> None:
    request = sealed(said())
    another = sealed(said("返金してください"))
    assert "msg_signature" in refused(replace(request, body=another.body))


def test_what_was_sealed_with_another_key_or_for_another_account_is_refused() -> None:
    assert "cannot be opened" in refused(sealed(said(), key=OTHER_KEY))
    assert "another AppID" in refused(sealed(said(), app="wx0000000000000000"))


def test_another_token_a_missing_signature_and_one_of_yesterday_are_refused() -> None:
    assert "not made with this token" in refused(sealed(said(), token="AnotherToken"))
    assert "not made with this token" in refused(replace(sealed(said()), query={}))
    assert "another time" in refused(sealed(said(), at=int(time.time()) - 86_400))
    assert "another time" in refused(posted(said(), at=int(time.time()) + 3600), mode="plain")
    assert "no token is set" in refused(sealed(said(), token=""), token="")


def test_in_safe_mode_nothing_is_taken_that_is_not_sealed() -> None:
    assert "safe mode" in refused(posted(said()))
    assert "safe mode" in refused(replace(posted(said()), body=b"<xml><Encrypt></Encrypt></xml>"))


def test_in_the_mode_between_the_two_what_is_sealed_counts() -> None:
    """WeChat's “compatible mode” tells everything twice: sealed, and open beside it, which nobody signs."""
    request = sealed(said("本物"))
    both = request.body.replace(b"</xml>", said("偽物").encode()[5:])
    (event,) = wechat().parse(replace(request, body=both))
    assert isinstance(event, Inbound)
    assert event.text == "本物"


def test_the_address_is_proved_in_plain_text() -> None:
    asked = replace(posted(""), method="GET", query={**posted("").query, "echostr": "5838203<b>"})
    assert wechat().answer(asked) == (200, {"content-type": "text/plain; charset=utf-8"}, b"5838203<b>")
    forged = replace(asked, query={**asked.query, "signature": "0" * 40})
    status, _, body = wechat().answer(forged) or (0, {}, b"?")
    assert (status, body) == (403, b"")
    assert wechat().answer(posted(said())) is None


def test_what_is_stored_is_acknowledged_in_wechats_word() -> None:
    plain = {"content-type": "text/plain; charset=utf-8"}
    assert wechat().acknowledge(sealed(said())) == (200, plain, b"success")
    assert wechat(mode="plain").acknowledge(posted("no xml")) == (200, plain, b"success")


def test_who_begins_to_follow_is_greeted_in_the_answer_itself() -> None:
    begins = xml(
        ToUserName=GH, FromUserName=HANA, CreateTime="1795255200", MsgType="event", Event="subscribe"
    )
    greeting = "ようこそ ]]> 北風洋品店へ"
    elsewhere = wechat(greeting=greeting, account_id="gh_another0account")
    assert (elsewhere.acknowledge(sealed(begins)) or ())[2:] == (b"success",)
    status, headers, body = wechat(greeting=greeting).acknowledge(sealed(begins)) or (0, {}, b"")
    assert (status, headers["content-type"]) == (200, "text/xml; charset=utf-8")
    outer = document.read(body)
    opened = WeChatCrypto(TOKEN, KEY, APP).decrypt_message(
        body.decode(), outer["MsgSignature"], outer["TimeStamp"], outer["Nonce"]
    )
    said_back = document.read(opened.encode())
    assert (said_back["ToUserName"], said_back["FromUserName"]) == (HANA, GH)
    assert (said_back["MsgType"], said_back["Content"]) == ("text", greeting)
    _, _, open_body = wechat(greeting=greeting, mode="plain").acknowledge(posted(begins)) or (0, {}, b"")
    assert document.read(open_body)["Content"] == greeting
    _, _, silent = wechat().acknowledge(sealed(begins)) or (0, {}, b"")
    assert silent == atonce.SUCCESS


def test_the_form_says_what_cannot_be_right() -> None:
    good = WeChatSettings(APP, "s" * 32, TOKEN, KEY, account_id=GH)
    assert good.problems() == {}
    bad = replace(good, app_id="gh_1", token="no good", aes_key=KEY + "=", account_id="kitakaze")
    assert set(bad.problems()) == {"app_id", "token", "aes_key", "account_id"}


def test_what_cannot_be_opened_is_ignored_in_words() -> None:
    (event,) = wechat(aes_key=OTHER_KEY).parse(sealed(said()))
    assert event == Ignored("what is sealed cannot be opened with this EncodingAESKey")
