"""FAQ pages and files: what is found in them, what is refused and how, and how they meet the draft."""

from __future__ import annotations

import json
from time import process_time
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app import connect, knowledge
from app.knowledge import items, pages, sheets, sources
from app.tables import Unreadable
from tests import factories as make

SAID = "<p>全国一律<b>550円</b>です。</p><ul><li>沖縄は900円</li></ul>"
LINKED = json.dumps(
    {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "WebPage", "name": "よくある質問"},
            {
                "@type": ["FAQPage"],
                "mainEntity": [
                    {
                        "@type": "Question",
                        "name": "送料はいくらですか？",
                        "acceptedAnswer": {"@type": "Answer", "text": SAID},
                    },
                    {"@type": "Question", "name": "答えのない質問"},
                ],
            },
        ],
    }
)  # fmt: skip
PAGES: list[tuple[str, str, list[tuple[str, str]]]] = [
    ("linked data", f'<script type="application/ld+json">{LINKED}</script><h2>送料は？</h2><p>別の文</p>',
     [("送料はいくらですか？", "全国一律550円です。\n\n・沖縄は900円")]),
    ("microdata", """<div itemscope itemtype="https://schema.org/FAQPage"><div itemprop="mainEntity" itemscope
      itemtype="https://schema.org/Question"><h3 itemprop="name">返品できますか</h3>
      <div itemprop="acceptedAnswer" itemscope
      itemtype="https://schema.org/Answer"><div itemprop="text">14日以内なら<br>できます。</div></div></div></div>""",
     [("返品できますか", "14日以内なら\nできます。")]),
    ("details", "<details><summary>Q1. Can I return it?</summary><p>A. Yes, within 14 days.</p>"
     "<script>evil()</script></details>",
     [("Can I return it?", "Yes, within 14 days.")]),
    ("a list", "<dl><dt>Ｑ．営業時間は？<dd>Ａ．10時から19時です。<div><dt>定休日は？</dt>"
     "<dd>水曜日です。</dd></div></dl>",
     [("営業時間は？", "10時から19時です。"), ("定休日は？", "水曜日です。")]),
    ("headings that ask", """<header><h1>FAQ？</h1></header><main><h2>お支払いについて</h2><h3>カードは使えますか？</h3>
      <p>使えます。</p><p>手数料はかかりません。</p><h3>領収書は出ますか。</h3><div>マイページから。</div></main><footer><h4>なぜ？</h4>x</footer>""",
     [("カードは使えますか？", "使えます。\n\n手数料はかかりません。"), ("領収書は出ますか。", "マイページから。")]),
    ("plain headings", "<h1>Help</h1><h2>Shipping</h2><p>5 dollars.</p><h2>Returns</h2><p>14 days.</p>",
     [("Shipping", "5 dollars."), ("Returns", "14 days.")]),
    ("all of them on one page, and a heading that asks above a folded one", """<nav><h2>何か？</h2></nav>
      <h2>お支払い</h2><dl><dt>カードは？</dt><dd>可</dd></dl><h2>配送について</h2><h3>送料はいくらですか？</h3><p>550円です。</p>
      <h3>お困りですか？</h3><details><summary>届かない</summary><h4>まずは</h4>お待ちください。</details><p>以上</p>""",
     [("カードは？", "可"), ("送料はいくらですか？", "550円です。"), ("届かない", "まずは\nお待ちください。")]),
    ("nothing marked up", """<div><span>Q</span>1．送料は？</div><div>A．550円です。</div><p>沖縄は900円</p>
      <div>Q2．返品は？</div><div>A．可</div><div>Q3．</div><footer>会社概要</footer>""",
     [("送料は？", "550円です。\n\n沖縄は900円"), ("返品は？", "可")]),
    ("signs of their own", """<dl><dt><span>Q</span>送料は？</dt><dd><span>A</span>600円です。</dd>
      <dt><div>Q</div><p>返品は？</p></dt><dd><div>A</div><p>A4の紙で。</p></dd><dt><i>Q</i>How long?</dt>
      <dd><i>A</i>Two days.</dd><dt>何円？</dt><dd><b>A</b></dd><dt><b>A</b>サイズとは？</dt><dd>小</dd></dl>""",
     [("送料は？", "600円です。"), ("返品は？", "A4の紙で。"), ("How long?", "Two days."), ("何円？", "A"),
      ("Aサイズとは？", "小")]),
    ("articles and letters that are no signs", """<h3>Q. How long does it take?</h3><p>A week or two.</p>
      <h3>Q. 血液型は？</h3><p>A型です。</p><dl><dt><span>Q</span>サイズは？</dt><dd>Aサイズは小さめです。</dd>
      <dt>保証は？</dt><dd><b>A</b>ランクのみ</dd>
      <dt><div><div><div><div><div><div><b>返品は？</b></div></div></div></div></div></div></dt><dd>14日</dd></dl>""",
     [("How long does it take?", "A week or two."), ("血液型は？", "A型です。"),
      ("サイズは？", "Aサイズは小さめです。"), ("保証は？", "Aランクのみ"), ("返品は？", "14日")]),
    ("numbered signs", """<dl><dt>Q.1 送料は？</dt><dd>A.1 600円</dd><dt>Q－2 返品は？</dt><dd>A2 14日</dd>
      <dt>【Q】無料は？</dt><dd>【A】3点</dd><dt>Q 何日？</dt><dd>A 10 日以内</dd><dt>質問：税は</dt><dd>回答 込み</dd>
      <dt>Q.2日で届きますか</dt><dd>A4の箱なら</dd></dl>""",
     [("送料は？", "600円"), ("返品は？", "14日"), ("無料は？", "3点"), ("何日？", "10 日以内"), ("税は", "込み"),
      ("2日で届きますか", "A4の箱なら")]),
    ("signs in lines of their own", "<p>Q1<br>送料は？</p><p>A1<br>600円</p>", [("送料は？", "600円")]),
    ("broken", "<dl><dt>送料は<b>いくら？</dt><dd>550円</i> です<dt>返品は？<dd>可</dl></div></p><",
     [("送料はいくら？", "550円 です"), ("返品は？", "可")]),
]  # fmt: skip


