"""Rows written for a spreadsheet: CSV as Excel wants it, that runs nothing when it is opened."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def guarded(cell: str) -> str:
    """The cell so that no spreadsheet takes it for a formula (OWASP, CSV injection). Read again, the guard is dropped
    from numbers and dates."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def unguarded(cell: str) -> str:
    """What :func:`guarded` was given; an apostrophe of somebody's own stays."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def line_of(cells: Iterable[str]) -> str:
    """One row, ended by CR LF."""
    out = io.StringIO()
    csv.writer(out).writerow([guarded(cell) for cell in cells])
    return out.getvalue()
