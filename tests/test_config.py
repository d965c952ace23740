"""Settings: precedence, sources, and a sentence for everything that is wrong."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest
import uvicorn
from sqlalchemy.engine import make_url
from uvicorn.middleware.proxy_headers import _TrustedHosts

from app import server
from app.cli.phones import reserve
from app.config import ConfigError, load
from app.web.manual import FOLDER


def test_the_command_line_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    (tmp_path / "madoguchi.toml").write_text('port = 7001\nlocale = "en"\ntimezone = "Europe/Paris"\n')
    found = load({"data_dir": tmp_path, "port": 7003}, {"MADOGUCHI_PORT": "7002", "MADOGUCHI_LOCALE": "ja"})
    assert (found.port, found.locale, found.timezone, found.host) == (7003, "ja", "Europe/Paris", "127.0.0.1")
    assert found.sources["port"] == "command line"
    assert found.sources["locale"] == "environment MADOGUCHI_LOCALE"
    assert found.sources["timezone"] == f"file {tmp_path / 'madoguchi.toml'}"
    assert found.sources["host"] == "default"


def test_a_named_file_is_read_wherever_it_is(tmp_path: Path) -> None:
    named = tmp_path / "desk.toml"
    named.write_text('trusted_proxies = ["10.0.0.0/8", "::1"]\ndemo = false\n')
    found = load({}, {"MADOGUCHI_CONFIG": str(named)})
    assert found.trusted_proxies == ("10.0.0.0/8", "::1")
    assert found.demo is False


def test_database_and_redis_have_their_customary_variables(tmp_path: Path) -> None:
    environ = {"DATABASE_URL": "postgres://desk:pw@db/desk", "REDIS_URL": "redis://cache/1"}
    found = load({"data_dir": tmp_path}, environ)
    assert found.database_url == "postgresql+psycopg://desk:pw@db/desk"
    assert (found.redis_url, found.embedded_redis) == ("redis://cache/1", False)


@pytest.mark.parametrize("password", ["a/b", "a#b", "a?b", "a[b"])
def test_a_password_of_the_database_may_hold_any_sign_that_the_driver_takes(password: str) -> None:
    url = f"postgresql://desk:{password}@db/desk"
    assert make_url(load({}, {"DATABASE_URL": url}).database_url).password == password


@pytest.mark.parametrize(
    ("environ", "shown"),
    [
        ({}, True),
        ({"MADOGUCHI_HOST": "::1", "MADOGUCHI_PUBLIC_URL": "http://localhost:9000"}, True),
        ({"MADOGUCHI_HOST": "0.0.0.0"}, False),
        ({"MADOGUCHI_PUBLIC_URL": "https://desk.example.jp"}, False),
        ({"MADOGUCHI_TRUSTED_PROXIES": "127.0.0.1"}, False),
        ({"MADOGUCHI_PUBLIC_URL": "https://desk.example.jp", "MADOGUCHI_DEMO": "yes"}, True),
        ({"MADOGUCHI_DEMO": "no"}, False),
    ],
)
def test_unasked_there_is_a_demo_only_where_nobody_else_can_reach_it(
    environ: dict[str, str], shown: bool, tmp_path: Path
) -> None:
    """Behind a proxy with TLS, too, the address listened on is this machine's."""
    found = load({"data_dir": tmp_path}, environ)
    assert found.shows_demo is shown
    if not found.only_here:
        assert reserve(found) is None


def test_without_anything_said_all_is_kept_in_the_data_directory(tmp_path: Path) -> None:
    found = load({"data_dir": tmp_path}, {})
    assert found.database_url == f"sqlite:///{tmp_path}/madoguchi.db"
    assert found.embedded_redis
    assert found.public_url == "http://127.0.0.1:8000"


