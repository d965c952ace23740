"""Settings of a kind: a dataclass whose fields say how to ask for them, so that every form is generated."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_origin, get_type_hints

S = TypeVar("S")


def setting(
    label: str,
    *,
    help: str = "",
    default: Any = "",
    required: bool = False,
    secret: bool = False,
    multiline: bool = False,
    choices: Sequence[tuple[str, str]] = (),
    placeholder: str = "",
    minimum: int | None = None,
    maximum: int | None = None,
    url: bool = False,
    generate: bool = False,
    group: str = "",
    folded: bool = False,
) -> Any:
    """A field of a `Settings` dataclass and how to ask for it.

    `label`, `help` and choice labels are English and translated by the product. The field's annotation gives
    its type: str, int, bool, `tuple[str, ...]` (one a line) or `dict[str, Any]` (JSON). A secret is stored
    encrypted and never shown again; `generate` offers to make up a strong one. `minimum` and `maximum` bound
    a number, or the length of a text. `group` is the heading it stands under, with its neighbours of the same;
    `folded`: few need that group, so it is opened only by who looks for it, or has something of their own in it.
    """
    metadata = {
        "label": label,
        "help": help,
        "required": required,
        "secret": secret,
        "multiline": multiline,
        "choices": tuple(choices),
        "placeholder": placeholder,
        "minimum": minimum,
        "maximum": maximum,
        "url": url,
        "generate": generate,
        "group": group,
        "folded": folded,
    }
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def tells_read() -> Any:
    """The setting `show_read`, which every kind with `base.MarksRead` has; the product keeps to it."""
    return setting(
        "Tell customers when we have read what they wrote",
        help="They see it where their app shows such marks. Switched off, nobody learns when we look.",
        default=True,
        group="More",
    )


FieldType = Literal["text", "secret", "bool", "int", "choice", "lines", "json"]


@dataclass(frozen=True)
class Field:
    """One question of a settings form. `choices` are (value, English label)."""

    name: str
    label: str
    help: str
    type: FieldType
    required: bool
    default: Any
    choices: tuple[tuple[str, str], ...] = ()
    multiline: bool = False
    placeholder: str = ""
    minimum: int | None = None
    maximum: int | None = None
    url: bool = False
    generate: bool = False
    group: str = ""
    folded: bool = False

    @property
    def secret(self) -> bool:
        return self.type == "secret"


def fields_of(cls: type[Any]) -> list[Field]:
    """The questions a `Settings` dataclass asks, in its order."""
    hints = get_type_hints(cls)
    return [_field(made, hints[made.name]) for made in dataclasses.fields(cls)]


def settings_from(cls: type[S], values: Mapping[str, Any]) -> S:
    """`cls` from stored JSON values: unknown names left out, missing or unusable ones at their default.

    So neither an upgrade nor a downgrade makes a channel unusable.
    """
    known = _known(cls)
    return cls(**{name: _stored(known[name], value) for name, value in values.items() if name in known})


_asked: dict[type[Any], Mapping[str, Field]] = {}


def _known(cls: type[Any]) -> Mapping[str, Field]:
    """Made once a class: a connector is made for every message, and the type hints take longer than all the rest."""
    if cls not in _asked:
        _asked[cls] = {made.name: made for made in fields_of(cls)}
    return _asked[cls]


def _field(made: "dataclasses.Field[Any]", hint: Any) -> Field:
    about = made.metadata
    default = made.default if made.default is not dataclasses.MISSING else None
    if made.default_factory is not dataclasses.MISSING:
        default = made.default_factory()
    told = {name: value for name, value in about.items() if name != "secret"}
    return Field(name=made.name, type=_type(hint, about), default=default, **told)


def _type(hint: Any, about: Mapping[str, Any]) -> FieldType:
    if about["secret"]:
        return "secret"
    if about["choices"]:
        return "choice"
    plain: dict[Any, FieldType] = {str: "text", bool: "bool", int: "int"}
    if hint in plain:
        return plain[hint]
    origin = get_origin(hint)
    if origin is tuple:
        return "lines"
    if origin is dict:
        return "json"
    raise TypeError(f"a setting cannot be {hint!r}")


def _stored(made: Field, value: Any) -> Any:
    wanted: tuple[type, ...] = {"lines": (list, tuple), "json": (dict,), "bool": (bool,), "int": (int,)}.get(
        made.type, (str,)
    )
    if not isinstance(value, wanted) or (made.type == "int" and isinstance(value, bool)):
        return made.default
    if made.type == "choice" and value not in dict(made.choices):
        return made.default
    return tuple(map(str, value)) if isinstance(value, list | tuple) else value
