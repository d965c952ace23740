"""A report: the machine, the versions, the database and the results; as JSON, and as a page to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from app.bench.machine import machine, versions
from app.bench.pictures import picture
from app.bench.results import Result, shown
from app.config import settings
from app.db import Base, now, reading

FORMAT = 1


def document(results: Sequence[Result]) -> dict[str, Any]:
    """What `--json` writes. Results of a stack of its own name its engine; the rest are of the settings' database."""
    current = settings()
    ours = make_url(current.database_url).get_backend_name()
    engines = {one.settings.get("engine", ours) for one in results}
    return {
        "format": FORMAT,
        "made_at": now().isoformat(timespec="seconds"),
        "engine": " and ".join(sorted(engines)) or ours,
        "database": {} if results and all("engine" in one.settings for one in results) else database(),
        "machine": machine(current.data_dir if current.data_dir.is_dir() else current.data_dir.parent),
        "versions": versions(),
        "results": [one.as_json() for one in results],
    }


def database() -> dict[str, int | str]:
    """The highest ids of what it holds, and what it calls itself; nothing where it cannot be read."""
    url = make_url(settings().database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return {}  # looking would make one
    try:
        with reading() as db:
            found: dict[str, int | str] = {
                name: db.scalar(select(func.max(Base.metadata.tables[name].c.id))) or 0
                for name in ("conversation", "message", "event")
            }
            if db.get_bind().dialect.name == "postgresql":
                for name in ("server_version", "shared_buffers", "fsync", "synchronous_commit"):
                    found[name] = str(db.scalar(select(func.current_setting(name))))
            return found
    except SQLAlchemyError:
        return {}


def html(told: Mapping[str, Any], results: Sequence[Result]) -> str:
    """The report as a page that needs nothing else."""
    groups = groupby(results, key=lambda one: one.name.partition(".")[0])
    sections = "".join(_section(name, list(members)) for name, members in groups)
    about = "".join(
        f"<tr><th>{escape(what)}</th><td>{escape(_words(told[what]))}</td></tr>"
        for what in ("made_at", "engine", "database", "machine", "versions")
    )
    title = f"madoguchi bench, {told['engine']}, {told['made_at'][:10]}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1><table>{about}</table>{sections}</html>\n"
    )


def _section(name: str, results: list[Result]) -> str:
    rows = "".join(_row(one) for one in results)
    sampled = sorted((one for one in results if one.samples), key=lambda one: one.unit)
    drawn = "".join(picture(list(members)) for _, members in groupby(sampled, key=lambda one: one.unit))
    head = "".join(f"<th>{one}</th>" for one in ("", "p50", "p95", "p99", "max", "cpu", "n", "budget", ""))
    return f"<h2>{escape(name)}</h2>{drawn}<table><tr>{head}</tr>{rows}</table>"


def _row(one: Result) -> str:
    figures = one.figures
    if "p50" in figures:
        cells = [shown(figures[name]) for name in ("p50", "p95", "p99", "max")]
        cells[0] += f" {one.unit}"
        cells += [shown(figures["cpu"]) if "cpu" in figures else "", f"{figures['n']:.0f}"]
    else:
        cells = [f"{shown(figures.get('rate', figures.get('value', 0.0)))} {one.unit}", *[""] * 5]
    verdict = {None: "", True: "kept", False: "missed"}[one.met]
    cells += [", ".join(map(str, one.budgets)), verdict]
    beside = "; ".join(filter(None, (_words(one.settings), _weights(one), one.note)))
    drawn = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr class="{verdict}"><td title="{escape(beside)}">{escape(one.what)}</td>{drawn}</tr>'


def _weights(one: Result) -> str:
    return ", ".join(f"{name} {size:.0f} MB" for name, size in one.memory.items())


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return str(value)


_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; max-width: 1020px; margin: 2em auto; color: #1f2430 }
table { border-collapse: collapse; margin: 1em 0 } th { text-align: left; font-weight: 600 }
td, th { padding: 2px 12px 2px 0; vertical-align: top } td { font-variant-numeric: tabular-nums }
tr.missed td:last-child { color: #b3261e } tr.kept td:last-child { color: #1a7f4b }
svg { display: block; margin: 1em 0; font: 12px system-ui, sans-serif } .name { text-anchor: end }
.tick { text-anchor: middle; fill: #667 } .grid { stroke: #e3e5ea } .all { stroke: #28518f; opacity: .16 }
.p50 { stroke: #1f2430; stroke-width: 3 } .p95, .p99 { stroke: #1f2430 } path { fill: none }
.budget { stroke: #b3261e; stroke-dasharray: 3 3 } .missed .name { fill: #b3261e }
"""
