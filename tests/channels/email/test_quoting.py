"""What is new in a mail's text, what it quotes, and how it is signed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.quoting import Parts, split
from tests.examples import some

NEW = "返品したいです。\nよろしくお願いします。"
OLD = "お問い合わせありがとうございます。\n北風洋品店です。"
SIGNED = "> お問い合わせありがとうございます。\n> 北風洋品店です。"

# Client → the lines it writes above what it quotes (9.8 of the reference).
ABOVE = {
    "Gmail": "2024年1月5日(金) 10:00 北風洋品店 <support@shop.example>:",
    "Gmail, wrapped before the address": "2024年1月5日(金) 10:00 北風洋品店\n<support@shop.example>:",
    "Gmail, wrapped in the name": "2024年1月5日(金) 10:00 株式会社 北風洋品店\nサポート <support@shop.example>:",
    "Gmail, old": "2014-01-05 10:00 GMT+09:00 北風洋品店 <support@shop.example>:",
    "Gmail, without a weekday": "2024年1月5日 10:00 北風洋品店 <support@shop.example>:",
    "Gmail, 2012": "2012/1/5 北風洋品店 <support@shop.example>",
    "Gmail, without a name": "2024年1月5日(金) 10:00 <support@shop.example>:",
    "Gmail, full-width": "２０２４年１月５日(金) １０：００ 北風洋品店 ＜support@shop.example＞：",
    "Apple Mail": "2024/01/05 10:00、北風洋品店 <support@shop.example>のメール:",
    "Apple Mail, full-width colon": "2024/01/05 10:00、北風洋品店 <support@shop.example>のメール：",
    "Apple Mail, old": "2014/01/05 10:00、北風洋品店 <support@shop.example> のメッセージ:",
    "Apple Mail, afternoon": "2024/01/05 午後3:00、北風洋品店 <support@shop.example>のメール:",
    "Apple Mail, kanji date": "2024年1月5日(金) 10:00、北風洋品店 <support@shop.example>のメール:",
    "Apple Mail, wrapped": "2024/01/05 10:00、北風洋品店\n<support@shop.example>のメール:",
    "Outlook": (
        "差出人: 北風洋品店 <support@shop.example>\n送信日時: 2024年1月5日 10:00\n"
        "宛先: 山田 太郎 <taro@mail.example>\n件名: Re: 返品"
    ),
    "Outlook with a line": (
        "________________________________\n差出人: 北風洋品店 <support@shop.example>\n"
        "送信日時: 2024年1月5日 10:00:00\n宛先: 山田 太郎\n件名: 返品"
    ),
    "Outlook, full-width colons": "差出人： 北風洋品店\n送信日時： 2024年1月5日 10:00\n宛先： 山田\n件名： 返品",
    "Outlook with its old words": (
        "-----元のメッセージ-----\n差出人: 北風洋品店\n送信日時: 2024年1月5日 10:00\n宛先: 山田\n件名: 返品"
    ),
    "Outlook, original message": (
        "-----Original Message-----\nFrom: 北風洋品店 <support@shop.example>\n"
        "Sent: Friday, January 5, 2024 10:00 AM\nTo: 山田\nSubject: 返品"
    ),
    "Outlook with a blank line between": (
        "差出人: 北風洋品店\n\n送信日時: 2024年1月5日 10:00\n\n宛先: 山田\n\n件名: 返品"
    ),
    "Outlook with many recipients": (
        "差出人: 北風洋品店\n送信日時: 2024年1月5日 10:00\n宛先: 山田 <a@mail.example>;\n 佐藤 <b@mail.example>;\n"
        " 鈴木 <c@mail.example>\nCC: 田中 <d@mail.example>\n件名: 返品"
    ),
    "Outlook in English": (
        "From: Kitakaze <support@shop.example>\nSent: Friday, January 5, 2024 10:00 AM\n"
        "To: Taro <taro@mail.example>\nSubject: Return"
    ),
    "Outlook made bold": (
        "*From:* Kitakaze <support@shop.example>\n*Sent:* Friday, January 5, 2024 10:00 AM\n"
        "*To:* Taro\n*Subject:* A"
    ),
    "Samsung": "-------- 元のメッセージ --------\n差出人: 北風洋品店\n日付: 2024/01/05 10:00 (GMT+09:00)\n件名: 返品",
    "Thunderbird": "On 2024/01/05 10:00, 北風洋品店 wrote:",
    "Thunderbird, without On": "2024/01/05 10:00, 北風洋品店 wrote:",
    "Thunderbird, in brackets": "(2024/01/05 10:00), 北風洋品店 wrote:",
    "Thunderbird in Japanese": "北風洋品店 さんは書きました:",
    "Yahoo! JAPAN": (
        "----- Original Message -----\nFrom: 北風洋品店 <support@shop.example>\nTo: taro@mail.example\n"
        "Date: 2024/01/05 金 10:00\nSubject: Re: 返品"
    ),
    "Becky!": "On Fri, 05 Jan 2024 10:00:00 +0900\n北風洋品店 <support@shop.example> wrote:",
    "Gmail in English": "On Fri, Jan 5, 2024 at 10:00 AM Kitakaze <support@shop.example> wrote:",
    "Gmail in English, wrapped": "On Fri, Jan 5, 2024 at 10:00 AM Kitakaze\n<support@shop.example> wrote:",
    "iPhone in English": "On Jan 5, 2024, at 10:00, Kitakaze <support@shop.example> wrote:",
    "mutt": "Kitakaze <support@shop.example> wrote:",
    "Mew": 'In message <20240105@shop.example>\n "Kitakaze <support@shop.example>" wrote:',
}
FORWARDS = (
    "---------- Forwarded message ---------",
    "---------- Forwarded message ----------",
    "---------- 転送メッセージ ----------",
    "-------- 転送メッセージ --------",
    "-------- Forwarded Message --------",
    "転送されたメッセージ:",
    "転送されたメッセージ：",
    "Begin forwarded message:",
)


OWN_LINES = (
    "ウェブサイトからお問い合わせがありました。\n\n差出人: 山田太郎 <taro@mail.example>\n題名: 返品について\n\n"
    "メッセージ本文:\n商品が届きません。",
    "Hello, I want to ship a parcel:\nFrom: Tokyo\nTo: Osaka\nDate: 5 May\n\nHow much is it, please?",
    "届け先について。\n2026/11/23 山田 <taro@mail.example>\nこちらに送って下さい。",
)


@pytest.mark.parametrize("said", OWN_LINES)
def test_lines_that_look_like_a_quotation_are_a_persons_own_in_a_mail_that_answers_nothing(said: str) -> None:
    assert split(said, "お届け", answers=False) == Parts(said)
    assert split(said, "お届け").quoted
    assert split(said, "FW: お届け", answers=False) == split(said, "FW: お届け")


@pytest.mark.parametrize(
    "client", ["Outlook with a line", "Outlook, original message", "Gmail", "Apple Mail"]
)
def test_what_no_person_writes_is_a_quotation_in_every_mail(client: str) -> None:
    assert split(f"{NEW}\n\n{ABOVE[client]}\n\n{OLD}", answers=False).new == NEW


@pytest.mark.parametrize("client", ABOVE)
def test_what_a_client_quotes_is_taken_off(client: str) -> None:
    for old in (OLD, SIGNED):
        for before in ("\n\n", "\n"):
            said = f"{NEW}{before}{ABOVE[client]}\n\n{old}\n"
            assert split(said) == Parts(NEW, f"{ABOVE[client]}\n\n{old}"), said


@pytest.mark.parametrize("client", ABOVE)
def test_a_marker_may_itself_stand_behind_quote_signs(client: str) -> None:
    quoted = "\n".join(f"> {line}" for line in f"{ABOVE[client]}\n\n{SIGNED}".split("\n"))
    assert split(f"{NEW}\n\n{quoted}") == Parts(NEW, quoted)


@pytest.mark.parametrize("client", ABOVE)
def test_a_marker_may_be_indented(client: str) -> None:
    indented = "\n".join(f"\u3000 {line}" for line in ABOVE[client].split("\n"))
    assert split(f"{NEW}\n\n{indented}\n{OLD}").new == NEW


@pytest.mark.parametrize("client", ABOVE)
def test_an_answer_below_the_quote_is_what_is_new(client: str) -> None:
    assert split(f"{ABOVE[client]}\n{SIGNED}\n\n{NEW}").new == NEW


@pytest.mark.parametrize("client", ABOVE)
def test_answers_between_the_lines_stay_with_what_they_answer(client: str) -> None:
    inline = "> サイズはいくつですか。\nMです。\n\n> 色は。\n青です。"
    parts = split(f"{ABOVE[client]}\n{inline}\n\n> 北風洋品店\n")
    assert parts.new == f"{ABOVE[client]}\n{inline}"
    assert parts.quoted == "> 北風洋品店"


@pytest.mark.parametrize("client", ABOVE)
def test_a_quote_alone_is_shown_as_it_is(client: str) -> None:
    said = f"{ABOVE[client]}\n\n{OLD}"
    assert split(said) == Parts(said)


@pytest.mark.parametrize("marker", FORWARDS)
def test_a_forwarded_mail_is_new_and_kept_whole(marker: str) -> None:
    header = "From: 佐藤 <sato@mail.example>\nDate: 2024年1月5日(金) 10:00\nSubject: 請求書"
    forwarded = f"{marker}\n{header}\n\n> 本文です\n-- \n佐藤"
    assert split(f"ご確認ください。\n\n{forwarded}") == Parts(f"ご確認ください。\n\n{forwarded}")
    assert split(forwarded) == Parts(forwarded)


def test_a_forward_within_a_quote_is_quoted() -> None:
    quoted = f"{ABOVE['Gmail']}\n> ---------- Forwarded message ---------\n> From: x <x@mail.example>"
    assert split(f"{NEW}\n\n{quoted}") == Parts(NEW, quoted)


@pytest.mark.parametrize("subject", ["FW: 請求書", "Fwd: 請求書", "転送: 請求書", "[社外] FW: 請求書"])
def test_outlook_tells_a_forward_from_an_answer_by_the_subject_alone(subject: str) -> None:
    said = f"ご確認ください。\n\n{ABOVE['Outlook']}\n\n{OLD}"
    assert split(said, subject) == Parts(said)
    assert split(said, f"RE: {subject}").new == "ご確認ください。"


def test_what_somebody_signs_before_a_forward_is_a_signature() -> None:
    parts = split(
        "ご確認ください。\n\niPhoneから送信\n\n転送されたメッセージ:\n\n> 差出人: 佐藤\n> 件名: 請求書"
    )
    assert parts == Parts(
        "ご確認ください。\n\n転送されたメッセージ:\n\n> 差出人: 佐藤\n> 件名: 請求書", "", "iPhoneから送信"
    )


@pytest.mark.parametrize(
    "signature",
    [
        "-- \n山田 太郎\n090-1234-5678",
        "--\n山田 太郎",
        "iPhoneから送信",
        "iPadから送信",
        "Androidから送信",
        "私のiPhoneから送信",
        "Outlook for iOS を入手",
        "Outlook for Android を入手<https://aka.ms/x>",
        "iOS版のOutlookを入手",
        "iOS 版 Outlook を入手",
        "Yahoo!メール アプリ - iPhoneから送信",
        "Sent from my iPhone",
        "Sent from Mail for Windows",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "-- \niPhoneから送信",
        "--\nXperiaから送信",
        "Sent via the Samsung Galaxy S21, an AT&T 5G smartphone",
        "Sent with Proton Mail secure email.",
        "メールアプリから送信",
        "━━━━━━━━━━━━━━\n株式会社 山田商事\n山田 太郎\nTEL 03-1234-5678\n━━━━━━━━━━━━━━",
        "──────────\n山田 太郎 taro@mail.example\n──────────",
        "==========\n山田商店 山田\n〒100-0001 東京都千代田区\n==========",
        "＿＿＿＿＿＿\n山田 太郎\n電話 03-1234-5678",
        "***********\n山田 太郎\ntaro@mail.example\n***********",
        "-----------\n山田 太郎\nmail: taro@mail.example\n-----------",
        "★★★★★★\n山田 花子\n★★★★★★",
        "*-*-*-*-*-*-*\n山田 花子\nhanako@docomo.example\n*-*-*-*-*-*-*",
        "－－－－－－－－\n山田 太郎\nＴＥＬ：０３－１２３４－５６７８\n－－－－－－－－",
    ],
)
def test_a_signature_is_set_apart(signature: str) -> None:
    assert split(f"{NEW}\n\n{signature}\n") == Parts(NEW, "", signature)
    above = split(f"{NEW}\n\n{signature}\n\n{ABOVE['Gmail']}\n{SIGNED}")
    assert above == Parts(NEW, f"{ABOVE['Gmail']}\n{SIGNED}", signature)
    below = split(f"{ABOVE['Gmail']}\n{SIGNED}\n\n{NEW}\n\n{signature}")
    assert (below.new, below.signature) == (NEW, signature)


@pytest.mark.parametrize(
    "said",
    [
        "ご注文内容\n━━━━━━━━━━\nTシャツ 2点\n合計 3,980円\n━━━━━━━━━━\nの届け先を変えたいです。",
        "----------\n注文番号: 1234\n電話: 03-1234-5678\n----------\n上記の件、どうなっていますか。",
        "先ほど別のアドレスから送信しました。",
        "2024年1月5日に注文しました。まだ届きません:",
        "On 2024 I wrote: nothing",
        "件名: 返品\n注文番号: 1234\n返品をお願いします。",
        "Date: tomorrow\nTo: my sister\nplease deliver",
        "a -- b\n--- c\n--option",
        "こんにちは\n--\n届け先を変更したいです。住所は大阪市北区1-2-3です。",
        "こんにちは\n--\n注文番号 1234\n届け先を変えられますか？\n山田",
        "問い合わせフォームに書きました。\nアプリから送信しました。",
        "Where is it?\nSent via Yamato, tracking 1234-5678-9012",
        "価格 > 5000円\n数量 < 3",
        "・サイズ: M\n・色: 青\n-----\nこちらでお願いします。",
    ],
)
def test_what_merely_looks_like_a_marker_is_text(said: str) -> None:
    assert split(said) == Parts(said)


@pytest.mark.parametrize(
    "said", ["iPhoneから送信", "-- \n山田 太郎", "> いつ届きますか", "", "   \n\n", "━━━\n山田\n━━━"]
)
def test_nothing_is_taken_off_where_nothing_would_be_left(said: str) -> None:
    assert split(said) == Parts(said if said.strip() else "")


def test_a_phone_that_adds_its_line_above_the_quote_and_nothing_else() -> None:
    parts = split(f"iPhoneから送信\n\n{ABOVE['Apple Mail']}\n\n{SIGNED}")
    assert parts == Parts("iPhoneから送信", f"{ABOVE['Apple Mail']}\n\n{SIGNED}")


def test_a_picked_line_that_is_answered_below_stays() -> None:
    said = "> いつ届きますか。\n\n明日の予定です。"
    assert split(said).new == said


def test_text_above_and_below_a_quote_is_all_kept() -> None:
    said = f"山田です。\n\n{ABOVE['Gmail']}\n> 在庫は要りますか。\n\nはい、お願いします。"
    assert split(said).new == said


def test_the_signature_below_a_whole_quote_is_no_answer() -> None:
    parts = split(f"{NEW}\n\n{ABOVE['Gmail']}\n{SIGNED}\n\n-- \n山田")
    assert parts == Parts(NEW, f"{ABOVE['Gmail']}\n{SIGNED}", "-- \n山田")


def test_a_quoted_line_that_was_wrapped_is_no_answer() -> None:
    quoted = "\n".join(
        [
            ABOVE["Gmail"],
            "> この度は北風洋品店をご利用いただきまして誠にありがとうございます。ご注",
            "文の品は",
            "> 明日お届けします。",
        ]
    )
    assert split(f"{NEW}\n\n{quoted}") == Parts(NEW, quoted)


def test_nothing_is_lost() -> None:
    said = f"{NEW}\n\niPhoneから送信\n\n{ABOVE['Gmail']}\n{SIGNED}"
    parts = split(said)
    assert "".join(said.split()) == "".join((parts.new + parts.signature + parts.quoted).split())


def test_windows_line_ends_change_nothing() -> None:
    said = f"{NEW}\n\n{ABOVE['Outlook']}\n\n{OLD}"
    assert split(said.replace("\n", "\r\n")) == split(said)


@pytest.mark.parametrize(
    "piece",
    [
        "> ", ">", "On ", "-- \n", "____________\n", "差出人: a\n", "2024年1月5日(金) 10:00 ", "<@", "a@b> ", "━━━\n",
        "On 1 wrote:\n\n", "> On 1 wrote:\n>\n", "\n", "From: a\nTo: b\n", "(2024/1/1 10:00", "iPhone", "から送信\n",
        "\u200b", "Sent from ", "In message 1 ", "-----", "2024/1/1 0:00" + " " * 300, "*-", "ﾞ", "From:\n\n", "ａ",
    ],
)  # fmt: skip
def test_a_hostile_megabyte_is_only_long(piece: str) -> None:
    said = piece * (1_000_000 // len(piece))
    assert len(split(said).new) + len(split(said).quoted) > 0 or not said.strip()


words = st.sampled_from(
    [">", " ", "\n", "\r\n", "-- ", "山田", "2024年1月5日 10:00", "<a@b>", ":", "：", "差出人: ", "件名: x", "━━━",
     "wrote", "On 2024", "iPhoneから送信", "----- Original Message -----",
     "転送されたメッセージ:", "\u3000", "*", "のメール"]
)  # fmt: skip


@settings(max_examples=some(150), deadline=None)
@given(st.lists(words, max_size=60).map("".join) | st.text(max_size=200), st.text(max_size=10))
def test_every_text_is_taken_apart_and_nothing_of_it_vanishes(said: str, subject: str) -> None:
    parts = split(said, subject)
    assert bool(parts.new) == bool(said.strip())
    assert sorted("".join(said.split())) == sorted(
        "".join((parts.new + parts.quoted + parts.signature).split())
    )