@pytest.mark.parametrize(("html", "found"), [one[1:] for one in PAGES], ids=[one[0] for one in PAGES])
def test_questions_are_found_in_a_page(html: str, found: list[tuple[str, str]]) -> None:
    assert [(one.questions[0], one.answer) for one in pages.items_of(html)] == found


def test_what_stands_below_a_heading_is_of_that_topic() -> None:
    html = """<h1>よくある質問</h1><dl><dt>店は？</dt><dd>札幌</dd></dl>
      <h2>配送について</h2><h3>送料は？</h3><p>550円</p>
      <details><summary>日数は？</summary>3日</details>"""
    assert [(one.title, one.tags) for one in pages.items_of(html)] == [
        ("店は？", ()), ("送料は？", ("配送",)), ("日数は？", ("配送",))
    ]  # fmt: skip


def test_links_start_from_the_page_and_only_web_addresses_are_kept() -> None:
    html = """<dl><dt>送料は？</dt><dd>550円。<a href="/shipping">配送案内</a> <a href="javascript:alert(1)">x</a>
      <a href="https://[">y</a></dd></dl>"""
    (item,) = pages.items_of(html, "https://shop.example/faq/")
    assert list(item.links) == [{"label": "配送案内", "url": "https://shop.example/shipping"}]


@pytest.mark.parametrize(
    "html",
    ["<!--" * 200_000, "<div>" * 150_000, "<a " * 300_000, '<script type="ld+json">' * 50_000, "<dl><dt>a" * 60_000,
     "<b><p>x" * 70_000, "<p>x" * 20_000, "<summary>" * 140 + "<p>a b</p>" * 2000,
     "<dl>" + "<dd><dl>" * 60 + "<p>a b</p>" * 2000],
    ids=["comments", "deep", "attributes", "scripts", "lists", "misnested", "paragraphs", "folds", "nested lists"],
)  # fmt: skip
def test_a_page_made_to_be_slow_or_deep_is_read_or_refused(html: str) -> None:
    with pytest.raises(Unreadable, match=r"larger than 2 MB|No question"):
        sources.read_page(html)


@pytest.mark.parametrize(
    "html",
    [f'<script type="application/ld+json">[{"{}," * 100_000}{{}}]</script>', "<h3></h3>" * 30_000],
    ids=["linked data", "headings"],
)
def test_many_things_that_are_no_questions_take_no_longer_each(html: str) -> None:
    """Each against each other these took ten seconds and more; the bound is of the processor alone."""
    begun = process_time()
    with pytest.raises(Unreadable, match="No question"):
        sources.read_page(html)
    assert process_time() - begun < 4


@pytest.mark.parametrize("name", ["undefined", "punycode", "no-such"])
def test_a_page_that_names_no_encoding_of_pages_is_read_as_it_looks(name: str) -> None:
    page = f'<meta charset="{name}"><dl><dt>送料は？</dt><dd>550円</dd></dl>'
    (item,) = sources.read_file(page.encode(), "faq.html")
    assert item.answer == "550円"


