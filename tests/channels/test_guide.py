"""The guide "Writing a connector", walked as it is written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import guide
from tests.channels.cases import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return guide.package(tmp_path_factory.mktemp("beside"))


def typed(line: str, wheel: Path) -> str:
    """What a line of the guide prints, typed in our folder with the package beside it and installed."""
    here = line.replace(".venv/bin", str(Path(sys.executable).parent)).replace(
        "../madoguchi-fax", str(wheel.parent)
    )
    path = os.pathsep.join((str(wheel), str(ROOT)))
    told = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", here],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert told.returncode == 0, told.stdout
    return told.stdout


def test_both_languages_show_the_same_files_and_commands() -> None:
    assert guide.files("ja") == guide.files("en")
    assert guide.commands("ja") == guide.commands("en")
    assert set(guide.files()) == {
        *("madoguchi_fax.py", "pyproject.toml", "tests/fax/page.json", "tests/cases.py", "tests/test_fax.py")
    }


def test_its_commands_say_what_they_promise(wheel: Path) -> None:
    install, kinds, parse, *_ = guide.commands()
    assert install == ".venv/bin/pip install --editable ../madoguchi-fax"
    assert "Our fax number" in typed(kinds, wheel)
    assert '"text": "hello"' in typed(parse, wheel)


def test_its_connector_keeps_the_contract(wheel: Path) -> None:
    """The very contract test of our own kinds, and the test of its own."""
    *_, export, pytest_line = guide.commands()
    told = typed(f"{export}\n{pytest_line} -q -p no:cacheprovider", wheel)
    assert "failed" not in told
    assert int(told.split(" passed")[0].split()[-1]) > 25
