"""The HTML of a mail runs nothing, loads nothing, covers nothing, and can still be read."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email import markup
from channels.email.cleaning import CUT, clean_html, html_new_part, text_of_html
from tests.examples import some

HOSTILE = json.loads(
    (Path(__file__).parent / "hostile" / "xss.json").read_text("utf-8")
)  # P(1) is the harm to be done
LOADS = {"src", "srcset", "background", "poster", "ping", "action", "formaction", "data", "xlink:href"}
REL = 'target="_blank" rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize("html", HOSTILE)
def test_nothing_is_left_that_runs_or_loads(html: str) -> None:
    cleaned = clean_html(html)
    for token in markup.read(cleaned):
        for name, value in token.attributes.items():
            assert not name.startswith("on")
            assert name not in LOADS
            assert not re.match(r"\W*(?:javascript|vbscript|data|blob|file)\W*:", value, re.IGNORECASE)
            assert name != "href" or value.startswith(("https://", "http://", "mailto:", "tel:"))
            assert name != "style" or not re.search(r"url|position|expression|@|\\|-\d{3}", value)
        assert token.name not in {
            "script",
            "style",
            "iframe",
            "object",
            "embed",
            "svg",
            "math",
            "form",
            "input",
        }
        assert token.name not in {
            "link",
            "meta",
            "base",
            "template",
            "noscript",
            "button",
            "select",
            "textarea",
        }
    assert clean_html(cleaned) == cleaned


def test_tags_that_a_browser_puts_in_order_anew_each_time_are_put_in_order_at_once() -> None:
    html = (
        "<a href='https://x.example'><details></div></form>'<rt><blockquote>y<caption><ruby><div><dd></table>"
        "<ruby><table><tr><p><a href='https://x.example'><br><<option><mtext>"
    )
    cleaned = clean_html(html)
    assert clean_html(cleaned) == cleaned


def test_there_are_enough_attacks() -> None:
    assert len(set(HOSTILE)) >= 80


@pytest.mark.parametrize(
    ("html", "cleaned"),
    [
        ('<img src="cid:a@b">', '<img data-cid="a@b">'),
        ("<img src=CID:a%40b alt=x>", '<img data-cid="a@b" alt="x">'),
        ('<img src="cid:&lt;a@b&gt;">', '<img data-cid="a@b">'),
        ("<img src=https://x.example/a.png width=20>", '<img data-src="https://x.example/a.png" width="20">'),
        ("<img src=//x.example/a.png>", '<img data-src="https://x.example/a.png">'),
        ("a<img src=data:image/png;base64,AAAA>b", "ab"),
        ("a<img src=/local.png>b", "ab"),
        ("a<img src=https://x.example/a.png width=1 height=1>b", "ab"),
        ("a<img src=https://x.example/a.png width=0>b", "ab"),
        ("a<img src=https://x.example/a.png style='width:1px;height:1px'>b", "ab"),
        ("a<img src=https://x.example/a.png style='display: none'>b", "ab"),
        ("a<img src=https://x.example/a.png hidden>b", "ab"),
        ("<img src=cid:line width=600 height=1>", '<img data-cid="line" width="600" height="1">'),
        ("a<div style=display:none>b<p>c</p></div>d", "ad"),
        ("<p style='color:red;position:fixed'>x</p>", '<p style="color:red">x</p>'),
        ("<p style='background:#fff'>x</p>", '<p style="background-color:#fff">x</p>'),
        ("<p style='color:rgb(1, 2, 3)!important'>x</p>", '<p style="color:rgb(1, 2, 3)">x</p>'),
        ("<p style='margin:0 0 0 -9px;font-size:12px'>x</p>", '<p style="font-size:12px">x</p>'),
        ("<font color=red size=5>x</font>", '<font color="red" size="5">x</font>'),
        ("<td bgcolor=#eee>x", "x"),
        ("<body bgcolor=#000><font color=#fff>x</font>", None),
        ("<p class=btn id=top name=y>x</p>", "<p>x</p>"),
    ],
)
def test_what_becomes_of(html: str, cleaned: str | None) -> None:
    if cleaned is None:
        assert clean_html(html).startswith('<div style="background-color:#000">')
    else:
        assert clean_html(html) == cleaned


@pytest.mark.parametrize(
    ("href", "real"),
    [
        ("https://shop.example/a?b=1", "https://shop.example/a?b=1"),
        (" HTTPS:shop.example", "https://shop.example"),
        ("https:\\\\evil.example\\@shop.example", "https://evil.example/@shop.example"),
        ("ht\ntps://shop.example", "https://shop.example"),
        ("mailto:taro@mail.example?subject=x", "mailto:taro@mail.example?subject=x"),
        ("tel:+81-3-1234-5678", "tel:+81-3-1234-5678"),
    ],
)
def test_a_link_leads_where_its_title_says(href: str, real: str) -> None:
    assert clean_html(f'<a href="{href}">here</a>') == f'<a href="{real}" title="{real}" {REL}>here</a>'


def test_look_alike_letters_in_a_host_are_told() -> None:
    assert 'title="https://xn--pple-43d.example/x"' in clean_html(
        '<a href="https://аpple.example/x">Apple</a>'
    )


@pytest.mark.parametrize(
    ("words", "href"),
    [
        ("https://shop.example/login", "https://evil.example/"),
        ("shop.example", "https://evil.example/"),
        ("www.shop.example", "https://shop.example.evil.example/"),
        ("<b>https://shop</b>.example/", "https://evil.example/"),
        ("https://shop.example/", "https://shop.example@evil.example/"),
        ("https://shop.example/ はこちら", "https://evil.example/"),
        ("https：//shop.example", "https://evil.example/"),
        ("support@shop.example", "mailto:thief@evil.example"),
        ("support@shop.example", "https://evil.example/"),
        ("https://shop.example/", "tel:0990123456"),
        ("shop.example\u200b", "https://evil.example/"),
    ],
)
def test_a_link_whose_words_name_another_place_is_marked(words: str, href: str) -> None:
    assert 'class="misleading"' in clean_html(f'<a href="{href}">{words}</a>')


@pytest.mark.parametrize(
    ("words", "href"),
    [
        ("https://shop.example/a", "https://shop.example/b?c"),
        ("shop.example", "https://www.shop.example/"),
        ("http://www.shop.example", "https://shop.example"),
        ("請求書.pdf", "https://files.example/1"),
        ("report.pdf", "https://files.example/1"),
        ("こちら", "https://shop.example/"),
        ("taro@mail.example", "mailto:taro@mail.example"),
        ("Ver. 1.2.3", "https://shop.example/"),
    ],
)
def test_an_honest_link_is_not_marked(words: str, href: str) -> None:
    assert "misleading" not in clean_html(f'<a href="{href}">{words}</a>')


def test_a_sender_cannot_write_our_marks_themselves() -> None:
    assert clean_html('<a class="misleading" href="https://x.example/">x</a>').count("class=") == 0


@pytest.mark.parametrize(
    "piece",
    ["<div>", "<b>", "<p>", "<table><tr><td>", "<ul><li>", "<a href=http://x.example>", "<b></i>", "&", "<", "<!--",
     "<p style='color:red'>x</p>", "<h1>", "\0", '<a "', "<svg>", "</p>", "<img src=cid:a>"],
)  # fmt: skip
def test_five_hostile_megabytes_are_cut_with_a_sentence(piece: str) -> None:
    html = piece * (5_000_000 // len(piece))
    cleaned = clean_html(html)
    assert CUT in cleaned or not cleaned or piece == "\0"
    assert len(cleaned) < 5_000_000
    text_of_html(html)


def test_a_few_bytes_do_not_become_gigabytes() -> None:
    fonts = "".join(f"<font color=#{i:06x}>" for i in range(400))
    assert len(clean_html(f"<p>{fonts}</p>" + "<p>x</p>" * 50_000)) < 5_000_000


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>一</p><p>二</p>", "一\n\n二"),
        ("<div>一</div><div>二</div><div><br></div><div>三</div>", "一\n二\n\n三"),
        ("一<br>二<br><br>三", "一\n二\n\n三"),
        ("<p class=MsoNormal>一</p><p class=MsoNormal>二</p>", "一\n二"),
        ("返品\n  したい", "返品したい"),
        ("I  want\n to return", "I want to return"),
        ("<ul><li>青<li>赤</ul>", "- 青\n- 赤"),
        ("<ol start=3><li>青<li>赤</ol>", "3. 青\n4. 赤"),
        ("<ul><li>色<ul><li>青</ul></ul>", "- 色\n  - 青"),
        ("<table><tr><th>品<th>数<tr><td>帽子<td>2</table>", "品  数\n帽子  2"),
        ("<blockquote>一<blockquote>二</blockquote></blockquote>三", "> 一\n>\n>> 二\n\n三"),
        ('<a href="https://shop.example/x">こちら</a>', "こちら (https://shop.example/x)"),
        ('<a href="https://shop.example/">https://shop.example</a>', "https://shop.example"),
        ('<a href="mailto:taro@mail.example">taro@mail.example</a>', "taro@mail.example"),
        ('<a href="javascript:x()">こちら</a>', "こちら"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("一<hr>二", "一\n----------\n二"),
        ("<style>p{}</style><title>x</title><script>y</script>一", "一"),
        ("<span style=display:none>今だけ</span>一", "一"),
        ("喜んで<img alt=😊 src=cid:a>", "喜んで😊"),
        ("a&nbsp;&nbsp;b&lt;c&gt;", "a  b<c>"),
        ("", ""),
    ],
)
def test_the_words_of_a_page_read_like_a_letter(html: str, text: str) -> None:
    assert text_of_html(html) == text


BELOW = "お問い合わせありがとうございます。"
LABELS = (
    "<b>差出人:</b> 北風<br><b>送信日時:</b> 2024年1月5日 10:00<br><b>宛先:</b> 山田<br><b>件名:</b> 返品"
)
GMAIL = "2024年1月5日(金) 10:00 北風 &lt;a@shop.example&gt;:"
APPLE = "2024/01/05 10:00、北風 &lt;a@shop.example&gt;のメール："
QUOTES = {
    "Gmail": f'<div class="gmail_quote"><div class="gmail_attr">{GMAIL}</div><blockquote>{BELOW}</blockquote></div>',
    "Apple": f'<br><blockquote type="cite"><div>{APPLE}</div><div>{BELOW}</div></blockquote>',
    "Outlook on the web": f'<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">{LABELS}</div><div>{BELOW}</div>',
    "Outlook": f'<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p>{LABELS}</p></div><p>{BELOW}</p>',
    "Outlook 2007": f'<div style="border:none;border-top:solid #B5C4DF 1.0pt"><p>{LABELS}</p></div><p>{BELOW}</p>',
    "Yahoo!": f'<div class="yahoo_quoted"><div>{GMAIL}</div><blockquote>{BELOW}</blockquote></div>',
    "Thunderbird": '<div class="moz-cite-prefix">On 2024/01/05 10:00, 北風 wrote:<br></div>'
    f'<blockquote type="cite">{BELOW}</blockquote>',
}


@pytest.mark.parametrize("client", QUOTES)
def test_the_new_part_of_a_page_ends_where_its_program_quotes(client: str) -> None:
    new = html_new_part(f"<div>返品したい<img src=cid:a></div>{QUOTES[client]}")
    assert new.startswith('<div>返品したい<img data-cid="a"></div>')
    assert BELOW not in new
    assert "差出人" not in new


@pytest.mark.parametrize("client", QUOTES)
def test_where_it_is_not_sure_what_is_new_nothing_is_said(client: str) -> None:
    assert html_new_part(QUOTES[client]) == ""
    assert html_new_part("<p>返品したい</p>") == ""
    if "Outlook" not in client:
        assert html_new_part(f"<div>上</div>{QUOTES[client]}<div>下の答え</div>") == ""


def test_a_forwarded_page_is_new_as_a_whole() -> None:
    forwarded = (
        '<div class="gmail_quote">---------- Forwarded message ---------<br>From: 佐藤<br>請求書</div>'
    )
    assert html_new_part(f"<div>確認を</div>{forwarded}") == ""
    assert html_new_part(f"<div>確認を</div>{QUOTES['Outlook']}", "FW: 請求書") == ""


pieces = st.sampled_from(
    ["<a href='https://x.example'>", "</a>", "<p>", "</p>", "<b>", "</b>", "<table>", "<tr>", "<td>",
     "</table>", "<ul>", "<li>", "<svg>", "<math>", "<style>", "</style>", "<form>", "<select>",
     "<img src=cid:a>", "x", "&lt;", "&", "<", "'", '"', "\n", "<blockquote>", "</blockquote>",
     "<div style='color:red'>", "</div>", "<pre>", "<!--", "-->", "<template>", "<h1>", "<nobr>",
     "<font color=red>", "<body bgcolor=red>", "<i>", "<details>", "<ruby>", "<rt>", "<dd>", "<caption>",
     "<col>", "<title>", "https://shop.example", "<p class=cut>", "<br>", "<td hidden>", "日本",
     "<span style='display:none'>"]
)  # fmt: skip


@settings(max_examples=some(300), deadline=None)
@given(st.lists(pieces, max_size=40).map("".join) | st.text(max_size=100))
def test_every_page_is_cleaned_once_and_for_all(html: str) -> None:
    cleaned = clean_html(html)
    assert clean_html(cleaned) == cleaned
    assert isinstance(text_of_html(html), str)
    assert isinstance(html_new_part(html), str)


def test_lines_of_outlook_stand_as_close_as_its_style_sheet_had_them() -> None:
    said = (
        '<p class=MsoNormal>一</p><p class="MsoPlainText" style="margin-left:36pt">二</p><p class="x">三</p>'
    )
    once = clean_html(f"<style>p.MsoNormal {{margin:0mm}}</style>{said}")
    assert once == '<p style="margin:0">一</p><p style="margin:0;margin-left:36pt">二</p><p>三</p>'
    assert clean_html(once) == once
