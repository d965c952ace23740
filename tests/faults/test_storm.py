"""The storm keeps every promise in a short run: five platforms, both ways, web and workers killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import engines
from tests.serving import clean_environment

pytestmark = pytest.mark.faults

SEED = "20261122"
SIZE = ("--inbound", "300", "--outbound", "100", "--kills", "3")


def test_a_short_storm_keeps_every_promise(empty_database_url: str, tmp_path: Path) -> None:
    server = ["--database-url", empty_database_url] if engines.WHICH == "postgresql" else []
    file = tmp_path / "storm.json"
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "app.cli",
            "bench",
            "storm",
            "--seed",
            SEED,
            *SIZE,
            *server,
            "--json",
            str(file),
        ],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"seed {SEED}" in ran.stdout
    found = {one["what"]: one for one in json.loads(file.read_text())["results"]}
    promises = [one for one in found.values() if one["unit"] == "broken"]
    assert len(promises) >= 13
    assert all(one["budgets"][0]["met"] for one in promises)
    assert found["in, lost: everything written is there"]["settings"]["checked"] == 300
    assert found["out, doubled: each answer once at its platform"]["settings"]["checked"] == 100
