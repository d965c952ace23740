"""The table of settings: their names, variables, defaults, and how each is read."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers


class ConfigError(Exception):
    """A setting is wrong; the text is one sentence for the person who set it."""


Reader = Callable[[Any], Any]


@dataclass(frozen=True)
class Option:
    """One setting: `reader` turns text (environment) or a TOML value into the value, or raises ValueError."""

    name: str
    reader: Reader
    default: Any
    help: str
    variable: str = ""
    secret: bool = False

    @property
    def variables(self) -> tuple[str, ...]:
        own = f"MADOGUCHI_{self.name.upper()}"
        return (own, self.variable) if self.variable else (own,)

    def read(self, value: Any, place: str) -> Any:
        """The value, or ConfigError naming the `place` it was written in. A secret is never repeated."""
        if value is None:
            return None
        try:
            return self.reader(value)
        except ValueError as error:
            said = "" if self.secret else f" (it says “{where(str(value))}”)"
            raise ConfigError(f"{place} {error}{said}.") from error


def where(url: str) -> str:
    """An address without its password, also where it is not well formed."""
    return re.sub(r"(password=)[^&]*", r"\1***", re.sub(r"://([^:@/]*):.*@", r"://\1:***@", url))


def _parts(url: str) -> SplitResult:
    """Raises ValueError with its sentence, also of a port that is no number."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValueError("is no address") from error
    return parts


def _folder(value: Any) -> Path:
    if not str(value).strip():
        raise ValueError("must name a folder")
    return Path(os.path.abspath(Path(str(value)).expanduser()))


def _as_written(value: Any) -> str:
    """With its spaces."""
    return str(value)


def _text(value: Any) -> str:
    return str(value).strip()


def _database(value: Any) -> str:
    url = str(value).strip()
    if url.startswith("sqlite:///"):
        return url
    if url.startswith(("postgres://", "postgresql://", "postgresql+psycopg://")):
        rest = url.partition("://")[2]
        _parts(
            "//" + (rest.partition("@")[2] or rest)
        )  # a password may hold signs that end a part of an address
        return f"postgresql+psycopg://{rest}"
    raise ValueError("must start with postgresql:// or sqlite:///")


def _redis(value: Any) -> str:
    url = str(value).strip()
    if _parts(url).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must start with redis://, rediss:// or unix://")
    return url


