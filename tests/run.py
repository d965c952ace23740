"""The whole suite, as `make test` runs it: on both databases, with real processes and a real browser.

What is missing is said and fails; nothing is skipped for lack of a database or a browser.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

CHROMIUMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


@dataclass(frozen=True)
class Round:
    """One run of pytest: its title, the engine, which tests, in how many processes, and which it leaves out.

    `whole` files go to a process: what a file starts (an installation, a browser) is started once.
    """

    title: str
    engine: str
    marks: str
    processes: int
    whole: bool = False
    without: tuple[str, ...] = ()


# What asks nothing of a database is not run again on another one.
PURE = (
    *(
        "tests/bots",
        "tests/test_bot_eval.py",
        "tests/matching",
        "tests/channels",
        "tests/sandbox",
        "tests/bench/test_results.py",
        "tests/bench/test_driver.py",
        "tests/bench/test_patience.py",
        "tests/test_together.py",
    ),
    *(
        "tests/test_text.py",
        "tests/test_formats.py",
        "tests/test_i18n.py",
        "tests/test_docs.py",
        "tests/test_assets.py",
    ),
    *("tests/test_timetable.py", "tests/test_hours.py", "tests/test_render.py", "tests/test_rates.py"),
    *("tests/web/test_static.py", "tests/web/test_limits.py", "tests/test_deploy.py"),
)

# What reaches the same code on either, and takes long: whom a page shows something to, who is let in where, inputs by
# the thousand, forms of plain rows, the statements of every page, the whole stack in small.
ONCE = (
    *("tests/hostile", "tests/properties/test_outsider.py", "tests/web/test_statements.py"),
    *("tests/bench/test_whole_stack.py", "tests/webhooks/test_pages.py", "tests/attack/test_texts.py"),
    *("tests/attack/test_fuzz.py", "tests/attack/test_access.py", "tests/attack/test_secrets.py"),
    *(
        "tests/attack/test_uploads.py",
        "tests/attack/test_throttles.py",
        "tests/attack/test_visitors_doors.py",
    ),
    "tests/test_demo.py",
)

CORES = os.cpu_count() or 2
WHOLE = ("--dist", "loadfile", "--no-loadscope-reorder")
FAST = "not browser and not faults"
ROUNDS = (
    # One process more than cores: each waits for a disk, a Redis or a server some of the time.
    Round("Fast tests on SQLite", "sqlite", FAST, CORES + 1),
    Round("Fast tests on PostgreSQL", "postgresql", FAST, CORES + 1, without=(*PURE, *ONCE)),
    Round("Faults and browser on SQLite", "sqlite", "browser or faults", 2, whole=True),
    Round(
        "Faults on PostgreSQL",
        "postgresql",
        "faults and not browser",
        2,
        True,
        ("tests/bench", "tests/sandbox", "tests/test_supervise.py", "tests/attack/test_slow.py"),
    ),
)


def main(arguments: list[str]) -> int:
    """Run every round, even after one failed; 0 when all passed."""
    os.environ["MADOGUCHI_TEST_CHROMIUM"] = find_chromium() or install_chromium()
    bring_tools()
    counts: Counter[str] = Counter()
    failed = [made.title for made in ROUNDS if run(made, arguments, counts) != 0]
    for title in failed:
        print(f"Not passed: {title}")
    summary = [f"{counts['passed']} passed", f"{counts['failed'] + counts['error']} failed"]
    if counts["skipped"]:
        summary.append(f"{counts['skipped']} skipped")
    print(", ".join(summary))
    return 1 if failed else 0


def run(made: Round, arguments: list[str], counts: Counter[str]) -> int:
    """One round; its output is passed on as it comes and its closing line added to `counts`."""
    print(f"\n=== {made.title}", flush=True)
    began = time.monotonic()
    spread = ["-n", str(made.processes), *(WHOLE if made.whole else ("--dist", "load"))]
    left_out = [f"--ignore={path}" for path in made.without]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--durations=12",
        *spread,
        "-m",
        made.marks,
        *left_out,
        *arguments,
    ]
    environment = {**os.environ, "MADOGUCHI_TEST_DB": made.engine}
    # Hundreds of processes begin here: each would compile everything anew.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    last = ""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line if re.search(r"\d (passed|failed|error)", line) else last
    for number, word in re.findall(r"(\d+) (passed|failed|error|skipped)", last):
        counts[word] += int(number)
    print(f"=== {made.title}: {time.monotonic() - began:.0f} s", flush=True)
    return process.returncode


def find_chromium() -> str | None:
    """A Chromium of this machine: MADOGUCHI_TEST_CHROMIUM, or where they usually are."""
    if named := os.environ.get("MADOGUCHI_TEST_CHROMIUM"):
        if Path(named).is_file():
            return named
        sys.exit(f"MADOGUCHI_TEST_CHROMIUM names {named}, which is not there.")
    return next((found for name in CHROMIUMS if (found := shutil.which(name))), None)


def install_chromium() -> str:
    """On a Debian where we are root, install one with Japanese letters; else say what to do."""
    install("chromium", "fonts-noto-cjk")
    return find_chromium() or sys.exit(
        "The browser tests need Chromium or Chrome: install one (on Debian: apt install chromium "
        "fonts-noto-cjk), or name it in MADOGUCHI_TEST_CHROMIUM."
    )


def bring_tools() -> None:
    """What the documented examples are run with."""
    if missing := [tool for tool in ("curl", "openssl") if not shutil.which(tool)]:
        install(*missing)


def install(*packages: str) -> None:
    """Debian's packages, where there are any and we may; elsewhere nothing (what needs them says so)."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return
    print(f"Installing {', '.join(packages)} ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (("update",), ("install", "-y", "--no-install-recommends", *packages)):
        subprocess.run(["apt-get", "-qq", *step], env=environment, stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
