"""Kinds of our own, and those other packages bring."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels import registry
from channels.matrix import PATH, render
from tests.channels.cases import CONTEXT, HTTP

FAX = """
from dataclasses import dataclass
from channels.base import Connector, Features, Sent, setting

@dataclass(frozen=True)
class Settings:
    number: str = setting("Number", required=True)

class Fax(Connector[Settings]):
    kind = "fax"
    label = "Fax"
    features = Features(icon="printer", max_length=2000)
    Settings = Settings
    def verify(self, request): ...
    def parse(self, request): return []
    def send(self, outbound): return Sent(("f-1",))
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution with one good connector and four that cannot be used."""
    (tmp_path / "madoguchi_fax.py").write_text(FAX)
    (tmp_path / "madoguchi_broken.py").write_text("raise RuntimeError('no licence')")
    info = tmp_path / "madoguchi_fax-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: madoguchi-fax\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[madoguchi.channels]\nfax = madoguchi_fax:Fax\nfax2 = madoguchi_fax:Fax\n"
        "broken = madoguchi_broken:X\nmissing = madoguchi_fax:Nothing\nnone = madoguchi_fax:setting\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry.reload()
    yield
    monkeypatch.undo()
    for name in ("madoguchi_fax", "madoguchi_broken"):
        sys.modules.pop(name, None)
    registry.reload()


@pytest.mark.usefixtures("installed")
def test_an_installed_package_adds_a_kind() -> None:
    assert list(registry.kinds()) == [*registry.KINDS, "fax"]
    assert registry.build("fax", {"number": "03"}, HTTP, CONTEXT).settings.number == "03"


@pytest.mark.usefixtures("installed")
def test_a_broken_package_is_reported_and_costs_nobody_else_anything() -> None:
    assert registry.problems() == {
        "fax2": "ValueError: the kind 'fax' is taken",
        "broken": "RuntimeError: no licence",
        "missing": "AttributeError: module 'madoguchi_fax' has no attribute 'Nothing'",
        "none": "TypeError: madoguchi_fax:setting is not a Connector class",
    }


def test_a_kind_that_is_not_installed_is_a_clear_error() -> None:
    with pytest.raises(registry.UnknownKind):
        registry.build("fax", {}, HTTP, CONTEXT)


def test_the_feature_matrix_is_current() -> None:
    assert PATH.read_text(encoding="utf-8") == render(), "run: python -m channels.matrix"
