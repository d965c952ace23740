"""Markdown-light: what agents mark is bold, italic, a list or a link, and nothing they write can do harm."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rich import formatted, harmless, is_formatted, plain
from tests.examples import some


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**「至急」**です", "<p><strong>「至急」</strong>です</p>"),
        ("これは*大切*です", "<p>これは<em>大切</em>です</p>"),
        ("5*3*2 と a**b と 2**8", "<p>5*3*2 と a**b と 2**8</p>"),
        ("一行目\n二行目", "<p>一行目<br>\n二行目</p>"),
        ("- 一\n- 二", "<ul>\n<li>一</li>\n<li>二</li>\n</ul>"),
        ("3. 三", '<ol start="3">\n<li>三</li>\n</ol>'),
        ("　字下げ\n　二行目", "<p>　字下げ<br>\n　二行目</p>"),
        ("# 見出し\n`x` ---", "<p># 見出し<br>\n`x` ---</p>"),
        ("<b>x</b> & y", "<p>&lt;b&gt;x&lt;/b&gt; &amp; y</p>"),
        ("\\*\\*星\\*\\*", "<p>**星**</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("", ""),
    ],
)
def test_what_is_marked_is_formatted_and_nothing_else(text: str, html: str) -> None:
    assert formatted(text) == html


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("**「至急」**です。*大切*", "「至急」です。大切"),
        ("5*3*2 と 2**8、3**5\n\n\n  ** 星印 **", "5*3*2 と 2**8、3**5\n\n\n  ** 星印 **"),
        ("**合計:**100円、A**合計**", "合計:100円、A合計"),
        ("お品:\n- **一**\n- 二\n\n1. 三\n   - 四", "お品:\n- 一\n- 二\n\n1. 三\n   - 四"),
        ("　字下げ**a**\n　二行目", "　字下げa\n　二行目"),
        ("[店](https://a.jp/x?y=1)へ", "店 (https://a.jp/x?y=1)へ"),
        ("[a.jp](https://a.jp/x)", "a.jp (https://a.jp/x)"),
        ("[https://a.jp](https://a.jp) https://b.jp", "https://a.jp https://b.jp"),
        ("[](https://a.jp) [t@a.jp](mailto:t@a.jp) [電話](tel:03)", "https://a.jp t@a.jp 電話 (03)"),
        ("[店\nの](https://a.jp)\n**次**", "店\nの (https://a.jp)\n次"),
        ("\\*\\*星\\*\\* **a**  \nb", "**星** a\nb"),
        ("[x](javascript:alert(1)) **a", "[x](javascript:alert(1)) **a"),
        ("", ""),
    ],
)
def test_plain_words_have_no_marks_and_all_else_as_it_was_typed(text: str, words: str) -> None:
    assert plain(text) == words


@given(st.text(st.sampled_from("*[]()- 1.\n\\あa<&\"'　"), max_size=60))
@settings(max_examples=some(150), deadline=None)
def test_what_marks_nothing_stays_as_it_was_typed(text: str) -> None:
    if not is_formatted(formatted(text)) and "\\" not in text:
        lines = [line.rstrip() for line in text.strip("\n").split("\n")]
        assert [line.rstrip() for line in plain(text).split("\n")] == lines


@pytest.mark.parametrize("text", ["[]()", "a [ ](<>) b", "[a](a)", "[返品]()", "[a]( )", "[返品](ご案内)"])
def test_what_leads_nowhere_is_no_link(text: str) -> None:
    assert plain(text) == text
    assert "<a" not in formatted(text)


def test_links_open_elsewhere_and_tell_nothing() -> None:
    about = 'target="_blank" rel="noopener noreferrer nofollow"'
    assert formatted("[店](https://a.jp/x_y)") == f'<p><a href="https://a.jp/x_y" {about}>店</a></p>'
    assert formatted("https://a.jp/x。") == f'<p><a href="https://a.jp/x" {about}>https://a.jp/x</a>。</p>'
    assert formatted("[https://b.jp](https://a.jp)").count("<a ") == 1


def test_plain_words_and_addresses_are_no_formatting() -> None:
    texts = ("はい\n\nhttps://a.jp", "**はい**", "- a", "[店](https://a.jp)")
    assert [is_formatted(formatted(text)) for text in texts] == [False, True, True, True]


def test_html_of_others_is_reduced_to_what_we_write_ourselves() -> None:
    assert (
        harmless('<p style="x" onclick="y">a<script>b</script><img src=x><h1>c</h1></p>')
        == "<p>a</p>c<p></p>"
    )


@given(st.text(st.sampled_from("*[]()- 1.\n\\あa<&\"'　"), max_size=60))
@settings(max_examples=some(150), deadline=None)
def test_whatever_is_typed_is_reduced_once_and_for_all(text: str) -> None:
    html = formatted(text)
    assert harmless(html) == html


@pytest.mark.parametrize("piece", ["**a ", "*a", "[", "[a](", "- ", "**", "> "])
def test_signs_without_end_stay_text(piece: str) -> None:
    assert formatted(piece * 5000)
