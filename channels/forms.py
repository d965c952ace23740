"""A channel's settings form: what to ask for a kind, and what was answered, read back."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from channels import registry
from channels.base import clean
from channels.settings import Field, fields_of

Problem = tuple[str, Mapping[str, object]]  # an English sentence, and the values of its %(name)s


def told(problem: Problem) -> str:
    """The problem in English."""
    sentence, values = problem
    return sentence % values if values else sentence


@dataclass(frozen=True)
class Reading:
    """A filled-in form: `plain` values to store as they are and `secret` ones to encrypt, both JSON; or
    `errors`, field name -> what is wrong. A secret left empty is not in `secret`: the stored one stays.
    """

    plain: dict[str, Any] = field(default_factory=dict)
    secret: dict[str, str] = field(default_factory=dict)
    errors: dict[str, Problem] = field(default_factory=dict)


class _Wrong(ValueError):
    """An answer that cannot be used: the `problem` is for the person."""

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence)
        self.problem: Problem = (sentence, values)


def fields(kind: str) -> list[Field]:
    """The questions of `kind`; raises `registry.UnknownKind`."""
    return fields_of(registry.connector(kind).Settings)


def read_settings(
    kind: str, answers: Mapping[str, Any], stored_secrets: frozenset[str] = frozenset()
) -> Reading:
    """What a person answered to `fields(kind)`.

    `answers` are form values (strings, "on" for a ticked box) or JSON values; what is absent has its default.
    `stored_secrets` names the secrets already kept, which need not be given again. Raises
    `registry.UnknownKind`.
    """
    reading = Reading()
    for made in fields(kind):
        try:
            value = _read(made, _answer(made, answers), made.name in stored_secrets)
        except _Wrong as wrong:
            reading.errors[made.name] = wrong.problem
            continue
        if not made.secret:
            reading.plain[made.name] = value
        elif value:
            reading.secret[made.name] = value
    _ask_the_kind(kind, reading)
    return reading


def _ask_the_kind(kind: str, reading: Reading) -> None:
    """Let the Settings class judge what hangs together: an optional `problems(self) -> {field: sentence}`."""
    cls = registry.connector(kind).Settings
    if reading.errors or not hasattr(cls, "problems"):
        return
    found = cls(**_built(kind, reading)).problems()
    reading.errors.update({name: (sentence, {}) for name, sentence in found.items()})


def _built(kind: str, reading: Reading) -> dict[str, Any]:
    lines = {made.name for made in fields(kind) if made.type == "lines"}
    values = {**reading.plain, **reading.secret}
    return {name: tuple(value) if name in lines else value for name, value in values.items()}


def _answer(made: Field, answers: Mapping[str, Any]) -> Any:
    return answers.get(made.name, "" if made.secret else made.default)


def _read(made: Field, answer: Any, kept: bool) -> Any:
    value = _READERS[made.type](made, answer)
    if made.required and not kept and value in ("", [], {}, None):
        raise _Wrong("This is needed.")
    return value


def _text(made: Field, answer: Any) -> str:
    value = clean(answer).strip() if isinstance(answer, str) else ""
    if not made.multiline:
        value = re.sub(r"\s*\n\s*", " ", value)
    if value and made.url and not is_web_address(value):
        raise _Wrong("This must be an address that starts with https:// or http://.")
    if value and made.minimum is not None and len(value) < made.minimum:
        raise _Wrong("At least %(n)s characters.", n=made.minimum)
    if made.maximum is not None and len(value) > made.maximum:
        raise _Wrong("At most %(n)s characters.", n=made.maximum)
    return value


def _bool(made: Field, answer: Any) -> bool:
    return answer is True or (isinstance(answer, str) and answer.lower() in ("on", "true", "1", "yes"))


def _int(made: Field, answer: Any) -> int:
    if answer in ("", None):
        return int(made.default)
    try:
        value = int(answer)
    except (TypeError, ValueError, OverflowError):
        raise _Wrong("This must be a whole number.") from None
    if made.minimum is not None and value < made.minimum:
        raise _Wrong("The number must be %(n)s or more.", n=made.minimum)
    if made.maximum is not None and value > made.maximum:
        raise _Wrong("The number must be %(n)s or less.", n=made.maximum)
    return value


def _choice(made: Field, answer: Any) -> str:
    if answer in ("", None):
        return str(made.default)
    if not isinstance(answer, str) or answer not in dict(made.choices):
        raise _Wrong("Choose one of these.")
    return str(answer)


def _lines(made: Field, answer: Any) -> list[str]:
    given = answer if isinstance(answer, list | tuple) else str(answer or "").splitlines()
    lines = [clean(str(line)).strip() for line in given]
    lines = [line for line in lines if line]
    if made.url and not all(is_web_address(line) for line in lines):
        raise _Wrong("Each line must be an address that starts with https:// or http://.")
    return lines


def _json(made: Field, answer: Any) -> dict[str, Any]:
    if answer in ("", None):
        return {}
    try:
        value = json.loads(answer) if isinstance(answer, str) else answer
    except (ValueError, RecursionError):
        raise _Wrong("This is not valid JSON.") from None
    if not isinstance(value, dict):
        raise _Wrong("This must be a JSON object: {…}.")
    return value


def is_web_address(value: str) -> bool:
    """Whether `value` is an http(s) URL with a host and without a user name in it."""
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


_READERS = {
    "text": _text,
    "secret": _text,
    "bool": _bool,
    "int": _int,
    "choice": _choice,
    "lines": _lines,
    "json": _json,
}
