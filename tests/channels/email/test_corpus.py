"""Every mail of the corpus is understood as a person would expect.

`corpus/NAME.eml` is a mail as it came, `corpus/NAME.json` what `madoguchi mail parse` has to say of it: some of its
keys, and of each attachment some of its. `KEY_has` and `KEY_lacks` list what stands somewhere in a text, or nowhere;
`ours` are the addresses the mail came to.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from channels.email.describing import describe

CORPUS = Path(__file__).parent / "corpus"
NAMES = sorted(path.stem for path in CORPUS.glob("*.eml"))


def of_interest(said: Any, expected: Any) -> Any:
    """`said` with nothing in it that `expected` does not speak of."""
    if isinstance(expected, dict) and isinstance(said, dict):
        return {key: of_interest(said.get(key), value) for key, value in expected.items()}
    if isinstance(expected, list) and isinstance(said, list) and len(said) == len(expected):
        return [of_interest(one, other) for one, other in zip(said, expected, strict=True)]
    return said


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_is_understood(name: str) -> None:
    expected = json.loads((CORPUS / f"{name}.json").read_text("utf-8"))
    said = describe(f"{name}.eml", (CORPUS / f"{name}.eml").read_bytes(), expected.pop("ours", ()))
    assert not [problem for problem in said["problems"] if problem.startswith("The mail could not be read")]
    for key in [key for key in expected if key.endswith(("_has", "_lacks"))]:
        field, _, how = key.rpartition("_")
        for piece in expected.pop(key):
            assert (piece in said[field]) == (how == "has"), f"{field} {how} {piece}: {said[field]}"
    assert of_interest(said, expected) == expected


def test_the_corpus_is_whole_and_its_bytes_are_kept_by_git() -> None:
    assert {path.stem for path in CORPUS.glob("*.json")} == set(NAMES)
    assert len(NAMES) >= 150
    attributes = (Path(__file__).parents[3] / ".gitattributes").read_text("utf-8")
    assert "*.eml -text" in attributes.splitlines()
