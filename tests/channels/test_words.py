"""Every sentence a connector shows to people stands in both catalogues."""

import ast
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from app.i18n import catalogue
from channels import registry
from channels.settings import fields_of

ROOT = Path(__file__).parents[2]
VARIES = "…"


def labels() -> Iterator[str]:
    for kind in registry.KINDS:
        made = registry.connector(kind)
        yield from (made.label, *made.guide)
        for asked in fields_of(made.Settings):
            yield from filter(
                None, [asked.label, asked.help, asked.group, *(label for _, label in asked.choices)]
            )


def sentences() -> Iterator[str]:
    """Constant texts in the code that are sentences for people: raised, returned or in a table of them."""
    for path in sorted((ROOT / "channels").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("ChannelError", "_Wrong"):
                yield from (str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant))
            if isinstance(node, ast.Return | ast.Dict | ast.Assign | ast.IfExp):
                yield from _in_sentences(node)


def _in_sentences(node: ast.AST) -> Iterator[str]:
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and _is_sentence(inner.value):
            yield inner.value


def _is_sentence(text: str) -> bool:
    return text[:1].isupper() and text.endswith(".") and " " in text


def reasons() -> Iterator[str]:
    """Why something was refused or became nothing, as the admin reads it; a detail may follow after a colon."""
    for path in sorted((ROOT / "channels").rglob("*.py")):
        named = vars(importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("BadSignature", "Ignored"):
                yield from (words for arg in node.args[:1] for words in _words(arg, named))
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "NOT_FOR_US":
                assert isinstance(node.value, ast.Dict)
                yield from (words for value in node.value.values for words in _words(value, named))


def _words(node: ast.AST | None, named: Mapping[str, object]) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(words)):
            yield words
        case ast.IfExp(body=one, orelse=other):
            yield from (*_words(one, named), *_words(other, named))
        case ast.BoolOp(values=several):
            yield from (words for one in several for words in _words(one, named))
        case ast.JoinedStr(values=pieces):
            yield from _before_the_detail(pieces, named)


def _before_the_detail(pieces: list[ast.expr], named: Mapping[str, object]) -> Iterator[str]:
    """What begins with a value names the place in the sender's own data. Elsewhere only a detail may vary."""
    words = "".join(_filled_in(piece, named) for piece in pieces).partition(": ")[0]
    if not words.startswith(VARIES):
        assert VARIES not in words, f"“{words}” cannot be translated"
        yield words


def _filled_in(piece: ast.expr, named: Mapping[str, object]) -> str:
    match piece:
        case ast.Constant(value=str(words)):
            return words
        case ast.FormattedValue(value=ast.Name(id=name)) if isinstance(named.get(name), str):
            return str(named[name])
    return VARIES


def test_every_reason_can_be_read_in_japanese() -> None:
    wanted = set(reasons())
    assert len(wanted) > 150
    assert wanted - set(catalogue("ja")) == set()


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_a_catalogue_has_every_word_of_the_channels(locale: str) -> None:
    with (ROOT / "app" / "locale" / locale / "channels.po").open("rb") as file:
        known = {message.id for message in read_po(file) if message.string}
    wanted = {*labels(), *sentences()}
    assert len(wanted) > 60
    assert wanted - known == set()
