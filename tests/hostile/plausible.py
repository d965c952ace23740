"""What a well-meaning program would send, made from the API's own document: the ground that attacks start from."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from functools import cache
from typing import Any

from app.web.api import document

Schema = Mapping[str, Any]


@cache
def described() -> Schema:
    """The document, as a client would read it."""
    told: Schema = json.loads(document.document())
    return told


def value(schema: Schema, rolls: random.Random, depth: int = 0) -> Any:
    """Something that fits `schema` (as far as this small reading of JSON Schema goes)."""
    schema = _resolved(schema)
    for name in ("const", "default"):
        if name in schema and rolls.random() < 0.5:
            return schema[name]
    if "enum" in schema:
        return rolls.choice(schema["enum"])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return value(rolls.choice(schema[several]), rolls, depth)
    return _of_type(schema, rolls, depth)


def _of_type(schema: Schema, rolls: random.Random, depth: int) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = rolls.choice(kind)
    if kind == "object" or "properties" in schema:
        return _object(schema, rolls, depth)
    if kind == "array":
        count = rolls.randint(schema.get("minItems", 0), 3) if depth < 5 else 0
        return [value(schema.get("items", {}), rolls, depth + 1) for _ in range(count)]
    if kind in ("integer", "number"):
        return rolls.randint(int(schema.get("minimum", 1)), int(schema.get("maximum", 9)))
    if kind == "boolean":
        return rolls.random() < 0.5
    if kind == "null":
        return None
    return _string(schema, rolls)


def _object(schema: Schema, rolls: random.Random, depth: int) -> dict[str, Any]:
    needed = set(schema.get("required", ()))
    return {
        name: value(inner, rolls, depth + 1)
        for name, inner in schema.get("properties", {}).items()
        if name in needed or (rolls.random() < 0.4 and depth < 5)
    }


def _string(schema: Schema, rolls: random.Random) -> str:
    if schema.get("format") == "date-time":
        return "2030-01-02T03:04:05+09:00"
    words = rolls.choice(
        ["返品したい", "hello there", "https://example.jp/a", "taro@example.jp", "送料はいくらですか"]
    )
    return words[: schema.get("maxLength", 400)].ljust(schema.get("minLength", 0), "x")


def _resolved(schema: Schema) -> Schema:
    while "$ref" in schema:
        found: Any = described()
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    if "allOf" in schema:
        merged: dict[str, Any] = {}
        for one in schema["allOf"]:
            merged |= _resolved(one)
        return merged
    return schema


def body_of(method: str, path: str) -> Schema | None:
    """The schema of an operation's JSON body, if it takes one."""
    told = described()["paths"][path][method.lower()].get("requestBody", {}).get("content", {})
    found: Schema | None = told.get("application/json", {}).get("schema")
    return found


def packed(said: Any) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass")
