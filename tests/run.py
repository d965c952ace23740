"""The whole suite, as `make test` runs it: lint and types, on both databases, with real processes and a real browser.

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
from concurrent.futures import ThreadPoolExecutor
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

    `whole` files go to a process: what a file starts (an installation, a browser) is started once. One that gives way
    has the processors while nobody else wants them.
    """

    title: str
    engine: str
    marks: str
    processes: int
    whole: bool = False
    without: tuple[str, ...] = ()
    gives_way: bool = False

    def command(self) -> list[str]:
        """What is run for it."""
        spread = ["-n", str(self.processes), *(WHOLE if self.whole else SINGLE)]
        left_out = [f"--ignore={path}" for path in self.without]
        pytest = [sys.executable, "-m", "pytest", "-q", "--durations=12"]
        politely = ["nice", "-n", "10"] if self.gives_way else []
        return [*politely, *pytest, *spread, "-m", self.marks, *left_out]


@dataclass(frozen=True)
class Look:
    """What runs no test: its title and its command."""

    title: str
    words: tuple[str, ...]
    engine: str = "sqlite"

    def command(self) -> list[str]:
        """What is run for it."""
        return list(self.words)


@dataclass(frozen=True)
class Ended:
    """What became of a round: its exit status, how many passed, failed, …, and the seconds processors worked for it."""

    title: str
    status: int
    counts: Counter[str]
    worked: float


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
    *("tests/test_timetable.py", "tests/test_hours.py", "tests/test_render.py"),
    *("tests/test_rates.py", "tests/test_guesses.py", "tests/test_help_finding.py"),
    *("tests/web/test_static.py", "tests/web/test_limits.py", "tests/test_deploy.py"),
    *("tests/calllog", "tests/tables", "tests/test_canonical.py", "tests/knowledge/test_sources.py"),
    *(
        "tests/test_grounds.py",
        "tests/test_rich.py",
        "tests/test_approved.py",
        "tests/test_lines.py",
        "tests/test_logs.py",
        "tests/test_config.py",
        "tests/test_supervising.py",
    ),
    *("tests/calls/test_known.py", "tests/bench/test_reports.py", "tests/webhooks/test_guide.py"),
)

# What reaches the same code on either, and takes long: whom a page shows something to, who is let in where, inputs by
# the thousand, forms of plain rows, the statements of every page, the whole stack in small, and the files of which each
# says hardly a statement to the database that no other file says.
ONCE = (
    *("tests/hostile", "tests/properties/test_outsider.py", "tests/web/test_statements.py"),
    *("tests/bench/test_whole_stack.py", "tests/webhooks/test_pages.py", "tests/attack/test_texts.py"),
    *("tests/attack/test_fuzz.py", "tests/attack/test_access.py", "tests/attack/test_secrets.py"),
    *(
        "tests/attack/test_uploads.py",
        "tests/attack/test_throttles.py",
        "tests/attack/test_visitors_doors.py",
    ),
    *("tests/attack/test_webhooks.py", "tests/webhooks/test_sending.py", "tests/bench/test_storm.py"),
    "tests/bench/test_fault_run.py",
    *(
        "tests/backup/test_contents.py",
        "tests/backup/test_refusals.py",
        "tests/touchpoints/test_importing.py",
    ),
    *("tests/knowledge/test_proposing.py", "tests/knowledge/test_words.py", "tests/calls/test_heard.py"),
    *(f"tests/api/test_{noun}.py" for noun in ("calls", "consents", "state")),
    *(f"tests/test_{kind}_channel.py" for kind in ("api", "sms", "tiktok", "wechat", "x")),
    *(
        f"tests/test_{subject}.py"
        for subject in (
            *("connect", "demo", "drafting", "files", "history", "mail_answers", "mail_elsewhere", "meaning"),
            *("meta_channels", "renewing", "reported", "suggestions", "visitors_identity"),
        )
    ),
    *(
        f"tests/web/test_{page}.py"
        for page in (
            *(
                "album",
                "approved",
                "attributes",
                "audit",
                "canned",
                "demo_shop",
                "faq",
                "general",
                "health",
                "manual",
            ),
            *("channels", "continuing", "correcting", "frames", "importing", "people"),
            *("labels", "mail", "mail_composer", "mail_guards", "mailbox", "measuring", "profile", "replies"),
            *("session", "state", "tokens", "widget"),
            *("busy", "consents", "counter", "escalations", "hooks", "inbox", "merging", "noting", "tasks"),
            *("touched", "widget_lines"),
        )
    ),
)

# Broken once, on SQLite: what speaks of processes and lines rather than of the database.
WITHOUT_FAULTS = (
    *("tests/bench", "tests/sandbox", "tests/test_supervise.py", "tests/attack/test_slow.py"),
    *("tests/faults/test_storm.py", "tests/faults/test_mailbox.py", "tests/faults/test_several_webs.py"),
    *("tests/faults/test_kills.py", "tests/faults/test_followers.py"),  # the short run does as much
)

