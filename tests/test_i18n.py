"""Words: both languages are complete, and what is filled in is the same in both."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from app import i18n

ROOT = Path(i18n.__file__).parent.parent
KEYWORDS = {
    "_": None,
    "n_": (1, 2),
    "gettext": (2,),
    "ngettext": (2, 3),
    "words": (2,),
    "Refused": (1,),
    "Unreadable": (1,),
}
PLACE = re.compile(r"%\((\w+)\)s")


def used() -> dict[str, str]:
    """Message id → a file it is said in, of everything in templates/ and app/ that is written out."""
    found: dict[str, str] = {}
    for pattern, method in (("templates/**/*.html", "jinja2"), ("app/**/*.py", "python")):
        for path in sorted(ROOT.glob(pattern)):
            for _, message, _, _ in extract_from_file(method, str(path), keywords=KEYWORDS):
                said = message if isinstance(message, str) else message[0]
                if said:
                    found.setdefault(said, str(path.relative_to(ROOT)))
    return found


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_every_sentence_stands_in_the_catalogue(locale: str) -> None:
    known = i18n.catalogue(locale)
    missing = [f"{path}: {said}" for said, path in used().items() if not (known.get(said) or ("",))[0]]
    assert not missing, f"{len(missing)} not in {locale}:\n" + "\n".join(missing)


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_a_translation_fills_in_nothing_the_sentence_does_not_have(locale: str) -> None:
    wrong = [
        said
        for said, forms in i18n.catalogue(locale).items()
        for form in forms
        if not set(PLACE.findall(form)) <= set(PLACE.findall(said)) | {"n"}
    ]
    assert not wrong


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_a_sentence_has_one_translation_whichever_file_it_stands_in(locale: str) -> None:
    first: dict[object, tuple[object, str]] = {}
    differing = []
    for path in sorted((ROOT / "app" / "locale" / locale).glob("*.po")):
        for message in read_po(io.BytesIO(path.read_bytes()), locale=locale):
            said, where = first.setdefault(message.id, (message.string, path.name))
            if message.id and said != message.string:
                differing.append(f"{message.id}: {where} and {path.name}")
    assert first
    assert not differing


def test_english_is_the_sentence_itself() -> None:
    assert i18n.gettext("en", "Visitor %(n)s", n=3) == "Visitor 3"
    assert i18n.gettext("ja", "Visitor %(n)s", n=3) == "訪問者 3"


def test_a_sentence_nobody_translated_is_said_in_english() -> None:
    assert i18n.gettext("ja", "Nobody wrote this, 100 %") == "Nobody wrote this, 100 %"


def test_a_language_is_found_by_its_beginning_and_else_the_usual_one_is_spoken() -> None:
    assert [i18n.known(tag) for tag in ("ja-JP", "en_GB", "fr", "", None)] == ["ja", "en", "ja", "ja", "ja"]


def test_numbers_choose_the_form() -> None:
    said = [i18n.ngettext("en", "%(n)s file", "%(n)s files", n) for n in (1, 2)]
    assert said == ["1 file", "2 files"]


@pytest.mark.parametrize(
    ("scripts", "pages"),
    [
        ("static/js", ["_partials/overlays.html"]),
        ("static/sandbox", ["sandbox/home.html", "sandbox/phone.html"]),
    ],
)
def test_every_word_that_a_script_says_stands_in_the_page(scripts: str, pages: list[str]) -> None:
    code = "".join(path.read_text() for path in (ROOT / scripts).glob("*.js"))
    said = {
        name
        for call in re.findall(r"\b(?:say|press)\(([^()]*)\)", code)
        for name in re.findall(r'(?<!=== )"(\w+)"', call)
    }
    there = re.findall(
        r"data-say-([a-z-]+)=", "".join((ROOT / "templates" / page).read_text() for page in pages)
    )
    assert len(said) > 8
    assert said <= {re.sub(r"-(.)", lambda found: found[1].upper(), name) for name in there}
