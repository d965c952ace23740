"""Kinds of our own, and those other packages bring."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels import registry
from channels.matrix import PATH, render
from tests import guide
from tests.channels.cases import CONTEXT, HTTP

GUIDE = guide.files()


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[None]:
    """A distribution with the connector of the guide, and four that cannot be used."""
    (tmp_path / "madoguchi_fax.py").write_text(GUIDE["madoguchi_fax.py"], encoding="utf-8")
    (tmp_path / "madoguchi_broken.py").write_text("raise RuntimeError('no licence')")
    info = tmp_path / "madoguchi_fax-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: madoguchi-fax\nVersion: 1.0\n")
    ((group, points),) = tomllib.loads(GUIDE["pyproject.toml"])["project"]["entry-points"].items()
    broken = {"fax2": "madoguchi_fax:Fax", "broken": "madoguchi_broken:X", "missing": "madoguchi_fax:Nothing"}
    lines = [
        f"{name} = {value}" for name, value in (points | broken | {"none": "madoguchi_fax:setting"}).items()
    ]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]))
    with guide.on_the_path(tmp_path, "madoguchi_broken"):
        yield


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
