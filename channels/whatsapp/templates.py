"""The templates of a business account
(https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from channels.base import Template
from channels.meta.contents import long, objects, optional
from channels.meta.graph import Graph

FIELDS = "name,language,status,category,components,parameter_format"
MOST_PAGES, A_PAGE = 20, 100
LABELS = {
    "image": "Address of the picture (https)",
    "video": "Address of the film (https)",
    "document": "Address of the document (https)",
    "button": "End of the button's address",
}
_VARIABLE = re.compile(r"\{\{\s*([\w]{1,60})\s*\}\}")


def listed(graph: Graph, account: str) -> list[Template]:
    """All of them, page by page. Raises `ChannelError`."""
    found: list[Template] = []
    query = {"fields": FIELDS, "limit": str(A_PAGE)}
    for _ in range(MOST_PAGES):
        told = graph.get(f"{account}/message_templates", **query)
        found += [made for one in objects(told, "data") if (made := _template(one)) is not None]
        after = _after(told)
        if not after:
            break
        query["after"] = after
    return found


def _after(told: Mapping[str, Any]) -> str:
    paging = optional(told, "paging")
    return long(optional(paging, "cursors"), "after") if "next" in paging else ""


def _template(one: Mapping[str, Any]) -> Template | None:
    name, language = long(one, "name"), long(one, "language")
    if not (name and language):
        return None
    parts = {long(part, "type").upper(): part for part in objects(one, "components")}
    texts = [_text(kind, parts[kind]) for kind in ("HEADER", "BODY", "FOOTER") if kind in parts]
    examples = dict(_variables(parts))
    return Template(
        name,
        language,
        "\n\n".join(filter(None, texts)),
        tuple(examples),
        examples,
        {name: label for name in examples if (label := _label(name))},
        category=long(one, "category").lower(),
        approved=long(one, "status").upper() == "APPROVED",
    )


def _text(kind: str, part: Mapping[str, Any]) -> str:
    """The words of a part, the header's variables under the names they have here."""
    return _VARIABLE.sub(r"{{header.\1}}" if kind == "HEADER" else r"{{\1}}", long(part, "text"))


def _label(name: str) -> str:
    place, _, rest = name.rpartition(".")
    return LABELS.get(rest if place == "header" else place, "")


def _variables(parts: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Names as `sending` takes them, with an example of each."""
    header, body = parts.get("HEADER", {}), parts.get("BODY", {})
    shown = long(header, "format").lower()
    if shown in ("image", "video", "document"):
        yield f"header.{shown}", ""
    for prefix, part in (("header.", header), ("", body)):
        names = dict.fromkeys(_VARIABLE.findall(long(part, "text")))
        given = _examples(part)
        yield from ((f"{prefix}{name}", given.get(name, "")) for name in names)
    for number, button in enumerate(objects(parts.get("BUTTONS", {}), "buttons")):
        if _VARIABLE.search(long(button, "url")):
            yield f"button.{number}", ""


def _examples(part: Mapping[str, Any]) -> dict[str, str]:
    """By number (a list) or by name."""
    told = optional(part, "example")
    for name in ("body_text", "header_text"):
        values = told.get(name)
        values = values[0] if isinstance(values, list) and values and isinstance(values[0], list) else values
        if isinstance(values, list):
            return {str(n): one for n, one in enumerate(values, 1) if isinstance(one, str)}
    named = [*objects(told, "body_text_named_params"), *objects(told, "header_text_named_params")]
    return {long(one, "param_name"): long(one, "example") for one in named}