def test_a_socket_path_stays_short_however_deep_the_data_directory(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-folder-name"] * 6)
    path = load({"data_dir": deep}, {}).redis_url.removeprefix("unix://")
    assert len(os.fsencode(path)) < 104
    assert path == load({"data_dir": deep}, {}).redis_url.removeprefix("unix://")


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        (
            {"MADOGUCHI_PORT": "http"},
            "MADOGUCHI_PORT must be a whole number from 1 to 65535 (it says “http”).",
        ),
        ({"MADOGUCHI_PORT": "70000"}, "MADOGUCHI_PORT must be from 1 to 65535 (it says “70000”)."),
        ({"MADOGUCHI_TIMEZONE": "Tokyo"}, "MADOGUCHI_TIMEZONE must be a time zone like Asia/Tokyo"),
        ({"MADOGUCHI_TIMEZONE": "../../etc/passwd"}, "must be a time zone"),
        ({"MADOGUCHI_DEMO": "perhaps"}, "MADOGUCHI_DEMO must be yes or no"),
        ({"DATABASE_URL": "mysql://db"}, "DATABASE_URL must start with postgresql:// or sqlite:///"),
        ({"DATABASE_URL": "mysql://desk:s3cret@db"}, "(it says “mysql://desk:***@db”)"),
        ({"DATABASE_URL": "postgresql://desk:s3cret@db:abc/desk"}, "DATABASE_URL is no address"),
        ({"REDIS_URL": "redis://desk:s3cret@h:abc"}, "REDIS_URL is no address"),
        ({"REDIS_URL": "localhost"}, "REDIS_URL must start with redis://"),
        ({"MADOGUCHI_PUBLIC_URL": "desk.example"}, "must be an address like https://"),
        ({"MADOGUCHI_TRUSTED_PROXIES": "proxy1"}, "must list addresses or networks"),
        ({"MADOGUCHI_CONFIG": "/nowhere/x.toml"}, "/nowhere/x.toml cannot be read"),
    ],
)
def test_a_wrong_setting_is_one_sentence(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load({}, environ)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_misspelt_name_in_the_file_is_told_with_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "madoguchi.toml").write_text('publik_url = "https://desk.example"\n')
    with pytest.raises(ConfigError, match="Did you mean “public_url”"):
        load({"data_dir": tmp_path}, {})


def test_a_broken_file_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "madoguchi.toml").write_text("port = \n")
    with pytest.raises(ConfigError, match=r"madoguchi.toml is not valid TOML: .*line 1"):
        load({"data_dir": tmp_path}, {})


def test_secrets_are_shown_neither_in_errors_nor_in_the_representation() -> None:
    with pytest.raises(ConfigError) as caught:
        load({}, {"MADOGUCHI_ADMIN_PASSWORD": "hunter2"})
    assert "hunter2" not in str(caught.value)
    environ = {
        "MADOGUCHI_ADMIN_PASSWORD": "correct horse",
        "MADOGUCHI_SECRET_KEY": "s" * 40,
        "DATABASE_URL": "postgresql://desk:battery@db/desk",
    }
    shown = repr(load({}, environ))
    assert "correct horse" not in shown
    assert "sss" not in shown
    assert "battery" not in shown


def test_the_secret_key_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    first = load({"data_dir": tmp_path / "new"}, {})
    assert first.key("cookies") == load({"data_dir": tmp_path / "new"}, {}).key("cookies")
    assert stat.S_IMODE((tmp_path / "new" / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret.key"]


def test_keys_of_different_purposes_differ() -> None:
    found = load({}, {"MADOGUCHI_SECRET_KEY": "s" * 40})
    assert len(found.key("a")) == 32
    assert found.key("a") != found.key("b")
    assert found.key("a") != load({}, {"MADOGUCHI_SECRET_KEY": "t" * 40}).key("a")


def test_the_key_of_the_example_is_refused() -> None:
    example = (FOLDER / "deploy" / "madoguchi.env").read_text("utf-8")
    (key,) = re.findall("^MADOGUCHI_SECRET_KEY=(.+)$", example, re.MULTILINE)
    with pytest.raises(ConfigError, match="is still that of the example"):
        load({}, {"MADOGUCHI_SECRET_KEY": key})


def test_a_damaged_secret_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("short\n")
    with pytest.raises(ConfigError, match="is damaged"):
        load({"data_dir": tmp_path}, {}).key("cookies")


@pytest.mark.parametrize(("written", "read"), [("10.0.0.5/8", "10.0.0.0/8"), ("10.0.0.5", "10.0.0.5")])
def test_a_proxy_is_trusted_however_its_network_is_written(written: str, read: str) -> None:
    """Also where one listens on `::`, and IPv4 addresses arrive as those of IPv6."""
    found = load({}, {"MADOGUCHI_TRUSTED_PROXIES": f"{written}, fd00::7/8"})
    assert found.trusted_proxies == (read, "fd00::/8")
    trusted = _TrustedHosts(server._options(found)["forwarded_allow_ips"])
    for address in ("10.0.0.5", "::ffff:10.0.0.5", "fd12::1"):
        assert address in trusted
    for address in ("11.0.0.5", "::ffff:11.0.0.5", "::10.0.0.5"):
        assert address not in trusted
    assert ("10.1.2.3" in trusted) == ("::ffff:10.1.2.3" in trusted) == ("/" in written)


def test_a_quiet_connection_is_let_go_by_the_proxy_and_not_by_the_server() -> None:
    """nginx's `keepalive_timeout` of an upstream is 60 s, Caddy's `keepalive` 2 min where nothing else is said."""
    for name in ("nginx.conf", "Caddyfile"):
        assert not re.search(
            "keepalive_timeout|keepalive [0-9]+[a-z]", (FOLDER / "deploy" / name).read_text("utf-8")
        )
    assert uvicorn.Config(**server._options(load({}, {}))).timeout_keep_alive > 120
