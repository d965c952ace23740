"""Kinds of our own, and those other packages bring."""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from channels import registry
from channels.base import BadSignature, Inbound, Outbound, Person, Request, Sent
from channels.matrix import PATH, render
from tests.channels.cases import CONTEXT, HTTP

PAGE = Path(__file__).parents[2] / "app" / "help" / "writing-a-connector.md"
CODE, POINTS = re.findall(r"```\w+\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution with the connector of the help page, and four that cannot be used."""
    (tmp_path / "madoguchi_fax.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "madoguchi_broken.py").write_text("raise RuntimeError('no licence')")
    info = tmp_path / "madoguchi_fax-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: madoguchi-fax\nVersion: 1.0\n")
    ((group, points),) = tomllib.loads(POINTS)["project"]["entry-points"].items()
    broken = {"fax2": "madoguchi_fax:Fax", "broken": "madoguchi_broken:X", "missing": "madoguchi_fax:Nothing"}
    lines = [
        f"{name} = {value}" for name, value in (points | broken | {"none": "madoguchi_fax:setting"}).items()
    ]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]))
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
def test_the_connector_of_the_help_page_keeps_the_contract() -> None:
    made = registry.connector("fax")
    http = httpx2.Client(
        transport=httpx2.MockTransport(lambda call: httpx2.Response(200, json={"id": "f-1"}))
    )
    fax = made(made.Settings(token="t0ken"), http)
    body = b'{"id": "p-1", "from": "0312345678", "text": "hello", "at": 1795255200}'
    fax.verify(Request("POST", "", {"x-token": "t0ken"}, {}, body))
    with pytest.raises(BadSignature):
        fax.verify(Request("POST", "", {}, {}, body))
    (event,) = fax.parse(Request("POST", "", {}, {}, body))
    assert isinstance(event, Inbound)
    assert event.sender.address == "0312345678"
    assert fax.parse(Request("POST", "", {}, {}, b"\xff")) == []
    assert fax.send(Outbound("k", Person("03"), "hi")) == Sent(("f-1",))


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