def test_what_is_no_faq_or_too_large_is_told_in_a_sentence() -> None:
    for html, words in (("<p>ようこそ</p>", "No question"), ("あ" * 4_000_000, "larger than 2 MB")):
        with pytest.raises(Unreadable, match=words):
            sources.read_page(html)
    with pytest.raises(Unreadable, match="larger than 2 MB"):
        sources.read_file(b"x" * 4_000_000, "faq.csv")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("質問,回答,カテゴリ\n送料は？,550円,配送、費用\n返品は？,\"可\n14日以内\",\n", [["送料は？"], ["返品は？"]]),
        ("title\tquestion 1\tquestion 2\tanswer\n送料\t送料は？\t配送料は？\t550円\n", [["送料は？", "配送料は？"]]),
        ('{"id": "a", "questions": ["送料は？"], "answer": "550円"}\n'
         '{"id": "b", "questions": ["返品は？"], "answer": "可"}\n',
         [["送料は？"], ["返品は？"]]),
        ('[{"question": "送料は？", "answer": "550円"}]', [["送料は？"]]),
        ('{\n "entries": [{"質問": "送料は？", "回答": "550円"}]\n}', [["送料は？"]]),
    ],
)  # fmt: skip
def test_entries_are_read_from_files(text: str, asked: list[list[str]]) -> None:
    assert [list(one.questions) for one in sheets.items_in(text)] == asked
    assert [list(one.questions) for one in sources.read_file(text.encode("cp932"), "faq.csv")] == asked


def test_topics_are_apart_whatever_comma_is_between_them() -> None:
    (one,) = sheets.items_in("質問,回答,カテゴリ\n送料は？,550円,配送、費用，代引､海外\n")
    assert one.tags == ("配送", "費用", "代引", "海外")


@pytest.mark.parametrize("write", [sheets.as_csv, sheets.as_json])
def test_what_is_written_out_is_read_again_with_days_audience_and_relations(write: Any) -> None:
    more = {
        "quick_replies": ["返品"], "valid_from": "2026-12-01", "valid_until": "", "kinds": ["line"], "channels": [],
        "signed_in": True, "follow_ups": ["返品", "交換"], "translation_of": "Sale", "listed": False, "enabled": True,
    }  # fmt: skip
    links = [{"label": "案内", "url": "https://shop.example/sale"}]
    entry = {"id": 7, "title": "=セール", "language": "ja", "questions": ["セールは？", "割引は？"], "answer": "2割引",
             "tags": ["催し"], "links": links, **more}  # fmt: skip
    (found,) = sheets.items_in(write([entry]))
    assert (found.title.lstrip("'"), found.questions, list(found.links)) == (
        "=セール",
        ("セールは？", "割引は？"),
        links,
    )
    assert dict(found.more) == more


def test_days_are_read_as_people_write_them_and_no_day_is_told() -> None:
    (found,) = sheets.items_in("質問,回答,開始日\nセールは？,2割引,2026/12/1\n")
    assert found.more["valid_from"] == "2026-12-01"
    with pytest.raises(Unreadable, match="is no day"):
        sheets.items_in("質問,回答,開始日\nセールは？,2割引,2026/13/1\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"id": "a", "questions": ["q"], "answer": "x"}\n{"id": "a", "questions": ["r"], "answer": "x"}',
         "Line 2: the id “a” was given in line 1 already."),
        ('{"id": "a", "questions": [], "answer": "x"}', "Line 1: the entry has no question."),
        ('{"id": "a", "questions": ["q"], "answer": ""}', "Line 1: the entry has no answer."),
        ('{"a": 1}\n{"b"', "Line 1: the entry has no question."),
        ("質問,回答\n,550円", "Line 2: the entry has no question."),
        ("送料は？,550円\n", "The first line has to name the columns"),
        ("[" * 100_000, "Line 1: this is no JSON."),
        ("[3]", "Line 1: an entry in braces is expected."),
    ],
)  # fmt: skip
def test_a_faulty_file_is_refused_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(Unreadable) as refused:
        sheets.items_in(text)
    assert str(refused.value).startswith(sentence)


def html(**answers: str) -> str:
    return "<dl>" + "".join(f"<dt>{asked}</dt><dd>{said}</dd>" for asked, said in answers.items()) + "</dl>"


def nobody(_question: str, _language: str) -> list[tuple[int, float]]:
    return []


