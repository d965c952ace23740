"""Questions and answers found in a page: schema.org FAQPage (JSON-LD and microdata), details and summary, definition
lists, headings with the text that follows, and lines that begin with Q and A. Pure; everything it gives is plain
text."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any
from urllib.parse import urljoin

from app.knowledge.items import Item, distinct, item
from app.knowledge.markup import Node, scripts, text, tree
from bots.text import fold

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_TRIED = 1000  # items of one sort; a page that has more is none that people read
_ASKED = (*_HEADINGS, "dt", "summary")  # a question is here, and its answer in a dd or right behind
_AROUND = ("nav", "header", "footer", "aside", "form")
_NUMBERED = re.compile(
    r"^\s*(?:[QＱq][.．\-－‐]?\d+(?:\s*[.:．：、)）]|\s)|(?:Q|Ｑ|問|質問)\s*\d*\s*[.:．：、)）]|[ＱQ]\s"
    r"|[【\[](?:Q|Ｑ|質問)\s*\d*[】\]])\s*"
)
_ANSWERED = re.compile(r"^\s*(?:(?:A|Ａ|答|回答)\s*\d*\s*[.:．：、)）]|[ＡA]\s(?=[^\x00-\x7f]))\s*")
# Where the question has its sign, these are the answer's.
_REPLIED = re.compile(
    r"^\s*(?:[【\[](?:A|Ａ|答|回答)\s*\d*[】\]]|(?:A|Ａ|答|回答)(?:[.．\-－‐]?\d+\s*(?:[.:．：、)）]|\s)|\s*[.:．：、)）])"
    r"|(?:[AＡ](?=\s(?![a-z]))|答|回答)\s)\s*"
)
_SIGN = re.compile(r"\s*[【\[(]?\s*([QＱAＡ問答]|質問|回答)\s*[.．:：\-－]?\s*\d*\s*[】\])]?\s*")
_QUESTION = ("Q", "Ｑ", "問", "質問")
_ABOUT = re.compile(r"(?:について|に関して|に関する(?:ご)?質問)$")
_TOPIC = 40  # letters of a topic
_DEEP = 5  # elements in each other, before a sign, or in one
_STRESSED = ("b", "strong", "em", "mark", "a")  # <b>A</b>ランク is a word of the answer
_ASKS = re.compile(r"[?？]\s*$|(?:か|の)[。.]?\s*$")

Found = tuple[Node, Item]
"""An item, and the element of the page it begins with."""


def items_of(html: str, address: str = "") -> list[Item]:
    """Every question with its answer, in the order of the page; `address` is where links start from."""
    page = tree(html)
    for node in [page, *page.elements()]:
        _spell_signs(node)
    found = _first(_linked_data(html), _microdata(page, address))
    return distinct(found or _read(page, address) or _first(_lettered(page)))


def _spell_signs(parent: Node) -> None:
    """A Q or A that is an element of its own, as designers make them, gets the point that says what it is: of “Q送料は”
    alone nobody knows where the words begin."""
    before, signed = "", False
    for child in parent.children:
        if not isinstance(child, Node):
            continue
        asks = child.name in _ASKED
        if asks or child.name == "dd" or before in _ASKED:
            spelt = _spell_sign(child, asks, signed)
            signed = spelt if asks else signed
        before = child.name


def _spell_sign(node: Node, asks: bool, signed: bool) -> bool:
    """Whether a question (`asks`) or an answer begins with a sign, which is spelt then. A sign is not deep down, nor
    large; `signed`: the question has one."""
    around, first = node, _leading(node)
    for _ in range(_DEEP):
        if not isinstance(first, Node):
            return False
        if len(list(islice(first.elements(), _DEEP))) < _DEEP and _SIGN.fullmatch(text(first)):
            break
        around, first = first, _leading(first)
    else:
        return False
    sign = _spelled(text(first))
    if sign.startswith("Q") != asks or not (asks or signed or first.name not in _STRESSED):
        return False
    if fold(text(node)) == fold(text(first)):
        return False  # there is nothing else
    around.children[next(n for n, one in enumerate(around.children) if one is first)] = sign
    return True


def _spelled(sign: str) -> str:
    found = _SIGN.fullmatch(sign)
    return "Q. " if found and found[1] in _QUESTION else "A. "


def _leading(node: Node) -> Node | str | None:
    """The first of what is in it, blanks aside."""
    return next((one for one in node.children if not isinstance(one, str) or one.strip()), None)


def _first(*ways: Iterator[Item]) -> list[Item]:
    """A page often says its questions twice, for people and for search engines, and lays out the answers otherwise."""
    found: list[Item] = []
    for way in ways:
        known = {one.key for one in found}
        found += [one for one in islice(way, _TRIED) if one.key not in known]
    return found


def _read(page: Node, address: str) -> list[Item]:
    """What people find there: folded questions, lists and headings, as a page has them side by side. What stands below
    a heading that asks nothing is of that topic."""
    folded = [*islice(_details(page, address), _TRIED), *islice(_definitions(page, address), _TRIED)]
    found = folded + list(islice(_headed(page, address, {id(node) for node, _ in folded}), _TRIED))
    items = {id(node): one for node, one in found}
    read, topic = [], ""
    for node in page.elements():
        if id(node) in items:
            one = items[id(node)]
            read.append(replace(one, tags=(topic,)) if 0 < len(topic) <= _TOPIC else one)
        elif node.name in _HEADINGS[1:]:
            topic = "" if _asks(text(node)) else _ABOUT.sub("", text(node).replace("\n", " "))
    return read


# schema.org ----------------------------------------------------------------------------------------------


def _linked_data(html: str) -> Iterator[Item]:
    for script in scripts(html, "ld+json"):
        try:
            told = json.loads(script)
        except (ValueError, RecursionError):
            continue
        yield from _questions_in(told)


def _questions_in(told: Any) -> Iterator[Item]:
    waiting = [told]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += reversed(one)
        elif isinstance(one, Mapping):
            answer = one.get("acceptedAnswer") or one.get("suggestedAnswer")
            if "Question" in _types(one) and answer:
                first = answer[0] if isinstance(answer, list) and answer else answer
                said = first.get("text") if isinstance(first, Mapping) else first
                yield from _made(_words(one.get("name") or one.get("text")), _words(said))
            else:
                waiting += reversed([each for each in one.values() if isinstance(each, list | Mapping)])


def _types(one: Mapping[str, Any]) -> list[str]:
    kind = one.get("@type")
    return [str(each) for each in kind] if isinstance(kind, list) else [str(kind)]


def _words(said: Any) -> str:
    """Text of linked data, which may be HTML."""
    return text(tree(said)) if isinstance(said, str) else ""


def _microdata(page: Node, address: str) -> Iterator[Item]:
    for node in page.elements():
        if node.attributes.get("itemtype", "").rstrip("/").endswith("schema.org/Question"):
            name = _property(node, "name")
            answer = _property(node, "acceptedAnswer") or _property(node, "suggestedAnswer")
            if name and answer:
                body = _property(answer, "text") or answer
                yield from _made(text(name), text(body), _links(body, address))


def _property(node: Node, name: str) -> Node | None:
    return next((one for one in node.elements() if name in one.attributes.get("itemprop", "").split()), None)


# Plain HTML ----------------------------------------------------------------------------------------------


def _details(page: Node, address: str) -> Iterator[Found]:
    for node in page.named("details"):
        summary = next(
            (one for one in node.children if isinstance(one, Node) and one.name == "summary"), None
        )
        if summary is not None:
            rest = [one for one in node.children if one is not summary]
            for one in _made(text(summary), text(*rest), _links(Node("", {}, rest), address)):
                yield node, one


def _definitions(page: Node, address: str) -> Iterator[Found]:
    for pairs in page.named("dl"):
        asked, said = None, list[Node]()
        for node in (*_terms(pairs), Node("dt")):
            if node.name == "dd":
                said.append(node)
                continue
            if asked is not None and said:
                for one in _made(text(asked), text(*said), _links(Node("", {}, [*said]), address)):
                    yield asked, one
                said = []
            asked = node


def _terms(pairs: Node) -> Iterator[Node]:
    """The dt and dd of a list, also of those wrapped in a div each."""
    for node in pairs.children:
        if isinstance(node, Node):
            if node.name in ("dt", "dd"):
                yield node
            elif node.name == "div":
                yield from (
                    one for one in node.children if isinstance(one, Node) and one.name in ("dt", "dd")
                )


def _headed(page: Node, address: str, folded: set[int]) -> Iterator[Found]:
    """Headings that ask something, with what follows until the next heading or one of `folded`; where nothing else
    is found, those of the lowest level."""
    flow = list(_flow(page, folded))
    headings = [one for one in flow if isinstance(one, Node) and one.name in _HEADINGS]
    levels = Counter(one.name for one in headings)
    asking = {id(one) for one in headings if _asks(text(one))}
    lowest = max((name for name, times in levels.items() if times > 1), default="")
    for place, node in enumerate(flow):
        if not isinstance(node, Node) or node.name not in _HEADINGS:
            continue
        if not (id(node) in asking if asking or folded else node.name == lowest):
            continue
        said = []
        for at in range(place + 1, len(flow)):
            after = flow[at]
            if isinstance(after, Node) and (after.name in _HEADINGS or _holds(after, folded)):
                break
            said.append(after)
        for one in _made(text(node), text(*said), _links(Node("", {}, said), address)):
            yield node, one


def _holds(node: Node, wanted: set[int]) -> bool:
    return id(node) in wanted or any(id(one) in wanted for one in node.elements())


def _lettered(page: Node) -> Iterator[Item]:
    """Lines that begin with Q, and what follows from a line that begins with A on; for pages that mark up nothing."""
    asked, said, sign = "", list[str](), ""
    for plain in (*text(_body(page)).split("\n"), "Q."):
        line, sign = sign + plain, ""
        if _SIGN.fullmatch(plain) and plain != "Q.":  # in a line of its own
            sign = _spelled(plain)
            continue
        if _NUMBERED.match(line):
            yield from _made(asked, "\n".join(said)) if said else ()
            asked, said = line, []
        elif said or (asked and _ANSWERED.match(line)):
            said.append(line)


def _body(node: Node) -> Node:
    """Without what stands around the text of a page."""
    kept = [one for one in node.children if isinstance(one, str) or one.name not in _AROUND]
    return Node(node.name, node.attributes, [one if isinstance(one, str) else _body(one) for one in kept])


def _asks(words: str) -> bool:
    return bool(_ASKS.search(words) or _NUMBERED.match(words))


def _flow(node: Node, whole: Container[int] = ()) -> Iterator[Node | str]:
    """The page as it is read: headings, and the pieces between them that hold none, or are among `whole`."""
    for child in node.children:
        if isinstance(child, str):
            yield child
        elif child.name in _AROUND:
            continue
        elif id(child) in whole or child.name in _HEADINGS or next(child.named(*_HEADINGS), None) is None:
            yield child
        else:
            yield from _flow(child, whole)


def _links(node: Node, address: str) -> list[dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for one in node.named("a"):
        try:
            to = one.attributes.get("href", "").strip()
            url = urljoin(address, to) if to else ""
        except ValueError:
            continue
        if url.startswith(("https://", "http://")) and (label := text(one)):
            found.setdefault(url, {"label": label[:200], "url": url[:2000]})
    return list(found.values())[:8]


def _made(asked: str, said: str, links: Sequence[dict[str, str]] = ()) -> Iterator[Item]:
    asked = asked.replace("\n", " ")
    question = _NUMBERED.sub("", asked)
    answer = (_ANSWERED if question == asked else _REPLIED).sub("", said)
    if fold(question) and fold(answer) and len(question) <= 500:
        yield item([question], answer, links=links)
