"""The files to run it with name only what there is: commands, options, settings, doors and files."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from app import i18n, web
from app.cli import COMMANDS, cli
from app.config import load
from app.options import OPTIONS
from app.web.manual import FOLDER
from channels import registry

ROOT = Path(__file__).parent.parent
DEPLOY = FOLDER / "deploy"
UNITS = sorted(path for path in DEPLOY.iterdir() if path.suffix in (".service", ".timer", ".target"))
VARIABLES = {variable for option in OPTIONS for variable in option.variables}
PLACEHOLDERS = {"%i": "8001"}


def unit(path: Path) -> configparser.RawConfigParser:
    """A unit's sections (systemd.syntax(7)); a key twice would be an error here, and none needs that."""
    parsed = configparser.RawConfigParser(delimiters="=", comment_prefixes="#")
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(path.read_text("utf-8"))
    return parsed


def told_commands(text: str) -> Iterator[list[str]]:
    """Every `madoguchi …` of a text, as words without what follows it."""
    for line in text.splitlines():
        for found in re.findall(
            r"(?:^|[\s`/])madoguchi (?!cd )((?:--data-dir \S+ )?[a-z]+(?: [^`#|&;(（]*)?)", line
        ):
            yield shlex.split(found, comments=True)


def accepts(words: list[str]) -> None:
    """The command line takes these words, without running them. Raises click.ClickException."""
    words = [PLACEHOLDERS.get(word, word) for word in words]
    if words[:1] == ["--data-dir"]:
        words = words[2:]
    command = cli.get_command(click.Context(cli), words[0])
    assert command is not None, words
    while isinstance(command, click.Group) and words[1:]:
        words = words[1:]
        command = command.get_command(click.Context(command), words[0])
        assert command is not None, words
    if not isinstance(command, click.Group):
        command.make_context(words[0], words[1:], resilient_parsing=False)


@pytest.mark.parametrize("path", [path for path in UNITS if path.suffix == ".service"], ids=lambda p: p.name)
def test_a_unit_starts_a_command_that_there_is(path: Path) -> None:
    service = unit(path)["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert program == "/opt/madoguchi/.venv/bin/madoguchi"
    accepts(words)
    assert service["EnvironmentFile"] == "/etc/madoguchi/madoguchi.env"
    drain = float(words[words.index("--drain") + 1]) if "--drain" in words else 0.0
    if "serve" not in words:  # that one has its folder to itself
        assert unit(path)["Unit"]["RequiresMountsFor"] == f"/var/lib/{service['StateDirectory']}/files"
    if "TimeoutStopSec" in service:
        assert float(service["TimeoutStopSec"]) >= drain + 10, "it is killed in the middle of leaving"


@pytest.mark.parametrize("path", UNITS, ids=lambda p: p.name)
def test_what_is_always_started_again_is_never_given_up(path: Path) -> None:
    """By itself systemd stops after five starts in ten seconds, while a database is still starting."""
    told = unit(path)
    if told.get("Service", "Restart", fallback="") == "always":
        assert told["Unit"]["StartLimitIntervalSec"] == "0"


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """Where there is a systemd; its programs stand in for ours, which are not installed there."""
    true = shutil.which("true")
    for path in UNITS:
        text = path.read_text("utf-8").replace("/opt/madoguchi/.venv/bin/madoguchi", str(true))
        (tmp_path / path.name).write_text(text)
        assert set(unit(path).sections()) <= {"Unit", "Service", "Timer", "Install"}
    if tool := shutil.which("systemd-analyze"):
        names = [str(path) for path in tmp_path.iterdir()]
        ran = subprocess.run([tool, "verify", *names], capture_output=True, text=True, check=False)
        ours = [line for line in ran.stderr.splitlines() if "madoguchi" in line]
        assert ours == []


def test_the_file_of_settings_is_read_and_names_only_settings() -> None:
    lines = [line for line in (DEPLOY / "madoguchi.env").read_text("utf-8").splitlines() if line[:1] != "#"]
    given = dict(line.split("=", 1) for line in lines)
    assert given.keys() <= VARIABLES
    read = load({}, {**given, "MADOGUCHI_SECRET_KEY": "a key of one's own, and not the example's"})
    assert read.trusted_proxies == ("127.0.0.1", "10.0.0.0/8")
    assert not read.embedded_redis
    for path in DEPLOY.iterdir():
        named = set(re.findall(r"\b(?:MADOGUCHI_[A-Z_]+|DATABASE_URL|REDIS_URL)\b", path.read_text("utf-8")))
        assert named <= VARIABLES, path.name


def test_the_command_line_has_the_settings_as_they_are_written(tmp_path: Path) -> None:
    """As the processes have them: what is read as shell would be another database, or another key."""
    given = {
        "DATABASE_URL": "postgresql://u:p$1`w`@db/m?sslmode=require&connect_timeout=5",
        "MADOGUCHI_SECRET_KEY": "a b  c # d \\e $HOME 'f' *",
        "REDIS_URL": "redis://:s;t=u@r/0",
    }
    (tmp_path / "env").write_text(
        "# not this\n\n"
        + "".join(f"{name}={value}\n" for name, value in given.items())
        + "A=\"in quotes & more\"\nB=''\nC=the last"
    )
    ran = said_by_the_script(tmp_path, "env -0")
    found = dict(each.split("=", 1) for each in ran.split("\0") if each)
    assert {name: found[name] for name in given} == given
    assert (found["A"], found["B"], found["C"]) == ("in quotes & more", "", "the last")


def test_what_the_caller_of_the_command_line_says_goes_before_the_file(tmp_path: Path) -> None:
    """Else a demo meant for a copy is put into the live database, and a file named from here is not found."""
    (tmp_path / "env").write_text("DATABASE_URL=postgresql://live\nREDIS_URL=redis://live")
    said = said_by_the_script(
        tmp_path, "sh -c 'echo \"$DATABASE_URL $REDIS_URL\"; pwd -P'", DATABASE_URL="postgresql://copy"
    )
    assert said.split() == ["postgresql://copy", "redis://live", str((tmp_path / "here").resolve())]


def said_by_the_script(tmp_path: Path, program: str, **given: str) -> str:
    """What `program` writes where madoguchi.sh runs it instead of ours, from a folder `here`."""
    script = (DEPLOY / "madoguchi.sh").read_text("utf-8")
    script = script.replace("/etc/madoguchi/madoguchi.env", str(tmp_path / "env"))
    script = script.replace("runuser -u madoguchi -- ", "")
    script = script.replace("/opt/madoguchi/.venv/bin/madoguchi", program)
    script = script.replace("cd /opt/madoguchi ", f"cd {tmp_path} ")
    (tmp_path / "here").mkdir(exist_ok=True)
    where, words = tmp_path / "here", {"PATH": os.environ["PATH"], **given}
    ran = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=True, cwd=where, env=words
    )
    return ran.stdout


