"""The command line, run in this process on the database under test."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

import app.db
from app import config, logs, passwords, search
from app.cli import COMMANDS, cli, first, processes
from app.cli.check import find_faults
from app.cli.processes import SUPERVISED
from app.config import settings
from app.db import reading, transaction
from app.models import Agent, Channel
from app.options import where
from tests import factories

FAKED = "xsn7-yr2f-zxw7-c9uy"


def run(*arguments: str, stdin: str | None = None) -> Result:
    """One command; what it printed and its exit code."""
    if "--data-dir" in arguments:
        app.db.configure(None)  # another database than the process has used so far
    return CliRunner().invoke(cli, arguments, input=stdin, prog_name="madoguchi")


def agent(email: str) -> Agent | None:
    with reading() as db:
        return db.scalar(select(Agent).where(Agent.email == email))


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "prepare"])
def test_every_command_explains_itself(name: str) -> None:
    helped = run(name, "--help")
    assert helped.exit_code == 0
    assert "Usage: madoguchi" in helped.output
    assert name in run("--help").output


def test_every_subcommand_and_option_has_a_sentence() -> None:
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        commands = [command, *(command.commands.values() if isinstance(command, click.Group) else ())]
        for each in commands:
            assert each.help, f"{name} {each.name}"
            options = [option for option in each.params if isinstance(option, click.Option)]
            assert all(option.help for option in options), f"{name} {each.name}"


def test_an_unknown_command_is_refused() -> None:
    refused = run("explode")
    assert refused.exit_code == 2
    assert "No such command 'explode'" in refused.output


@pytest.mark.usefixtures("committed")
def test_a_person_is_added_with_a_password_told_once() -> None:
    added = run("user", "add", "Kei@shop.example", "--name", "佐藤 恵", "--role", "supervisor")
    assert added.exit_code == 0, added.output
    password = added.output.split("Password: ")[1].split()[0]
    found = agent("kei@shop.example")
    assert found is not None
    assert (found.name, found.role) == ("佐藤 恵", "supervisor")
    assert passwords.verify(found.password_hash, password)
    listed = run("user", "list").output
    assert "kei@shop.example" in listed
    assert password not in listed


@pytest.mark.usefixtures("committed")
def test_a_person_is_changed_and_kept_out() -> None:
    for email, role in (("aoi@shop.example", "admin"), ("kei@shop.example", "agent")):
        assert run("user", "add", email, "--role", role, "--password", FAKED).exit_code == 0
    assert "is supervisor now" in run("user", "role", "KEI@shop.example", "supervisor").output
    assert run("user", "password", "kei@shop.example", "--password", "another long phrase").exit_code == 0
    assert run("user", "deactivate", "kei@shop.example").exit_code == 0
    found = agent("kei@shop.example")
    assert found is not None
    assert (found.role, found.active) == ("supervisor", False)
    assert passwords.verify(found.password_hash, "another long phrase")


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("user", "add", "not an address"), "This is not an email address."),
        (("user", "add", "kei@shop.example", "--password", "short"), "Error: "),
        (("user", "deactivate", "nobody@shop.example"), "Nobody signs in as nobody@shop.example"),
        (("channel", "add", "telex", "Telex"), "“telex” is no kind of channel"),
        (("channel", "add", "webchat", "Shop", "--set", "colour=red"), "“colour” is no setting of webchat"),
        (("channel", "add", "webchat", "Shop", "--set", "allowed_origins=shop"), "allowed_origins: "),
        (("channel", "show", "99"), "There is no channel “99”"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    refused = run(*arguments)
    assert refused.exit_code == 1
    assert sentence in refused.output
    assert "Traceback" not in refused.output
    assert len(refused.output.strip().splitlines()) == 1


@pytest.mark.usefixtures("committed")
def test_a_channel_is_added_shown_tested_and_switched_off_without_its_secret_being_told() -> None:
    secret = "a-secret-of-forty-characters-0123456789ab"
    settings = ("--set", "secret=-", "--set", "callback_url=https://shop.example/in")
    added = run("channel", "add", "api", "Shop system", *settings, "--key", "shop", stdin=secret + "\n")
    assert added.exit_code == 0, added.output
    assert "/hooks/shop" in added.output
    shown = run("channel", "show", "shop").output + run("channel", "list").output
    assert "https://shop.example/in" in shown
    assert secret not in shown
    assert run("channel", "disable", "shop").exit_code == 0
    with reading() as db:
        channel = db.scalars(select(Channel)).one()
    assert not channel.enabled
    assert secret.encode() not in channel.secrets
    assert run("channel", "enable", "shop").exit_code == 0


@pytest.mark.usefixtures("committed")
def test_names_in_brackets_and_long_addresses_are_printed_whole() -> None:
    with transaction() as db:
        factories.agent(db, "Kei [support] [/b]", email="kei@example.jp")
        long = factories.channel(db, name="LINE [shop]", key="k" * 64, settings={"origin": "o" * 150})
    assert "[support] [/b]" in "".join(run("user", "list").output.split("\n"))
    shown = run("channel", "show", str(long.id)).output
    assert "[shop]" in shown
    assert "…" not in shown


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("key", ["a/b c", "", "k" * 65, "taken"])
def test_a_key_that_can_be_no_address_or_is_taken_is_refused(key: str) -> None:
    with transaction() as db:
        factories.channel(db, key="taken")
    refused = run("channel", "add", "webchat", "Shop", "--key", key)
    assert refused.exit_code == 1
    assert "key" in refused.output
    assert "Traceback" not in refused.output


def test_the_kinds_of_channel_and_their_settings_are_listed() -> None:
    assert "webchat" in run("channel", "kinds").output
    assert "callback_url" in run("channel", "kinds", "api").output


def test_check_tells_each_setting_with_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADOGUCHI_PORT", "9000")
    monkeypatch.setenv("MADOGUCHI_ADMIN_PASSWORD", "correct horse battery")
    monkeypatch.setenv("MADOGUCHI_PROT", "1")
    checked = run("--data-dir", str(tmp_path / "new"), "check")
    assert checked.exit_code == 0, checked.output
    assert "environment MADOGUCHI_PORT" in checked.output
    assert "correct horse" not in checked.output
    assert "MADOGUCHI_PROT is no setting; did you mean MADOGUCHI_PORT?" in checked.output
    assert not (tmp_path / "new").exists()  # it looked, and made nothing


@pytest.mark.usefixtures("committed")
def test_check_says_that_the_secret_key_is_another_than_the_stored_secrets_were_written_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with transaction() as db:
        factories.channel(db, "line", secrets={"token": "of the channel"})
    monkeypatch.setattr("app.cli.check._redis", lambda current: None)
    assert list(find_faults(settings())) == []
    monkeypatch.setattr(config, "_current", replace(settings(), secret="the key of another machine, 0123"))
    (fault,) = find_faults(settings())
    assert fault.startswith("The secret key here is another")


@pytest.mark.usefixtures("committed")
def test_who_starts_with_another_secret_key_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with transaction() as db:
        factories.agent(db)
        factories.channel(db, "line", secrets={"token": "of the channel"})
    monkeypatch.setattr(processes, "_need_redis", lambda current: None)
    monkeypatch.setattr(logs, "set_up", lambda *_, **__: None)
    read, write = os.pipe()
    monkeypatch.setattr(config, "_current", replace(settings(), secret="the key of another machine, 0123"))
    processes.prepare(redis=True)
    assert processes.OTHER_KEY in caplog.text
    assert CliRunner().invoke(first.prepare, ["--report", str(write)]).exit_code == 0
    with os.fdopen(read) as told:
        assert processes.OTHER_KEY in told.read()


@pytest.mark.usefixtures("committed")
def test_who_is_added_first_has_language_and_zone_of_the_installation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = replace(settings(), locale="en", timezone="Europe/Berlin")
    monkeypatch.setattr(config, "_current", here)
    first.make_admin(here)
    assert run("user", "add", "kei@shop.example").exit_code == 0
    for email in (first.DEFAULT_ADMIN, "kei@shop.example"):
        found = agent(email)
        assert found is not None
        assert (found.locale, found.timezone) == ("en", "Europe/Berlin")


def test_check_tells_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "madoguchi.db").write_bytes(b"not a database, " * 100)
    broken = run("--data-dir", str(tmp_path / "file"), "check")
    assert broken.exit_code == 1
    assert "cannot be written" in broken.output
    broken = run("--data-dir", str(tmp_path), "check")
    assert broken.exit_code == 1
    assert "The database cannot be opened" in broken.output


def test_a_worker_without_redis_or_migrations_says_what_to_do(tmp_path: Path) -> None:
    assert "`madoguchi migrate` makes a new one" in run("--data-dir", str(tmp_path), "worker").output
    assert "was brought to this version" in run("--data-dir", str(tmp_path), "migrate").output
    assert "is up to date" in run("--data-dir", str(tmp_path), "migrate").output
    alone = run("--data-dir", str(tmp_path), "worker")
    assert alone.exit_code == 1
    assert "No Redis is running" in alone.output


def test_a_backup_of_a_folder_with_nothing_in_it_asks_whether_it_is_the_right_one(tmp_path: Path) -> None:
    """A nightly line without the settings of the processes would make an empty database, and back that up."""
    refused = run("--data-dir", str(tmp_path / "new"), "backup", str(tmp_path))
    assert refused.exit_code == 1
    assert "There is nothing of Madoguchi in sqlite:///" in refused.output
    assert "DATABASE_URL" in refused.output
    assert list(tmp_path.iterdir()) == []


def test_a_backup_into_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    """Not a file of that name, beside which the next night finds no place."""
    assert run("--data-dir", str(tmp_path), "migrate").exit_code == 0
    refused = run("--data-dir", str(tmp_path), "backup", f"{tmp_path}/nightly/")
    assert refused.exit_code == 1
    assert f"There is no folder {tmp_path}/nightly" in refused.output
    assert not (tmp_path / "nightly").exists()
    made = run("--data-dir", str(tmp_path), "backup", f"{tmp_path}/nightly")
    assert made.exit_code == 0, made.output
    assert (tmp_path / "nightly").is_file()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://desk:pa%40ss@db:5432/desk", "postgresql+psycopg://desk:***@db:5432/desk"),
        ("redis://:secret@cache/0", "redis://:***@cache/0"),
        ("sqlite:////srv/desk.db", "sqlite:////srv/desk.db"),
    ],
)
def test_addresses_are_shown_without_their_password(url: str, shown: str) -> None:
    assert where(url) == shown


def test_the_variable_of_the_supervisor_is_no_unknown_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.cli.check import find_hints

    monkeypatch.setenv(SUPERVISED, "1")
    monkeypatch.delenv("MADOGUCHI_TEST_CHROMIUM", raising=False)  # the tests' own, where there is one
    assert list(find_hints(config.settings())) == []


@pytest.mark.usefixtures("committed")
def test_a_search_index_that_lost_something_is_named_and_built_anew() -> None:
    with transaction() as db:
        search.remove(db, factories.customer_says(db, factories.channel(db), "返品したいです"))
    broken = run("verify")
    assert broken.exit_code == 1
    assert "Something does not add up" in broken.output
    mended = run("verify", "--reindex")
    assert mended.exit_code == 0, mended.output
    assert "search index: 1/2" in mended.output or "search index: 2/2" in mended.output


def test_a_benchmark_fills_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    seeded = run(
        "--data-dir", str(tmp_path / "new"), "bench", "seed", "--conversations", "2", "--messages", "4"
    )
    assert seeded.exit_code == 0, seeded.output
    assert (tmp_path / "new" / "madoguchi.db").stat().st_size > 0


def test_a_process_that_answers_nobody_carries_no_arithmetic_and_nothing_that_migrates() -> None:
    told = "import app.main, app.clock, app.jobs, app.webhooks, sys; print({'numpy', 'alembic'} & {*sys.modules})"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