CORES = os.cpu_count() or 2
OUTCOME = r"(\d+) (passed|failed|error|skipped)"
WHOLE = ("--dist", "loadfile", "--no-loadscope-reorder")
# A few at a time: no process has a heap of slow ones before it at the end.
SINGLE = ("--dist", "load", "--maxschedchunk", "8")
FAST = "not browser and not faults"
STYLE = Look("Style and import rules", ("make", "--no-print-directory", "style"))
TYPES = Look("Types", ("make", "--no-print-directory", "types"))
# Each process of the rounds would compile and rewrite every test for itself.
READ = Look("Reading the tests", (sys.executable, "-m", "pytest", "-qq", "--collect-only"))
# One after the other, the first while tools are installed. Within one, the lines run beside each other: what kills
# processes and looks at pages waits for much of its time, and the fast tests, which wait for nothing, take what it
# leaves of the processors.
STAGES: tuple[tuple[tuple[Round | Look, ...], ...], ...] = (
    ((READ,), (STYLE, TYPES)),
    (
        (
            # One process more than cores: each waits for a disk, a Redis or a server some of the time.
            Round("Fast tests on SQLite", "sqlite", FAST, CORES + 1, gives_way=True),
            Round(
                "Fast tests on PostgreSQL",
                "postgresql",
                FAST,
                CORES + 1,
                without=(*PURE, *ONCE),
                gives_way=True,
            ),
        ),
        (Round("Faults and browser on SQLite", "sqlite", "browser or faults", 2, whole=True),),
        (Round("Faults on PostgreSQL", "postgresql", "faults and not browser", 1, True, WITHOUT_FAULTS),),
    ),
)


def main(arguments: list[str]) -> int:
    """Run every round, even after one failed; 0 when all passed."""
    began = time.monotonic()
    with ThreadPoolExecutor(1) as beside:
        brought = beside.submit(bring_tools)
        ended = run_beside(STAGES[0], arguments)
        os.environ["MADOGUCHI_TEST_CHROMIUM"] = brought.result()
    ended += [one for stage in STAGES[1:] for one in run_beside(stage, arguments)]
    failed = [one for one in ended if one.status != 0]
    for one in failed:
        print(f"Not passed: {one.title}")
    counts = sum((one.counts for one in ended), Counter[str]())
    summary = [f"{counts['passed']} passed", f"{counts['failed'] + counts['error']} failed"]
    if counts["skipped"]:
        summary.append(f"{counts['skipped']} skipped")
    took = f"{time.monotonic() - began:.0f} s, {sum(one.worked for one in ended):.0f} s of processors"
    print(f"{', '.join(summary)} in {took}")
    return 1 if failed else 0


def run_beside(lines: tuple[tuple[Round | Look, ...], ...], arguments: list[str]) -> list[Ended]:
    """The rounds of each line one after the other, the lines beside each other.

    What the first line says comes as it says it; what the others say, at the end of each of their rounds.
    """

    def one_after_the_other(line: tuple[Round | Look, ...]) -> list[Ended]:
        return [run(made, arguments, at_once=line is lines[0]) for made in line]

    with ThreadPoolExecutor(len(lines)) as pool:
        return [one for ended in pool.map(one_after_the_other, lines) for one in ended]


def run(made: Round | Look, arguments: list[str], *, at_once: bool) -> Ended:
    """One round; its output is passed on, of a look only what it complains of."""
    print(f"\n=== {made.title}", flush=True)
    began = time.monotonic()
    tests = isinstance(made, Round)
    environment = {**os.environ, "MADOGUCHI_TEST_DB": made.engine}
    # Hundreds of processes begin here: each would compile everything anew.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    last, kept = "", []
    command = [*made.command(), *(arguments if tests else ())]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if at_once and tests:
                print(line, end="", flush=True)
            else:
                kept.append(line)
            last = line if re.search(r"\d (passed|failed|error)", line) else last
        # Of it and of all it waited for; what was killed with its parent is not in it.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    worked = used.ru_utime + used.ru_stime
    said = "".join(kept) if tests or process.returncode else ""
    took = f"{time.monotonic() - began:.0f} s, {worked:.0f} s of processors"
    print(f"{said}=== {made.title}: {took}", flush=True)
    told = {word: int(number) for number, word in re.findall(OUTCOME, last)} if tests else {}
    return Ended(made.title, process.returncode, Counter(told), worked)


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


def bring_tools() -> str:
    """A Chromium, which is given, and what the documented examples are run with."""
    chromium = find_chromium() or install_chromium()
    if missing := [tool for tool in ("curl", "openssl") if not shutil.which(tool)]:
        install(*missing)
    return chromium


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
