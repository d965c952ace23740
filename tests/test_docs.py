"""What the documentation promises is there, and what is there stands in the documentation."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import jwt
import pytest
from starlette.routing import Mount, Route, WebSocketRoute

from app import i18n, web
from app.cli import COMMANDS, cli
from app.deliver.draining import ABREAST
from app.demo import shop
from app.inbox.escalations import DUE
from app.options import OPTIONS, Option
from app.web.manual import FOLDER, GUIDES
from channels import registry
from channels.webchat_identity import verify_jwt

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
HIDDEN = {"prepare"}  # `serve` calls it
OTHER_VARIABLES = {"MADOGUCHI_CONFIG"}  # names the file the settings stand in
TEST_VARIABLES = {  # each is read by the tests
    name
    for path in Path(__file__).parent.rglob("*.py")
    for name in re.findall(r"environ\.get\(\s*\"(MADOGUCHI_TEST_[A-Z_]+)", path.read_text(encoding="utf-8"))
}


def settings_table() -> str:
    """The settings as the README shows them."""
    rows = [_row(option) for option in OPTIONS]
    return "\n".join(["| name | environment | default | meaning |", "| --- | --- | --- | --- |", *rows])


def _row(option: Option) -> str:
    variables = ", ".join(f"`{variable}`" for variable in dict.fromkeys(option.variables))
    default = f"`{option.default}`" if option.default not in (None, "") else "–"
    if isinstance(option.default, bool):
        default = "yes" if option.default else "no"
    return f"| `{option.name}` | {variables} | {default} | {option.help} |"


def families() -> set[str]:
    """The first words of all addresses."""
    paths = [route.path for route in web.routes() if isinstance(route, Route | WebSocketRoute | Mount)]
    return {"/" + path.split("/")[1].split("{")[0] for path in paths}


def test_the_table_of_settings_is_current() -> None:
    written = README.split("<!-- settings -->\n")[1].split("\n<!-- /settings -->")[0]
    assert written == settings_table()


def test_every_variable_the_readme_names_is_read() -> None:
    known = (
        {variable for option in OPTIONS for variable in option.variables} | OTHER_VARIABLES | TEST_VARIABLES
    )
    assert set(re.findall(r"\bMADOGUCHI_[A-Z_]+", README)) <= known
    assert {"DATABASE_URL", "REDIS_URL"} <= known


def test_every_command_stands_in_the_readme_and_every_one_named_there_exists() -> None:
    named = set(re.findall(r"^\| `madoguchi (\w+)` \|", README, re.M))
    assert named == set(COMMANDS) - HIDDEN
    used = set(re.findall(r"`madoguchi ([a-z]+)\b", README))
    assert used <= set(COMMANDS)


@pytest.mark.parametrize("name", ["user", "channel"])
def test_the_parts_of_a_command_named_in_the_readme_exist(name: str) -> None:
    group = cli.get_command(click.Context(cli), name)
    assert isinstance(group, click.Group)
    row = next(line for line in README.splitlines() if line.startswith(f"| `madoguchi {name}` |"))
    parts = set(re.findall(r"`([a-z]+)`", row))
    assert parts
    assert parts <= set(group.commands)


def test_every_door_stands_in_the_readme_and_every_one_named_there_opens() -> None:
    sentence = README.split("The doors, by their first word")[1].split("\n\n")[0]
    assert set(re.findall(r"`(/[\w.]*)`", sentence)) == families()


def test_the_token_of_the_readme_is_a_proof_the_chat_accepts() -> None:
    (example,) = re.findall(r"```python\n(# pip install pyjwt\n.*?)```", README, re.S)
    user = SimpleNamespace(id="u-42", name="山田 太郎", email="taro@example.jp")
    names: dict[str, Any] = {"jwt": jwt, "time": time, "user": user, "KEY": "k1", "SECRET": "s" * 40}
    exec(example, names)
    person = verify_jwt(names["token"], "s" * 40, "k1", datetime.now(UTC))
    assert (person.address, person.name, person.email) == ("u-42", "山田 太郎", "taro@example.jp")


def test_every_kind_of_channel_stands_in_the_readme_and_has_its_help() -> None:
    written = README.split("The kinds there are:")[1].split("\n\n")[0]
    assert set(re.findall(r"\(`(\w+)`\)", written)) == set(registry.KINDS)
    for kind, connector in registry.kinds().items():
        if kind in registry.KINDS and (page := connector.help_page):
            guides = [FOLDER / locale / f"{page}.md" for locale in ("ja", "en")]
            assert (FOLDER / f"{page}.md").is_file() or all(one.is_file() for one in guides), kind


def test_every_target_of_make_named_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.M))
    assert set(re.findall(r"\bmake ([a-z]+)\b(?=`| ARGS|  )", README)) <= targets


def test_every_file_the_readme_links_to_or_shows_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_room_of_the_map_is_there() -> None:
    """Names on the map's left side, and files named in it, exist."""
    rooms = README.split("## How it is built")[1].split("```")[1]
    below = ""
    for line in rooms.splitlines():
        if found := re.match(r"([a-z]+/) ", line):
            below = found[1]
        for name in re.findall(r"\b[a-z_]+(?:\.py|/)(?=\s|$)", line):
            there = (ROOT / name).exists() or any((ROOT / below).rglob(name.rstrip("/")))
            assert there, (line, name)


