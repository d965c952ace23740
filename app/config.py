"""Settings: where each value comes from, what it is, and a sentence when it is wrong.

Order of precedence: `configure(...)` (command line, tests), environment, TOML file, default.
Nothing else in the project reads the environment.
"""

from __future__ import annotations

import difflib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.options import OPTIONS, ConfigError, Option, default_redis_url, default_url, toml_values
from app.secret import read_or_create

__all__ = ["LOOPBACK", "ConfigError", "Settings", "configure", "load", "settings"]

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Settings:
    """Everything the installation may decide. `sources` tells where each value came from."""

    data_dir: Path
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    public_url: str
    host: str
    port: int
    web_workers: int
    locale: str
    timezone: str
    country: str
    trusted_proxies: tuple[str, ...]
    log_level: str
    max_upload_bytes: int
    admin_email: str | None
    admin_password: str | None = field(repr=False)
    demo: bool | None
    allow_private: bool
    drafting_local: tuple[str, int] | None
    embeddings: Path | None
    embeddings_prefix: str
    sandbox: str | None
    secret: str | None = field(repr=False)
    sources: Mapping[str, str] = field(repr=False)

    @property
    def embedded_redis(self) -> bool:
        """True when no Redis was named, so that the supervisor starts its own."""
        return self.sources["redis_url"] == "default"

    @property
    def only_here(self) -> bool:
        """Whether nobody reaches it from elsewhere: an address of its own, or a proxy, says that somebody does."""
        places = (self.host, urlsplit(self.public_url).hostname)
        return all(place in LOOPBACK for place in places) and not self.trusted_proxies

    @property
    def shows_demo(self) -> bool:
        """Everybody knows the demo's passwords, so unasked it is shown only where nobody else can reach it."""
        return self.only_here if self.demo is None else self.demo

    @cached_property
    def secret_key(self) -> bytes:
        """The master secret: MADOGUCHI_SECRET_KEY, else `data_dir/secret.key` (made, 0600, on first use)."""
        if self.secret is not None:
            return self.secret.encode()
        return read_or_create(self.data_dir / "secret.key")

    def key(self, purpose: str) -> bytes:
        """32 bytes for one purpose, by HKDF-SHA256 (RFC 5869); knowing one key tells nothing of another."""
        return HKDF(SHA256(), length=32, salt=None, info=f"madoguchi:{purpose}".encode()).derive(
            self.secret_key
        )

    def mark(self, use: str, about: str | bytes) -> str:
        """Ours, for one `use` and what it is about: 172 bits in hexadecimal, short enough for an address."""
        told = about.encode("utf-8", "replace") if isinstance(about, str) else about
        return hmac.new(self.key(use), told, "sha256").hexdigest()[:43]

    def seal_key(self, channel: str) -> bytes:
        """32 secret bytes of a channel's own, by its key."""
        return self.key(f"tokens of channel {channel}")

    def sandbox_secret(self, what: str) -> str:
        """A secret shared by this installation's own sandbox and its channels there."""
        return self.key(f"sandbox {what}").hex()


_current: Settings | None = None


def settings() -> Settings:
    """The settings of this process, read once. Raises ConfigError."""
    return _current or configure()


def configure(**overrides: Any) -> Settings:
    """Read the settings anew with `overrides` on top, and make them those of this process."""
    global _current
    _current = load(overrides)
    return _current


def load(overrides: Mapping[str, Any] = {}, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from `overrides`, `environ` (the process's own by default) and the TOML file."""
    environ = os.environ if environ is None else environ
    _refuse_unknown(overrides, "configure()")
    options = {option.name: option for option in OPTIONS}
    config, required = _config_path(options["data_dir"], overrides, environ)
    written = toml_values(config, required=required)
    _refuse_unknown(written, str(config))
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for option in OPTIONS:
        values[option.name], sources[option.name] = _one(option, overrides, environ, written, config)
    _fill(values)
    return Settings(**values, sources=sources)


def _config_path(
    data_dir: Option, overrides: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[Path, bool]:
    """The TOML file, and whether it must exist (it was named)."""
    if named := environ.get("MADOGUCHI_CONFIG"):
        return Path(named).expanduser(), True
    folder, _ = _one(data_dir, overrides, environ, {}, Path())
    return folder / "madoguchi.toml", False


def _one(
    option: Option,
    overrides: Mapping[str, Any],
    environ: Mapping[str, str],
    written: Mapping[str, Any],
    config: Path,
) -> tuple[Any, str]:
    if option.name in overrides:
        return option.read(overrides[option.name], option.name), "command line"
    for variable in option.variables:
        if environ.get(variable):
            return option.read(environ[variable], variable), f"environment {variable}"
    if option.name in written:
        return option.read(written[option.name], f"{option.name} in {config}"), f"file {config}"
    return option.read(option.default, option.name), "default"


def _fill(values: dict[str, Any]) -> None:
    """Defaults that depend on other settings."""
    values["database_url"] = values["database_url"] or f"sqlite:///{values['data_dir'] / 'madoguchi.db'}"
    values["redis_url"] = values["redis_url"] or default_redis_url(values["data_dir"])
    values["public_url"] = values["public_url"] or default_url(values["host"], values["port"])


def _refuse_unknown(given: Mapping[str, Any], where: str) -> None:
    names = [option.name for option in OPTIONS]
    for name in given:
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            hint = f" Did you mean “{close[0]}”?" if close else ""
            raise ConfigError(f"“{name}” in {where} is not a setting.{hint}")
