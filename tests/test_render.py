"""Templates: everything compiles, nothing a customer writes becomes markup, no page breaks its own policy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from app import render

ROOT = render.ROOT / "templates"
TEMPLATES = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.html"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_compiles(name: str) -> None:
    assert render.environment().get_template(name).name == name


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_has_a_style_or_script_of_its_own(name: str) -> None:
    text = (ROOT / name).read_text()
    if name == "inbox/frame.html":  # the inside of a mail's sandbox, which loads nothing, not even our styles
        text = re.sub("<style>.*?</style>", "", text, flags=re.DOTALL)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=[\"']|javascript:", text)
    scripts = [
        tag for tag in re.findall(r"<script[^>]*>", text) if 'type="application/ld+json"' not in tag
    ]  # data
    assert all("src=" in tag for tag in scripts)


@pytest.mark.parametrize("name", TEMPLATES)
def test_enter_in_a_form_that_is_sent_as_it_is_changed_loads_no_page(name: str) -> None:
    """The browser would send such a form itself, as a GET of the page, with what was typed in the address."""
    forms = re.findall(
        r"<form [^>]*hx-trigger=\"([^\"]*)\"[^>]*>(.*?)</form>", (ROOT / name).read_text(), re.DOTALL
    )
    typed = [
        trigger for trigger, inside in forms if re.search(r"<input (?![^>]*type=\"(?:hidden|radio))", inside)
    ]
    assert all("submit" in re.split(r"[ ,]+", trigger) for trigger in typed)


def test_every_icon_named_in_a_template_is_brought_in() -> None:
    names = set(Path(render.STATIC / "icons.txt").read_text().split())
    text = "\n".join((ROOT / name).read_text() for name in TEMPLATES)
    assert set(re.findall(r'icon\("([a-z0-9-]+)"', text)) <= names


def test_an_undefined_name_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render.environment().from_string("{{ nobody }}").render()


def test_links_become_links_and_nothing_else_becomes_markup() -> None:
    made = str(render.linkify('<b>見て</b> https://shop.example/a?b=1&c="x" と http://例え.jp。'))
    assert "&lt;b&gt;" in made
    assert 'href="https://shop.example/a?b=1&amp;c="' in made
    assert 'href="http://例え.jp"' in made
    assert "<b>" not in made


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("案内 (https://shop.example/x)です。", "https://shop.example/x"),
        ("https://wiki.example/Ise_(city).", "https://wiki.example/Ise_(city)"),
        ("(see https://wiki.example/Ise_(city))", "https://wiki.example/Ise_(city)"),
        ("https://shop.example/(cut", "https://shop.example/"),
    ],
)
def test_a_bracket_ends_an_address_unless_the_address_opened_it(text: str, address: str) -> None:
    assert f'href="{address}"' in str(render.linkify(text))


@pytest.mark.parametrize("text", ["javascript:alert(1)", "data:text/html,x", "https://", "ｈttps://x"])
def test_what_is_no_web_address_is_no_link(text: str) -> None:
    assert "<a" not in str(render.linkify(text))


def test_markup_stays_out_of_a_sentence_whose_values_are_markup() -> None:
    made = (
        render.environment()
        .from_string('{{ _("Assigned to %(name)s", name=name|e) }}')
        .render(name="<i>x</i>")
    )
    assert "<i>" not in made


def test_an_icon_cannot_name_a_file_elsewhere() -> None:
    assert "circle" in str(render.icon("../../../etc/passwd"))


def test_what_a_connector_told_is_said_in_the_readers_language_with_its_detail() -> None:
    sentence = "The other side asks us to send more slowly."
    with render.reading_as(render.Reader("ja", render.zone_of(None))):
        assert render.told(sentence) == render.told(f"{sentence} (429)").removesuffix(" (429)")
        assert render.told(sentence) != sentence
        assert render.told("Something nobody has translated (x)") == "Something nobody has translated (x)"