def _web_address(value: Any) -> str:
    url = str(value).strip().rstrip("/")
    parts = _parts(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path:
        raise ValueError("must be an address like https://desk.example.com, without a path")
    return url


def _host_and_port(value: Any) -> tuple[str, int]:
    host, _, port = str(value).strip().rpartition(":")
    if not host or not re.fullmatch(r"\d{1,5}", port, re.ASCII) or not 0 < int(port) < 65536:
        raise ValueError("must be a host and a port like 127.0.0.1:11434")
    return host.strip("[]"), int(port)


def _between(low: int, high: int) -> Reader:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not re.fullmatch(r"\d+", str(value).strip(), re.ASCII):
            raise ValueError(f"must be a whole number from {low} to {high}")
        if not low <= int(value) <= high:
            raise ValueError(f"must be from {low} to {high}")
        return int(value)

    return read


def _one_of(*choices: str) -> Reader:
    def read(value: Any) -> str:
        if (text := str(value).strip().lower()) not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return read


def _zone(value: Any) -> str:
    name = str(value).strip()
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("must be a time zone like Asia/Tokyo") from error
    return name


def _country(value: Any) -> str:
    code = str(value).strip().upper()
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("must be a country like JP (ISO 3166, two letters)")
    return code


def _proxies(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, (list, tuple)) else str(value).split(",")
    return tuple(_network(name) for item in items if (name := str(item).strip()))


def _network(name: str) -> str:
    """*Trap:* of a network that is written with an address in it (10.0.0.5/8) uvicorn would trust nobody."""
    try:
        network = ipaddress.ip_network(name, strict=False)
    except ValueError as error:
        raise ValueError("must list addresses or networks like 10.0.0.0/8") from error
    return str(network) if "/" in name else name


def _email(value: Any) -> str:
    text = str(value).strip()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        raise ValueError("must be an email address")
    return text


def _yes(value: Any) -> bool:
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    try:
        return words[str(value).strip().lower()]
    except KeyError as error:
        raise ValueError("must be yes or no") from error


def _long(low: int) -> Reader:
    def read(value: Any) -> str:
        if len(text := str(value).strip()) < low:
            raise ValueError(f"must have at least {low} characters")
        return text

    return read


def _key(value: Any) -> str:
    """The example's is long enough, and known to everybody."""
    key = str(_long(32)(value))
    if "CHANGE-ME" in key:
        raise ValueError("is still that of the example; make one: openssl rand -base64 48")
    return key


OPTIONS: tuple[Option, ...] = (
    Option("data_dir", _folder, "data", "Folder for the database, uploads, secret key and embedded Redis"),
    Option("database_url", _database, None, "SQLite in the data directory, or a PostgreSQL", "DATABASE_URL"),
    Option(
        "redis_url", _redis, None, "A Redis of your own; otherwise an embedded one is started", "REDIS_URL"
    ),
    Option("public_url", _web_address, None, "How the outside reaches this installation"),
    Option("host", _text, "127.0.0.1", "Address to listen on; 0.0.0.0 for every interface"),
    Option("port", _between(1, 65535), 8000, "Port to listen on"),
    Option("web_workers", _between(1, 64), 1, "Web processes"),
    Option("locale", _one_of("ja", "en"), "ja", "Language of the installation"),
    Option("timezone", _zone, "Asia/Tokyo", "Time zone of the business"),
    Option(
        "country", _country, "JP", "Country of the business: telephone numbers without one are from there"
    ),
    Option("trusted_proxies", _proxies, "", "Proxies whose X-Forwarded-For is believed"),
    Option("log_level", _one_of("debug", "info", "warning", "error"), "info", "How much is logged"),
    Option("max_upload_bytes", _between(1, 2**31), 20 * 1024 * 1024, "Largest attachment, in bytes"),
    Option("admin_email", _email, None, "First admin's address"),
    Option("admin_password", _long(10), None, "First admin's password", secret=True),
    Option(
        "demo",
        _yes,
        None,
        "Load the demo on the first start, and show it; unset: where nobody else reaches this machine",
    ),
    Option(
        "allow_private",
        _yes,
        False,
        "Let channels reach private addresses (a mail server or callback in your network)",
    ),
    Option(
        "drafting_local",
        _host_and_port,
        None,
        "A host:port in your network that may draft answers (a model of your own)",
    ),
    Option(
        "embeddings",
        _folder,
        None,
        "Folder of a sentence model (ONNX) the bot may use, with the extra embeddings",
    ),
    Option("embeddings_prefix", _as_written, "", "What the model wants before each text (e5: “query: ”)"),
    Option("sandbox", _web_address, None, "Where the sandbox runs that plays the platforms of the demo"),
    Option("secret", _key, None, "Master secret; otherwise a file is made", "MADOGUCHI_SECRET_KEY", True),
)


def default_redis_url(data_dir: Path) -> str:
    """The embedded Redis's socket. Trap: a Unix socket's path has 108 bytes at most (104 on macOS)."""
    socket = data_dir / "redis.sock"
    if len(os.fsencode(socket)) > 100:
        digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
        socket = Path(tempfile.gettempdir()) / f"madoguchi-{os.getuid()}-{digest}" / "redis.sock"
    return f"unix://{socket}"


def default_url(host: str, port: int) -> str:
    """The address to print when no public one was set."""
    name = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def toml_values(path: Path, *, required: bool) -> dict[str, Any]:
    """What the file says; nothing when there is none. Raises ConfigError."""
    if not required and not os.path.exists(path):  # nor where we may not look: `ensure` says so
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"The configuration file {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The configuration file {path} is not valid TOML: {error}.") from error