def test_a_source_read_again_shows_what_it_changed_and_what_is_gone(db: Session) -> None:
    agent = make.supervisor(db)
    own = make.faq(db, "自分で書いた", ["営業時間は？"])
    first = sources.read_page(html(送料は="550円", 返品は="14日", 営業時間は="10時から"))
    source = sources.keep(db, agent, "https://shop.example/faq", first, by_address=True)
    kinds = [(one.item.title, one.kind) for one in sources.candidates(db, source, nobody)]
    assert kinds == [("送料は", "new"), ("返品は", "new"), ("営業時間は", "changed")]
    assert sources.take(db, agent, source, {0, 1}, ()) == (2, 0, 0)
    assert own.answer == "自分で書いた"
    shipping = next(one for one in knowledge.all_entries(db) if one.title == "送料は")
    knowledge.save_entry(
        db,
        agent,
        shipping,
        {**knowledge.stored(shipping), "questions": ["送料は", "配送料は"], "tags": ["費用"]},
    )
    second = sources.read_page(html(送料は="600円", 営業時間は="10時から"))
    again = sources.keep(db, agent, "https://shop.example/faq", second, by_address=True)
    assert again.id == source.id
    assert [one.kind for one in sources.candidates(db, source, nobody)] == ["changed", "changed"]
    assert [one.title for one in sources.gone(db, source)] == ["返品は"]
    left = sources.gone(db, source)[0].id
    assert sources.take(db, agent, source, {0}, {left}) == (0, 1, 1)
    assert (shipping.answer, shipping.questions, shipping.tags) == ("600円", ["送料は", "配送料は"], ["費用"])
    assert sources.gone(db, source) == []
    assert [one.kind for one in sources.candidates(db, source, nobody)] == ["same", "changed"]


def test_what_is_asked_alike_and_answered_otherwise_is_pointed_out(db: Session) -> None:
    agent = make.supervisor(db)
    other = make.faq(db, "無料です", ["配送料金を知りたい"])
    found = sources.read_page(html(送料はいくらですか="550円", 送料はおいくらですか="600円", 返品="14日"))
    source = sources.keep(db, agent, "faq.html", found, by_address=False)

    def look(question: str, _language: str) -> list[tuple[int, float]]:
        return [(other.id, 90.0)] if "送料" in question else [(other.id, 30.0)]

    twins = [one.twin for one in sources.candidates(db, source, look)]
    assert [twin and twin.entry_id for twin in twins] == [other.id, None, None]
    assert twins[1] == sources.Twin("送料はいくらですか", "550円")


class Answer:
    """What a server answers to a stream."""

    def __init__(self, body: bytes = b"", status: int = 200, **headers: str) -> None:
        self.body, self.status_code, self.headers = body, status, headers
        self.is_redirect, self.charset_encoding = status in (301, 302), None

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_: Any) -> None:
        return None

    def iter_bytes(self) -> list[bytes]:
        return [self.body[at : at + 1024] for at in range(0, len(self.body), 1024)]


class Web:
    """Answers by address."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers

    def stream(self, _method: str, url: str, **_options: Any) -> Answer:
        return self.answers[url.rsplit("/", 1)[-1]]


def test_a_page_is_fetched_through_redirects_in_its_own_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    page = f'<meta charset="Shift_JIS">{html(送料は="550円")}'.encode("cp932")
    web = Web(old=Answer(status=301, location="/faq"), faq=Answer(page))
    monkeypatch.setattr(connect, "http", lambda: web)
    (item,) = sources.read_page(sources.fetch("shop.example/old"))
    assert item.answer == "550円"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(status=404), "status 404"),
        (Answer(b"x" * 4_000_000), "larger than 2 MB"),
        (Answer(status=302, location="/faq"), "without an end"),
        (Answer(status=302, location="file:///etc/passwd"), "no web address"),
    ],
)
def test_a_page_that_cannot_be_had_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, sentence: str
) -> None:
    monkeypatch.setattr(connect, "http", lambda: Web(faq=answer))
    with pytest.raises(Unreadable, match=sentence):
        sources.fetch("https://shop.example/faq")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/faq", "http://[::1]/faq", "http://169.254.169.254/latest"]
)
def test_addresses_within_our_own_network_are_not_read(address: str) -> None:
    with pytest.raises(Unreadable, match="private network"):
        sources.fetch(address)


@pytest.mark.parametrize("address", ["", "https://", "ftp://shop.example/faq", "https://[x/"])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(Unreadable):
        sources.fetch(address)


def test_one_question_with_two_answers_stands_there_with_both_and_is_pointed_out() -> None:
    told = sheets.items_in(
        "question,answer\n送料は？,600円\n返品は？,できます\n送料は？,700円\n送料は？,600 円\n"
    )
    assert [(one.questions[0], one.answer) for one in told] == [
        ("送料は？", "600円"), ("返品は？", "できます"), ("送料は？", "700円"),
    ]  # fmt: skip
    assert len({one.key for one in told}) == len(told)


def test_what_is_written_in_signs_is_another_answer() -> None:
    assert items.same_words("カード：○", "カード: ○")
    for one, other in (("カード：○", "カード：×"), ("¥500", "$500"), ("+10%", "-10%")):
        assert not items.same_words(one, other)


@pytest.mark.parametrize(
    ("question", "language"),
    [("Café opening hours", "en"), ("¿Envían a España?", "en"), ("PayPay 対応", "ja")],
)
def test_an_entry_is_in_a_language_that_the_bot_speaks(question: str, language: str) -> None:
    assert items.item([question], "10-19").language == language
