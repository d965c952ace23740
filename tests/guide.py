"""The connector of the help's guide, made of its own code blocks."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.web.manual import FOLDER
from channels import registry

PACKAGE = "madoguchi_fax"
NAMED = re.compile(r"^`([\w./-]+)`\n\n```\w+\n(.*?)```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```bash\n(.*?)```$", re.MULTILINE | re.DOTALL)


def page(locale: str = "en") -> str:
    return (FOLDER / locale / "writing-a-connector.md").read_text("utf-8")


def files(locale: str = "en") -> dict[str, str]:
    """Each file the guide shows, by its name."""
    return dict(NAMED.findall(page(locale)))


def commands(locale: str = "en") -> list[str]:
    """The lines to be typed."""
    return [line for block in COMMANDS.findall(page(locale)) for line in block.splitlines()]


def package(beside: Path) -> Path:
    """Its files as somebody writes them down; gives the wheel that its own `pyproject.toml` makes of them."""
    folder = beside / "madoguchi-fax"
    for name, text in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    build = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    made = subprocess.run(
        [sys.executable, "-c", build], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert made.returncode == 0, made.stderr
    return folder / made.stdout.splitlines()[-1]


@contextmanager
def on_the_path(place: Path, *modules: str) -> Iterator[None]:
    """What lies there can be imported, and its connectors are known; `modules` are forgotten afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(place)
        registry.reload()
        try:
            yield
        finally:
            patch.undo()
            for name in (PACKAGE, *modules):
                sys.modules.pop(name, None)
            registry.reload()