def test_the_image_is_made_of_files_that_there_are_and_starts_a_command_that_there_is() -> None:
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    steps = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert {step[0] for step in steps} <= {
        *(
            "FROM",
            "WORKDIR",
            "COPY",
            "RUN",
            "ENV",
            "USER",
            "VOLUME",
            "EXPOSE",
            "STOPSIGNAL",
            "ENTRYPOINT",
            "CMD",
        )
    }
    for step in (step for step in steps if step[0] == "COPY" and not step[1].startswith("--from=build")):
        assert all((ROOT / name).exists() for name in step[1:-1]), step
    packages = {"app", "bots", "channels", "static", "templates"}
    assert packages <= {name for step in steps if step[0] == "COPY" for name in step[1:-1]}
    accepts(re.findall(r'"([^"]+)"', next(line for line in text.splitlines() if line.startswith("CMD"))))
    assert 'ENTRYPOINT ["madoguchi"]' in text
    runs = re.findall(r"podman run .*", text)
    assert len(runs) == 3
    for line in runs:  # by itself a container is killed after ten seconds
        drain = re.search(r"--drain (\d+)", line)
        patience = re.search(r"--stop-timeout (\d+)", line)
        assert patience
        assert int(patience[1]) >= (int(drain[1]) if drain else 0) + 20, line


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_the_proxies_pass_on_what_there_is(name: str) -> None:
    text = (DEPLOY / name).read_text("utf-8")
    plain = re.sub(r"#.*|'[^']*'|\$\{?\w+", "", text)
    assert plain.count("{") == plain.count("}")
    paths = {getattr(route, "path", "") for route in web.routes()}
    assert set(re.findall(r"(?:location = |health_uri |path )(/\w+)", text)) <= paths
    limit = re.search(r"(?:client_max_body_size|max_size) (\d+)", text)
    assert limit
    default = next(option.default for option in OPTIONS if option.name == "max_upload_bytes")
    hooks = (kind.features.max_request_bytes for kind in registry.kinds().values())
    assert int(limit[1]) * 1_000_000 > max(default, *hooks), "what we would take never reaches us"


@pytest.mark.parametrize("language", i18n.LOCALES)
def test_the_guide_names_only_what_there_is(language: str) -> None:
    text = (FOLDER / language / "running.md").read_text("utf-8")
    assert set(re.findall(r"\bMADOGUCHI_[A-Z_]+", text)) <= VARIABLES
    commands = list(told_commands(text))
    assert {words[2 if words[0] == "--data-dir" else 0] for words in commands} <= set(COMMANDS)
    for words in commands:
        if len(words) > 1 and "bench" not in words:  # one word alone is spoken of, not run
            accepts(words)
    for name in re.findall(r"`((?:madoguchi[\w@-]*\.\w+|nginx\.conf|Caddyfile|Containerfile))`", text):
        assert (DEPLOY / name).is_file(), name
    for name in re.findall(r"`(app/[\w./]+)`", text):
        assert (ROOT / name).exists(), name
