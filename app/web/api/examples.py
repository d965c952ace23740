"""An example of every body and answer, made of the types: what a field holds stands in `examples.toml`.

`tests/api/test_document.py` reads every one back as the type it is of.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_TOLD: Json = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_IDS, _ALIKE, _OWNERS, _ANY = (_TOLD[name] for name in ("ids", "alike", "owners", "any"))
_USUAL: dict[Any, Any] = {
    "date-time": _ANY["at"],
    "string": "…",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "object": {},
}
_NULL: Json = {"type": "null"}


def of(schema: Json, schemas: Mapping[str, Json], *, whole: bool) -> Any:
    """An example of `schema`; `whole`: with every field, as we answer, else with those that one would write."""
    return _Maker(schemas, whole).value(schema, "", "")


def parameter(name: str) -> Any:
    """What stands under this name in an address; None where its type says enough."""
    called = str(_ALIKE.get(name, name))
    return _IDS.get(called, _ANY.get(name))


@dataclass(frozen=True, slots=True)
class _Maker:
    """`owner` and `name` say which field of which shape a schema is of."""

    schemas: Mapping[str, Json]
    whole: bool

    def value(self, schema: Json, owner: str, name: str) -> Any:
        own = _TOLD.get(owner, {})
        if name in own and name != "given":
            return own[name]
        choices = schema.get("anyOf", [schema])
        if _NULL in choices and (name in own.get("null", ()) or name in _ANY["null"]):
            return None
        first = next(one for one in choices if one != _NULL)
        if "$ref" in first:
            return self._shape(first["$ref"].rpartition("/")[2])
        if first.get("type") == "array":
            word, inner = _ANY.get(name), first.get("items", {})
            return word if isinstance(word, list) else [self.value(inner, "", name.removesuffix("s"))]
        return self._plain(first, owner, name)

    def _shape(self, title: str) -> Any:
        schema = self.schemas[title]
        if "properties" not in schema:
            return self.value(schema, title, "")
        wanted = (*schema.get("required", ()), *_TOLD.get(title, {}).get("given", ()))
        return {
            name: self.value(one, title, name)
            for name, one in schema["properties"].items()
            if self.whole or name in wanted
        }

    def _plain(self, schema: Json, owner: str, name: str) -> Any:
        word = parameter(str(_OWNERS.get(owner, "")) if name == "id" else name)
        if "enum" in schema:
            return word if word in schema["enum"] else next((one for one in schema["enum"] if one), "")
        usual = _USUAL.get(schema.get("format") or schema.get("type"), {})
        fits = isinstance(word, int | float) if isinstance(usual, int) else isinstance(word, type(usual))
        return word if fits and word is not None else usual
