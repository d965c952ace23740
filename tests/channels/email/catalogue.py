"""Which sentences of a module no catalogue has."""

import ast
from pathlib import Path

from babel.messages.pofile import read_po

LOCALES = Path(__file__).parents[3] / "app" / "locale"


def missing(module: str) -> list[str]:
    """Sentences in the file `module` (docstrings aside) that the Japanese or the English catalogue lacks."""
    said = {text for text in _texts(ast.parse(Path(module).read_text("utf-8"))) if _is_sentence(text)}
    return sorted(f"{locale}: {text}" for locale in ("ja", "en") for text in said - _known(locale))


def _known(locale: str) -> set[str]:
    known: set[str] = set()
    for path in (LOCALES / locale).glob("*.po"):
        with path.open("rb") as file:
            known |= {str(message.id) for message in read_po(file) if message.string}
    return known


def _texts(tree: ast.AST) -> list[str]:
    """Constants that are not docstrings: those are expressions of their own."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docs)
    return [node.value for node in found if isinstance(node.value, str)]


def _is_sentence(text: str) -> bool:
    return text[:1].isupper() and text.endswith(".") and " " in text
