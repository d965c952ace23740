"""`madoguchi serve` with real processes: started, killed, restarted, stopped; and what it refuses to start on."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests import engines
from tests.serving import Served, clean_environment, serving, until

pytestmark = pytest.mark.faults

NAMES = ("redis", "web", "worker")


def ready(served: Served) -> bool:
    """Every part is there and well."""
    try:
        return bool(served.get("/readyz").json()["state"] == "ok")
    except (OSError, ValueError):
        return False


def replaced(served: Served, name: str, before: int) -> bool:
    """A program runs again, as another process."""
    return served.pid_of(name) not in (None, before)


@pytest.fixture(scope="module")
def seeded(empty_database_url: str) -> dict[str, str]:
    """The environment of an installation of the engine under test."""
    return {} if engines.WHICH == "sqlite" else {"DATABASE_URL": empty_database_url}


def test_the_first_start_tells_where_to_go_and_how_to_sign_in_and_the_second_does_not(
    tmp_path: Path, seeded: dict[str, str]
) -> None:
    with serving(tmp_path, "--no-demo", **seeded) as served:
        assert f"{served.base}/demo" in served.output
        assert "admin@madoguchi.example" in served.output or seeded  # a shared database has people already
        until(lambda: ready(served), "every part is ready")
        assert served.stop() == 0
    with serving(tmp_path, "--no-demo", **seeded) as served:
        assert "Password" not in served.output
        assert served.stop(signal.SIGTERM) == 0


def test_ctrl_c_leaves_no_process_and_no_open_port(tmp_path: Path) -> None:
    with serving(tmp_path, "--no-demo") as served:
        until(lambda: ready(served), "every part is ready")
        children = served.children()
        assert len(children) == len(NAMES)
        assert served.stop() == 0
        assert psutil.wait_procs(children, 5)[1] == []
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", served.port)) != 0


def test_a_killed_child_is_restarted_whichever_it_is(tmp_path: Path) -> None:
    with serving(tmp_path, "--no-demo") as served:
        until(lambda: ready(served), "every part is ready")
        for name in NAMES:
            before = served.child(name).pid
            served.kill(name)
            until(partial(replaced, served, name, before), f"a new {name}")
            until(lambda: ready(served), f"every part is ready after {name} was killed", 30)
        assert served.output.count("was stopped by SIGKILL; starting it again") == len(NAMES)


def test_a_request_during_the_restart_of_the_only_web_process_waits_instead_of_failing(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, "--no-demo") as served:
        served.kill("web")
        assert served.get("/healthz").status_code == 200


def test_when_the_supervisor_itself_is_killed_the_children_end_too(tmp_path: Path) -> None:
    with serving(tmp_path, "--no-demo") as served:
        until(lambda: ready(served), "every part is ready")
        children = served.children()
        served.process.kill()
        assert psutil.wait_procs(children, 15)[1] == []
    with serving(tmp_path, "--no-demo") as served:
        assert served.get("/healthz").status_code == 200


def test_two_web_processes_share_the_port(tmp_path: Path) -> None:
    with serving(tmp_path, "--no-demo", "--workers", "2") as served:
        pids: set[int] = set()

        def both_answered() -> bool:
            pids.add(served.get("/healthz").json()["pid"])
            return len(pids) == 2

        until(both_answered, "both web processes answer")


def test_the_first_admin_may_be_named_by_the_environment(tmp_path: Path) -> None:
    given = {"MADOGUCHI_ADMIN_EMAIL": "kei@shop.example", "MADOGUCHI_ADMIN_PASSWORD": "a long enough phrase"}
    with serving(tmp_path, "--no-demo", **given) as served:
        assert "kei@shop.example" in served.output
        assert "a long enough phrase" not in served.output


def refusal(data_dir: Path, *arguments: str, **environment: str) -> str:
    """What `serve` says when it will not start; it must be one line and the exit code not 0."""
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "serve", "--no-demo", "--data-dir", str(data_dir), *arguments],
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"Port {port} on 127.0.0.1 is in use by another program" in refusal(
            tmp_path, "--port", str(port)
        )
    assert not (tmp_path / "madoguchi.db").exists()


def test_a_data_directory_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "cannot be written" in refusal(tmp_path / "file")
    assert "cannot be written" in refusal(tmp_path / "file" / "below")


def test_a_data_directory_of_somebody_else_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    closed = tmp_path if os.geteuid() else Path("/sys/madoguchi")  # root may write everywhere but in there
    assert "this user has no permission" in refusal(closed)


def test_a_database_of_a_newer_version_is_one_sentence(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "madoguchi.db") as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES ('from-the-future')")
    database.close()
    assert "was made by a newer version of Madoguchi" in refusal(tmp_path)


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "madoguchi.db").write_bytes(b"not a database, " * 100)
    assert "The database cannot be opened" in refusal(tmp_path)


def test_a_second_serve_on_the_same_data_directory_is_one_sentence(tmp_path: Path) -> None:
    with serving(tmp_path, "--no-demo") as served:
        said = refusal(tmp_path, "--port", str(served.port + 1))
        assert f"already runs with the data directory {tmp_path} (process {served.process.pid})" in said


def test_a_wrong_setting_is_one_sentence(tmp_path: Path) -> None:
    assert "MADOGUCHI_TIMEZONE must be a time zone" in refusal(tmp_path, MADOGUCHI_TIMEZONE="Tokyo")