def test_every_room_of_the_product_is_on_the_map() -> None:
    rooms = README.split("## How it is built")[1].split("```")[1]
    folders = [place.name for place in (ROOT / "app").iterdir() if (place / "__init__.py").exists()]
    assert [name for name in folders if f"{name}/" not in rooms] == []


def test_the_pictures_are_small() -> None:
    pictures = list((ROOT / "static" / "docs").glob("*.webp"))
    assert pictures
    assert sum(picture.stat().st_size for picture in pictures) < 1_500_000


def test_the_readme_lets_one_sign_in() -> None:
    assert shop.password() in README
    for person in shop.told("shop")["people"].values():
        name, _, domain = person["email"].partition("@")
        assert f"{name}@" in README
        assert f"@{domain}" in README


@pytest.mark.parametrize("language", i18n.LOCALES)
def test_every_guide_is_there_in_every_language_and_says_the_same(language: str) -> None:
    for name in GUIDES:
        own, english = ((FOLDER / tongue / f"{name}.md").read_text("utf-8") for tongue in (language, "en"))
        assert len(re.findall(r"^## ", own, re.M)) == len(re.findall(r"^## ", english, re.M)), name
        assert own.count("```") == english.count("```")


@pytest.mark.parametrize("language", i18n.LOCALES)
def test_the_guides_link_to_pages_that_are_there(language: str) -> None:
    pages = {*GUIDES, *(path.stem for path in FOLDER.glob("*.md"))}
    for name in GUIDES:
        text = (FOLDER / language / f"{name}.md").read_text("utf-8")
        assert set(re.findall(r"\]\(/manual/([\w-]+)\)", text)) <= pages


def test_the_guide_to_escalations_names_the_times_that_hold() -> None:
    text = (FOLDER / "en" / "escalations.md").read_text("utf-8")
    for kind, within in DUE.items():
        minutes = int(within.total_seconds() // 60)
        words = f"{minutes} minutes" if minutes < 60 else f"{minutes // 60} hours"
        row = next(line for line in text.splitlines() if line.startswith("|") and kind in line)
        assert words in row


@pytest.mark.parametrize("language", i18n.LOCALES)
def test_workers_are_reckoned_with_what_one_sends_side_by_side(language: str) -> None:
    text = (FOLDER / language / "running.md").read_text("utf-8")
    (row,) = [
        line for line in text.splitlines() if line.lower().startswith(("- **worker**", "- **workers.**"))
    ]
    assert f" {ABREAST} " in row
    assert f"÷ {ABREAST} = worker" in row
    assert f"**{ABREAST} sendings at a time" in README
