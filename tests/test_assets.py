"""What is brought in from outside: pinned, hashed, and from no particular place."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from app import assets

ROOT = assets.ROOT
ADDRESS = re.compile(r"https?://|git\+|file:", re.IGNORECASE)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_python_packages_are_pinned_with_hashes_and_without_a_registry(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not ADDRESS.search(text)
    packages = re.split(r"\n(?=\S)", text.strip())
    assert len(packages) > 30
    for package in packages:
        assert re.match(r"[a-z0-9._-]+==\S+", package), package.splitlines()[0]
        assert "--hash=sha256:" in package, package.splitlines()[0]


def test_the_test_lock_holds_the_product_lock() -> None:
    """So that installing what tests need never changes what the product runs on."""

    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9._-]+==\S+", (ROOT / name).read_text(), re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def test_browser_packages_are_pinned_with_hashes_and_without_a_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name: about for name, about in lock["packages"].items() if name}
    assert all(about["integrity"].startswith("sha512-") for about in packages.values())
    assert not any("resolved" in about for about in packages.values())
    assert packages["node_modules/htmx.org"]["version"].startswith("2.")
    wanted = json.loads((ROOT / "package.json").read_text())
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert packages[f"node_modules/{name}"]["version"] == version


def test_what_is_served_is_there_and_building_again_does_nothing() -> None:
    vendor = ROOT / "static" / "vendor"
    assets.build(ROOT)
    assert assets.build(ROOT) is False
    for name in assets.FILES.values():
        assert (vendor / name).stat().st_size > 0
    for name in assets.icon_names(ROOT):
        assert "<svg" in (vendor / "icons" / f"{name}.svg").read_text()


def test_an_icon_that_does_not_exist_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "icons.txt").write_text("inbox  # the list\n\nno-such-icon\n")
    shutil.copy(ROOT / "package-lock.json", tmp_path)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    monkeypatch.setattr(assets, "_npm_ci", lambda root: None)
    with pytest.raises(assets.AssetError, match="names “no-such-icon”"):
        assets.build(tmp_path)
    assert list((tmp_path / "static").iterdir()) == [tmp_path / "static" / "icons.txt"]


def test_every_icon_that_a_connector_or_a_page_names_is_brought_in() -> None:
    from channels import registry

    names = {connector.features.icon for connector in registry.kinds().values()}
    for page in (ROOT / "templates").rglob("*.html"):
        names |= set(re.findall(r"""\bicon\(\s*["']([a-z0-9-]+)["']""", page.read_text()))
    assert names <= set(assets.icon_names(ROOT))


def test_nothing_asks_a_third_party() -> None:
    """Pages, styles and scripts load from our own address only."""
    loads = re.compile(
        r"""(?:src|href|action)=["']https?://|url\(["']?https?:|@import\s+["']https?:|from ["']https?:"""
    )
    comments = re.compile(r"/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for folder in ("templates", "static/css", "static/js", "static/widget")
        for path in (ROOT / folder).rglob("*.*")
        if path.suffix in {".html", ".css", ".js"}
        for match in loads.finditer(comments.sub("", path.read_text()))
    ]
    assert found == []
